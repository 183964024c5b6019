import type { RequestHandler } from 'express';
import { LoginRefusedError, LoginUnavailableError } from '../login/login-error.ts';
import type { Logins } from '../login/logins.ts';
import type { Tokens } from '../login/provider-login.ts';
import { securityError, validationError } from './elasticsearch-error.ts';
import { endpoint, type Fields, textOf } from './endpoint.ts';
import { REALM } from './realm.ts';

const REFUSED = 'unable to authenticate user for REST request [/_security/oidc/authenticate]';

/** `POST /_security/oidc/authenticate`: tokens for the URL that the browser came back to. */
export function authenticate(logins: Logins): RequestHandler {
  async function exchange({ redirect_uri, state, nonce, realm }: AuthenticateRequest) {
    if ((realm !== undefined && realm !== REALM) || !URL.canParse(redirect_uri)) {
      throw new LoginRefusedError();
    }
    return logins.finish({ search: new URL(redirect_uri).search, state, nonce });
  }

  const fields = ['redirect_uri', 'state', 'nonce', 'realm'];
  return endpoint({ parser: 'oidc_authn', fields, nullable: ['realm'] }, async (body) => {
    const request = requestOf(body);
    try {
      return answerOf(await exchange(request));
    } catch (error) {
      if (error instanceof LoginRefusedError) throw securityError(401, REFUSED);
      if (error instanceof LoginUnavailableError) {
        throw securityError(503, 'unable to perform requested action');
      }
      throw error;
    }
  });
}

interface AuthenticateRequest {
  readonly redirect_uri: string;
  readonly state: string;
  readonly nonce: string;
  readonly realm: string | undefined;
}

function requestOf(body: Fields): AuthenticateRequest {
  const state = textOf(body.state);
  const nonce = textOf(body.nonce);
  const redirect_uri = textOf(body.redirect_uri);
  if (state !== undefined && nonce !== undefined && redirect_uri !== undefined) {
    return { redirect_uri, state, nonce, realm: body.realm ?? undefined };
  }
  const missing = Object.entries({ state, nonce, redirect_uri }).flatMap(([name, value]) =>
    value === undefined ? [`${name} parameter is missing`] : [],
  );
  throw validationError(missing);
}

function answerOf(tokens: Tokens) {
  const claims = tokens.claims();
  const username = claims?.sub;
  const realm = { name: REALM, type: 'oidc' };
  return {
    username,
    access_token: tokens.access_token,
    type: 'Bearer',
    expires_in: tokens.expires_in,
    refresh_token: tokens.refresh_token,
    authentication: {
      username,
      roles: [],
      full_name: claims?.name ?? null,
      email: claims?.email ?? null,
      metadata: { 'oidc(iss)': claims?.iss, 'oidc(sub)': username },
      enabled: true,
      authentication_realm: realm,
      lookup_realm: realm,
      authentication_type: 'realm',
    },
  };
}
