/* global URL, console */
import process from 'node:process';
import { promisify } from 'node:util';
import { Router } from 'express';
import * as client from 'openid-client';

const { BASE_URL, OIDC_AUDIENCE, OIDC_CLIENT_ID, OIDC_ISSUER } = process.env;
const { OIDC_CLIENT_AUTH, OIDC_CLIENT_SECRET, ENCRYPTION_KEY, SESSION_SECRET } = process.env;

const SECRETS = { OIDC_CLIENT_SECRET, ENCRYPTION_KEY, SESSION_SECRET };
const NEEDED = { OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_AUDIENCE, BASE_URL, ...SECRETS };
for (const [name, value] of Object.entries(NEEDED)) {
  if (!value) throw new Error(`${name} is not set: add it to .env, and start with --env-file=.env`);
}
if (BASE_URL.endsWith('/')) throw new Error('BASE_URL must not end with a slash');

const ENDED = 'ERR_OIDC_LOGOUT_SESSION_ENDED';
// The browser brings no login, or one that the provider does not know any more.
const INCOMPLETE = [
  'OAUTH_AUTHORIZATION_RESPONSE_ERROR',
  'OAUTH_INVALID_RESPONSE',
  'OAUTH_RESPONSE_BODY_ERROR',
];
const METHODS = {
  client_secret_basic: client.ClientSecretBasic,
  client_secret_post: client.ClientSecretPost,
};
if (OIDC_CLIENT_AUTH && !Object.hasOwn(METHODS, OIDC_CLIENT_AUTH)) {
  throw new Error(`OIDC_CLIENT_AUTH must be ${Object.keys(METHODS).join(' or ')}`);
}

function authenticate(server, ...request) {
  const supported = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  const method = OIDC_CLIENT_AUTH || Object.keys(METHODS).find((name) => supported.includes(name));
  METHODS[method](OIDC_CLIENT_SECRET)(server, ...request);
}

let discovery;

/** The provider, from the first login on; what failed is tried again. */
function discover() {
  const execute = OIDC_ISSUER.startsWith('http:') ? [client.allowInsecureRequests] : []; // loopback
  const registration = [new URL(OIDC_ISSUER), OIDC_CLIENT_ID, undefined, authenticate];
  discovery ??= client.discovery(...registration, { execute }).catch((error) => {
    discovery = undefined;
    throw error;
  });
  return discovery;
}

function explain(cause) {
  if (cause.status !== 401 && cause.error !== 'invalid_client') throw cause;
  const fix =
    'check OIDC_CLIENT_SECRET, and set OIDC_CLIENT_AUTH to the method it is registered with';
  throw new Error(`The provider refuses this client: ${fix}`, { cause });
}

/** Answers a login that another one puts right; other failures are the app's. */
function answerFailure(error, res) {
  const again = '<a href="/login">Log in again</a>';
  if (error.code === ENDED) return res.status(401).send(`This session has just ended. ${again}`);
  if (!INCOMPLETE.includes(error.code)) throw error;
  const reason = error.error ?? error.cause?.message;
  console.warn('The login did not complete', { reason, description: error.error_description });
  res.status(400).send(`The login did not complete. ${again}`);
}

/** Express 4 does not catch what an async handler throws: the process would end. */
const caught = (handler) => (req, res, next) => handler(req, res).catch(next);

async function leave(req, res) {
  const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  req.session.checks = { expectedState, expectedNonce, pkceCodeVerifier, idTokenExpected: true };
  const url = client.buildAuthorizationUrl(await discover(), {
    redirect_uri: `${BASE_URL}/callback`,
    scope: 'openid',
    // Asks for an access token for the API, by a URI alone (RFC 8707); Auth0 wants `audience`.
    ...(URL.canParse(OIDC_AUDIENCE) && { resource: OIDC_AUDIENCE }),
    ...{ state: expectedState, nonce: expectedNonce, code_challenge_method: 'S256' },
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  });
  await promisify(req.session.save).call(req.session); // before the browser goes on
  res.redirect(url.href);
}

/** `/login` and `/callback`, for an app with express-session, which then has `req.session.tokens`. */
export function login(oidc, onLogin = () => undefined) {
  async function comeBack(req, res) {
    const { checks } = req.session;
    if (checks === undefined) return res.redirect('/login');
    const url = new URL(req.originalUrl, BASE_URL);
    let tokens;
    try {
      tokens = await client.authorizationCodeGrant(await discover(), url, checks).catch(explain);
      await oidc.sessions.save(tokens); // before anybody uses them
    } catch (error) {
      return answerFailure(error, res);
    }
    await promisify(req.session.regenerate).call(req.session); // an id that nobody knew before
    req.session.tokens = tokens;
    await onLogin(req, tokens.claims());
    await promisify(req.session.save).call(req.session);
    res.redirect('/');
  }

  return Router().get('/login', caught(leave)).get('/callback', caught(comeBack));
}

/** Refreshes the tokens of a session; `undefined` where the session is over, or cannot be refreshed. */
export async function refresh(oidc, tokens) {
  if (!tokens?.refresh_token) return undefined;
  try {
    const provider = await discover();
    const answer = await client.refreshTokenGrant(provider, tokens.refresh_token).catch(explain);
    const renewed = { refresh_token: tokens.refresh_token, ...answer }; // it may stay the same
    await oidc.sessions.rotate(tokens, renewed); // before anybody uses them
    return renewed;
  } catch (error) {
    if (error.code === ENDED || error.error === 'invalid_grant') return undefined;
    throw error;
  }
}
