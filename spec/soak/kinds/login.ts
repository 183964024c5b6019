import type { Answer } from '../answer.ts';
import { bearer, postJson } from '../http.ts';
import type { Login, Tokens } from '../logins.ts';
import { type Ask, type Kind, REFUSED, type Right, type World } from '../world.ts';

export const OVER = ['409 ERR_OIDC_LOGOUT_SESSION_ENDED'];
const UNAVAILABLE = [
  '503 ERR_OIDC_LOGOUT_STORE_UNAVAILABLE',
  '503 ERR_OIDC_LOGOUT_PROVIDER_UNAVAILABLE',
];
const DONE = ['204'];

function save(ask: Ask, tokens: Tokens, right: Right, input = ''): Promise<Answer> {
  return ask(postJson('/login', tokens), right, { outage: UNAVAILABLE, input });
}

/** Logs a new user in; nobody knows how far a login came that failed. */
export async function logIn(world: World): Promise<Login | undefined> {
  const login = await world.issuing.login();
  const { status } = await save(world.asking('login'), login.tokens, DONE);
  return status === 204 ? login : undefined;
}

/** A login that nobody else has. */
export async function takeLogin(world: World): Promise<Login | undefined> {
  return world.logins.take() ?? (await logIn(world));
}

/** What is right for a token of a login at the guard, by what was known before and after. */
export function rightAtGuard(login: Login): () => readonly string[] {
  const before = login.state;
  return () => {
    if (before === 'ended') return REFUSED;
    return before === 'live' && login.state === 'live' ? ['200'] : ['200', ...REFUSED];
  };
}

async function refresh(ask: Ask, world: World): Promise<void> {
  const login = await takeLogin(world);
  if (login === undefined) return;
  const tokens = await world.issuing.tokens(login.sub, login.sid);
  const body = { old: login.tokens, tokens };
  const { status } = await ask(postJson('/refresh', body), DONE, { outage: UNAVAILABLE });
  if (status !== 204) return;
  login.tokens = tokens;
  login.accessTokens.push(tokens.access_token);
  world.logins.add(login);
}

async function refreshEnded(ask: Ask, world: World): Promise<void> {
  const login = world.logins.anyEnded();
  if (login === undefined) return;
  const tokens = await world.issuing.tokens(login.sub, login.sid);
  const body = { old: login.tokens, tokens };
  const { status } = await ask(postJson('/refresh', body), OVER, { outage: UNAVAILABLE });
  if (status !== 409) return;
  const request = { path: '/api', headers: bearer(tokens.access_token) };
  await ask(request, REFUSED, { input: 'the new token' });
}

async function refreshByTokensOfTwo(ask: Ask, world: World): Promise<void> {
  const [victim, other] = [await takeLogin(world), await takeLogin(world)];
  if (victim === undefined || other === undefined) return;
  const old = { ...victim.tokens, refresh_token: world.issuing.secret('refresh') };
  // No ID Token tells that they are of two users.
  const tokens = { ...(await world.issuing.tokens(other.sub, other.sid)), id_token: undefined };
  const right = [...OVER, '400 ERR_OIDC_LOGOUT_INVALID_ID_TOKEN'];
  await ask(postJson('/refresh', { old, tokens }), right, { outage: UNAVAILABLE });
}

async function saveForged(ask: Ask, world: World): Promise<void> {
  const { tokens, sub, sid } = await world.issuing.login();
  const { known, unknown } = world.issuing.forgers;
  const forger = world.random.pick([known, unknown]);
  const id_token = await forger.idToken({ sub, sid, iat: Math.floor(Date.now() / 1000) - 600 });
  await save(ask, { ...tokens, id_token }, ['400 ERR_OIDC_LOGOUT_INVALID_ID_TOKEN']);
}

async function saveNotAnIdToken(ask: Ask, world: World): Promise<void> {
  const { tokens } = await world.issuing.login();
  const [text, id_token] = world.random.pick([
    ['an access token', await world.issuing.accessToken()],
    ['no JWT', 'a.b.c'],
    ['text', 'x'.repeat(2000)],
    ['nested', `e30.${Buffer.from('['.repeat(20_000)).toString('base64url')}.e30`],
  ] as const);
  await save(ask, { ...tokens, id_token }, ['400 ERR_OIDC_LOGOUT_INVALID_ID_TOKEN'], text);
}

export const LOGIN_KINDS: readonly Kind[] = [
  {
    name: 'login',
    weight: 120,
    async run(_ask, world) {
      const login = await logIn(world);
      if (login !== undefined) world.logins.add(login);
    },
  },
  { name: 'refresh', weight: 30, run: refresh },
  { name: 'refresh: of an ended login', weight: 8, run: refreshEnded },
  { name: 'refresh: by tokens of two logins', weight: 2, run: refreshByTokensOfTwo },
  { name: 'login: with a forged ID Token', weight: 4, run: saveForged },
  { name: 'login: with what is no ID Token', weight: 4, run: saveNotAnIdToken },
  {
    name: 'login: again after its end',
    weight: 4,
    async run(ask, world) {
      const ended = world.logins.anyEnded();
      if (ended === undefined) return;
      ended.isRefused = true;
      await save(ask, ended.saved, OVER);
    },
  },
];
