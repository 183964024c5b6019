import type { JWTHeaderParameters, JWTPayload } from 'jose';
import { InvalidTokenError, ProviderUnavailableError } from '../errors.ts';
import { KEYS_MAX_AGE_MS, type Provider } from '../provider/provider.ts';
import type { RegisteredToken, SessionRegistry } from '../session/session-registry.ts';
import { Introspections } from '../provider/introspection.ts';
import { ByteCache } from '../store/byte-cache.ts';
import {
  type JwtAccessToken,
  type OpaqueAccessToken,
  readAccessToken,
} from './access-token-text.ts';
import { deepFreeze } from './deep-freeze.ts';
import { introspectedToken } from './introspected-token.ts';
import { InvalidJwtError, verifyJwt } from './jwt.ts';
import { isNumericDate } from './numeric-date.ts';
import { isBearer, isBoundToKey } from './sender-constraint.ts';
import { sidOf } from './sid.ts';
import { accessTokenKey, refreshTokenKey, sessionKey, subjectKey } from './token-keys.ts';
import { isOfAnotherClient, kindOf } from './token-kind.ts';

/** An access token that is authentic. Whether it is still valid is for the list to say. */
export interface AccessToken {
  readonly token: string;
  /** The JOSE header of a JWT; of an opaque token there is none. */
  readonly header: JWTHeaderParameters | undefined;
  /** The claims of a JWT; of an opaque token what was registered at login, or what the provider says. */
  readonly payload: JWTPayload;
  readonly provider: Provider;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
  /** Seconds since the epoch. */
  readonly issuedAt: number | undefined;
  /** Seconds since the epoch: `auth_time`, else `iat`; 0 where the token has neither. */
  readonly authTime: number;
  readonly key: string;
  readonly subjectKey: string | undefined;
  /** By the token's own `sid`. */
  readonly sessionKey: string | undefined;
  /** What the registry knows of an opaque token that was saved. */
  readonly registered: RegisteredToken | undefined;
  /** The claims may be those of an ID Token: only that it was saved as an access token shows that it is one. */
  readonly isUnclear: boolean;
  /** Good only for a sender who proves to hold a key, which nobody here can check. */
  readonly isSenderConstrained: boolean;
}

export interface AccessTokenRules {
  readonly audience: readonly string[] | undefined;
  readonly strict: boolean;
  /** Seconds. */
  readonly clockTolerance: number;
  /** Seconds. */
  readonly expiredTokenGrace: number;
  /** Seconds. */
  readonly maxTokenLifetime: number;
  /** Bytes. */
  readonly tokenCacheSize: number;
}

// RFC 9068, section 2.2
const REQUIRED_CLAIMS = ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'];

/** Verifies access tokens: JWTs by the provider's keys, opaque tokens by the session registry. */
export class AccessTokens {
  readonly #providers: ReadonlyMap<string, Provider>;
  readonly #registry: SessionRegistry;
  readonly #rules: AccessTokenRules;
  /** By their texts. */
  readonly #verified: ByteCache<AccessToken>;
  readonly #introspections: Introspections;

  constructor(
    providers: ReadonlyMap<string, Provider>,
    registry: SessionRegistry,
    rules: AccessTokenRules,
  ) {
    this.#providers = providers;
    this.#registry = registry;
    this.#rules = rules;
    this.#verified = new ByteCache(rules.tokenCacheSize);
    this.#introspections = new Introspections(rules.tokenCacheSize);
  }

  /** Verifies a token that is to be accepted: a Bearer token that is neither expired nor lives too long. */
  async verify(token: string): Promise<AccessToken> {
    const accessToken = await this.#authenticate(token);
    this.#checkUse(accessToken);
    await this.#requireActive(accessToken);
    return accessToken;
  }

  /** The same of a token that was verified before, where nobody has to be asked again. */
  recall(token: string): AccessToken | undefined {
    const accessToken = this.#verified.get(token);
    if (accessToken?.provider.settings.introspection === 'always') return undefined;
    if (accessToken !== undefined) this.#checkUse(accessToken);
    return accessToken;
  }

  /** Verifies a token that is to be invalidated, which may have expired a while ago. */
  async verifyForLogout(token: string): Promise<AccessToken> {
    const accessToken = await this.#authenticate(token);
    const { clockTolerance, expiredTokenGrace } = this.#rules;
    const grace = Math.max(clockTolerance, expiredTokenGrace);
    if (accessToken.expiresAt <= Date.now() / 1000 - grace) {
      throw new InvalidTokenError('expired');
    }
    return accessToken;
  }

  #checkUse({ expiresAt, issuedAt = Infinity, isSenderConstrained }: AccessToken): void {
    if (isSenderConstrained) throw new InvalidTokenError('sender-constrained');
    const { clockTolerance, maxTokenLifetime } = this.#rules;
    const now = Date.now() / 1000;
    if (expiresAt <= now - clockTolerance) throw new InvalidTokenError('expired');
    // No token may outlive the entry that ends its session.
    const lifetime = expiresAt - Math.min(issuedAt, now);
    if (lifetime > maxTokenLifetime + clockTolerance) throw new InvalidTokenError('lives-too-long');
  }

  async #authenticate(text: string): Promise<AccessToken> {
    const verified = this.#verified.get(text);
    if (verified !== undefined) return verified;
    const token = readAccessToken(text);
    if (token === undefined) throw new InvalidTokenError('malformed');
    const accessToken =
      token.kind === 'jwt' ? await this.#authenticateJwt(token) : await this.#findRegistered(token);
    if (accessToken === undefined) return this.#introspectOpaque(token as OpaqueAccessToken);
    const ttlMs = Math.min(KEYS_MAX_AGE_MS, accessToken.expiresAt * 1000 - Date.now());
    this.#verified.set(text, accessToken, { characters: text.length, ttlMs });
    return accessToken;
  }

  async #requireActive({ key, provider, token }: AccessToken): Promise<void> {
    if (provider.settings.introspection !== 'always') return;
    const claims = await this.#introspections.introspect(provider, token, key);
    if (claims === undefined) throw new InvalidTokenError('inactive');
    if (isBoundToKey(claims) || !isBearer(claims.token_type)) {
      throw new InvalidTokenError('sender-constrained');
    }
  }

  async #authenticateJwt(jwt: JwtAccessToken): Promise<AccessToken> {
    // Of an unverified token only `iss` is used, and only to choose the configuration.
    const provider = this.#providers.get(jwt.claims.iss ?? '');
    if (provider === undefined) throw new InvalidTokenError('unknown-issuer');
    const payload = await this.#verifyClaims(jwt, provider);
    const { audience, strict } = this.#rules;
    const { clientId } = provider.settings;
    const kind = kindOf(jwt.header, payload, { clientId, strict });
    if (kind === 'other') throw new InvalidTokenError('wrong-kind');
    // Whoever has no audience to check is at least the client that the token was issued to.
    if (audience === undefined && isOfAnotherClient(payload, clientId)) {
      throw new InvalidTokenError('not-authentic');
    }
    const { sub } = payload;
    const sid = sidOf(payload);
    if (sub !== undefined && (typeof sub !== 'string' || sub === '')) {
      throw new InvalidTokenError('not-authentic');
    }
    return {
      token: jwt.text,
      header: deepFreeze(jwt.header),
      payload: deepFreeze(payload),
      provider,
      expiresAt: expiryOf(payload),
      issuedAt: payload.iat,
      authTime: authTimeOf(payload),
      key: accessTokenKey(jwt),
      subjectKey: sub === undefined ? undefined : subjectKey(provider.issuer, sub),
      sessionKey: sid === undefined ? undefined : sessionKey(provider.issuer, sid),
      registered: undefined,
      isUnclear: kind === 'unclear',
      isSenderConstrained: isBoundToKey(payload),
    };
  }

  async #verifyClaims(jwt: JwtAccessToken, provider: Provider): Promise<JWTPayload> {
    const { audience, clockTolerance, strict } = this.#rules;
    try {
      return await verifyJwt(jwt, provider.findKey, {
        issuer: provider.issuer,
        ...(audience && { audience: [...audience] }),
        algorithms: provider.settings.algorithms.filter((alg) => !alg.startsWith('HS')),
        requiredClaims: strict ? REQUIRED_CLAIMS : ['exp'],
        clockTolerance,
      });
    } catch (error) {
      throw error instanceof InvalidJwtError ? new InvalidTokenError('not-authentic') : error;
    }
  }

  async #findRegistered(token: OpaqueAccessToken): Promise<AccessToken | undefined> {
    const key = accessTokenKey(token);
    const registered = await this.#registry.findToken(key);
    const provider = this.#providers.get(registered?.issuer ?? '');
    if (registered === undefined || provider === undefined) return undefined;
    const { issuer, subject, sid, scope, expiresAt, issuedAt, loginTime, session } = registered;
    return {
      token: token.text,
      header: undefined,
      payload: Object.freeze({
        iss: issuer,
        sub: subject,
        exp: expiresAt,
        ...(sid !== undefined && { sid }),
        ...(scope !== undefined && { scope }),
      }),
      provider,
      expiresAt,
      issuedAt,
      authTime: loginTime,
      key,
      subjectKey: subjectKey(issuer, subject),
      sessionKey: session,
      registered,
      isUnclear: false,
      isSenderConstrained: registered.isSenderConstrained === true,
    };
  }

  /** Asks every provider that may be asked, until one knows the token. */
  async #introspectOpaque(opaque: OpaqueAccessToken): Promise<AccessToken> {
    const { text: token } = opaque;
    const key = accessTokenKey(opaque);
    // A provider may call a refresh token active as well, and not say what it is.
    if ((await this.#registry.findRefreshToken(refreshTokenKey(token))) !== undefined) {
      throw new InvalidTokenError('wrong-kind');
    }
    let failure: Error = new InvalidTokenError('malformed');
    for (const provider of this.#providers.values()) {
      if (provider.settings.introspection === 'never') continue;
      try {
        const claims = await this.#introspections.introspect(provider, token, key);
        if (claims === undefined) continue;
        return introspectedToken({ token, key, provider, claims }, this.#rules);
      } catch (error) {
        if (!(error instanceof ProviderUnavailableError)) throw error;
        failure = error;
      }
    }
    throw failure;
  }
}

function expiryOf({ exp }: JWTPayload): number {
  const expiresAt = Math.ceil(exp ?? Infinity);
  if (!Number.isSafeInteger(expiresAt * 1000)) throw new InvalidTokenError('lives-too-long');
  return expiresAt;
}

function authTimeOf({ auth_time, iat }: JWTPayload): number {
  return [auth_time, iat].find(isNumericDate) ?? 0;
}
