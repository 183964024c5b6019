import type { Answer } from '../answer.ts';
import type { Login } from '../logins.ts';
import { type Ask, type Kind, REFUSED, type World } from '../world.ts';
import { endBy, withLogin } from './ending.ts';
import { callAs } from './guard.ts';
import { postLogout, postSession, redirectOf, type Way, WAYS } from './logout-requests.ts';

const RETRY_WINDOW_MS = 60_000;
const TOLERANCE_MS = 5_000;

function logOut({ name, weight, request }: Way): Kind {
  const run = withLogin(async (ask, world, login) => {
    const problem = (answer: Answer) => {
      const begin = `${world.issuing.issuer}/logout?id_token_hint=`;
      return redirectOf(answer).startsWith(begin) ? undefined : 'another redirect';
    };
    const answer = await endBy(world, login, () => ask(request(login), ['200'], { problem }));
    if (answer.status === 200) login.redirect = redirectOf(answer);
    await callAs(world.asking('guard: just logged out'), world, login);
  });
  return { name: `logout: ${name}`, weight, run };
}

/** The same answer as at first within the retry window; later nothing that is worth stealing. */
async function logOutAgain(ask: Ask, { logins }: World): Promise<void> {
  const login = logins.anyEnded();
  if (login === undefined) return;
  const age = performance.now() - login.endedAt;
  // Nobody knows any more of which login an opaque token is that was refused for itself.
  const isOpaque = !login.saved.access_token.includes('.') && login.tokens === login.saved;
  const isUnknown = () => isOpaque && login.isRefused;
  const problem = (answer: Answer) => {
    if (answer.status !== 200) return undefined;
    const redirect = redirectOf(answer);
    const isInTime = login.redirect !== undefined && age < RETRY_WINDOW_MS - TOLERANCE_MS;
    if (isInTime && !isUnknown()) {
      return redirect === login.redirect ? undefined : 'another redirect';
    }
    const isLate = login.isEndedByOthers || age > RETRY_WINDOW_MS + TOLERANCE_MS;
    return isLate && redirect.includes('id_token_hint') ? 'an ID Token' : undefined;
  };
  const right = () => (isUnknown() ? ['200', ...REFUSED] : ['200']);
  await ask(postLogout(login), right, { problem });
}

async function logOutForHtml(ask: Ask, world: World, login: Login): Promise<void> {
  const request = postLogout(login);
  const headers = { ...request.headers, accept: 'text/html' };
  const problem = ({ headers: { 'content-type': type = '' } }: Answer) =>
    type.startsWith('text/html') ? undefined : 'no page';
  await endBy(world, login, () => ask({ ...request, headers }, ['200'], { problem }));
}

async function logOutTwiceAtOnce(ask: Ask, world: World, login: Login): Promise<void> {
  await endBy(world, login, async () => {
    const answers = [ask(postLogout(login), ['200']), ask(postLogout(login), ['200'])] as const;
    const [one, other] = await Promise.all(answers);
    return one.status === 200 ? one : other;
  });
}

async function logOutUnfinished(ask: Ask, world: World): Promise<void> {
  const login = world.logins.takeUnfinished();
  if (login === undefined) return;
  login.isEndedByOthers = false;
  await endBy(world, login, () => ask(postLogout(login), ['200']));
}

async function logOutWithoutSession(ask: Ask, world: World): Promise<void> {
  await ask(postSession(world.random.isOneIn(2) ? undefined : world.logins.anyEnded()), ['200']);
}

export const LOGOUT_KINDS: readonly Kind[] = [
  ...WAYS.map(logOut),
  { name: 'logout: again', weight: 40, run: logOutAgain },
  { name: 'logout: preferring HTML', weight: 3, run: withLogin(logOutForHtml) },
  { name: 'logout: twice at once', weight: 4, run: withLogin(logOutTwiceAtOnce) },
  { name: 'logout: after a failure', weight: 15, run: logOutUnfinished },
  { name: 'logout: without a session', weight: 6, run: logOutWithoutSession },
];
