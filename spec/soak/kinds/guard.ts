import { bearer, type PlainRequest } from '../http.ts';
import type { Login } from '../logins.ts';
import { ACTIVE } from '../opaque.ts';
import { type Ask, type Kind, REFUSED, type World } from '../world.ts';
import { type BadToken, FORGED, UNFIT } from './bad-tokens.ts';
import { rightAtGuard } from './login.ts';

function call(token: string, path = '/api'): PlainRequest {
  return { path, headers: bearer(token) };
}

/** Calls with any of the tokens of a login, which all share its fate. */
export async function callAs(ask: Ask, { random }: World, login: Login): Promise<void> {
  await ask(call(random.pick(login.accessTokens)), rightAtGuard(login));
}

async function callAsAny(ask: Ask, world: World, login: Login | undefined): Promise<void> {
  if (login !== undefined) await callAs(ask, world, login);
}

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

// Nobody reads the lower four bits of the last character of this signature.
function respell(token: string): string {
  const last = BASE64URL.indexOf(token.at(-1) ?? '');
  return token.slice(0, -1) + (BASE64URL[last ^ 1] ?? '');
}

async function respelled(ask: Ask, { logins, random }: World): Promise<void> {
  const login = random.isOneIn(2) ? logins.anyLive() : logins.anyEnded();
  const token = login?.accessTokens.find((each) => each.split('.').length === 3);
  if (login !== undefined && token !== undefined) {
    await ask(call(respell(token)), rightAtGuard(login));
  }
}

async function callWithScope(ask: Ask, { issuing, random }: World): Promise<void> {
  const scope = random.pick(['read', 'write', 'read write', 'rewrite', '']);
  const token = await issuing.accessToken({ scope });
  const mayWrite = scope.split(' ').includes('write');
  await ask(call(token, '/api/write'), mayWrite ? ['200'] : ['403 insufficient_scope']);
}

function unsaved(claims: object): Kind['run'] {
  return async (ask, { issuing }) => {
    const token = await issuing.accessToken({ sid: issuing.name('sid'), ...claims });
    await ask(call(token), ['200']);
  };
}

function badToken({ name, token, right = REFUSED }: BadToken): Kind {
  return {
    name: `guard: ${name}`,
    weight: 6,
    async run(ask, world) {
      const jwt = world.logins.anyLive()?.tokens.access_token ?? '';
      const live = jwt.includes('.') ? jwt : await world.issuing.accessToken();
      await ask(call(await token(world, live)), right);
    },
  };
}

export const GUARD_KINDS: readonly Kind[] = [
  {
    name: 'guard: a live login',
    weight: 220,
    run: (ask, world) => callAsAny(ask, world, world.logins.anyLive()),
  },
  {
    name: 'guard: an ended login',
    weight: 100,
    run: (ask, world) => callAsAny(ask, world, world.logins.anyEnded()),
  },
  { name: 'guard: another spelling of a token', weight: 15, run: respelled },
  { name: 'guard: with a scope', weight: 20, run: callWithScope },
  { name: 'guard: a token that was not saved', weight: 110, run: unsaved({}) },
  {
    name: 'guard: a token of 9 kB',
    weight: 8,
    run: unsaved({ permissions: 'p'.repeat(6500) }),
  },
  {
    name: 'guard: an opaque token that is active',
    weight: 8,
    run: (ask, { issuing }) => ask(call(issuing.secret(ACTIVE)), ['200']),
  },
  ...[...FORGED, ...UNFIT].map(badToken),
];
