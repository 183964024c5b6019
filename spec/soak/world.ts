import type { HttpClient, PlainRequest } from './http.ts';
import type { Issuing } from './issuing.ts';
import { Logins } from './logins.ts';
import { type Answer, outcomeOf } from './answer.ts';
import type { Outages } from './outages.ts';
import type { Random } from './random.ts';
import { Tally } from './tally.ts';
import type { WireRequest } from './wire.ts';

/** Which answers are right, as {@link outcomeOf} tells them; a function is asked after the answer. */
export type Right = readonly string[] | (() => readonly string[]);

export interface Rules {
  /** What is right as well during an outage. Default: 503. */
  readonly outage?: readonly string[];
  /** Tells what is wrong with an answer whose outcome is right. */
  readonly problem?: (answer: Answer) => string | undefined;
  /** The input in words, where the kind does not tell it. */
  readonly input?: string;
}

/** Sends a request, and counts whether its answer is right. */
export type Ask = (
  request: PlainRequest | WireRequest,
  right: Right,
  rules?: Rules,
) => Promise<Answer>;

/** A kind of request, or of a few in a row. */
export interface Kind {
  readonly name: string;
  /** How often it is drawn, relative to others. */
  readonly weight: number;
  readonly run: (ask: Ask, world: World) => Promise<unknown>;
}

export const UNAVAILABLE = ['503 temporarily_unavailable'];
export const REFUSED = ['401 invalid_token'];
export const BAD_REQUEST = ['400 invalid_request'];

export interface WorldParts {
  readonly client: HttpClient;
  readonly issuing: Issuing;
  readonly outages: Outages;
  readonly random: Random;
}

/** All that the kinds share. */
export class World {
  readonly client: HttpClient;
  readonly issuing: Issuing;
  readonly outages: Outages;
  readonly random: Random;
  readonly logins: Logins;
  readonly tally = new Tally();
  readonly #startedAt = performance.now();

  constructor({ client, issuing, outages, random }: WorldParts) {
    this.client = client;
    this.issuing = issuing;
    this.outages = outages;
    this.random = random;
    this.logins = new Logins(random);
  }

  asking(kind: string): Ask {
    return async (request, right, { outage = UNAVAILABLE, problem, input = '' } = {}) => {
      const from = performance.now();
      const answer = await this.client.send(request);
      const isOutage = this.outages.touch(from, performance.now());
      const outcomes = [...(typeof right === 'function' ? right() : right)];
      const isExpected = outcomes.includes(outcomeOf(answer));
      if (isOutage) outcomes.push(...outage);
      const found = isExpected ? problem?.(answer) : undefined;
      const outcome = [outcomeOf(answer), found].filter(Boolean).join(': ');
      if (outcomes.includes(outcome)) this.tally.addRight(kind, outcome);
      else {
        const at = (from - this.#startedAt) / 1000;
        const told = [input, pathOf(request)].filter(Boolean).join(' at ');
        this.tally.addWrong({ kind, outcome, right: outcomes, at, request: told, isOutage });
      }
      return answer;
    };
  }
}

function pathOf(request: PlainRequest | WireRequest): string {
  const path = 'lines' in request ? (request.lines[0] ?? '') : request.path;
  return path.split('?', 1)[0] ?? '';
}
