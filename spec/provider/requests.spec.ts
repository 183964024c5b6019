import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import type { OidcLogoutOptions, ProviderOptions } from '../../lib/index.ts';
import { type App, appWith, call, LOGOUT } from '../support/app.ts';
import {
  AUDIENCE,
  CLIENT_ID,
  createSigner,
  type ProviderServer,
  serveMetadata,
  type Signer,
  startProviderServer,
} from '../support/provider.ts';
import { listenToRevocations, type ToldRevocations } from '../support/revocation-server.ts';
import request from 'supertest';

const WELL_KNOWN = '/.well-known/openid-configuration';

describe('requests to the provider', () => {
  let provider: ProviderServer;
  let signer: Signer;
  let documents: RequestListener;
  const apps: App[] = [];

  beforeEach(async () => {
    provider = await startProviderServer();
    const { issuer } = provider;
    signer = await createSigner(issuer);
    documents = serveMetadata(issuer, [signer.jwk], {
      revocation_endpoint: `${issuer}/revoke`,
      introspection_endpoint: `${issuer}/introspect`,
    });
    provider.answer = answer;
  });

  afterEach(async () => {
    await Promise.all(apps.splice(0).map(({ oidc }) => oidc.close()));
    await provider.close();
  });

  const answer: RequestListener = (req, res) => {
    if (req.url === '/introspect') {
      const exp = Math.floor(Date.now() / 1000) + 60;
      res.writeHead(200, { 'content-type': 'application/json' });
      res.end(
        JSON.stringify({ active: true, token_type: 'Bearer', sub: 'alice', aud: AUDIENCE, exp }),
      );
    } else if (req.url === '/revoke') {
      res.end();
    } else {
      documents(req, res);
    }
  };

  function start(options: Partial<OidcLogoutOptions> = {}, entry: object = {}) {
    const configured = {
      ...{ issuer: provider.issuer, clientId: CLIENT_ID, clientSecret: 'secret' },
      ...{ introspection: 'opaque', ...entry },
    } as ProviderOptions;
    const rules = { audience: AUDIENCE, revocation: 'refresh-token' } as const;
    const app = appWith({ ...rules, ...options, provider: configured });
    apps.push(app);
    return { ...app, told: listenToRevocations(app.oidc) };
  }

  /** Leaves one connection that is kept alive. */
  async function warmUp(): Promise<void> {
    await (await fetch(`${provider.issuer}/warm`)).arrayBuffer();
    provider.requests.length = 0;
  }

  const givenMetadata = () => ({
    jwks_uri: `${provider.issuer}/jwks`,
    end_session_endpoint: null,
    revocation_endpoint: `${provider.issuer}/revoke`,
    introspection_endpoint: `${provider.issuer}/introspect`,
  });

  type Operation = (app: App & { told: ToldRevocations }) => Promise<unknown>;

  const logOut: Operation = async ({ app, told }) => {
    const access_token = await signer.accessToken();
    const { status } = await request(app)
      .post(LOGOUT)
      .send({ access_token, refresh_token: 'refresh' });
    const [event] = await told.until(1);
    return [status, event?.outcome];
  };
  const callWithJwt: Operation = async (app) =>
    (await call(app, await signer.accessToken())).status;
  const callWithOpaque: Operation = async (app) => (await call(app, 'opaque')).status;

  const operations: [string, string, Operation, unknown][] = [
    ['metadata', WELL_KNOWN, callWithJwt, 200],
    ['keys', '/jwks', callWithJwt, 200],
    ['introspection', '/introspect', callWithOpaque, 200],
    ['revocation', '/revoke', logOut, [200, 'revoked']],
  ];

  describe.each<[string, (socket: Socket) => unknown]>([
    ['is closed', (socket) => socket.destroy()],
    ['the server resets', (socket) => socket.resetAndDestroy()],
  ])('on a kept-alive connection that %s as it is used are made once more:', (_how, end) => {
    it.each(operations)('%s', async (_what, path, run, outcome) => {
      const used = new WeakSet<Socket>();
      provider.answer = (req, res) => {
        if (req.url === path && used.has(req.socket)) end(req.socket);
        else answer(req, res);
        used.add(req.socket);
      };
      // So that the first request is the one on the kept-alive connection.
      const app = start(
        {},
        path === WELL_KNOWN ? {} : { discovery: false, metadata: givenMetadata() },
      );
      await warmUp();
      expect(await run(app)).toEqual(outcome);
      expect(provider.requests.filter((each) => each === path)).toEqual([path, path]);
      expect(app.events.filter(([name]) => name === 'provider-error')).toEqual([]);
    });
  });

  it.each(operations.slice(0, 3))('for %s are made twice at most', async (_what, path, run) => {
    provider.answer = (req, res) => {
      if (req.url === path) req.socket.destroy();
      else answer(req, res);
    };
    const app = start();
    expect(await run(app)).toBe(503);
    expect(provider.requests.filter((each) => each === path)).toEqual([path, path]);
  });

  const headersOnly: RequestListener = (_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
    res.flushHeaders();
    res.write('{');
    setImmediate(() => res.destroy());
  };

  it.each<[string, RequestListener]>([
    ['an answer began', headersOnly],
    ['the answer is 500', (_req, res) => res.writeHead(500).end()],
    ['the answer is 503', (_req, res) => res.writeHead(503).end()],
    ['the answer is garbage', (_req, res) => res.end('{')],
    ['the answer is no HTTP', (req) => req.socket.end('garbage\r\n\r\n')],
  ])('are not made once more where %s', async (_what, respond) => {
    provider.answer = (req, res) => {
      if (req.url === '/jwks') respond(req, res);
      else answer(req, res);
    };
    expect(await callWithJwt(start())).toBe(503);
    expect(provider.requests).toEqual([WELL_KNOWN, '/jwks']);
  });

  it('take no more time for both tries than for one', async () => {
    let count = 0;
    provider.answer = (req, res) => {
      if (req.url !== '/jwks') answer(req, res);
      else if (++count === 1) req.socket.destroy();
    };
    const app = start({ providerTimeout: 0.3 });
    expect(await callWithJwt(app)).toBe(503);
    expect(count).toBe(2);
    const { issuer } = provider;
    expect(app.events).toEqual([
      ['provider-error', { issuer, operation: 'keys', reason: 'TimeoutError' }],
    ]);
  });

  it('are given up in time also where the fetch of the app ignores its signal', async () => {
    const never: typeof fetch = () => new Promise(() => undefined);
    const app = start(
      { providerTimeout: 0.1 },
      {
        clientSecret: undefined,
        clientAuthentication: { method: 'tls_client_auth', fetch: never },
      },
    );
    expect(await callWithOpaque(app)).toBe(503);
    expect(
      (
        await request(app.app)
          .post(LOGOUT)
          .send(await tokens())
      ).status,
    ).toBe(200);
    await app.oidc.close();
    expect(app.told.events.map(({ reason }) => reason)).toEqual(['TimeoutError']);
  });

  const throwing = (value: unknown) => () => {
    throw value as Error;
  };

  it.each<[string, () => never]>([
    ['undefined', throwing(undefined)],
    ['null', throwing(null)],
    ['a text', throwing('refresh')],
    ['an error that quotes the token', throwing(new Error('refresh'))],
    ['an error whose code is the token', throwing(Object.assign(new Error(), { code: 'refresh' }))],
  ])('that the fetch of the app refuses with %s have failed', async (_what, refuse) => {
    const app = start(
      {},
      {
        clientSecret: undefined,
        clientAuthentication: { method: 'tls_client_auth', fetch: refuse },
      },
    );
    expect(
      (
        await request(app.app)
          .post(LOGOUT)
          .send(await tokens())
      ).status,
    ).toBe(200);
    await app.oidc.close();
    expect(app.told.events).toEqual([expect.objectContaining({ outcome: 'failed' })]);
    expect(JSON.stringify(app.told.events)).not.toContain('"refresh"');
  });

  const tokens = async () => ({
    access_token: await signer.accessToken(),
    refresh_token: 'refresh',
  });

  describe('for introspection', () => {
    it('are 32 at once at most, and all are answered', async () => {
      let underWay = 0;
      let most = 0;
      provider.answer = (req, res) => {
        if (req.url !== '/introspect') {
          answer(req, res);
          return;
        }
        most = Math.max(most, ++underWay);
        setImmediate(() => {
          underWay -= 1;
          answer(req, res);
        });
      };
      const app = start();
      const calls = Array.from({ length: 200 }, (_each, index) => call(app, `opaque-${index}`));
      const statuses = (await Promise.all(calls)).map(({ status }) => status);
      expect(statuses).toEqual(Array(200).fill(200));
      expect(most).toBeLessThanOrEqual(32);
    });

    it('that wait for others are 503 when their own time is over', async () => {
      provider.answer = (req, res) => {
        if (req.url !== '/introspect') answer(req, res);
      };
      const app = start({ providerTimeout: 0.2 });
      const calls = Array.from({ length: 100 }, (_each, index) => call(app, `opaque-${index}`));
      const statuses = (await Promise.all(calls)).map(({ status }) => status);
      expect(statuses).toEqual(Array(100).fill(503));
    });
  });
});
