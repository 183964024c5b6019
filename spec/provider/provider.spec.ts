import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RequestListener } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import request from 'supertest';
import type { OidcLogoutOptions, ProviderOptions } from '../../lib/index.ts';
import { type App, appWith, call, LOGOUT } from '../support/app.ts';
import { letPass, resetClocks } from '../support/clock.ts';
import {
  AUDIENCE,
  CLIENT_ID,
  createSigner,
  type ProviderServer,
  serveMetadata,
  type Signer,
  startProviderServer,
} from '../support/provider.ts';

const WELL_KNOWN = '/.well-known/openid-configuration';

function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

describe('provider', () => {
  let provider: ProviderServer;
  let signer: Signer;
  const apps: App[] = [];

  beforeEach(async () => {
    provider = await startProviderServer();
    signer = await createSigner(provider.issuer);
    provider.answer = serveMetadata(provider.issuer, [signer.jwk]);
  });

  afterEach(async () => {
    resetClocks();
    await Promise.all(apps.splice(0).map(({ oidc }) => oidc.close()));
    await provider.close();
  });

  function start(
    entry: Partial<ProviderOptions> = {},
    options: Partial<OidcLogoutOptions> = {},
  ): App {
    const configured = {
      issuer: provider.issuer,
      clientId: CLIENT_ID,
      ...entry,
    } as ProviderOptions;
    const app = appWith({ audience: AUDIENCE, ...options, provider: configured });
    apps.push(app);
    return app;
  }

  it('gives 503 in time, though memory is collected while the provider hangs', async () => {
    const app = start({}, { providerTimeout: 1 });
    const collectGarbage = garbageCollector();
    const arrived = new Promise<void>((resolve) => {
      provider.answer = () => {
        resolve();
      };
    });
    const answer = call(app, await signer.accessToken()).then(({ status }) => status);
    await arrived;
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(await answer).toBe(503);
  });

  describe('metadata', () => {
    it('is fetched once for all who wait, and kept', async () => {
      const app = start();
      const token = await signer.accessToken();
      const answers = await Promise.all(Array.from({ length: 20 }, () => call(app, token)));
      expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
      await call(app, await signer.accessToken()).expect(200);
      expect(provider.requests).toEqual([WELL_KNOWN, '/jwks']);
    });

    it('is found below an issuer with a path and a trailing slash (Discovery 1.0, section 4.1)', async () => {
      const issuer = `${provider.issuer}/tenant/`;
      const tenant = await createSigner(issuer);
      provider.answer = (req, res) => {
        const serve = serveMetadata(issuer, [tenant.jwk], { jwks_uri: `${provider.issuer}/jwks` });
        req.url = req.url?.replace('/tenant', '') ?? '';
        serve(req, res);
      };
      await call(start({ issuer }), await tenant.accessToken()).expect(200);
      expect(provider.requests[0]).toBe(`/tenant${WELL_KNOWN}`);
    });

    const json = (body: unknown, status = 200): RequestListener => {
      return (_req, res) => {
        res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      };
    };
    const AT_END = '/.well-known/oauth-authorization-server/tenant';
    const BELOW = '/tenant/.well-known/oauth-authorization-server';

    it.each([
      ['with the path of the issuer at its end (section 3.1)', AT_END, [AT_END, '/revoke']],
      ['below the path of the issuer', BELOW, [AT_END, BELOW, '/revoke']],
      ['nowhere', undefined, [AT_END, BELOW]],
    ])('of RFC 8414 is found %s', async (_where, address, asked) => {
      const issuer = `${provider.issuer}/tenant`;
      const tenant = await createSigner(issuer);
      const documents = serveMetadata(issuer, [tenant.jwk], {
        jwks_uri: `${provider.issuer}/jwks`,
      });
      const further = { issuer, revocation_endpoint: `${provider.issuer}/revoke` };
      provider.answer = (req, res) => {
        if (req.url === '/revoke') res.end();
        else if (req.url === address) json(further)(req, res);
        else {
          req.url = req.url?.replace('/tenant/.', '/.') ?? '';
          documents(req, res);
        }
      };
      const app = start({ issuer }, { revocation: 'all' });
      const access_token = await tenant.accessToken();
      await request(app.app).post(LOGOUT).send({ access_token }).expect(200);
      expect(provider.requests.slice(-asked.length)).toEqual(asked);
    });

    const redirect: RequestListener = (_req, res) => {
      res.writeHead(302, { location: `${provider.issuer}/elsewhere` }).end();
    };
    const huge: RequestListener = (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' });
      res.end(Buffer.alloc(50 * 1024 * 1024, 32));
    };
    const truncated: RequestListener = (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' }).end('{"issuer":');
    };
    const page: RequestListener = (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>');
    };
    const hang: RequestListener = () => undefined;
    const slow: RequestListener = (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' }).write('{');
    };

    it.each<[string, RequestListener]>([
      ['an error', json({}, 500)],
      ['not found', json({}, 404)],
      ['an array', json([])],
      ['null', json(null)],
      ['truncated JSON', truncated],
      ['a page', page],
      ['a redirect', redirect],
      ['50 MB', huge],
      ['nothing', hang],
      ['a body that never ends', slow],
    ])('that answers %s gives 503 in time, and changes nothing', async (_what, answer) => {
      provider.answer = answer;
      const app = start({}, { providerTimeout: 0.2 });
      const answered = await call(app, await signer.accessToken());
      expect(answered.status).toBe(503);
      expect(answered.headers['retry-after']).toBe('1');
      expect(answered.headers['www-authenticate']).toBeUndefined();
      expect(answered.body).toEqual({
        error: 'temporarily_unavailable',
        error_description: 'The OpenID Provider is not reachable',
      });
      expect(provider.requests).not.toContain('/elsewhere');
      expect(app.events).toEqual([
        [
          'provider-error',
          { issuer: provider.issuer, operation: 'metadata', reason: expect.any(String) },
        ],
      ]);
    });

    it.each(['/', '?', ':443', '/x'])('whose issuer differs by %j is refused', async (suffix) => {
      provider.answer = serveMetadata(`${provider.issuer}${suffix}`, [signer.jwk], {
        jwks_uri: `${provider.issuer}/jwks`,
      });
      await call(start(), await signer.accessToken()).expect(503);
    });

    it.each(['http://op.example.com/jwks', 'file:///etc/passwd', 'jwks', 42, undefined])(
      'with the jwks_uri %j is not followed',
      async (jwks_uri) => {
        provider.answer = serveMetadata(provider.issuer, [signer.jwk], { jwks_uri });
        const app = start();
        await call(app, await signer.accessToken()).expect(503);
        const error = expect.objectContaining({ operation: 'keys', reason: 'UNUSABLE_JWKS_URI' });
        expect(app.events).toEqual([['provider-error', error]]);
      },
    );

    it('is asked for again after an outage, without a restart', async () => {
      const token = await signer.accessToken();
      const serve = provider.answer;
      provider.answer = (_req, res) => res.writeHead(500).end();
      const app = start();
      await call(app, token).expect(503);
      await call(app, token).expect(503);
      expect(provider.requests).toEqual([WELL_KNOWN]);
      provider.answer = serve;
      letPass(1001);
      await call(app, token).expect(200);
    });
  });

  describe('keys', () => {
    it('stay in use while the provider is away', async () => {
      const now = Date.now();
      const app = start();
      await call(app, await signer.accessToken()).expect(200);
      provider.answer = (_req, res) => res.writeHead(500).end();
      const exp = Math.floor(now / 1000) + 7200;
      const token = await signer.accessToken({ exp });
      letPass(3_700_000);
      await call(app, token).expect(200);
    });

    it('are refreshed in the background when they are old', async () => {
      const app = start();
      await call(app, await signer.accessToken()).expect(200);
      const refreshed = new Promise<void>((resolve) => {
        provider.answer = (_req, res) => {
          res.end('{}');
          resolve();
        };
      });
      letPass(601_000);
      await call(app, await signer.accessToken()).expect(200);
      await refreshed;
      expect(provider.requests).toEqual([WELL_KNOWN, '/jwks', '/jwks']);
    });

    it('are fetched anew for an unknown kid, so that a rotated key is accepted at once', async () => {
      const app = start();
      await call(app, await signer.accessToken()).expect(200);
      const rotated = await createSigner(provider.issuer, { kid: 'key-2' });
      provider.answer = serveMetadata(provider.issuer, [signer.jwk, rotated.jwk]);
      await call(app, await rotated.accessToken()).expect(200);
      await call(app, await signer.accessToken()).expect(200);
    });

    it('answer 503, not 401, for an unknown kid while the provider is away', async () => {
      const app = start();
      await call(app, await signer.accessToken()).expect(200);
      provider.answer = (_req, res) => res.writeHead(503).end();
      const rotated = await createSigner(provider.issuer, { kid: 'key-2' });
      await call(app, await rotated.accessToken()).expect(503);
      await call(app, await rotated.accessToken()).expect(503);
      await call(app, await signer.accessToken()).expect(200);
    });

    it('work beside members that are no keys (RFC 7517, section 5)', async () => {
      const garbage = [null, 1, 'key', [], {}, { kty: 'XXX', kid: 'x' }, { kty: 'RSA', kid: 'y' }];
      provider.answer = serveMetadata(provider.issuer, [...garbage, signer.jwk] as object[]);
      await call(start(), await signer.accessToken()).expect(200);
    });

    it.each([{}, { keys: {} }, { keys: 'x' }, []])('that come as %j give 503', async (document) => {
      const serve = provider.answer;
      provider.answer = (req, res) => {
        if (req.url === '/jwks') res.end(JSON.stringify(document));
        else serve(req, res);
      };
      await call(start(), await signer.accessToken()).expect(503);
    });

    it('of the right kind are tried when the token names none (Core 1.0, section 10.1)', async () => {
      const other = await createSigner(provider.issuer, { kid: 'other' });
      provider.answer = serveMetadata(provider.issuer, [other.jwk, signer.jwk]);
      const claims = { aud: AUDIENCE, sub: 'alice', client_id: CLIENT_ID };
      const token = await signer.sign(claims, { typ: 'at+jwt', kid: undefined as never });
      const stranger = await createSigner(provider.issuer);
      const forged = await stranger.sign(claims, { typ: 'at+jwt', kid: undefined as never });
      const app = start();
      await call(app, token).expect(200);
      await call(app, forged).expect(401);
    });

    it('for encryption never verify a signature', async () => {
      const other = await createSigner(provider.issuer, { kid: 'other' });
      provider.answer = serveMetadata(provider.issuer, [{ ...signer.jwk, use: 'enc' }, other.jwk]);
      await call(start(), await signer.accessToken()).expect(401);
    });

    it('are never taken from the token', async () => {
      const stranger = await createSigner(provider.issuer, { kid: 'key-1' });
      const jku = `${provider.issuer}/stranger`;
      const header = { typ: 'at+jwt', jwk: stranger.jwk, jku, x5u: jku } as object;
      const forged = await stranger.sign({ aud: AUDIENCE, sub: 'alice' }, header);
      await call(start(), forged).expect(401);
      expect(provider.requests).not.toContain('/stranger');
    });

    it('and metadata that are given are not fetched', async () => {
      const metadata = { end_session_endpoint: `${provider.issuer}/logout` };
      const app = start({ discovery: false, metadata, jwks: { keys: [signer.jwk] } });
      const access_token = await signer.accessToken();
      await request(app.app).post(LOGOUT).send({ access_token }).expect(200);
      expect(provider.requests).toEqual([]);
    });
  });

  it('of an unknown issuer is never asked', async () => {
    const stranger = await createSigner(`${provider.issuer}/stranger`);
    await call(start(), await stranger.accessToken()).expect(401);
    expect(provider.requests).toEqual([]);
  });

  it('is given up when the app closes', async () => {
    const asked = new Promise<void>((resolve) => {
      provider.answer = () => {
        resolve();
      };
    });
    const app = start();
    const answer = call(app, await signer.accessToken()).then(({ status }) => status);
    await asked;
    await app.oidc.close();
    expect(await answer).toBe(503);
  });
});
