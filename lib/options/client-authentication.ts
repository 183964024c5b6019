import { checkMethods, checkNames, checkObject, checkText } from '../input/checks.ts';
import type { ClientAuthentication } from '../provider/client-authentication.ts';
import type { Option } from '../input/option.ts';

const MEMBERS: Record<ClientAuthentication['method'], readonly string[]> = {
  client_secret_basic: [],
  client_secret_post: [],
  private_key_jwt: ['privateKey', 'kid'],
  tls_client_auth: ['fetch'],
  none: [],
};

export function clientAuthentication(): Option<ClientAuthentication, ClientAuthentication> {
  return {
    takes: 'object',
    read(given, { name }) {
      checkObject(given, name);
      const authentication = given as ClientAuthentication;
      const { method } = authentication;
      if (!Object.hasOwn(MEMBERS, method)) {
        throw new TypeError(`"${name}.method" must be one of ${Object.keys(MEMBERS).join(', ')}`);
      }
      checkNames(authentication, ['method', ...MEMBERS[method]], `"${name}"`);
      if (method === 'tls_client_auth') checkMethods(authentication, name, ['fetch']);
      if (method === 'private_key_jwt') {
        const { kid, privateKey } = authentication;
        if (kid !== undefined) checkText(kid, `${name}.kid`);
        checkPrivateKey(privateKey, `${name}.privateKey`);
      }
      return Object.freeze({ ...authentication });
    },
  };
}

/** A client has the secret of its authentication, and no other. */
export function checkCredentials(
  authentication: ClientAuthentication | undefined,
  secret: string | undefined,
): void {
  const method = authentication?.method ?? '';
  if (method.startsWith('client_secret_') && secret === undefined) {
    throw new TypeError(`"provider.clientSecret" must be set for ${method}`);
  }
  if (method === 'none' && secret !== undefined) {
    throw new TypeError('"provider.clientSecret" must be left out for a public client');
  }
}

function checkPrivateKey(key: unknown, name: string): void {
  const isPrivate = key instanceof CryptoKey && key.type === 'private';
  if (isPrivate && key.usages.includes('sign')) return;
  throw new TypeError(`"${name}" must be a CryptoKey of the type private`);
}
