import { isSecureUrl } from '../input/secure-url.ts';
import type { Document } from './document.ts';
import { examineHint } from './end-session.ts';
import { type Finding, fine, risky, unknown, wrong } from './finding.ts';
import { examineKeys } from './keys.ts';
import { readMetadata } from './metadata.ts';
import { type Product, productOf } from './products.ts';

export interface Examination {
  readonly findings: readonly Finding[];
  /** `undefined` where the provider's metadata cannot be used. */
  readonly offer: Offer | undefined;
}

/** What the provider has, as far as it tells. */
export interface Offer {
  readonly patient: Patient;
  readonly endSession: boolean;
  /** `undefined` where nothing is announced. */
  readonly backChannel: boolean | undefined;
  readonly frontChannel: boolean | undefined;
  readonly sid: boolean | undefined;
  /** For signatures of ID Tokens. */
  readonly algorithm: string;
  readonly needsIdToken: boolean;
  readonly product: Product | undefined;
}

export interface Patient {
  readonly issuer: string;
  readonly clientId: string | undefined;
  /** As far as it is set. */
  readonly idTokenHint?: string | undefined;
  readonly postLogoutRedirectUri: string;
  readonly allowInsecure: boolean;
}

export async function examine(patient: Patient): Promise<Examination> {
  const { issuer, allowInsecure } = patient;
  const metadata = await readMetadata(issuer, allowInsecure);
  if (typeof metadata === 'string') {
    return { findings: [wrong('Metadata', metadata)], offer: undefined };
  }
  const hint = await hintOf(metadata, patient);
  const offer = offerOf(metadata, patient, hint);
  const findings = [
    fine('Metadata', 'Readable, and of this issuer.'),
    await examineKeys(metadata.jwks_uri, allowInsecure),
    examineAlgorithms(metadata),
    endSessionOf(metadata, allowInsecure),
    ...(hint === undefined ? [] : [hint]),
    ...channelsOf(offer),
    ...endpointsOf(metadata, allowInsecure),
  ];
  return { findings, offer };
}

async function hintOf(metadata: Document, patient: Patient): Promise<Finding | undefined> {
  const { end_session_endpoint: endpoint } = metadata;
  const { allowInsecure, clientId, issuer, postLogoutRedirectUri } = patient;
  if (!isSecureUrl(endpoint, allowInsecure)) return undefined;
  if (productOf(issuer, metadata)?.options?.('').endSession !== undefined) return undefined;
  if (patient.idTokenHint === 'required') {
    return fine('Without ID Token', 'Not asked: "idTokenHint" is \'required\'.');
  }
  return clientId === undefined
    ? unknown('Without ID Token', 'Not asked: give --client-id, and --base-url as registered.')
    : examineHint(endpoint, { clientId, postLogoutRedirectUri });
}

function offerOf(metadata: Document, patient: Patient, hint: Finding | undefined): Offer {
  const hasSid =
    metadata.backchannel_logout_session_supported === true ||
    metadata.frontchannel_logout_session_supported === true ||
    listOf(metadata.claims_supported).includes('sid');
  return {
    patient,
    endSession: isSecureUrl(metadata.end_session_endpoint, patient.allowInsecure),
    backChannel: announced(metadata.backchannel_logout_supported),
    frontChannel: announced(metadata.frontchannel_logout_supported),
    sid: hasSid || announced(metadata.backchannel_logout_session_supported),
    algorithm: usableAlgorithms(metadata)[0] ?? 'RS256',
    needsIdToken: hint?.level === 'risky',
    product: productOf(patient.issuer, metadata),
  };
}

function announced(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

function endSessionOf({ end_session_endpoint: endpoint }: Document, insecure: boolean): Finding {
  const feature = 'Logout from the app';
  if (isSecureUrl(endpoint, insecure)) return fine(feature, 'There is an End Session endpoint.');
  if (endpoint) return wrong(feature, 'The End Session endpoint is no https: URL.');
  const what = 'No End Session endpoint: the session there goes on, and "redirect" is null.';
  return risky(feature, what);
}

function channelsOf({ backChannel, frontChannel, sid }: Offer): Finding[] {
  return [
    ofThree(backChannel, 'Back-channel logout', {
      yes: 'Register the URI below.',
      no: 'Not offered: a logout elsewhere does not reach the app this way.',
      unknown: 'Not announced. It may be there: see the documentation of the provider.',
    }),
    ...(frontChannel === undefined
      ? []
      : [
          fine(
            'Front-channel logout',
            frontChannel && !backChannel
              ? 'Register the URI below.'
              : 'Not to be registered: the back channel is the better one.',
          ),
        ]),
    ofThree(sid, 'Single sessions', {
      yes: 'Tokens name their session (sid).',
      no: 'No sid: a logout from there ends all sessions of the user.',
      unknown: 'Not announced. An ID Token shows whether it has a "sid".',
    }),
  ];
}

function endpointsOf(metadata: Document, insecure: boolean): Finding[] {
  const { revocation_endpoint: revocation, introspection_endpoint: introspection } = metadata;
  const unusable = 'The endpoint is no https: URL.';
  return [
    isSecureUrl(revocation, insecure)
      ? fine('Revocation', 'Refresh tokens are revoked at a logout.')
      : risky(
          'Revocation',
          revocation ? unusable : 'No endpoint: refresh tokens live on at the provider.',
        ),
    isSecureUrl(introspection, insecure)
      ? fine('Introspection', 'Opaque tokens can be asked about, if this client may.')
      : unknown(
          'Introspection',
          introspection ? unusable : 'Not announced. Opaque tokens must be saved to be known.',
        ),
  ];
}

interface Texts {
  readonly yes: string;
  readonly no: string;
  readonly unknown: string;
}

function ofThree(value: boolean | undefined, feature: string, texts: Texts): Finding {
  if (value === undefined) return unknown(feature, texts.unknown);
  return value ? fine(feature, texts.yes) : risky(feature, texts.no);
}

const USABLE_ALGORITHMS = [
  ...['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519', 'RS384', 'PS384', 'ES384'],
  ...['RS512', 'PS512', 'ES512', 'ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'],
];

function usableAlgorithms(metadata: Document): string[] {
  const offered = listOf(metadata.id_token_signing_alg_values_supported);
  return USABLE_ALGORITHMS.filter((algorithm) => offered.includes(algorithm));
}

function examineAlgorithms(metadata: Document): Finding {
  const feature = 'Signatures';
  const [algorithm] = usableAlgorithms(metadata);
  if (algorithm === 'RS256') return fine(feature, 'RS256, as by default.');
  if (algorithm !== undefined) {
    return fine(feature, `No RS256: set "algorithms" to ['${algorithm}'].`);
  }
  if (metadata.id_token_signing_alg_values_supported === undefined) {
    return unknown(feature, 'The provider does not tell; RS256 is the default.');
  }
  return wrong(feature, 'None by a key of the provider that this package takes.');
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
