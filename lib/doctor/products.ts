import type { ProviderRegistration } from '../options/provider-options.ts';
import type { Document } from './document.ts';

export type SpecialOptions = Pick<ProviderRegistration, 'accessTokens' | 'endSession'>;

/** A provider that is known by the form of its issuer or endpoints. */
export interface Product {
  readonly name: string;
  readonly is: (issuer: URL, metadata: Document) => boolean;
  /** What its metadata would say, if they said all. */
  readonly unannounced?: Document;
  /** Whether a logout without ID Token is an error there, also for a registered address. */
  readonly needsIdToken?: boolean;
  /** Whether "aud" of its access tokens is the client. */
  readonly isClientAudience?: true;
  /** What its entry needs beside the standard. */
  readonly options?: (clientId: string) => SpecialOptions;
  readonly notes: readonly string[];
}

const NO_BACK_CHANNEL = { backchannel_logout_supported: false };
const BASIC =
  "Where the client is registered for client_secret_basic, set clientAuthentication to { method: 'client_secret_basic' }.";

const PRODUCTS: readonly Product[] = [
  {
    name: 'Keycloak',
    is: ({ pathname }) => /\/realms\/[^/]+$/.test(pathname),
    needsIdToken: false,
    notes: [
      'Register "Backchannel logout URL" and leave "Front channel logout" off: with both, no Logout Token is ever sent.',
      'Without an "Audience" mapper in the client scope <client>-dedicated, "aud" is "account", and the guard refuses every token.',
      'introspection: \'always\' needs this client in "aud" too, else no token is active.',
    ],
  },
  {
    name: 'Auth0',
    is: hostEnds('.auth0.com'),
    notes: [
      'Register "Allowed Logout URLs", and "Back-Channel Logout URI" where the plan has it.',
      'Without the parameter "audience" at the login, access tokens are opaque.',
    ],
  },
  {
    name: 'Okta',
    is: hostEnds('.okta.com', '.oktapreview.com', '.okta-emea.com'),
    needsIdToken: true,
    notes: [
      'Register "Sign-out redirect URIs". Access tokens have no "sid": call sessions.save.',
      'The issuer must be the authorization server of your API, such as /oauth2/default.',
    ],
  },
  {
    name: 'Microsoft Entra ID',
    is: hostEnds('login.microsoftonline.com', '.ciamlogin.com'),
    unannounced: NO_BACK_CHANNEL,
    notes: [
      'Register the address of the way back as a redirect URI, and "Front-channel logout URL".',
      'Set "requestedAccessTokenVersion" to 2 in the manifest of the API, else its tokens have another issuer.',
    ],
  },
  {
    name: 'Amazon Cognito',
    is: ({ hostname }) => /^cognito-idp\.[\w-]+\.amazonaws\.com$/.test(hostname),
    unannounced: NO_BACK_CHANNEL,
    options: (clientId) => ({ endSession: 'cognito', accessTokens: { clients: [clientId] } }),
    notes: [
      'Register "Allowed sign-out URLs". No "state" comes back.',
      'Access tokens have no "aud": accessTokens.clients stands in for audience.',
    ],
  },
  {
    name: 'Google',
    is: hostEnds('accounts.google.com'),
    unannounced: NO_BACK_CHANNEL,
    isClientAudience: true,
    notes: ['Access tokens are opaque: call sessions.save. The session there goes on.'],
  },
  {
    name: 'Ory Hydra',
    is: (_issuer, metadata) => endsWith(metadata.end_session_endpoint, '/oauth2/sessions/logout'),
    needsIdToken: true,
    notes: [
      'Without an ID Token it answers an error to a logout that wants to come back.',
      'Access tokens get their "aud" from the parameter "audience" of the login, not from "resource".',
      'Introspection is on the admin port: set metadata.introspection_endpoint, or save opaque tokens.',
      BASIC,
    ],
  },
  {
    name: 'Spring Authorization Server',
    is: (_issuer, metadata) =>
      endsWith(metadata.end_session_endpoint, '/connect/logout') &&
      endsWith(metadata.jwks_uri, '/oauth2/jwks'),
    unannounced: { ...NO_BACK_CHANNEL, claims_supported: ['sid'] },
    needsIdToken: true,
    isClientAudience: true,
    notes: [
      'It wants the ID Token at a logout, else it answers an error.',
      'The "sid" is in the ID Token alone, and not announced: call sessions.save.',
      '"aud" of an access token is the client, unless an OAuth2TokenCustomizer sets another.',
      BASIC,
    ],
  },
  {
    name: 'Dex',
    is: (_issuer, metadata) =>
      endsWith(metadata.device_authorization_endpoint, '/device/code') &&
      endsWith(metadata.jwks_uri, '/keys') &&
      endsWith(metadata.token_endpoint, '/token'),
    needsIdToken: true,
    isClientAudience: true,
    notes: [
      'Access tokens look like ID Tokens: call sessions.save, or the guard refuses them.',
      'A logout without ID Token does not come back.',
      'Switch its sessions on: without them there is no End Session endpoint, Logout Token or "sid".',
    ],
  },
];

export function productOf(issuer: string, metadata: Document): Product | undefined {
  const url = new URL(issuer);
  return PRODUCTS.find(({ is }) => is(url, metadata));
}

function hostEnds(...ends: readonly string[]): Product['is'] {
  return ({ hostname }) => ends.some((end) => hostname.endsWith(end));
}

function endsWith(value: unknown, end: string): boolean {
  return typeof value === 'string' && value.endsWith(end);
}
