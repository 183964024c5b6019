import type { RequestHandler } from 'express';
import type { Logins } from '../login/logins.ts';
import { securityError, validationError } from './elasticsearch-error.ts';
import { endpoint, type Fields, textOf } from './endpoint.ts';
import { REALM } from './realm.ts';

export interface PrepareParts {
  readonly issuer: string;
  readonly logins: Logins;
}

/** `POST /_security/oidc/prepare`: where to send the browser to log in. */
export function prepare({ issuer, logins }: PrepareParts): RequestHandler {
  function checkRealm(fields: Fields): void {
    const [realm, iss] = [textOf(fields.realm), textOf(fields.iss)];
    if (realm === undefined && iss === undefined) {
      throw validationError(['one of [realm, issuer] must be provided']);
    }
    if (realm !== undefined && iss !== undefined) {
      throw validationError(['only one of [realm, issuer] can be provided in the same request']);
    }
    const noRealm = 'Cannot find OpenID Connect realm with';
    if (realm !== undefined && realm !== REALM) {
      throw securityError(500, `${noRealm} name [${realm}]`);
    }
    if (iss !== undefined && iss !== issuer) {
      throw securityError(500, `${noRealm} issuer [${iss}]`);
    }
  }

  const fields = ['realm', 'iss', 'state', 'nonce', 'login_hint'];
  return endpoint({ parser: 'oidc_prepare_authentication', fields }, async (request) => {
    checkRealm(request);
    const started = await logins.start({
      state: textOf(request.state),
      nonce: textOf(request.nonce),
      loginHint: textOf(request.login_hint),
    });
    return { ...started, realm: REALM };
  });
}
