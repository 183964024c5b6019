import type { RequestListener } from 'node:http';
import type { PlainRequest } from '../spec/soak/http.ts';
import type { Signer } from '../spec/support/provider.ts';
import type { Algorithm, Tokens } from './provider.ts';

/** Where the provider and Redis are. */
export interface Settings {
  readonly issuer: string;
  readonly redisPath: string;
}

export interface HttpRequest extends PlainRequest {
  readonly method: string;
  /** The one status that the answer may have. */
  readonly status: number;
}

export interface Variant {
  /** Makes the app, in the server process. */
  readonly createApp: (settings: Settings) => RequestListener;
  /**
   * Batches of requests for one round, of which the last is measured. The steady logins are the same in every round;
   * others are signed anew.
   */
  readonly createRequests: (signer: Signer, steady: readonly Tokens[]) => Promise<HttpRequest[][]>;
}

/** How the requests come. */
export interface Load {
  readonly connections: number;
  /** Requests under way; the next ones wait until all of these are answered. */
  readonly atOnce: number;
}

/** As many requests at a time as there are connections. */
export const SATURATED: Load = { connections: 32, atOnce: Infinity };

/** Variants that have the same work to do. */
export interface Group {
  readonly name: string;
  readonly load: Load;
  readonly algorithm: Algorithm;
  /** Markdown. */
  readonly about: string;
  /** The first is `bare`, and the second is `pass-through`. */
  readonly variants: Readonly<Record<string, Variant>>;
  /** The variants of which the page tells where their time goes. */
  readonly accounts?: readonly string[];
}
