import type { SealedTokens } from '../invalidation/session-record.ts';
import { readMembers } from '../input/json-object.ts';
import type { Encryption } from './encryption.ts';

export interface OpenTokens {
  readonly idToken: string | undefined;
  readonly refreshToken: string | undefined;
  readonly scope: string | undefined;
}

/** Seals each text for its own place in a record. */
export class SessionSeal {
  readonly #encryption: Encryption;

  constructor(encryption: Encryption) {
    this.#encryption = encryption;
  }

  /** Without a key no refresh token is kept. */
  async seal(session: string, clientId: string, tokens: OpenTokens): Promise<SealedTokens> {
    const { idToken, refreshToken, scope } = tokens;
    const isKept = refreshToken !== undefined && this.#encryption.isOn;
    const [sealedIdToken, sealedRefreshToken] = await Promise.all([
      idToken === undefined ? '' : this.#encryption.seal(`id:${session}:${clientId}`, idToken),
      isKept
        ? this.#encryption.seal(
            `refresh:${session}:${clientId}`,
            JSON.stringify({ refreshToken, scope }),
          )
        : '',
    ]);
    return { idToken: sealedIdToken, refreshToken: sealedRefreshToken };
  }

  async openIdToken(session: string, clientId: string, sealed: SealedTokens) {
    return this.#open(`id:${session}:${clientId}`, sealed.idToken);
  }

  /** Never empty, because a record with a `state` is kept longer. */
  async sealState(call: string, state: string): Promise<string> {
    return this.#encryption.seal(`logout:${call}`, `=${state}`);
  }

  async openState(call: string, sealed: string): Promise<string | undefined> {
    return (await this.#open(`logout:${call}`, sealed))?.slice(1);
  }

  /** Texts sealed by an earlier key count as not kept. */
  async open(session: string, clientId: string, sealed: SealedTokens): Promise<OpenTokens> {
    const [idToken, kept] = await Promise.all([
      this.#open(`id:${session}:${clientId}`, sealed.idToken),
      // Without a key no text of a refresh token can be one of this package.
      this.#encryption.isOn
        ? this.#open(`refresh:${session}:${clientId}`, sealed.refreshToken)
        : undefined,
    ]);
    const { refreshToken, scope } = readMembers(kept ?? '');
    return { idToken, refreshToken: textOf(refreshToken), scope: textOf(scope) };
  }

  async #open(place: string, sealed: string): Promise<string | undefined> {
    return sealed === '' ? undefined : this.#encryption.open(place, sealed);
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
