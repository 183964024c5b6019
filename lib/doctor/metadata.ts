import { isSecureUrl, withScheme } from '../input/secure-url.ts';
import { fetchServerMetadata, type ProviderMetadata } from '../provider/metadata.ts';
import { type Document, DocumentError, fetchDocument, TIMEOUT_MS } from './document.ts';

const MEMBERS = ['revocation_endpoint', 'introspection_endpoint'] as const;

/** The provider's metadata, or what is wrong with them. */
export async function readMetadata(
  issuer: string,
  allowInsecure: boolean,
): Promise<Document | string> {
  if (!isSecureUrl(issuer, allowInsecure) || issuer.includes('?')) {
    const meant = withScheme(issuer);
    if (meant !== undefined) return `The issuer lacks its scheme: it must be ${meant}`;
    return 'The issuer must be an https: URL without query and fragment; see --allow-insecure.';
  }
  try {
    const base = issuer.replace(/\/$/, '');
    const document = await fetchDocument(`${base}/.well-known/openid-configuration`);
    if (document.issuer !== issuer) return otherIssuer(issuer, document.issuer);
    const isComplete = MEMBERS.every((member) => document[member] !== undefined);
    return isComplete ? document : { ...(await furtherMembers(issuer)), ...document };
  } catch (error) {
    if (error instanceof DocumentError) return error.message;
    throw error;
  }
}

function otherIssuer(asked: string, found: unknown): string {
  if (typeof found !== 'string') return 'The discovery document names no issuer.';
  return `Another issuer. Asked: ${asked} Found: ${found} Every character counts, the last slash too.`;
}

/** Of RFC 8414, where some providers alone have these endpoints. */
async function furtherMembers(issuer: string): Promise<Document> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const found = await fetchServerMetadata(issuer, signal).catch((): ProviderMetadata => ({}));
  return Object.fromEntries(MEMBERS.map((member) => [member, found[member]]));
}
