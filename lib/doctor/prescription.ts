import { inspect } from 'node:util';
import type { OidcLogoutOptions } from '../options/oidc-logout-options.ts';
import type { ProviderOptions } from '../options/provider-options.ts';
import { clientRegistration } from '../options/client-metadata.ts';
import type { ClientMetadata } from '../provider/client-metadata.ts';
import type { Arguments } from './arguments.ts';
import type { Offer } from './examination.ts';
import type { SpecialOptions } from './products.ts';

export function addressOfReturn(baseUrl: string): string {
  return `${baseUrl.replace(/\/$/, '')}/logged-out`;
}

export interface Prescription {
  readonly product: string | undefined;
  readonly notes: readonly string[] | undefined;
  readonly register: ClientMetadata | undefined;
  readonly options: OidcLogoutOptions | undefined;
}

export function prescribe(offer: Offer, given: Arguments): Prescription {
  return {
    product: offer.product?.name,
    notes: offer.product?.notes,
    register: registrationFor(offer, given),
    options: optionsFor(offer, given),
  };
}

function optionsFor(offer: Offer, given: Arguments): OidcLogoutOptions {
  const { algorithm, endSession, needsIdToken, patient, product } = offer;
  const { clientId = 'web', issuer, postLogoutRedirectUri, allowInsecure } = patient;
  const special = product?.options?.(clientId) ?? {};
  return {
    provider: {
      ...{ issuer, clientId },
      ...(endSession && { postLogoutRedirectUri }),
      ...(algorithm !== 'RS256' && { algorithms: [algorithm] }),
      ...(needsIdToken && { idTokenHint: 'required' as const }),
      ...special,
    },
    ...audienceFor(special, given),
    ...(allowInsecure && { allowInsecureRequests: true }),
  };
}

function audienceFor({ accessTokens }: SpecialOptions, { audience }: Arguments) {
  if (audience !== undefined) return { audience };
  return accessTokens?.clients === undefined ? { audience: 'https://api.example.com' } : {};
}

/** Never both channels: Keycloak then uses the front channel alone. */
function registrationFor(offer: Offer, { baseUrl }: Arguments): ClientMetadata {
  const { algorithm, backChannel, endSession, frontChannel, patient, sid } = offer;
  const isFrontAlone = frontChannel === true && backChannel !== true;
  const metadata = clientRegistration({
    ...{ baseUrl, algorithms: algorithm, allowInsecureRequests: patient.allowInsecure },
    ...(endSession && { postLogoutRedirectUri: patient.postLogoutRedirectUri }),
    ...((isFrontAlone || backChannel === false) && { backChannelLogout: null }),
    ...(isFrontAlone && { frontChannelLogout: true }),
  });
  if (sid !== false) return metadata;
  const members = Object.entries(metadata).filter(([name]) => !name.endsWith('session_required'));
  return Object.fromEntries(members) as unknown as ClientMetadata;
}

/** The lines of the argument of `oidcLogout()`. */
export function sourceOf({ provider, ...options }: OidcLogoutOptions): string[] {
  const secret = { [inspect.custom]: () => 'process.env.OIDC_CLIENT_SECRET' };
  const { issuer, clientId, ...others } = provider as ProviderOptions;
  const entry = { issuer, clientId, clientSecret: secret, ...others };
  return inspect({ provider: entry, ...options }, { compact: false, depth: null }).split('\n');
}
