import { postJson } from '../http.ts';
import type { Login } from '../logins.ts';
import { type Ask, BAD_REQUEST, type Kind, REFUSED, type World } from '../world.ts';
import { FORGED } from './bad-tokens.ts';
import { endBy, withLogin } from './ending.ts';
import { takeLogin } from './login.ts';
import { LOGOUT, postSession, postSlowly } from './logout-requests.ts';

const NOTHING = { outage: [] };

async function cutOff(ask: Ask, world: World, login: Login): Promise<void> {
  const path = world.random.pick([LOGOUT, '/early/logout']);
  const { lines, parts } = postSlowly(login, path);
  const request = { lines, parts: parts.slice(0, 1), then: 'end' } as const;
  const right = ['closed', '400', ...BAD_REQUEST, ...(path === LOGOUT ? [] : ['408 EARLY'])];
  await endBy(world, login, () => ask(request, right, NOTHING));
}

async function leave(ask: Ask, world: World, login: Login): Promise<void> {
  const { lines, parts } = postSlowly(login);
  const count = world.random.index(parts.length + 1);
  const request = { lines, parts: parts.slice(0, count), then: 'leave' } as const;
  await endBy(world, login, () => ask(request, ['left'], NOTHING));
}

// Whatever comes of it, nobody uses the login again: its state would hide what is wrong here.
async function logOutForged(ask: Ask, world: World, login: Login): Promise<void> {
  login.state = 'unsure';
  const { name, token } = world.random.pick(FORGED);
  const jwt = login.tokens.access_token;
  const live = jwt.includes('.') ? jwt : await world.issuing.accessToken();
  const access_token = await token(world, live);
  await ask(postJson(LOGOUT, { access_token }), REFUSED, { input: name });
}

async function logOutByTokensOfTwo(ask: Ask, world: World, login: Login): Promise<void> {
  const other = await takeLogin(world);
  if (other === undefined) return;
  const { access_token } = login.tokens;
  const { refresh_token } = other.tokens;
  await ask(postJson(LOGOUT, { access_token, refresh_token }), BAD_REQUEST);
  world.logins.add(login);
  world.logins.add(other);
}

async function logOutExpired(ask: Ask, { issuing }: World): Promise<void> {
  const now = Math.floor(Date.now() / 1000);
  const sub = issuing.name('user');
  const token = (hours: number) => {
    const times = { iat: now - hours * 3600 - 60, exp: now - hours * 3600 };
    return issuing.pastSigner.accessToken({ sub, sid: undefined, ...times });
  };
  await ask(postJson(LOGOUT, { access_token: await token(23) }), ['200'], { input: 'of today' });
  await ask(postJson(LOGOUT, { access_token: await token(25) }), REFUSED, {
    input: 'of yesterday',
  });
}

async function logOutAcrossSites(ask: Ask, world: World, login: Login): Promise<void> {
  const origins = [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example.com' }, {}];
  const headers = world.random.pick<Record<string, string>>(origins);
  await ask(postSession(login, headers), ['403 invalid_request'], NOTHING);
  world.logins.add(login);
}

export const BAD_LOGOUT_KINDS: readonly Kind[] = [
  { name: 'logout: cut off', weight: 4, run: withLogin(cutOff) },
  { name: 'logout: left', weight: 4, run: withLogin(leave) },
  { name: 'logout: a forged token', weight: 12, run: withLogin(logOutForged) },
  { name: 'logout: tokens of two logins', weight: 4, run: withLogin(logOutByTokensOfTwo) },
  { name: 'logout: an expired token', weight: 4, run: logOutExpired },
  { name: 'logout: across sites', weight: 4, run: withLogin(logOutAcrossSites) },
];
