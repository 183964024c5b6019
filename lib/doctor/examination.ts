import { fetchMetadata } from '../provider/metadata.ts';
import { isSecureUrl } from '../input/secure-url.ts';
import { explain, TIMEOUT_MS } from './document.ts';
import { absent, type Finding, no, yes } from './finding.ts';
import { examineKeys } from './keys.ts';

export interface Examination {
  readonly issuer: string;
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  /** `undefined` when the provider's metadata cannot be used. */
  readonly offer: Offer | undefined;
}

/** The parts of this package that the provider supports. */
export interface Offer {
  readonly endSession: boolean;
  readonly backChannel: boolean;
  readonly frontChannel: boolean;
  /** Whether the provider's tokens carry a `sid`. */
  readonly sid: boolean;
  /** For signatures of ID Tokens. */
  readonly algorithm: string;
}

type Metadata = Readonly<Record<string, unknown>>;

export async function examine(issuer: string, allowInsecure: boolean): Promise<Examination> {
  const metadata = await readMetadata(issuer, allowInsecure);
  if (typeof metadata === 'string') {
    return { issuer, ok: false, findings: [no('Metadata', metadata)], offer: undefined };
  }
  const offer = offerOf(metadata, allowInsecure);
  const findings = [
    yes('Metadata', 'The discovery document is readable and names this issuer.'),
    await examineKeys(metadata.jwks_uri, allowInsecure),
    ...examineLogout(metadata, offer),
    ...examineEndpoints(metadata, allowInsecure),
    examineAlgorithms(metadata),
  ];
  return { issuer, ok: findings.every(({ verdict }) => verdict !== 'no'), findings, offer };
}

async function readMetadata(issuer: string, allowInsecure: boolean): Promise<Metadata | string> {
  if (!isSecureUrl(issuer, allowInsecure) || issuer.includes('?')) {
    return 'The issuer must be an https: URL without query and fragment; see --allow-insecure.';
  }
  try {
    return { ...(await fetchMetadata(issuer, AbortSignal.timeout(TIMEOUT_MS))) };
  } catch (error) {
    return `The discovery document cannot be used: ${explain(error)}.`;
  }
}

function offerOf(metadata: Metadata, allowInsecure: boolean): Offer {
  const isOn = (member: string) => metadata[member] === true;
  return {
    endSession: isSecureUrl(metadata.end_session_endpoint, allowInsecure),
    backChannel: isOn('backchannel_logout_supported'),
    frontChannel: isOn('frontchannel_logout_supported'),
    sid:
      isOn('backchannel_logout_session_supported') ||
      isOn('frontchannel_logout_session_supported') ||
      listOf(metadata.claims_supported).includes('sid'),
    algorithm: usableAlgorithms(metadata)[0] ?? 'RS256',
  };
}

function examineLogout({ end_session_endpoint: endpoint }: Metadata, offer: Offer): Finding[] {
  return [
    offer.endSession
      ? yes('Logout from the app', 'There is an End Session endpoint.')
      : no(
          'Logout from the app',
          endpoint
            ? 'The End Session endpoint is no https: URL.'
            : 'No End Session endpoint: redirect is null, it ends here only. See "endSession".',
        ),
    offer.backChannel
      ? yes('Back-channel logout', 'Register the URI below.')
      : no('Back-channel logout', 'Not offered: a logout elsewhere does not reach the app.'),
    examineFrontChannel(offer),
    offer.sid
      ? yes('Single sessions', 'Tokens name their session (sid).')
      : no('Single sessions', 'No sid: a logout from there ends all sessions of the user.'),
  ];
}

function examineFrontChannel({ backChannel, frontChannel }: Offer): Finding {
  const feature = 'Front-channel logout';
  if (!frontChannel) return absent(feature, 'Not offered; the back-channel is the better one.');
  return backChannel
    ? absent(feature, 'Not to be registered beside the back-channel, the better one.')
    : yes(feature, 'Register the URI below.');
}

function examineEndpoints(metadata: Metadata, allowInsecure: boolean): Finding[] {
  const unusable = 'The endpoint is no https: URL.';
  const { revocation_endpoint: revocation, introspection_endpoint: introspection } = metadata;
  return [
    isSecureUrl(revocation, allowInsecure)
      ? yes('Revocation', 'Refresh tokens are revoked at a logout.')
      : no(
          'Revocation',
          revocation ? unusable : 'No endpoint: refresh tokens live on at the provider.',
        ),
    isSecureUrl(introspection, allowInsecure)
      ? yes('Introspection', 'Opaque tokens can be asked about.')
      : absent(
          'Introspection',
          introspection ? unusable : 'No endpoint: opaque tokens must be saved to be known.',
        ),
  ];
}

const USABLE_ALGORITHMS = [
  ...['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519', 'RS384', 'PS384', 'ES384'],
  ...['RS512', 'PS512', 'ES512', 'ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'],
];

function usableAlgorithms(metadata: Metadata): string[] {
  const offered = listOf(metadata.id_token_signing_alg_values_supported);
  return USABLE_ALGORITHMS.filter((algorithm) => offered.includes(algorithm));
}

function examineAlgorithms(metadata: Metadata): Finding {
  const [algorithm] = usableAlgorithms(metadata);
  if (algorithm === 'RS256') return yes('Signatures', 'RS256, as by default.');
  if (algorithm !== undefined) {
    return yes('Signatures', `No RS256: set "algorithms" to ['${algorithm}'].`);
  }
  if (metadata.id_token_signing_alg_values_supported === undefined) {
    return absent('Signatures', 'The provider does not tell; RS256 is the default.');
  }
  return no('Signatures', 'None by a key of the provider that this package takes.');
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
