import { randomBytes } from 'node:crypto';
import type { OidcLogout } from '../lib/index.ts'; // from 'express-oidc-logout'
import { type RunningProvider, startProvider } from './provider.ts';
import type { ClientSettings } from './client-settings.ts';

export interface OwnProvider extends RunningProvider {
  readonly client: ClientSettings;
  /** Registers the app, whose back channel is reached where it listens. */
  readonly registerApp: (oidc: OidcLogout, localUrl: string) => Promise<void>;
}

/** Starts the provider that comes with the app. */
export async function startOwnProvider(baseUrl: string): Promise<OwnProvider> {
  const clientId = 'example-app';
  const clientSecret = randomBytes(32).toString('base64url');
  const resource = `${baseUrl}/api`;
  const provider = await startProvider({ resource, clients: [] });
  const { issuer } = provider;
  const client: ClientSettings = {
    ...{ issuer, clientId, clientSecret, resource },
    ...{ audience: resource, scope: 'openid profile', clientAuth: 'client_secret_basic' },
  };
  async function registerApp(oidc: OidcLogout, localUrl: string): Promise<void> {
    await provider.register({
      // This provider has no front-channel logout.
      ...oidc.clientMetadata(localUrl),
      client_id: clientId,
      client_name: 'the example app',
      client_secret: clientSecret,
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: [`${baseUrl}/callback`],
    });
  }
  return { ...provider, client, registerApp };
}
