import { isSecureUrl } from '../input/secure-url.ts';
import { examineAlgorithms, usableAlgorithms } from './algorithms.ts';
import { type Document, listOf } from './document.ts';
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
  /** `undefined` where the options are still to be written. */
  readonly idTokenHint: string | undefined;
  /** Of the app; an example where nobody told. */
  readonly baseUrl: string;
  /** As registered; `undefined` where nobody told. */
  readonly postLogoutRedirectUri: string | undefined;
  readonly allowInsecure: boolean;
}

export async function examine(patient: Patient): Promise<Examination> {
  const { issuer, allowInsecure } = patient;
  const metadata = await readMetadata(issuer, allowInsecure);
  if (typeof metadata === 'string') {
    return { findings: [wrong('Metadata', metadata)], offer: undefined };
  }
  const product = productOf(issuer, metadata);
  const known = { ...product?.unannounced, ...metadata };
  const hint = await hintOf(known, patient, product);
  const needsIdToken = product?.needsIdToken ?? hint?.level === 'risky';
  const offer = { ...offerOf(known, patient), product, needsIdToken };
  const findings = [
    fine('Metadata', 'Readable, and of this issuer.'),
    await examineKeys(known.jwks_uri, allowInsecure),
    examineAlgorithms(known),
    endSessionOf(known, allowInsecure),
    ...(hint === undefined ? [] : [hint]),
    ...channelsOf(offer),
    ...endpointsOf(known, allowInsecure),
  ];
  return { findings, offer };
}

const HINT = 'Without ID Token';

async function hintOf(
  { end_session_endpoint: endpoint }: Document,
  { allowInsecure, clientId, idTokenHint, postLogoutRedirectUri }: Patient,
  product: Product | undefined,
): Promise<Finding | undefined> {
  if (!isSecureUrl(endpoint, allowInsecure)) return undefined;
  if (product?.options?.('').endSession !== undefined) return undefined;
  if (idTokenHint === 'required' || (idTokenHint === undefined && product?.needsIdToken)) {
    return fine(HINT, 'Not asked: "idTokenHint" is \'required\'.');
  }
  if (clientId === undefined) {
    return unknown(HINT, 'Not asked: give --client-id, and --base-url as registered.');
  }
  return postLogoutRedirectUri === undefined
    ? unknown(HINT, 'Not asked: give --base-url as registered.')
    : examineHint(endpoint, {
        clientId,
        postLogoutRedirectUri,
        isHintNeedless: product?.needsIdToken === false,
      });
}

function offerOf(metadata: Document, patient: Patient) {
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
