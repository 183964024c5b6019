import { checkMethods, checkNames, checkObject, checkText } from '../input/checks.ts';
import type { ClientAuthentication } from '../provider/client-authentication.ts';
import type { ProviderOptions } from './provider-options.ts';

const AUTHENTICATION_MEMBERS: Record<ClientAuthentication['method'], readonly string[]> = {
  client_secret_basic: [],
  client_secret_post: [],
  private_key_jwt: ['privateKey', 'kid'],
  tls_client_auth: ['fetch'],
  none: [],
};

/** Checks how the client authenticates, and that its secret goes with that. */
export function resolveAuthentication(provider: ProviderOptions): ClientAuthentication | undefined {
  const { clientAuthentication: authentication, clientSecret } = provider;
  if (authentication === undefined) return undefined;
  const name = 'provider.clientAuthentication';
  checkObject(authentication, name);
  const { method } = authentication;
  if (!Object.hasOwn(AUTHENTICATION_MEMBERS, method)) {
    const methods = Object.keys(AUTHENTICATION_MEMBERS).join(', ');
    throw new TypeError(`"${name}.method" must be one of ${methods}`);
  }
  checkNames(authentication, ['method', ...AUTHENTICATION_MEMBERS[method]], `"${name}"`);
  if (method.startsWith('client_secret_') && clientSecret === undefined) {
    throw new TypeError(`"provider.clientSecret" must be set for ${method}`);
  }
  if (method === 'none' && clientSecret !== undefined) {
    throw new TypeError('"provider.clientSecret" must be left out for a public client');
  }
  if (method === 'private_key_jwt' && authentication.kid !== undefined) {
    checkText(authentication.kid, `${name}.kid`);
  }
  if (method === 'tls_client_auth') checkMethods(authentication, name, ['fetch']);
  if (method === 'private_key_jwt' && !isPrivateKey(authentication.privateKey)) {
    throw new TypeError(`"${name}.privateKey" must be a CryptoKey of the type private`);
  }
  return Object.freeze({ ...authentication });
}

function isPrivateKey(key: unknown): boolean {
  return key instanceof CryptoKey && key.type === 'private' && key.usages.includes('sign');
}
