import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import {
  createSigner,
  type ProviderServer,
  serveMetadata,
  type Signer,
  startProviderServer,
} from './provider.ts';

/** A provider on loopback that logs everybody in as alice without asking, and refreshes tokens. */
export interface LoginProvider extends ProviderServer {
  readonly signer: Signer;
  /** Claims of the access tokens that it issues from now on. */
  claims: Record<string, unknown>;
}

export async function startLoginProvider(): Promise<LoginProvider> {
  const server = await startProviderServer();
  const { issuer } = server;
  const signer = await createSigner(issuer);
  const provider: LoginProvider = Object.assign(server, { signer, claims: {} });
  const nonces = new Map<string, string>();
  let serial = 0;

  function authorize({ url = '' }: IncomingMessage, res: ServerResponse): void {
    const { searchParams } = new URL(url, issuer);
    const code = `code-${++serial}`;
    nonces.set(code, searchParams.get('nonce') ?? '');
    const back = new URL(searchParams.get('redirect_uri') ?? '');
    back.searchParams.set('code', code);
    back.searchParams.set('state', searchParams.get('state') ?? '');
    res.writeHead(303, { location: back.href }).end();
  }

  async function issueTokens(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const code = new URLSearchParams(Buffer.concat(chunks).toString()).get('code');
    const nonce = code === null ? undefined : nonces.get(code);
    const tokens = {
      access_token: await signer.accessToken(provider.claims),
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token: `refresh-${++serial}`,
      ...(nonce !== undefined && { id_token: await signer.idToken({ nonce }) }),
    };
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(JSON.stringify(tokens));
  }

  const documents = serveMetadata(issuer, [signer.jwk], {
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
  });
  const answers: Record<string, RequestListener> = {
    '/authorize': authorize,
    '/token': (req, res) => void issueTokens(req, res),
    '/logout': (_req, res) => res.writeHead(200).end('logged out'),
  };
  provider.answer = (req, res) => {
    (answers[new URL(req.url ?? '', issuer).pathname] ?? documents)(req, res);
  };
  return provider;
}
