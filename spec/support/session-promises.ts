import {
  isSaved,
  type ModelEnd,
  type ModelLogin,
  savedFrom,
  type SessionHistory,
} from './session-history.ts';
import type { SessionWorld } from './session-model-world.ts';
import { until } from './until.ts';

interface Circumstances {
  /** Replies were lost. */
  readonly hasFaults: boolean;
  /** The second process died. */
  readonly hasDied?: boolean;
}

/** What was told and revoked is what the ends of the world promise. */
export async function checkWorld(world: SessionWorld, circumstances: Circumstances): Promise<void> {
  const { history } = world;
  const last = await world.endLast(0);
  await eventually(world, 'an end is not heard', () =>
    [0, 1].every((app) => world.toldOf(app, last).length === 1),
  );
  for (const sid of world.sids) checkTold(world, sid, circumstances);
  for (const sid of world.sids) {
    const tokens = tokensToRevoke(world, sid, circumstances);
    if (tokens === undefined) continue;
    await eventually(world, `guarantee 5: ${sid} is not revoked`, () =>
      tokens.some((token) => world.revocationsOf(token) > 0),
    );
  }
  for (const login of history.logins) checkRevocations(world, login, circumstances);
}

function checkTold(world: SessionWorld, sid: string, { hasDied }: Circumstances): void {
  const [one, other] = [world.toldOf(0, sid), world.toldOf(1, sid)];
  const what = `of ${sid}: ${JSON.stringify([one, other])}`;
  assert(
    world,
    hasDied === true || one.join() === other.join(),
    `guarantee 4: told differently ${what}`,
  );
  const least = world.endsOf(sid);
  assert(world, one.length >= least, `guarantee 4: ${least} ends, not told ${what}`);
  const most = mostEnds(world, sid);
  assert(world, one.length <= most, `guarantee 4: ${most} ends at most, told too often ${what}`);
}

/** How often the session can have ended: each of its lives once, and what ends of it that nobody saved. */
function mostEnds({ history }: SessionWorld, sid: string): number {
  const saved = history.savedIn(sid);
  const user = history.logins.find((login) => login.sid === sid)?.user;
  const ends = history.ends.filter(
    (end) =>
      end.sid === sid ||
      end.login?.sid === sid ||
      (end.sid === undefined && end.user !== undefined && end.user === user),
  );
  const firstEnd = ends[0];
  if (firstEnd === undefined) return 0;
  const begins = saved.map((login) => savedFrom(login));
  const firstLife = begins.some((begun) => begun < firstEnd.done) ? 1 : 0;
  const laterLives = saved.filter(({ saves }) =>
    saves.some((save) => save.outcome !== 'refused' && save.done > firstEnd.begun),
  ).length;
  // What ended with its user was not told under its own name.
  const own = ends.filter((end) => end.sid !== undefined || end.login !== undefined);
  const unsavedLogouts = new Set(
    ends
      .filter(
        ({ login, begun }) =>
          login !== undefined && !isSaved(login, begun) && !history.isOver(login, begun, own),
      )
      .map(({ id }) => id),
  );
  const isUnknown = ends.some(
    (end) =>
      end.sid === sid && end.by === 'time' && !saved.some((login) => isSaved(login, end.begun)),
  );
  return firstLife + laterLives + unsavedLogouts.size + (isUnknown ? 1 : 0);
}

/** Of a session that a signed end covers, and that nothing revived: the refresh tokens of which one has to be revoked. */
function tokensToRevoke(
  { history }: SessionWorld,
  sid: string,
  { hasDied }: Circumstances,
): readonly string[] | undefined {
  const saved = history.savedIn(sid).toSorted((one, other) => other.time - one.time);
  const [newest, second] = saved;
  if (newest === undefined || second?.time === newest.time) return undefined;
  if (saved.some(({ saves }) => saves.some(({ outcome }) => outcome === 'failed'))) {
    return undefined;
  }
  const isSigned = history.ends.some(
    (end) => end.by !== 'front' && end.outcome === 'ok' && history.covers(end, newest),
  );
  const isInGoodHands = hasDied !== true || isFinished(history, newest);
  return isSigned && isInGoodHands ? newest.refreshTokens : undefined;
}

/** Whatever can have ended the login was done, or once more sent, to the process that did not die. */
function isFinished(history: SessionHistory, login: ModelLogin): boolean {
  const { ends } = history;
  const byLiving = ends.filter(({ app, outcome }) => app === 0 && outcome === 'ok');
  return ends
    .filter((end) => history.canCover(end, login))
    .every(
      (end) =>
        byLiving.includes(end) ||
        byLiving.some(({ id, begun }) => id === end.id && begun > end.done),
    );
}

function checkRevocations(
  world: SessionWorld,
  login: ModelLogin,
  { hasFaults }: Circumstances,
): void {
  const { history } = world;
  const isSigned = history.ends.some((end) => end.by !== 'front' && history.canCover(end, login));
  for (const token of login.refreshTokens) {
    const [count, refusals] = [world.revocationsOf(token), world.refusalsOf(token)];
    const most =
      (isSigned ? 1 : 0) + refusals + lateLogouts(world, login, token) + servedTwice(world, login);
    if (hasFaults && most > 0) continue;
    assert(
      world,
      count <= most,
      `guarantee 5 or 6: ${token} of ${login.name} is revoked ${count} times, not ${most} at most`,
    );
  }
}

/**
 * Logouts that hand the token in after another end, or while the login is saved: who ended it may have known the token,
 * or not.
 */
function lateLogouts({ history }: SessionWorld, login: ModelLogin, token: string): number {
  const logouts = history.ends.filter(({ refreshToken }) => refreshToken === token);
  const isLate = ({ id, begun, done }: ModelEnd) =>
    (!isSaved(login, begun) && login.saves.some((save) => save.begun < done)) ||
    history.ends.some((end) => end.id !== id && end.begun < done && history.canCover(end, login));
  const isFirst = ({ begun }: ModelEnd) => logouts.every(({ done }) => done > begun);
  return logouts.filter((logout) => isFirst(logout) && isLate(logout)).length;
}

/** The same call can be served by both processes before either of them is done with what it leaves. */
function servedTwice({ history }: SessionWorld, login: ModelLogin): number {
  const ends = history.ends.filter((end) => end.app === 0 && history.canCover(end, login));
  return ends.some(({ id }) => history.ends.some((end) => end.app === 1 && end.id === id)) ? 1 : 0;
}

async function eventually(world: SessionWorld, what: string, isSo: () => boolean): Promise<void> {
  await until(isSo).catch(() => {
    throw new Error(`${what}\n${world.log}`);
  });
}

function assert(world: SessionWorld, isSo: boolean, what: string): void {
  if (!isSo) throw new Error(`${what}\n${world.log}`);
}
