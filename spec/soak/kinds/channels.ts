import { postForm, postJson, type PlainRequest } from '../http.ts';
import type { Login } from '../logins.ts';
import { type Ask, BAD_REQUEST, type Kind, type World } from '../world.ts';
import { endBy } from './ending.ts';
import { callAs } from './guard.ts';
import { takeLogin } from './login.ts';

const BACK_CHANNEL = '/back-channel-logout';
// Back-Channel Logout 1.0, section 2.8: an outage is 400 as well.
const BACK_CHANNEL_OUTAGE = { outage: ['400 temporarily_unavailable'] };
const ADMIN_OUTAGE = { outage: ['503 ERR_OIDC_LOGOUT_STORE_UNAVAILABLE'] };

function post(logout_token: string): PlainRequest {
  return postForm(BACK_CHANNEL, { logout_token });
}

function frontChannel(world: World, login: Pick<Login, 'sid'>): PlainRequest {
  const query = new URLSearchParams({ iss: world.issuing.issuer, sid: login.sid });
  return { path: `/front-channel-logout?${query.toString()}` };
}

type End = (ask: Ask, world: World, login: Login) => ReturnType<Ask>;

/** Ends that others start. */
const ENDS: Readonly<Record<string, End>> = {
  'back channel: sid': async (ask, { issuing }, { sid }) => {
    const token = await issuing.signer.logoutToken({ sid, sub: undefined, jti: issuing.name('j') });
    return ask(post(token), ['200'], BACK_CHANNEL_OUTAGE);
  },
  'back channel: sub': async (ask, { issuing }, { sub }) => {
    const token = await issuing.signer.logoutToken({ sid: undefined, sub, jti: issuing.name('j') });
    return ask(post(token), ['200'], BACK_CHANNEL_OUTAGE);
  },
  'back channel: repeated': async (ask, { issuing }, { sub, sid }) => {
    const token = await issuing.signer.logoutToken({ sid, sub, jti: issuing.name('j') });
    const first = await ask(post(token), ['200'], BACK_CHANNEL_OUTAGE);
    const second = await ask(post(token), ['200'], BACK_CHANNEL_OUTAGE);
    return first.status === 200 ? first : second;
  },
  'front channel': (ask, world, login) => ask(frontChannel(world, login), ['200']),
  'administrator: sid': (ask, { issuing: { issuer } }, { sid }) =>
    ask(postJson('/end', { issuer, sid }), ['204'], ADMIN_OUTAGE),
  'administrator: sub': (ask, { issuing: { issuer } }, { sub }) =>
    ask(postJson('/end', { issuer, sub }), ['204'], ADMIN_OUTAGE),
};

function kindOfEnd([name, end]: readonly [string, End]): Kind {
  return {
    name,
    weight: 5,
    async run(ask, world) {
      const login = await takeLogin(world);
      if (login === undefined) return;
      login.isEndedByOthers = true;
      await endBy(world, login, () => end(ask, world, login));
      await callAs(world.asking(`guard: just ended, ${name}`), world, login);
    },
  };
}

type Claims = Readonly<Record<string, unknown>>;

function now(): number {
  return Math.floor(Date.now() / 1000);
}

// Each is all right but for one thing.
const BAD_CLAIMS: Readonly<Record<string, () => Claims>> = {
  'a nonce': () => ({ nonce: 'n' }),
  'no event': () => ({ events: {} }),
  'another audience': () => ({ aud: 'other' }),
  'another issuer': () => ({ iss: 'https://evil.example.com' }),
  'of last hour': () => ({ iat: now() - 7200, exp: now() - 3600 }),
  'of next hour': () => ({ iat: now() + 3600, exp: now() + 7200 }),
  'no jti': () => ({ jti: undefined }),
  'neither sub nor sid': () => ({ sub: undefined, sid: undefined }),
  'a sid that is no text': () => ({ sid: ['a'] }),
};

async function badLogoutToken(ask: Ask, { issuing, logins, random }: World): Promise<void> {
  const login = logins.anyLive();
  if (login === undefined) return;
  const { sub, sid } = login;
  const { signer, forgers } = issuing;
  const name = random.pick(Object.keys(BAD_CLAIMS));
  const claims = { sub, sid, jti: issuing.name('j') };
  const [input, token] = await random.pick<() => Promise<[string, string]>>([
    async () => [name, await signer.logoutToken({ ...claims, ...BAD_CLAIMS[name]?.() })],
    async () => ['another type', await signer.logoutToken(claims, { typ: 'at+jwt' })],
    async () => ['a foreign key', await forgers.known.logoutToken(claims)],
    async () => ['an ID Token', await signer.idToken(claims)],
    async () => ['an access token', await signer.accessToken(claims)],
    async () => ['no signature', (await signer.logoutToken(claims)).replace(/\.[^.]*$/, '')],
    async () => ['nothing', await Promise.resolve('')],
  ])();
  await ask(post(token), BAD_REQUEST, { ...BACK_CHANNEL_OUTAGE, input });
}

async function badFrontChannel(ask: Ask, world: World): Promise<void> {
  const login = world.logins.anyLive();
  if (login === undefined) return;
  const { path } = frontChannel(world, login);
  const prefetch = { path, headers: { 'sec-purpose': 'prefetch' } };
  const [input, request, right] = world.random.pick([
    ['an unknown session', frontChannel(world, { sid: world.issuing.secret('sid') }), ['200']],
    ['no session', { path: path.replace('sid=', 'x=') }, BAD_REQUEST],
    ['two sessions', { path: `${path}&sid=x` }, BAD_REQUEST],
    ['another issuer', { path: path.replace('iss=', 'iss=x') }, BAD_REQUEST],
    ['a prefetch', prefetch, ['204']],
    ['POST', { method: 'POST', path }, ['405 invalid_request']],
  ] as const);
  await ask(request, right, { input });
}

export const CHANNEL_KINDS: readonly Kind[] = [
  ...Object.entries(ENDS).map(kindOfEnd),
  { name: 'back channel: a bad token', weight: 15, run: badLogoutToken },
  { name: 'front channel: a bad request', weight: 10, run: badFrontChannel },
];
