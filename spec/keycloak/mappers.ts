/** The API of the apps. */
export const AUDIENCE = 'https://api.example.com';

const mapper = (protocolMapper: string, config: Record<string, string>) => ({
  ...{ name: protocolMapper, protocol: 'openid-connect', protocolMapper },
  config: { 'access.token.claim': 'true', ...config },
});

/** Has access tokens name the API in `aud`. */
export const API_AUDIENCE = mapper('oidc-audience-mapper', {
  'included.custom.audience': AUDIENCE,
});

/** Has access tokens name a client in `aud`. */
export const clientAudience = (clientId: string) => ({
  ...mapper('oidc-audience-mapper', { 'included.client.audience': clientId }),
  name: 'client',
});

/** Claims that lightweight access tokens have only so. */
export const LIGHTWEIGHT = [
  mapper('oidc-audience-mapper', {
    'included.custom.audience': AUDIENCE,
    'lightweight.claim': 'true',
  }),
  mapper('oidc-sub-mapper', { 'lightweight.claim': 'true' }),
];

export const hardcodedClaim = (name: string, value: string) =>
  mapper('oidc-hardcoded-claim-mapper', {
    ...{ 'claim.name': name, 'claim.value': value, 'jsonType.label': 'String' },
  });
