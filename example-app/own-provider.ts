import { randomBytes } from 'node:crypto';
import { type RunningProvider, startProvider } from './provider.ts';
import type { ClientSettings } from './settings.ts';

/** Starts the provider that comes with the app, at which the app is registered. */
export async function startOwnProvider(
  baseUrl: string,
): Promise<RunningProvider & { readonly client: ClientSettings }> {
  const clientId = 'example-app';
  const clientSecret = randomBytes(32).toString('base64url');
  const resource = `${baseUrl}/api`;
  const provider = await startProvider({
    resource,
    clients: [
      {
        client_id: clientId,
        client_name: 'the example app',
        client_secret: clientSecret,
        token_endpoint_auth_method: 'client_secret_post',
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: [`${baseUrl}/callback`],
        post_logout_redirect_uris: [`${baseUrl}/logged-out`],
      },
    ],
  });
  const { issuer } = provider;
  const client: ClientSettings = {
    ...{ issuer, clientId, clientSecret, resource },
    ...{ audience: resource, scope: 'openid profile', allowHttp: false },
  };
  return { ...provider, client };
}
