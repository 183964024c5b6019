import type { Socket } from 'node:net';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { RevocationEvent } from '../../lib/index.ts';
import { call } from '../support/app.ts';
import { setTime } from '../support/clock.ts';
import { createSigner } from '../support/provider.ts';
import { listenToRevocations } from '../support/revocation-server.ts';
import {
  revokedRefreshTokens,
  save,
  type SessionApp,
  type SessionAppOptions,
  useSessionWorld,
  world,
} from '../support/session-world.ts';
import { until } from '../support/until.ts';

const MOST_AT_ONCE = 8;

// The signatures that cost least.
const ALGORITHM = 'EdDSA';

useSessionWorld();

beforeAll(async () => {
  world.op.signer = await createSigner(world.op.issuer, { alg: ALGORITHM });
});

function start(options: SessionAppOptions = {}): SessionApp {
  return world.start({ ...options, provider: { algorithms: [ALGORITHM] } });
}

/** Saves so many sessions of alice, and answers their refresh tokens. */
async function saveMany(app: SessionApp, count: number): Promise<string[]> {
  const { access_token } = await world.issue({ sid: undefined });
  const refreshTokens: string[] = [];
  for (let start = 0; start < count; start += 50) {
    const some = Array.from({ length: Math.min(50, count - start) }, async (_, index) => {
      const sid = `sid-${start + index}`;
      const refresh_token = `refresh-${sid}`;
      refreshTokens.push(refresh_token);
      const id_token = await world.op.signer.idToken({ sid });
      await app.oidc.sessions.save({ access_token, id_token, refresh_token });
    });
    await Promise.all(some);
  }
  return refreshTokens.sort();
}

/** How many connections the provider had at once, at most. */
function watchSockets(): { most(): number } {
  const open = new Set<Socket>();
  let most = 0;
  world.op.answer = (res) => {
    const { socket } = res;
    if (socket !== null && !open.has(socket)) {
      open.add(socket);
      most = Math.max(most, open.size);
      socket.once('close', () => open.delete(socket));
    }
    res.writeHead(200).end();
  };
  return { most: () => most };
}

describe('the end of 10,000 sessions of a user', () => {
  it('revokes every refresh token at a healthy provider, over few connections', async () => {
    const app = start({ storeTimeout: 20 });
    const refreshTokens = await saveMany(app, 10_000);
    const sockets = watchSockets();
    const told = listenToRevocations(app.oidc);
    await app.oidc.sessions.end({ issuer: world.op.issuer, sub: 'alice' });
    await told.until(10_000);
    const isRevoked = ({ outcome, kind }: RevocationEvent) =>
      outcome === 'revoked' && kind === 'refresh-token';
    expect(app.revocations.every(isRevoked)).toBe(true);
    expect(revokedRefreshTokens(world.op).sort()).toEqual(refreshTokens);
    // A closing connection may stand beside the one that takes its place.
    expect(sockets.most()).toBeLessThanOrEqual(2 * MOST_AT_ONCE);
    expect(app.ended).toHaveLength(10_000);
    expect(new Set(app.ended.map(({ sid }) => sid)).size).toBe(10_000);
    await until(async () => (await world.keys('s')).length === 0);
  }, 180_000);
});

describe('the sessions of a user', () => {
  const membersOf = async () => {
    const [key] = await world.keys('l');
    return key === undefined ? 0 : world.admin.zcard(key);
  };

  it('leave the list of their subject when they expire, with the next login', async () => {
    const app = start();
    await save(app, await world.issue({ sid: 'sid-1' }));
    await save(app, await world.issue({ sid: 'sid-2' }));
    expect(await membersOf()).toBe(2);
    const [key = ''] = await world.keys('l');
    const later = String(Date.now() / 1000 - 1);
    for (const member of await world.admin.zrange(key, '0', '-1')) {
      await world.admin.zadd(key, later, member);
    }
    await save(app, await world.issue({ sid: 'sid-3' }));
    expect(await membersOf()).toBe(1);
  });

  it('take their list with them when the last one expires', async () => {
    const app = start({ maxSessionLifetime: 2 });
    await save(app, await world.issue());
    expect(await membersOf()).toBe(1);
    await until(async () => (await world.keys('[ls]')).length === 0);
  });

  it('do not end once more with their subject when they ended before', async () => {
    const app = start();
    await save(app, await world.issue());
    await app.oidc.sessions.end({ issuer: world.op.issuer, sid: 'sid-1' });
    await until(async () => (await world.keys('s')).length === 0);
    setTime(Date.now() + 1000);
    const next = await save(app, await world.issue({ sid: 'sid-2' }));
    await app.oidc.sessions.end({ issuer: world.op.issuer, sub: 'alice' });
    await call(app, next.access_token).expect(401);
    expect(app.ended.map(({ sid }) => sid)).toEqual(['sid-1', 'sid-2']);
  });

  it('leave the event loop to other requests while they end', async () => {
    const app = start({ storeTimeout: 20, revocation: 'never' });
    await saveMany(app, 500);
    const other = await world.op.signer.accessToken({ sub: 'bob', sid: 'sid-b' });
    await call(app, other).expect(200);
    const ended = { isEnded: false };
    const ending = app.oidc.sessions.end({ issuer: world.op.issuer, sub: 'alice' }).then(() => {
      ended.isEnded = true;
    });
    let answered = 0;
    while (!ended.isEnded) {
      await call(app, other).expect(200);
      answered++;
    }
    await ending;
    expect(answered).toBeGreaterThan(3);
    expect(app.ended).toHaveLength(500);
  });
});
