import { CompactSign, type CryptoKey, exportJWK, generateKeyPair } from 'jose';
import { AUDIENCE, type Claims, createSigner, type Signer } from '../support/provider.ts';
import type { Login, Tokens } from './logins.ts';
import type { Random } from './random.ts';

const OPTIONS = { alg: 'ES256' };
const TEXTS = 'texts';
const NEW = { state: 'live', endedAt: 0, isEndedByOthers: false, isRefused: false } as const;

interface IssuingParts extends Pick<Issuing, 'issuer' | 'signer' | 'forgers' | 'keys'> {
  readonly random: Random;
  readonly textKey: CryptoKey;
}

/** Issues what the provider issues; its keys can be replaced. */
export class Issuing {
  readonly issuer: string;
  /** A key under the name of the provider's first, and one under a name that the provider never had. */
  readonly forgers: { readonly known: Signer; readonly unknown: Signer };
  readonly keys: object[];
  /** Signs with the first key what was issued in the past: a new key has signed nothing old. */
  readonly pastSigner: Signer;
  readonly #random: Random;
  readonly #textKey: CryptoKey;
  #signer: Signer;
  #serial = 0;

  static async create(issuer: string, random: Random): Promise<Issuing> {
    const signer = await createSigner(issuer, OPTIONS);
    const known = await createSigner(issuer, OPTIONS);
    const unknown = await createSigner(issuer, { ...OPTIONS, kid: 'unknown' });
    const forgers = { known, unknown };
    const { privateKey, publicKey } = await generateKeyPair(OPTIONS.alg);
    const keys = [signer.jwk, { ...(await exportJWK(publicKey)), kid: TEXTS }];
    return new Issuing({ issuer, random, signer, forgers, textKey: privateKey, keys });
  }

  private constructor({ issuer, forgers, keys, random, signer, textKey }: IssuingParts) {
    this.issuer = issuer;
    this.forgers = forgers;
    this.keys = keys;
    this.#random = random;
    this.pastSigner = signer;
    this.#signer = signer;
    this.#textKey = textKey;
  }

  get signer(): Signer {
    return this.#signer;
  }

  /** Makes a new key, which signs once `publish` has resolved. */
  async rotate(publish: (keys: readonly object[]) => Promise<unknown>): Promise<void> {
    const kid = `key-${this.keys.length + 1}`;
    const signer = await createSigner(this.issuer, { ...OPTIONS, kid });
    this.keys.push(signer.jwk);
    await publish(this.keys);
    this.#signer = signer;
  }

  /** A name that was not given before. */
  name(kind: string): string {
    return `${kind}-${++this.#serial}`;
  }

  secret(kind: string): string {
    const bytes = Array.from({ length: 32 }, () => this.#random.index(256));
    return `${kind}-${Buffer.from(bytes).toString('base64url')}`;
  }

  /** An access token of a user of its own. */
  accessToken(claims: Claims = {}): Promise<string> {
    return this.#signer.accessToken({ sub: this.name('user'), sid: undefined, ...claims });
  }

  /** One whose payload has further members that are given as JSON. */
  accessTokenOf(members: string): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const times = `"iat":${now},"exp":${now + 3600}`;
    const claims = `"iss":"${this.issuer}","aud":"${AUDIENCE}","sub":"${this.name('user')}"`;
    return new CompactSign(new TextEncoder().encode(`{${claims},${times},${members}}`))
      .setProtectedHeader({ ...OPTIONS, typ: 'at+jwt', kid: TEXTS })
      .sign(this.#textKey);
  }

  async login(): Promise<Login> {
    const sub = this.name('user');
    const sid = this.secret('sid');
    const tokens = await this.tokens(sub, sid);
    return { sub, sid, saved: tokens, tokens, ...NEW, accessTokens: [tokens.access_token] };
  }

  /** Of each eight one has an opaque access token. */
  async tokens(sub: string, sid: string): Promise<Tokens> {
    const scope = this.#random.isOneIn(2) ? 'read' : 'read write';
    const accessToken = this.#random.isOneIn(8)
      ? this.secret('opaque')
      : await this.#signer.accessToken({ sub, sid, scope });
    return {
      access_token: accessToken,
      id_token: await this.#signer.idToken({ sub, sid }),
      refresh_token: this.secret('refresh'),
      ...{ token_type: 'Bearer', expires_in: 3600, scope },
    };
  }
}
