import type { JWTPayload } from 'jose';
import { InvalidTokenError, ProviderUnavailableError } from '../errors.ts';
import { Introspections } from '../provider/introspection.ts';
import { KEYS_MAX_AGE_MS, type Provider } from '../provider/provider.ts';
import type { Providers } from '../provider/providers.ts';
import type { Evidence } from '../refusals/evidence.ts';
import { decodeTokenEntry } from '../store/codecs/token-entry.ts';
import type { Operations } from '../store/operations.ts';
import {
  type JwtAccessToken,
  type OpaqueAccessToken,
  readAccessToken,
} from '../token/access-token-text.ts';
import { ByteCache } from '../token/byte-cache.ts';
import { deepFreeze } from '../token/deep-freeze.ts';
import { evidenceOf, evidenceOfTime } from '../token/evidence.ts';
import { InvalidJwtError, verifyJwt } from '../token/jwt.ts';
import { secondOf } from '../token/numeric-date.ts';
import { isBearer, isBoundToKey } from '../token/sender-constraint.ts';
import { readTokenClaims } from '../token/token-claims.ts';
import { accessTokenKey, ownerKeys, refreshTokenKey } from '../token/token-keys.ts';
import { evidenceOfOtherClient, evidenceOfUnlistedClient, kindOf } from '../token/token-kind.ts';
import type { AccessToken, AccessTokenRules } from './access-token.ts';
import { introspectedToken } from './introspected-token.ts';
import { livesTooLong, refusal } from './refusal.ts';
import { savedToken } from './saved-token.ts';

// RFC 9068, section 2.2
const REQUIRED_CLAIMS = ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'];

export class AccessTokens {
  readonly #providers: Providers;
  readonly #operations: Operations;
  readonly #rules: AccessTokenRules;
  /** By the token's text. */
  readonly #verified: ByteCache<AccessToken>;
  readonly #introspections: Introspections;

  constructor(providers: Providers, operations: Operations, rules: AccessTokenRules) {
    this.#providers = providers;
    this.#operations = operations;
    this.#rules = rules;
    this.#verified = new ByteCache(rules.tokenCacheSize);
    this.#introspections = new Introspections(rules.tokenCacheSize);
  }

  /** For the guard: a Bearer token, not expired, whose whole life is not too long. */
  async verify(token: string): Promise<AccessToken> {
    const accessToken = await this.authenticate(token);
    this.#checkUse(accessToken);
    await this.#requireActive(accessToken);
    return accessToken;
  }

  /** Whether this very text is remembered as an access token, and no opaque one. */
  isKnownJwt(text: string): boolean {
    return this.#verified.get(text)?.auth.header !== undefined;
  }

  /**
   * As `verify`, for a token verified before; `undefined` where the provider has to be asked again.
   */
  recall(token: string): AccessToken | undefined {
    const accessToken = this.#verified.get(token);
    if (accessToken === undefined) return undefined;
    if (accessToken.provider.settings.introspection === 'always') return undefined;
    this.#checkUse(accessToken);
    return accessToken;
  }

  /** For invalidation, expired or not. */
  async authenticate(text: string): Promise<AccessToken> {
    const verified = this.#verified.get(text);
    if (verified !== undefined) return verified;
    const token = readAccessToken(text);
    if (token === undefined) throw new InvalidTokenError('malformed');
    const accessToken =
      token.kind === 'jwt' ? await this.#authenticateJwt(token) : await this.#findSaved(token);
    if (accessToken === undefined) return this.#introspectOpaque(token as OpaqueAccessToken);
    const ttlMs = Math.min(KEYS_MAX_AGE_MS, accessToken.expiresAt * 1000 - Date.now());
    this.#verified.set(text, accessToken, { characters: text.length, ttlMs });
    return accessToken;
  }

  /** A token that expired long ago no longer vouches for a logout. */
  refuseLongExpired({ expiresAt, provider }: AccessToken): void {
    const { clockTolerance, expiredTokenGrace } = this.#rules;
    refuseExpired(expiresAt, Math.max(clockTolerance, expiredTokenGrace), provider);
  }

  #checkUse(accessToken: AccessToken): void {
    const { expiresAt, issuedAt, isSenderConstrained, provider } = accessToken;
    if (isSenderConstrained) throw refusal(provider, 'sender-constrained');
    const { clockTolerance, maxTokenLifetime } = this.#rules;
    refuseExpired(expiresAt, clockTolerance, provider);
    // No token may outlive the entry that ends its session.
    const now = Date.now() / 1000;
    const lifetime = expiresAt - Math.min(issuedAt ?? now, now);
    if (lifetime <= maxTokenLifetime + clockTolerance) return;
    throw livesTooLong(provider, maxTokenLifetime, Math.round(lifetime));
  }

  async #requireActive({ key, provider, auth }: AccessToken): Promise<void> {
    if (provider.settings.introspection !== 'always') return;
    const claims = await this.#introspections.introspect(provider, auth.token, key);
    if (claims === undefined) throw refusal(provider, 'inactive');
    if (isBoundToKey(claims) || !isBearer(claims.token_type)) {
      throw refusal(provider, 'sender-constrained');
    }
  }

  async #authenticateJwt(jwt: JwtAccessToken): Promise<AccessToken> {
    // The claims of an unverified token only choose the configuration.
    const provider = this.#providers.forAccessToken(jwt.claims);
    if (provider === undefined) {
      const expected = [...this.#providers.issuers];
      const evidence = evidenceOf(jwt, 'iss', { expected, found: jwt.claims.iss });
      throw new InvalidTokenError('unknown-issuer', evidence);
    }
    const payload = await this.#verifyClaims(jwt, provider);
    const kind = this.#kindOf(jwt, provider);
    const { likeIdTokens } = provider.settings.accessTokens;
    const { sub } = payload;
    if (sub !== undefined && (typeof sub !== 'string' || sub === '')) {
      throw refusal(provider, 'claim-malformed', { claim: 'sub' });
    }
    return {
      auth: deepFreeze({ token: jwt.text, header: jwt.header, payload }),
      provider,
      expiresAt: expiryOf(payload, provider, this.#rules.maxTokenLifetime),
      issuedAt: payload.iat,
      authTime: secondOf(payload.auth_time),
      key: accessTokenKey(jwt),
      ...ownerKeys(provider.issuer, payload),
      saved: undefined,
      isUnclear: kind === 'unclear' && !likeIdTokens,
      isSenderConstrained: isBoundToKey(payload),
    };
  }

  #kindOf(jwt: JwtAccessToken, provider: Provider): 'access-token' | 'unclear' {
    const { accessTokens, ofIssuer } = provider.settings;
    const clientIds = accessTokens.clients === undefined ? ofIssuer.clientIds : undefined;
    const kind = kindOf(jwt, { clientIds, strict: this.#rules.strict });
    if (typeof kind !== 'string') throw refusal(provider, kind.reason, kind);
    const evidence = this.#evidenceOfOtherClient(jwt, provider);
    if (evidence !== undefined) throw refusal(provider, 'other-client', evidence);
    return kind;
  }

  #evidenceOfOtherClient(jwt: JwtAccessToken, { settings }: Provider): Evidence | undefined {
    const { clients } = settings.accessTokens;
    if (clients !== undefined) return evidenceOfUnlistedClient(jwt, clients);
    // Without a configured audience, the token must at least not belong to another client.
    const isForAnyone = this.#rules.audience === undefined;
    return isForAnyone ? evidenceOfOtherClient(jwt, settings.ofIssuer.clientIds) : undefined;
  }

  async #verifyClaims(jwt: JwtAccessToken, provider: Provider): Promise<JWTPayload> {
    const { clockTolerance, strict } = this.#rules;
    const { accessTokens, algorithms } = provider.settings;
    const audience = accessTokens.clients === undefined ? this.#rules.audience : undefined;
    try {
      return await verifyJwt(jwt, provider.findKey, {
        issuer: provider.issuer,
        ...(audience && { audience: [...audience] }),
        algorithms: algorithms.filter((alg) => !alg.startsWith('HS')),
        requiredClaims: strict ? REQUIRED_CLAIMS : ['exp'],
        clockTolerance,
      });
    } catch (error) {
      if (!(error instanceof InvalidJwtError)) throw error;
      throw refusal(provider, error.refusal.reason, error.refusal);
    }
  }

  /**
   * @throws {@link InvalidTokenError} when the token was invalidated, and nothing else is known.
   */
  async #findSaved(token: OpaqueAccessToken): Promise<AccessToken | undefined> {
    const key = accessTokenKey(token);
    const [text] = await this.#operations.read([{ kind: 'access-token', of: key }]);
    const entry = decodeTokenEntry(text);
    if (entry === undefined) return undefined;
    if (entry.login === undefined) throw new InvalidTokenError('token-invalidated');
    const claims = readTokenClaims(entry.claims);
    if (claims?.exp === undefined) return undefined;
    const provider =
      this.#providers.find(claims.iss, claims.client_id) ?? this.#providers.ofIssuer(claims.iss)[0];
    if (provider === undefined) return undefined;
    return savedToken({ token, key, provider, entry, claims });
  }

  async #introspectOpaque(opaque: OpaqueAccessToken): Promise<AccessToken> {
    const { text: token } = opaque;
    const key = accessTokenKey(opaque);
    // A provider may call a refresh token active too, without its kind.
    const refreshToken = { kind: 'refresh-token', of: refreshTokenKey(token) } as const;
    const [asRefreshToken] = await this.#operations.read([refreshToken]);
    if (asRefreshToken !== undefined) throw new InvalidTokenError('refresh-token');
    let failure: Error = new InvalidTokenError('opaque-unknown');
    for (const provider of this.#providers) {
      if (provider.settings.introspection === 'never') continue;
      try {
        const claims = await this.#introspections.introspect(provider, token, key);
        if (claims === undefined) {
          if (failure instanceof InvalidTokenError) failure = refusal(provider, 'opaque-inactive');
          continue;
        }
        const client = this.#providers.ofClient(provider.issuer, claims) ?? provider;
        return introspectedToken({ token, key, provider: client, claims }, this.#rules);
      } catch (error) {
        if (!(error instanceof ProviderUnavailableError)) throw error;
        failure = error;
      }
    }
    throw failure;
  }
}

function refuseExpired(expiresAt: number, tolerance: number, provider: Provider): void {
  if (expiresAt > Date.now() / 1000 - tolerance) return;
  const evidence = evidenceOfTime('exp', expiresAt, `${tolerance} s ago at most`);
  throw refusal(provider, 'expired', evidence);
}

function expiryOf({ exp }: JWTPayload, provider: Provider, maxTokenLifetime: number): number {
  const expiresAt = Math.ceil(exp ?? Infinity);
  if (Number.isSafeInteger(expiresAt * 1000)) return expiresAt;
  throw livesTooLong(provider, maxTokenLifetime);
}
