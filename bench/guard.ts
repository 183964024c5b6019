import { randomBytes } from 'node:crypto';
import express, { type ErrorRequestHandler, type NextFunction, type RequestHandler } from 'express';
import { Redis } from 'ioredis';
import type { OidcLogout } from '../dist/index.js';
import { baselines } from './baselines.ts';
import { createByHand } from './by-hand.ts';
import {
  type Group,
  type HttpRequest,
  type Load,
  SATURATED,
  type Settings,
  type Variant,
} from './group.ts';
import { createOurs } from './ours.ts';
import { bearerGuard, expressJwtGuard } from './peers.ts';
import { type Algorithm, createLogins, type Tokens } from './provider.ts';
import { end, use } from './requests.ts';

const ABOUT: Readonly<Record<Algorithm, string>> = {
  RS256: `
\`GET /api\` with 150 tokens, each twice a round; one of them was logged out. \`strict\` and \`near-cache\` verify a
token once and remember it, so \`new tokens\` cost more; \`near-cache\` with \`maxStaleness: 60\` knows nearly all answers.
The others verify every time, and look up \`jti\` in Redis.
`,
  ES256: 'The same with ES256.',
};

const UNDER_LOAD = `
The same where the server has pauses between its requests. A strict guard waits, and so answers the requests of one turn
together: \`commands\` shows how many share one, \`setImmediate alone\` what that saves, and \`one MGET alone\` and
\`one MGET a turn\` what nobody can do without.
`;

interface Guarded {
  readonly guard: readonly RequestHandler[];
  readonly logout: readonly RequestHandler[];
}

type CreateGuard = (settings: Settings, algorithm: Algorithm) => Guarded;

const ours = (oidc: OidcLogout): Guarded => ({ guard: [oidc.guard()], logout: [oidc.logout()] });

const strict: CreateGuard = (...args) => ours(createOurs(...args));
const nearCache: CreateGuard = (...args) =>
  ours(createOurs(...args, { nearCache: { maxStaleness: 60 } }));

const byHand: CreateGuard = (...args) => createByHand(...args);

const oauth2Bearer: CreateGuard = (...args) => {
  const { isRevoked, logout } = createByHand(...args);
  return { guard: bearerGuard(...args, isRevoked), logout };
};

const expressJwt: CreateGuard = (...args) => {
  const { isRevoked, logout } = createByHand(...args);
  return { guard: expressJwtGuard(...args, isRevoked), logout };
};

const answer: RequestHandler = (_req, res) => void res.json({ ok: true });

// Else Express writes every refusal to the console, which costs more than the refusal.
const answerError: ErrorRequestHandler = (error: { status?: number }, _req, res, _next) => {
  res.status(error.status ?? 500).json({ error: 'invalid_token' });
};

/** Each token comes twice. The first one was logged out. */
function twice(logins: readonly Tokens[], firstStatus: number): HttpRequest[] {
  const once = logins.map((login, index) =>
    index === 0 ? { ...use(login), status: firstStatus } : use(login),
  );
  return [...once, ...once];
}

const unguarded: Variant['createRequests'] = (_signer, steady) =>
  Promise.resolve([twice(steady, 200)]);

const guarded: Variant['createRequests'] = (_signer, steady) => {
  return Promise.resolve([steady.slice(0, 1).map(end), twice(steady, 401)]);
};

const withNewTokens: Variant['createRequests'] = async (signer, { length }) => {
  const logins = await createLogins(signer, length);
  return [logins.map(use)];
};

// Deferring the answer alone makes a saturated server cheaper: the answers of one turn leave together.
const deferred: RequestHandler = (_req, _res, next) => void setImmediate(next);

const KEYS = ['e', 't', 'x', 'u'].map(
  (letter) => `oidc1:${letter}${randomBytes(16).toString('base64url')}`,
);

/** The one command that a strict guard cannot do without. */
function bareRead({ redisPath }: Settings): RequestHandler {
  const redis = new Redis(redisPath);
  return async (_req, _res, next) => {
    await redis.mget(KEYS);
    next();
  };
}

/** The same for all requests of one turn, without a deadline or a decision. */
function bareReadOfTurn({ redisPath }: Settings): RequestHandler {
  const redis = new Redis(redisPath);
  let waiting: NextFunction[] = [];
  const readAll = async () => {
    const those = waiting;
    waiting = [];
    await redis.mget(those.flatMap(() => KEYS));
    for (const next of those) next();
  };
  return (_req, _res, next) => {
    if (waiting.push(next) === 1) setImmediate(() => void readAll());
  };
}

function unguardedVariant(create: (settings: Settings) => RequestHandler): Variant {
  return {
    createApp: (settings) => express().use('/api', create(settings), answer),
    createRequests: unguarded,
  };
}

function guardedVariant(
  create: CreateGuard,
  algorithm: Algorithm,
  createRequests = guarded,
): Variant {
  return {
    createApp(settings) {
      const { guard, logout } = create(settings, algorithm);
      return express()
        .use('/api', ...guard, answer)
        .use('/logout', ...logout)
        .use(answerError);
    },
    createRequests,
  };
}

/** What a guard adds, and what nothing but its waiting adds. */
const alone = (algorithm: Algorithm): Group['variants'] => ({
  ...baselines('/api', [answer], unguarded),
  'setImmediate alone': unguardedVariant(() => deferred),
  'one MGET alone': unguardedVariant(bareRead),
  'one MGET a turn': unguardedVariant(bareReadOfTurn),
  strict: guardedVariant(strict, algorithm),
  'near-cache': guardedVariant(nearCache, algorithm),
});

export function guard(algorithm: Algorithm): Group {
  return {
    name: `Guard, ${algorithm}`,
    load: SATURATED,
    algorithm,
    about: ABOUT[algorithm],
    variants: {
      ...alone(algorithm),
      'strict, new tokens': guardedVariant(strict, algorithm, withNewTokens),
      'by hand': guardedVariant(byHand, algorithm),
      'express-oauth2-jwt-bearer': guardedVariant(oauth2Bearer, algorithm),
      'express-jwt': guardedVariant(expressJwt, algorithm),
    },
  };
}

/** The guard alone, where the server has time between the requests. */
export function guardUnder(name: string, load: Load): Group {
  return {
    name: `Guard, ${name}`,
    load,
    algorithm: 'RS256',
    about: UNDER_LOAD,
    variants: alone('RS256'),
  };
}
