import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import type { HttpRequest } from '../requests.ts';

/** Sends requests on connections that stay open; on a single one unless told otherwise. */
export class KeepAliveClient {
  readonly #url: string;
  readonly #agent: Agent;

  constructor(url: string, connections = 1) {
    this.#url = url;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** Answers the status. */
  async send({ method, path, headers, body }: HttpRequest): Promise<number> {
    const outgoing = request(new URL(path, this.#url), { method, headers, agent: this.#agent });
    outgoing.end(body);
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'end');
    return response.statusCode ?? 0;
  }

  close(): void {
    this.#agent.destroy();
  }
}
