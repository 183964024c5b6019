import {
  createSigner,
  serveMetadata,
  type Signer,
  startProviderServer,
} from '../spec/support/provider.ts';

export const ALGORITHMS = ['RS256', 'ES256'] as const;

export type Algorithm = (typeof ALGORITHMS)[number];

/** A provider on loopback: its metadata, its keys, and who signs with them. */
export interface Issuer {
  readonly url: string;
  readonly signers: Readonly<Record<Algorithm, Signer>>;
  close(): Promise<void>;
}

export async function startIssuer(): Promise<Issuer> {
  const server = await startProviderServer();
  const url = server.issuer;
  const signers = {
    RS256: await createSigner(url, { alg: 'RS256', kid: 'rsa' }),
    ES256: await createSigner(url, { alg: 'ES256', kid: 'ec' }),
  };
  server.answer = serveMetadata(url, [signers.RS256.jwk, signers.ES256.jwk], {
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    response_types_supported: ['code', 'id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ALGORITHMS,
  });
  return { url, signers, close: () => server.close() };
}
