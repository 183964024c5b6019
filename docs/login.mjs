/* global URL */
import process from 'node:process';
import { promisify } from 'node:util';
import { Router } from 'express';
import * as client from 'openid-client';

const { BASE_URL, OIDC_AUDIENCE, OIDC_CLIENT_ID, OIDC_ISSUER } = process.env;
const { OIDC_CLIENT_AUTH, OIDC_CLIENT_SECRET } = process.env;

const ENDED = 'ERR_OIDC_LOGOUT_SESSION_ENDED';
const METHODS = {
  client_secret_basic: client.ClientSecretBasic,
  client_secret_post: client.ClientSecretPost,
};

function authenticate(server, ...request) {
  const supported = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  const method = OIDC_CLIENT_AUTH ?? Object.keys(METHODS).find((name) => supported.includes(name));
  METHODS[method](OIDC_CLIENT_SECRET)(server, ...request);
}

const execute = OIDC_ISSUER.startsWith('http:') ? [client.allowInsecureRequests] : []; // loopback
const registration = [new URL(OIDC_ISSUER), OIDC_CLIENT_ID, undefined, authenticate];
const provider = await client.discovery(...registration, { execute });

function explain(cause) {
  if (cause.status !== 401 && cause.error !== 'invalid_client') throw cause;
  const fix =
    'check OIDC_CLIENT_SECRET, and set OIDC_CLIENT_AUTH to the method it is registered with';
  throw new Error(`The provider refuses this client: ${fix}`, { cause });
}

/** `/login` and `/callback`, for an app with express-session, which then has `req.session.tokens`. */
export function login(oidc, onLogin = () => undefined) {
  const router = Router();

  router.get('/login', async (req, res) => {
    const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
    const pkceCodeVerifier = client.randomPKCECodeVerifier();
    req.session.checks = { expectedState, expectedNonce, pkceCodeVerifier, idTokenExpected: true };
    const url = client.buildAuthorizationUrl(provider, {
      redirect_uri: `${BASE_URL}/callback`,
      scope: 'openid',
      resource: OIDC_AUDIENCE, // asks for an access token for the API; Auth0 wants `audience`
      ...{ state: expectedState, nonce: expectedNonce, code_challenge_method: 'S256' },
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    });
    await promisify(req.session.save).call(req.session); // before the browser goes on
    res.redirect(url.href);
  });

  router.get('/callback', async (req, res) => {
    const { checks } = req.session;
    if (checks === undefined) return res.redirect('/login');
    const url = new URL(req.originalUrl, BASE_URL);
    const tokens = await client.authorizationCodeGrant(provider, url, checks).catch(explain);
    try {
      await oidc.sessions.save(tokens); // before anybody uses them
    } catch (error) {
      if (error.code !== ENDED) throw error;
      return res.status(401).send('This session has just ended. <a href="/login">Log in again</a>');
    }
    await promisify(req.session.regenerate).call(req.session); // an id that nobody knew before
    req.session.tokens = tokens;
    await onLogin(req, tokens.claims());
    await promisify(req.session.save).call(req.session);
    res.redirect('/');
  });

  return router;
}

/** Refreshes the tokens of a session; `undefined` where the session is over, or cannot be refreshed. */
export async function refresh(oidc, tokens) {
  if (!tokens?.refresh_token) return undefined;
  try {
    const answer = await client.refreshTokenGrant(provider, tokens.refresh_token).catch(explain);
    const renewed = { refresh_token: tokens.refresh_token, ...answer }; // it may stay the same
    await oidc.sessions.rotate(tokens, renewed); // before anybody uses them
    return renewed;
  } catch (error) {
    const isOver =
      error.code === 'ERR_OIDC_LOGOUT_SESSION_ENDED' || error.error === 'invalid_grant';
    if (isOver) return undefined;
    throw error;
  }
}
