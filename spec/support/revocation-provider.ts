import { createServer } from 'node:http';
import express from 'express';
import { Provider } from 'oidc-provider/lib/provider.js';
import * as client from 'openid-client';
import type { ClientRegistration } from '../../example-app/provider.ts';
import { closeServer, listen } from '../../example-app/listening.ts';
import { configure } from '../../example-app/provider/configuration.ts';
import { interactions } from '../../example-app/provider/interactions.ts';
import { createMemoryAdapters } from '../../example-app/provider/memory-adapter.ts';
import { BrowserSession } from './browser-session.ts';
import { AUDIENCE } from './provider.ts';

const APP_URL = 'https://app.example.com';
const CALLBACK = `${APP_URL}/callback`;

/** Where the certificate of a client stands, as if a TLS front had put it there. */
export const CERTIFICATE_HEADER = 'x-client-certificate';

export type Tokens = Awaited<ReturnType<typeof client.authorizationCodeGrant>>;

/** A client of the provider, at which users log in. */
export interface ProviderClient {
  /** Logs a user in; the access token is a JWT for `AUDIENCE`, or opaque. */
  logIn(format?: 'jwt' | 'opaque'): Promise<Tokens>;
  /** What the token endpoint says to a refresh token: `ok`, or its error code. */
  refresh(refreshToken: string | undefined): Promise<string>;
  /** The status with which the UserInfo endpoint answers an opaque access token. */
  userInfo(accessToken: string): Promise<number>;
}

/** A real OpenID Provider that revokes tokens. */
export interface RevocationProvider {
  readonly issuer: string;
  /** The paths that were asked for. */
  readonly paths: string[];
  /** Registers a client, and how it authenticates at the token endpoint. */
  register(
    metadata: ClientRegistration,
    authentication: client.ClientAuth,
    send?: typeof fetch,
  ): Promise<ProviderClient>;
  close(): Promise<void>;
}

export async function startRevocationProvider(): Promise<RevocationProvider> {
  const adapters = createMemoryAdapters();
  const configuration = await configure({ clients: [], resource: AUDIENCE }, adapters);
  const app = express();
  const server = createServer(app);
  const issuer = `http://127.0.0.1:${await listen(server, 0)}`;
  const provider = new Provider(issuer, {
    ...configuration,
    clientAuthMethods: [
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'tls_client_auth',
      'none',
    ],
    features: {
      ...configuration.features,
      mTLS: {
        enabled: true,
        tlsClientAuth: true,
        getCertificate: (ctx) => ctx.get(CERTIFICATE_HEADER) || undefined,
        certificateAuthorized: () => true,
        certificateSubjectMatches: (ctx, _property, expected) =>
          ctx.get(CERTIFICATE_HEADER) === expected,
      },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, { clientId }, token) => token.clientId === clientId,
      },
    },
  });
  provider.Client.prototype.includeSid = () => true;
  const paths: string[] = [];
  app.use((req, _res, next) => {
    paths.push(req.path);
    next();
  });
  app.use('/interaction', interactions(provider));
  app.use(provider.callback());

  return {
    issuer,
    paths,
    async register(metadata, authentication, send = fetch) {
      await adapters('Client').upsert(metadata.client_id, {
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: [CALLBACK],
        post_logout_redirect_uris: [`${APP_URL}/logged-out`],
        ...metadata,
      });
      const discovered = await client.discovery(
        new URL(issuer),
        metadata.client_id,
        undefined,
        authentication,
        {
          // The provider is on loopback.
          execute: [client.allowInsecureRequests],
          [client.customFetch]: (url, options) => send(url, options as RequestInit),
        },
      );
      return providerClient(issuer, discovered);
    },
    close: () => closeServer(server),
  };
}

function providerClient(issuer: string, configuration: client.Configuration): ProviderClient {
  return {
    async logIn(format = 'jwt') {
      const resource: Record<string, string> = format === 'jwt' ? { resource: AUDIENCE } : {};
      const [codeVerifier, nonce] = [client.randomPKCECodeVerifier(), client.randomNonce()];
      const url = client.buildAuthorizationUrl(configuration, {
        redirect_uri: CALLBACK,
        scope: 'openid',
        nonce,
        code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        ...resource,
      });
      const browser = new BrowserSession({ stopAt: APP_URL });
      const page = await browser.open(url.href);
      const back = await browser.submit(page, '/login', { user: 'alice' });
      const checks = { pkceCodeVerifier: codeVerifier, expectedNonce: nonce };
      return client.authorizationCodeGrant(configuration, back.url, checks, resource);
    },
    async refresh(refreshToken = '') {
      try {
        await client.refreshTokenGrant(configuration, refreshToken);
        return 'ok';
      } catch (error) {
        if (error instanceof client.ResponseBodyError) return error.error;
        throw error;
      }
    },
    async userInfo(accessToken) {
      const headers = { Authorization: `Bearer ${accessToken}` };
      const { status } = await fetch(`${issuer}/me`, { headers });
      return status;
    },
  };
}
