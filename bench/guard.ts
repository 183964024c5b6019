import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import type { OidcLogout } from '../dist/index.js';
import { bearer, postJson } from '../spec/soak/http.ts';
import { baselines } from './baselines.ts';
import { createByHand } from './by-hand.ts';
import type { Group, HttpRequest, Settings, Variant } from './group.ts';
import { createOurs } from './ours.ts';
import { bearerGuard, expressJwtGuard } from './peers.ts';
import { type Algorithm, createLogins, type Tokens } from './provider.ts';

const ABOUT: Readonly<Record<Algorithm, string>> = {
  RS256: `
\`GET /api\` with 150 tokens, each twice a round; one of them was logged out. \`strict\` and \`near-cache\` verify a
token once and remember it, so \`new tokens\` cost more; \`near-cache\` asks Redis about a token every 5 seconds. The
others verify every time, and look up \`jti\` in Redis.
`,
  ES256: 'The same with ES256.',
};

interface Guarded {
  readonly guard: readonly RequestHandler[];
  readonly logout: readonly RequestHandler[];
}

type CreateGuard = (settings: Settings, algorithm: Algorithm) => Guarded;

const ours = (oidc: OidcLogout): Guarded => ({ guard: [oidc.guard()], logout: [oidc.logout()] });

const strict: CreateGuard = (...args) => ours(createOurs(...args));
const nearCache: CreateGuard = (...args) => ours(createOurs(...args, { nearCache: {} }));

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

const get = ({ access_token }: Tokens, status = 200): HttpRequest => {
  return { method: 'GET', path: '/api', headers: bearer(access_token), status };
};

/** Each token comes twice. The first one was logged out. */
function twice(logins: readonly Tokens[], firstStatus: number): HttpRequest[] {
  const once = logins.map((login, index) => get(login, index === 0 ? firstStatus : 200));
  return [...once, ...once];
}

const unguarded: Variant['createRequests'] = (_signer, steady) =>
  Promise.resolve([twice(steady, 200)]);

const guarded: Variant['createRequests'] = (_signer, steady) => {
  const logout = postJson('/logout', { access_token: steady[0]?.access_token });
  return Promise.resolve([[{ ...logout, status: 200 }], twice(steady, 401)]);
};

const withNewTokens: Variant['createRequests'] = async (signer, { length }) => {
  const logins = await createLogins(signer, length);
  return [logins.map((login) => get(login))];
};

export function guard(algorithm: Algorithm): Group {
  const variant = (create: CreateGuard, createRequests = guarded): Variant => ({
    createApp(settings) {
      const { guard, logout } = create(settings, algorithm);
      return express()
        .use('/api', ...guard, answer)
        .use('/logout', ...logout)
        .use(answerError);
    },
    createRequests,
  });

  return {
    name: `Guard, ${algorithm}`,
    algorithm,
    about: ABOUT[algorithm],
    variants: {
      ...baselines('/api', [answer], unguarded),
      strict: variant(strict),
      'strict, new tokens': variant(strict, withNewTokens),
      'near-cache': variant(nearCache),
      'by hand': variant(byHand),
      'express-oauth2-jwt-bearer': variant(oauth2Bearer),
      'express-jwt': variant(expressJwt),
    },
  };
}
