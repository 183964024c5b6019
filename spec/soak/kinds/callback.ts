import type { Ask, Kind, World } from '../world.ts';
import { endBy } from './ending.ts';
import { takeLogin } from './login.ts';
import { postLogout, redirectOf } from './logout-requests.ts';

const MISMATCH = ['200 mismatch'];
const OUTAGE = { outage: MISMATCH };

async function comeBack(ask: Ask, world: World): Promise<void> {
  const login = await takeLogin(world);
  if (login === undefined) return;
  const answer = await endBy(world, login, () => ask(postLogout(login), ['200']));
  if (answer.status !== 200) return;
  login.redirect = redirectOf(answer);
  const state = new URL(login.redirect).searchParams.get('state') ?? '';
  const cookie = answer.headers['set-cookie']?.[0]?.split(';', 1)[0] ?? '';
  const path = `/logged-out?state=${state}`;
  const bound = { path, headers: { cookie } };
  if (world.random.isOneIn(3)) {
    await ask({ path }, ['200 unbound'], { ...OUTAGE, input: 'without a cookie' });
  } else {
    await ask({ ...bound, method: 'HEAD' }, ['200'], { ...OUTAGE, input: 'HEAD' });
    await ask(bound, ['200 verified'], { ...OUTAGE, input: 'the first time' });
  }
  await ask(bound, MISMATCH, { ...OUTAGE, input: 'the second time' });
}

async function comeWithBadState(ask: Ask, { issuing, random }: World): Promise<void> {
  const unknown = issuing.secret('').slice(1);
  const [query, right] = random.pick([
    ['', ['200 missing']],
    ['state=', ['200 missing']],
    [`state=${unknown}`, MISMATCH],
    [`state=${unknown}&state=${unknown}`, MISMATCH],
    ['state=x', MISMATCH],
    ['state[a]=x', ['200 missing']],
    [`state=${'x'.repeat(8000)}`, MISMATCH],
    ['state=%00%ff', MISMATCH],
  ] as const);
  await ask({ path: `/logged-out?${query}` }, right, { ...OUTAGE, input: query.slice(0, 20) });
}

export const CALLBACK_KINDS: readonly Kind[] = [
  { name: 'callback: after a logout', weight: 6, run: comeBack },
  { name: 'callback: a bad state', weight: 10, run: comeWithBadState },
];
