import { randomBytes } from 'node:crypto';
import { exportJWK, generateKeyPair } from 'jose';
import type {
  AdapterFactory,
  ClientMetadata,
  Configuration,
  KoaContextWithOIDC,
} from 'oidc-provider';
// Not from the main entry, for the reason told in provider.ts.
import { InvalidTarget } from 'oidc-provider/lib/helpers/errors.js';
import { displayName, errorPage, loggedOutPage, logoutPage, PAGE_HEADERS } from './pages.ts';

const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;

export interface ProviderSettings {
  readonly clients: readonly ClientMetadata[];
  /** An API's identifier, or several: what `resource` asks for (RFC 8707) and `aud` of its access tokens is. */
  readonly resource: string | readonly string[];
}

export async function configure(
  { clients, resource }: ProviderSettings,
  adapter: AdapterFactory,
): Promise<Configuration> {
  return {
    adapter,
    clients,
    jwks: { keys: [await generateSigningKey()] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    claims: { openid: ['sub'], profile: ['name', 'preferred_username'] },
    // The name is in the ID Token: no request to the UserInfo endpoint is needed.
    conformIdTokenClaims: false,
    clientBasedCORS: () => false,
    fetch: fetchOnLoopback,
    pkce: { required: () => true },
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    findAccount: (_ctx, user) => ({
      accountId: user,
      claims: () => ({ sub: user, name: displayName(user), preferred_username: user }),
    }),
    loadExistingGrant: (ctx) => grantAll(ctx),
    features: {
      backchannelLogout: { enabled: true },
      devInteractions: { enabled: false },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
      },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo(_ctx, indicator) {
          if (![resource].flat().includes(indicator)) throw new InvalidTarget();
          return {
            scope: '',
            audience: indicator,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'RS256' } },
          };
        },
        useGrantedResource: () => true,
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource(ctx, form) {
          ctx.set(PAGE_HEADERS);
          ctx.body = logoutPage(form, ctx.oidc.session?.accountId ?? '');
        },
        postLogoutSuccessSource(ctx) {
          ctx.set(PAGE_HEADERS);
          ctx.body = loggedOutPage();
        },
      },
    },
    renderError(ctx, { error, error_description }) {
      ctx.set(PAGE_HEADERS);
      ctx.type = 'html';
      ctx.body = errorPage(error, error_description);
    },
    ttl: {
      AccessToken: 10 * MINUTE,
      AuthorizationCode: MINUTE,
      Grant: DAY,
      IdToken: 60 * MINUTE,
      Interaction: 10 * MINUTE,
      RefreshToken: DAY,
      Session: DAY,
    },
  };
}

// The apps that get Logout Tokens are on loopback; the given dispatcher closes connections to there.
const fetchOnLoopback: typeof fetch = (url, options) => {
  const ordinary = { ...options, dispatcher: undefined };
  return fetch(url, ordinary);
};

async function generateSigningKey() {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig' };
}

/** Consent is given without a page: the only clients are the app's own. */
async function grantAll(ctx: KoaContextWithOIDC) {
  const { client, session, provider, result } = ctx.oidc;
  if (client === undefined || session === undefined) return undefined;
  const grantId = result?.consent?.grantId ?? session.grantIdFor(client.clientId);
  const existing = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  const { clientId } = client;
  const grant = existing ?? new provider.Grant({ clientId, accountId: session.accountId });
  grant.addOIDCScope([...ctx.oidc.requestParamOIDCScopes]);
  await grant.save();
  return grant;
}
