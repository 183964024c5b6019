import { EventEmitter, once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { OidcLogout, RevocationEvent } from '../../lib/index.ts';
import { createSigner, serveMetadata, type Signer } from './provider.ts';

/** A request for revocation as it came. */
export interface RevocationRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly form: Readonly<Record<string, string>>;
}

export type RevocationAnswer = (res: ServerResponse, form: RevocationRequest['form']) => void;

/** A provider on loopback that keeps every request for revocation. */
export interface RevocationServer {
  readonly issuer: string;
  signer: Signer;
  /** The paths that were asked for. */
  readonly paths: string[];
  readonly requests: RevocationRequest[];
  /** Further members of its metadata. */
  metadata: Record<string, unknown>;
  /** Answers for its metadata of RFC 8414. */
  serverMetadata: RequestListener;
  /** What it answers from now on. */
  answer: RevocationAnswer;
  /** Resolves when there were so many requests for revocation. */
  untilAsked(count: number): Promise<void>;
  /** Refuses connections until it listens again. */
  refuse(): Promise<void>;
  listen(): Promise<void>;
  /** Forgets what came, and answers as at first. */
  reset(): void;
  close(): Promise<void>;
}

export const REVOKE = '/revoke';
export const SERVER_METADATA = '/.well-known/oauth-authorization-server';

export function answerWith(
  status: number,
  body: object | string | Buffer = '',
  headers: Record<string, string> = {},
): (res: ServerResponse) => void {
  const isJson = typeof body === 'object' && !Buffer.isBuffer(body);
  const type = isJson ? { 'content-type': 'application/json' } : {};
  return (res) =>
    res.writeHead(status, { ...type, ...headers }).end(isJson ? JSON.stringify(body) : body);
}

const answerNotFound: RequestListener = (_req, res) => void res.writeHead(404).end();

export async function startRevocationServer(): Promise<RevocationServer> {
  const asked = new EventEmitter();
  const server = createServer((req, res) => void serve(req, res));
  let port = 0;

  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = req;
    provider.paths.push(url);
    if (url === SERVER_METADATA) {
      provider.serverMetadata(req, res);
      return;
    }
    if (!url.startsWith(REVOKE)) {
      serveMetadata(provider.issuer, [provider.signer.jwk], provider.metadata)(req, res);
      return;
    }
    const form = Object.fromEntries(new URLSearchParams(await text(req)));
    const request = { method, url, headers, form };
    provider.requests.push(request);
    provider.answer(res, request.form);
    asked.emit('asked');
  }

  async function listen(): Promise<void> {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  }

  async function refuse(): Promise<void> {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  await listen();
  const issuer = `http://127.0.0.1:${port}`;
  const provider: RevocationServer = {
    issuer,
    signer: await createSigner(issuer),
    paths: [],
    requests: [],
    metadata: {},
    serverMetadata: answerNotFound,
    answer: answerWith(200),
    async untilAsked(count) {
      while (provider.requests.length < count) await once(asked, 'asked');
    },
    refuse,
    listen,
    reset() {
      provider.paths.length = 0;
      provider.requests.length = 0;
      provider.metadata = { revocation_endpoint: `${issuer}${REVOKE}` };
      provider.serverMetadata = answerNotFound;
      provider.answer = answerWith(200);
    },
    close: refuse,
  };
  provider.reset();
  return provider;
}

/** The `revocation` events of an app, from now on. */
export interface ToldRevocations {
  readonly events: RevocationEvent[];
  /** Resolves when so many were told. */
  until(count: number): Promise<RevocationEvent[]>;
}

export function listenToRevocations(oidc: OidcLogout): ToldRevocations {
  const told = new EventEmitter();
  const events: RevocationEvent[] = [];
  oidc.on('revocation', (event) => {
    events.push(event);
    told.emit('event');
  });
  return {
    events,
    async until(count) {
      while (events.length < count) await once(told, 'event');
      return events;
    },
  };
}
