import { Agent, request as send } from 'node:http';
import { text } from 'node:stream/consumers';
import { type Answer, LONGEST_MS, without } from './answer.ts';
import { sendOnWire, type WireRequest } from './wire.ts';

/** A request that a client library can send. */
export interface PlainRequest {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** Sends requests over connections that are kept. */
export class HttpClient {
  readonly #port: number;
  readonly #agent: Agent;

  constructor(port: number, connections: number) {
    this.#port = port;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  async send(request: PlainRequest | WireRequest): Promise<Answer> {
    try {
      return await ('lines' in request
        ? sendOnWire(this.#port, request)
        : this.#sendPlain(request));
    } catch (error) {
      const { code, name } = error as NodeJS.ErrnoException;
      return without(name === 'TimeoutError' || code === 'ABORT_ERR' ? 'hung' : (code ?? name));
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #sendPlain({ path, method = 'GET', headers = {}, body }: PlainRequest): Promise<Answer> {
    const agent = this.#agent;
    const port = this.#port;
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    return new Promise((resolve, reject) => {
      const signal = AbortSignal.timeout(LONGEST_MS);
      const options = { port, agent, path, method, signal, headers: { ...length, ...headers } };
      send(options, (res) => {
        text(res).then((content) => {
          resolve({ status: res.statusCode, headers: res.headers, body: content });
        }, reject);
      })
        .on('error', reject)
        .end(body);
    });
  }
}

export function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

export function postJson(
  path: string,
  body: unknown,
  type = 'application/json',
): Required<PlainRequest> {
  const content = JSON.stringify(body);
  return { method: 'POST', path, headers: { 'content-type': type }, body: content };
}

export function postForm(
  path: string,
  fields: Readonly<Record<string, string>>,
): Required<PlainRequest> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { method: 'POST', path, headers, body: new URLSearchParams(fields).toString() };
}
