import { inspect } from 'node:util';
import type { OidcLogoutOptions } from '../options/oidc-logout-options.ts';
import type { ProviderOptions } from '../options/provider-options.ts';
import { clientRegistration } from '../options/client-metadata.ts';
import type { ClientMetadata } from '../provider/client-metadata.ts';
import type { Arguments } from './arguments.ts';
import type { Offer, Patient } from './examination.ts';

export function addressOfReturn(baseUrl: string): string {
  return `${baseUrl.replace(/\/$/, '')}/logged-out`;
}

export interface Prescription {
  readonly product: string | undefined;
  readonly notes: readonly string[] | undefined;
  readonly register: ClientMetadata | undefined;
  readonly options: OidcLogoutOptions | undefined;
}

export function prescribe(offer: Offer, options: OidcLogoutOptions): Prescription {
  return {
    product: offer.product?.name,
    notes: offer.product?.notes,
    register: registrationFor(offer),
    options: toCopy(options),
  };
}

/** As far as was told. */
export function optionsFor(offer: Offer, given: Arguments): OidcLogoutOptions {
  const { patient, product } = offer;
  const { clientId = 'web', allowInsecure } = patient;
  const { audience = product?.isClientAudience && clientId } = given;
  return {
    provider: entryFor(offer, clientId),
    ...(audience !== undefined && { audience }),
    ...(allowInsecure && { allowInsecureRequests: true }),
  };
}

function entryFor(offer: Offer, clientId: string): ProviderOptions {
  const { algorithm, endSession, needsIdToken, patient, product } = offer;
  return {
    issuer: patient.issuer,
    clientId,
    ...(endSession && { postLogoutRedirectUri: returnTo(patient) }),
    ...(algorithm !== 'RS256' && { algorithms: [algorithm] }),
    ...(endSession && needsIdToken && { idTokenHint: 'required' }),
    ...product?.options?.(clientId),
  };
}

/** With an example where nobody told the audience. */
function toCopy(options: OidcLogoutOptions): OidcLogoutOptions {
  if (namesAudience(options)) return options;
  const { provider, ...others } = options;
  return { provider, audience: 'https://api.example.com', ...others };
}

export function namesAudience({ audience, provider }: OidcLogoutOptions): boolean {
  const entries = [provider].flat();
  return audience !== undefined || entries.every((entry) => entry.accessTokens?.clients);
}

function returnTo({ baseUrl, postLogoutRedirectUri }: Patient): string {
  return postLogoutRedirectUri ?? addressOfReturn(baseUrl);
}

/** Never both channels: Keycloak then uses the front channel alone. */
function registrationFor(offer: Offer): ClientMetadata {
  const { algorithm, backChannel, endSession, frontChannel, patient, sid } = offer;
  const isFrontAlone = frontChannel === true && backChannel !== true;
  const metadata = clientRegistration({
    baseUrl: patient.baseUrl,
    algorithms: algorithm,
    allowInsecureRequests: patient.allowInsecure,
    ...(endSession && { postLogoutRedirectUri: returnTo(patient) }),
    ...((isFrontAlone || backChannel === false) && { backChannelLogout: null }),
    ...(isFrontAlone && { frontChannelLogout: true }),
  });
  if (sid !== false) return metadata;
  const members = Object.entries(metadata).filter(([name]) => !name.endsWith('session_required'));
  return Object.fromEntries(members) as unknown as ClientMetadata;
}

/** The lines of the argument of `oidcLogout()`. */
export function sourceOf(
  { provider, ...options }: OidcLogoutOptions,
  { redis }: Arguments,
): string[] {
  const { issuer, clientId, ...others } = provider as ProviderOptions;
  const clientSecret = code('process.env.OIDC_CLIENT_SECRET');
  const whole = {
    provider: { issuer, clientId, clientSecret, ...others },
    ...options,
    encryptionKey: code('process.env.ENCRYPTION_KEY'),
    ...(redis !== undefined && { redis: code('redis') }),
  };
  return inspect(whole, { compact: false, depth: null }).split('\n');
}

function code(text: string): object {
  return { [inspect.custom]: () => text };
}
