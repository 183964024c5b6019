import { type ChildProcess, execFile } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SignJWT } from 'jose';
import type { Configuration } from 'oidc-provider';
import { main } from '../lib/doctor/main.ts';
import { productOf } from '../lib/doctor/products.ts';
import { commandsAt } from '../lib/doctor/redis-commands.ts';
import { type OidcLogout, oidcLogout } from '../lib/index.ts';
import { PACKAGE } from './support/consumer-project.ts';
import { ALL, startOidcProvider } from './support/oidc-provider.ts';
import { openPage } from './support/page.ts';
import { createPageProject } from './support/page-project.ts';
import {
  AUDIENCE,
  type Claims,
  CLIENT_ID,
  createSigner,
  type ProviderServer,
  serveMetadata,
  type Signer,
  startProviderServer,
} from './support/provider.ts';
import { type RedisServer, startRedisServer } from './support/redis-server.ts';
import { until } from './support/until.ts';

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function cli(args: readonly string[], input = ''): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const status = await main(args, {
    stdin: Readable.from([input]),
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
  });
  return { status, ...written };
}

interface Report {
  readonly ok: boolean;
  readonly findings: { feature: string; level: string; detail: string }[];
  readonly product?: string;
  readonly notes?: string[];
  readonly register?: object;
  readonly options?: object;
}

/** By feature, what was found; the exit status is compared with the findings. */
async function report(args: readonly string[], input = '') {
  const { status, stdout, stderr } = await cli(['doctor', ...args, '--json'], input);
  const told = JSON.parse(stdout) as Report;
  expect({ status, stderr }).toEqual({ status: told.ok ? 0 : 1, stderr: '' });
  expect(told.ok).toBe(told.findings.every(({ level }) => level !== 'wrong'));
  const found = Object.fromEntries(
    told.findings.map(({ feature, level, detail }) => [feature, [level, detail]]),
  );
  return { ...told, found };
}

const NOT_ASKED = 'Not asked: --token tells of one whether this configuration takes it.';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doctor-'));
});

afterAll(() => rm(folder, { recursive: true }));

async function optionsFile(options: object): Promise<string> {
  const file = join(folder, 'options.json');
  await writeFile(file, JSON.stringify(options));
  return file;
}

const NONE: Configuration['features'] = { rpInitiatedLogout: { enabled: false } };

describe('the doctor, asked about an oidc-provider', () => {
  let stop: () => Promise<void>;
  let issuer: string;

  async function start(...args: Parameters<typeof startOidcProvider>): Promise<void> {
    ({ issuer, close: stop } = await startOidcProvider(...args));
  }

  afterEach(() => stop());

  const WITH_ALL = `
  fine   Metadata              Readable, and of this issuer.
  fine   Keys                  For signatures: RSA 2048.
  fine   Signatures            RS256, as by default.
  fine   Logout from the app   There is an End Session endpoint.
  ?      Without ID Token      Not asked: give --client-id, and --base-url as
                               registered.
  fine   Back-channel logout   Register the URI below.
  fine   Single sessions       Tokens name their session (sid).
  fine   Revocation            Refresh tokens are revoked at a logout.
  fine   Introspection         Opaque tokens can be asked about, if this client
                               may.
  ?      Tokens                Not asked: --token tells of one whether this
                               configuration takes it.

Register at the provider:
  post_logout_redirect_uris
    https://shop.example.com/logged-out
  backchannel_logout_uri
    https://shop.example.com/oidc/back-channel-logout
  backchannel_logout_session_required
    true
  id_token_signed_response_alg
    RS256

Options of oidcLogout():
{
  provider: {
    issuer: 'ISSUER',
    clientId: 'web',
    clientSecret: process.env.OIDC_CLIENT_SECRET,
    postLogoutRedirectUri: 'https://shop.example.com/logged-out'
  },
  audience: 'https://api.example.com',
  encryptionKey: process.env.ENCRYPTION_KEY
}

Nothing is wrong. 0 risky, 2 not known.
`;

  it('finds nothing wrong where every feature is on, within 80 columns', async () => {
    await start(ALL);
    const outcome = await cli(['doctor', issuer, '--base-url', 'https://shop.example.com/']);
    const stdout = `${issuer}\n${WITH_ALL.replace('ISSUER', issuer)}`;
    expect(outcome).toEqual({ status: 0, stdout, stderr: '' });
    expect(outcome.stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('has the options as the app writes them, with a Redis too', async () => {
    await start(ALL);
    const args = ['--redis', '/nowhere/redis.sock', '--allow-insecure'];
    const { stdout } = await cli(['doctor', issuer, ...args]);
    expect(stdout).toContain(`
Options of oidcLogout():
{
  provider: {
    issuer: '${issuer}',
    clientId: 'web',
    clientSecret: process.env.OIDC_CLIENT_SECRET,
    postLogoutRedirectUri: 'https://app.example.com/logged-out'
  },
  audience: 'https://api.example.com',
  allowInsecureRequests: true,
  encryptionKey: process.env.ENCRYPTION_KEY,
  redis: redis
}
`);
  });

  const WITH_NONE = `
  fine   Metadata              Readable, and of this issuer.
  fine   Keys                  For signatures: P-256.
  fine   Signatures            No RS256: set "algorithms" to ['ES256'].
  RISKY  Logout from the app   No End Session endpoint: the session there goes
                               on, and "redirect" is null.
  ?      Back-channel logout   Not announced. It may be there: see the
                               documentation of the provider.
  fine   Single sessions       Tokens name their session (sid).
  RISKY  Revocation            No endpoint: refresh tokens live on at the
                               provider.
  ?      Introspection         Not announced. Opaque tokens must be saved to be
                               known.
  ?      Tokens                Not asked: --token tells of one whether this
                               configuration takes it.

Register at the provider:
  backchannel_logout_uri
    https://app.example.com/oidc/back-channel-logout
  backchannel_logout_session_required
    true
  id_token_signed_response_alg
    ES256

Options of oidcLogout():
{
  provider: {
    issuer: 'ISSUER',
    clientId: 'shop',
    clientSecret: process.env.OIDC_CLIENT_SECRET,
    algorithms: [
      'ES256'
    ]
  },
  audience: 'https://shop.example.com',
  encryptionKey: process.env.ENCRYPTION_KEY
}

Nothing is wrong. 2 risky, 3 not known.
`;

  it('tells what is risky and what is not known where they are off', async () => {
    await start(NONE, 'ES256');
    const args = ['--client-id', 'shop', '--audience', 'https://shop.example.com'];
    const outcome = await cli(['doctor', issuer, ...args]);
    const stdout = `${issuer}\n${WITH_NONE.replace('ISSUER', issuer)}`;
    expect(outcome).toEqual({ status: 0, stdout, stderr: '' });
    expect(outcome.stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('prints JSON, and takes a pasted discovery URL', async () => {
    await start(ALL);
    const pasted = `${issuer}/.well-known/openid-configuration`;
    const { status, stdout, stderr } = await cli(['doctor', pasted, '--json']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const postLogoutRedirectUri = 'https://app.example.com/logged-out';
    const finding = (feature: string, level: string, detail: string) => {
      return { feature, level, detail };
    };
    const hint = 'Not asked: give --client-id, and --base-url as registered.';
    expect(JSON.parse(stdout)).toEqual({
      issuer,
      ok: true,
      findings: [
        finding('Metadata', 'fine', 'Readable, and of this issuer.'),
        finding('Keys', 'fine', 'For signatures: RSA 2048.'),
        finding('Signatures', 'fine', 'RS256, as by default.'),
        finding('Logout from the app', 'fine', 'There is an End Session endpoint.'),
        finding('Without ID Token', 'unknown', hint),
        finding('Back-channel logout', 'fine', 'Register the URI below.'),
        finding('Single sessions', 'fine', 'Tokens name their session (sid).'),
        finding('Revocation', 'fine', 'Refresh tokens are revoked at a logout.'),
        finding('Introspection', 'fine', 'Opaque tokens can be asked about, if this client may.'),
        finding('Tokens', 'unknown', NOT_ASKED),
      ],
      register: {
        post_logout_redirect_uris: [postLogoutRedirectUri],
        backchannel_logout_uri: 'https://app.example.com/oidc/back-channel-logout',
        backchannel_logout_session_required: true,
        id_token_signed_response_alg: 'RS256',
      },
      options: {
        provider: { issuer, clientId: 'web', postLogoutRedirectUri },
        audience: 'https://api.example.com',
      },
    });
  });
});

describe('the doctor, asked about a provider that', () => {
  let server: ProviderServer;

  beforeEach(async () => {
    server = await startProviderServer();
  });

  afterEach(() => server.close());

  const FINE = {
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    id_token_signing_alg_values_supported: ['RS256'],
  };
  const rsa = (modulusLength: number) => ({
    ...generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ format: 'jwk' }),
    use: 'sig',
  });
  const GOOD_KEY = rsa(2048);

  const examine = (...args: string[]) => report([server.issuer, ...args]);

  const json = (body: unknown): RequestListener => {
    return (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
  };
  const html: RequestListener = (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Log in</h1>');
  };

  it.each<[what: string, detail: string, answer: RequestListener]>([
    ['has no discovery', 'URL answers 404, not 200.', (_req, res) => res.writeHead(404).end()],
    [
      'redirects',
      'URL answers 302, not 200.',
      (_req, res) => res.writeHead(302, { location: 'https://op.example.com/' }).end(),
    ],
    ['answers HTML', 'URL answers no JSON.', html],
    ['answers a list', 'URL answers no JSON object.', json([])],
    [
      'is another issuer',
      'Another issuer. Asked: ISSUER Found: https://op.example.com Every character counts, the last slash too.',
      json({ issuer: 'https://op.example.com' }),
    ],
    ['names no issuer', 'The discovery document names no issuer.', json({})],
    [
      'answers 2 MB',
      'URL answers more than 1 MB.',
      json({ issuer: 'https://op.example.com', padding: 'x'.repeat(2_000_000) }),
    ],
    ['breaks off', 'URL cannot be asked (UND_ERR_SOCKET).', (req) => void req.socket.destroy()],
  ])('%s, says so, and has nothing to register', async (_what, text, answer) => {
    server.answer = answer;
    const { status, stdout, stderr } = await cli(['doctor', server.issuer, '--json']);
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    const url = `${server.issuer}/.well-known/openid-configuration`;
    const detail = text.replace('URL', url).replace('ISSUER', server.issuer);
    expect(JSON.parse(stdout)).toEqual({
      issuer: server.issuer,
      ok: false,
      findings: [{ feature: 'Metadata', level: 'wrong', detail }],
    });
  });

  it('is at a port that fetch() refuses, says so', async () => {
    const issuer = 'http://127.0.0.1:1';
    const url = `${issuer}/.well-known/openid-configuration`;
    const detail = `${url} cannot be asked: fetch() refuses this port.`;
    expect((await report([issuer])).found).toEqual({ Metadata: ['wrong', detail] });
  });

  it('is not there, says so', async () => {
    const gone = await startProviderServer();
    await gone.close();
    expect(await cli(['doctor', gone.issuer])).toEqual({
      status: 1,
      stdout: `${gone.issuer}

  WRONG  Metadata              ${gone.issuer}/.well-known/openid-configuration
                               refuses the connection.

Something is wrong. 0 risky, 0 not known.
`,
      stderr: '',
    });
  });

  it.each<[what: string, detail: string, keys: unknown[]]>([
    ['has a small key', 'An RSA key has 1024 bits: less than 2048 is refused.', [rsa(1024)]],
    [
      'has a small key among good ones',
      'An RSA key has 1024 bits: less than 2048 is refused.',
      [GOOD_KEY, rsa(1024)],
    ],
    ['has a broken key', 'An RSA key has 0 bits: less than 2048 is refused.', [{ kty: 'RSA' }]],
    ['has no key', 'There is no key for signatures.', []],
    [
      'has keys for something else',
      'There is no key for signatures.',
      [{ ...GOOD_KEY, use: 'enc' }, { kty: 'oct', k: 'c2VjcmV0' }, null, 'key', { crv: 'P-256K' }],
    ],
  ])('%s is told about it', async (_what, detail, keys) => {
    server.answer = serveMetadata(server.issuer, keys as object[], FINE);
    expect((await examine()).found.Keys).toEqual(['wrong', detail]);
  });

  it('has several good keys is told their kinds', async () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
    const ed = generateKeyPairSync('ed25519').publicKey;
    const keys = [GOOD_KEY, rsa(3072), GOOD_KEY, ec.export({ format: 'jwk' })];
    const all = [...keys, ed.export({ format: 'jwk' }), { kty: 'AKP', pub: 'x' }];
    server.answer = serveMetadata(server.issuer, all, FINE);
    const kinds = 'For signatures: RSA 2048, RSA 3072, P-384, Ed25519, ML-DSA.';
    expect((await examine()).found.Keys).toEqual(['fine', kinds]);
  });

  it.each<[what: string, reason: string, answer: RequestListener]>([
    ['answers 404', 'answers 404, not 200', (_req, res) => res.writeHead(404).end('{}')],
    ['answers HTML', 'answers no JSON', html],
    [
      'answers 2 MB',
      'answers more than 1 MB',
      (_req, res) => res.writeHead(200).end('x'.repeat(2_000_000)),
    ],
  ])('%s for its keys is told about it', async (_what, reason, answer) => {
    const documents = serveMetadata(server.issuer, [], FINE);
    server.answer = (req, res) => {
      (req.url === '/jwks' ? answer : documents)(req, res);
    };
    expect((await examine()).found.Keys).toEqual(['wrong', `${server.issuer}/jwks ${reason}.`]);
  });

  it.each<[what: string, feature: string, finding: [string, string], metadata: object]>([
    [
      'has no keys',
      'Keys',
      ['wrong', 'There is no usable "jwks_uri": no token can be verified.'],
      { jwks_uri: undefined },
    ],
    [
      'has its logout on http:',
      'Logout from the app',
      ['wrong', 'The End Session endpoint is no https: URL.'],
      { end_session_endpoint: 'http://op.example.com/logout' },
    ],
    [
      'has its revocation on http:',
      'Revocation',
      ['risky', 'The endpoint is no https: URL.'],
      { revocation_endpoint: 'http://op.example.com/revoke' },
    ],
    [
      'has its introspection on http:',
      'Introspection',
      ['unknown', 'The endpoint is no https: URL.'],
      { introspection_endpoint: 'http://op.example.com/introspect' },
    ],
    [
      'has both channels',
      'Front-channel logout',
      ['fine', 'Not to be registered: the back channel is the better one.'],
      { frontchannel_logout_supported: true },
    ],
    [
      'has the front channel alone',
      'Front-channel logout',
      ['fine', 'Register the URI below.'],
      { backchannel_logout_supported: false, frontchannel_logout_supported: true },
    ],
    [
      'says "true" and not true',
      'Back-channel logout',
      ['unknown', 'Not announced. It may be there: see the documentation of the provider.'],
      { backchannel_logout_supported: 'true' },
    ],
    [
      'has no back channel',
      'Back-channel logout',
      ['risky', 'Not offered: a logout elsewhere does not reach the app this way.'],
      { backchannel_logout_supported: false },
    ],
    [
      'has no sid',
      'Single sessions',
      ['risky', 'No sid: a logout from there ends all sessions of the user.'],
      { backchannel_logout_session_supported: false },
    ],
    [
      'does not announce a sid',
      'Single sessions',
      ['unknown', 'Not announced. An ID Token shows whether it has a "sid".'],
      { backchannel_logout_session_supported: undefined },
    ],
    [
      'lists sid among its claims',
      'Single sessions',
      ['fine', 'Tokens name their session (sid).'],
      { backchannel_logout_session_supported: undefined, claims_supported: ['sub', 'sid'] },
    ],
    [
      'tells no algorithms',
      'Signatures',
      ['unknown', 'The provider does not tell; RS256 is the default.'],
      { id_token_signing_alg_values_supported: undefined },
    ],
    [
      'has no algorithm for us',
      'Signatures',
      ['wrong', 'None by a key of the provider that this package takes.'],
      { id_token_signing_alg_values_supported: ['none', 'HS256', 'ES256K', 7] },
    ],
    [
      'has several algorithms, none of them RS256,',
      'Signatures',
      ['fine', 'No RS256: set "algorithms" to [\'PS256\'].'],
      { id_token_signing_alg_values_supported: ['none', 'ES256', 'PS256'] },
    ],
  ])('%s is told about it', async (_what, feature, finding, metadata) => {
    server.answer = serveMetadata(server.issuer, [GOOD_KEY], { ...FINE, ...metadata });
    expect((await examine()).found[feature]).toEqual(finding);
  });

  it.each<[what: string, metadata: object, registered: object]>([
    [
      'has no sid is not asked for it',
      { backchannel_logout_session_supported: false },
      { backchannel_logout_uri: 'https://app.example.com/oidc/back-channel-logout' },
    ],
    [
      'has the front channel alone is given that',
      { backchannel_logout_supported: undefined, frontchannel_logout_supported: true },
      {
        frontchannel_logout_uri: 'https://app.example.com/oidc/front-channel-logout',
        frontchannel_logout_session_required: true,
      },
    ],
    [
      'has both channels is given the back channel',
      { frontchannel_logout_supported: true },
      {
        backchannel_logout_uri: 'https://app.example.com/oidc/back-channel-logout',
        backchannel_logout_session_required: true,
      },
    ],
  ])('%s at the registration', async (_what, metadata, registered) => {
    server.answer = serveMetadata(server.issuer, [GOOD_KEY], { ...FINE, ...metadata });
    expect((await examine()).register).toEqual({
      post_logout_redirect_uris: ['https://app.example.com/logged-out'],
      ...registered,
      id_token_signed_response_alg: 'RS256',
    });
  });

  it.each<[what: string, issuer: string | undefined, level: string]>([
    ['has its revocation in the metadata of RFC 8414 is found to have it', undefined, 'fine'],
    ['has there the metadata of another issuer is not', 'https://op.example.com', 'risky'],
  ])('%s', async (_what, other, level) => {
    const { issuer } = server;
    const documents = serveMetadata(issuer, [GOOD_KEY], FINE);
    const further = json({ issuer: other ?? issuer, revocation_endpoint: `${issuer}/revoke` });
    server.answer = (req, res) => {
      const isFurther = req.url === '/.well-known/oauth-authorization-server';
      (isFurther ? further : documents)(req, res);
    };
    expect((await examine()).found.Revocation?.[0]).toBe(level);
  });

  describe('is asked for a logout without ID Token and', () => {
    const NEEDED = (status: number) =>
      `A logout without ID Token is an error there (${status}), and the session lives: set "idTokenHint" to 'required'. Or https://app.example.com/logged-out is not registered for web.`;
    const NO_ERROR = (status: number) => `A logout without ID Token is no error there (${status}).`;
    const to = (location: string): [number, Record<string, string>] => [302, { location }];

    it.each<[what: string, answer: [number, Record<string, string>?], level: string, text: string]>(
      [
        ['shows a page', [200], 'fine', NO_ERROR(200)],
        ['leads back', to('https://app.example.com/logged-out'), 'fine', NO_ERROR(302)],
        ['leads to a page of its own', to('/login?x=1'), 'fine', NO_ERROR(302)],
        ['answers an error', [400], 'risky', NEEDED(400)],
        ['leads to an error', to('/fallbacks?error=invalid_request'), 'risky', NEEDED(302)],
        ['fails', [503], 'unknown', 'The End Session endpoint answers 503.'],
      ],
    )('%s', async (_what, [status, headers], level, text) => {
      const documents = serveMetadata(server.issuer, [GOOD_KEY], FINE);
      const asked: unknown[] = [];
      server.answer = (req, res) => {
        if (req.url?.startsWith('/logout?') === true) {
          asked.push(req.method, req.url, req.headers.cookie, req.headers['sec-fetch-mode']);
          res.writeHead(status, headers).end('<h1>Logout</h1>');
        } else documents(req, res);
      };
      const registered = ['--client-id', 'web', '--base-url', 'https://app.example.com'];
      const { found, options } = await examine(...registered);
      expect(found['Without ID Token']).toEqual([level, text]);
      const back = encodeURIComponent('https://app.example.com/logged-out');
      const query = `client_id=web&post_logout_redirect_uri=${back}&state=doctor`;
      expect(asked).toEqual(['GET', `/logout?${query}`, undefined, 'navigate']);
      const hint = (options as { provider: { idTokenHint?: string } }).provider.idTokenHint;
      expect(hint).toBe(level === 'risky' ? 'required' : undefined);
    });

    const without = 'Not asked: give --base-url as registered.';

    it('nothing else, where nobody told what is registered', async () => {
      server.answer = serveMetadata(server.issuer, [GOOD_KEY], FINE);
      const { found, options } = await examine('--client-id', 'shop');
      expect(found['Without ID Token']).toEqual(['unknown', without]);
      expect(server.requests.filter((path) => path.startsWith('/logout'))).toEqual([]);
      expect(options).toEqual({
        provider: {
          issuer: server.issuer,
          clientId: 'shop',
          postLogoutRedirectUri: 'https://app.example.com/logged-out',
        },
        audience: 'https://api.example.com',
      });
    });

    it.each<[what: string, uris: object, args: string[], asked: string | undefined]>([
      ['no address', {}, [], undefined],
      ['no address, and a base URL', {}, ['--base-url', 'https://a.example'], 'https://a.example'],
      [
        'an address',
        { postLogoutRedirectUri: 'https://shop.example.com/logged-out' },
        [],
        'https://shop.example.com',
      ],
    ])('by the options of a file with %s', async (_what, uris, args, asked) => {
      server.answer = serveMetadata(server.issuer, [GOOD_KEY], FINE);
      const provider = { issuer: server.issuer, clientId: 'web', ...uris };
      const file = await optionsFile({ provider });
      const { found } = await report(['--options', file, ...args]);
      if (asked === undefined) expect(found['Without ID Token']).toEqual(['unknown', without]);
      const [path] = server.requests.filter((each) => each.startsWith('/logout'));
      const query = new URLSearchParams(path?.slice('/logout?'.length));
      const uri = asked === undefined ? null : `${asked}/logged-out`;
      expect(query.get('post_logout_redirect_uri')).toBe(uri);
    });
  });

  it.each<[what: string, uris: string | string[] | undefined, args: string[], base: string]>([
    ['one address', 'http://localhost:3000/out', [], 'http://localhost:3000'],
    [
      'addresses of a phone and a page',
      ['com.example.app:/out', 'https://shop.example.com/a/out'],
      [],
      'https://shop.example.com',
    ],
    ['none', undefined, [], 'https://app.example.com'],
    [
      'one address, beside a base URL',
      'http://localhost:3000/out',
      ['--base-url', 'https://shop.example.com/base'],
      'https://shop.example.com/base',
    ],
  ])('registers by the options of a file with %s', async (_what, uris, args, base) => {
    server.answer = serveMetadata(server.issuer, [GOOD_KEY], FINE);
    const provider = { issuer: server.issuer, clientId: 'web', postLogoutRedirectUri: uris };
    const file = await optionsFile({ provider });
    const { register } = await report(['--options', file, ...args]);
    expect(register).toEqual({
      post_logout_redirect_uris: [[uris ?? `${base}/logged-out`].flat()[0]],
      backchannel_logout_uri: `${base}/oidc/back-channel-logout`,
      backchannel_logout_session_required: true,
      id_token_signed_response_alg: 'RS256',
    });
  });

  it('has hostile text keeps it to itself', async () => {
    const hostile = '\u001b[2J\u009b31m\u202eowned';
    server.answer = serveMetadata(
      server.issuer,
      [
        { ...GOOD_KEY, kid: hostile },
        { kty: hostile, crv: hostile },
        { kty: 'RSA', n: hostile },
      ],
      {
        end_session_endpoint: `https://op.example.com/${hostile}`,
        revocation_endpoint: hostile,
        claims_supported: [hostile],
        id_token_signing_alg_values_supported: [hostile],
        [hostile]: hostile,
      },
    );
    const { status, stdout, stderr } = await cli(['doctor', server.issuer]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(stdout).toMatch(/^[\x20-\x7e\n]+$/);
    expect(stdout).not.toContain('owned');
  });
});

describe('the doctor knows', () => {
  it.each<[product: string, issuer: string, metadata: Record<string, string>]>([
    ['Keycloak', 'https://sso.example.com/realms/shop', {}],
    ['Auth0', 'https://tenant.eu.auth0.com/', {}],
    ['Okta', 'https://example.okta.com/oauth2/default', {}],
    ['Microsoft Entra ID', 'https://login.microsoftonline.com/1111/v2.0', {}],
    ['Amazon Cognito', 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_A', {}],
    ['Google', 'https://accounts.google.com', {}],
    [
      'Ory Hydra',
      'https://op.example.com',
      { end_session_endpoint: 'https://op.example.com/oauth2/sessions/logout' },
    ],
    [
      'Spring Authorization Server',
      'https://op.example.com',
      {
        end_session_endpoint: 'https://op.example.com/connect/logout',
        jwks_uri: 'https://op.example.com/oauth2/jwks',
      },
    ],
    [
      'Dex',
      'https://op.example.com/dex',
      {
        device_authorization_endpoint: 'https://op.example.com/dex/device/code',
        jwks_uri: 'https://op.example.com/dex/keys',
        token_endpoint: 'https://op.example.com/dex/token',
      },
    ],
  ])('%s', (product, issuer, metadata) => {
    const found = productOf(issuer, metadata);
    expect(found?.name).toBe(product);
    const provider = { issuer, clientId: 'web', ...found?.options?.('web') };
    expect(() => oidcLogout({ provider, audience: AUDIENCE })).not.toThrow();
  });

  it.each([
    'https://op.example.com',
    'https://sso.example.com/realms',
    'https://myauth0.com/',
    'https://notokta.com.example.com/',
    'https://accounts.google.com.example.com',
  ])('nobody at %s', (issuer) => {
    expect(productOf(issuer, {})).toBeUndefined();
  });

  it('what to tell of a Keycloak', async () => {
    const server = await startProviderServer();
    const signer = await createSigner(`${server.issuer}/realms/shop`);
    const documents = serveMetadata(signer.issuer, [signer.jwk]);
    server.answer = (req, res) => {
      req.url = req.url?.replace('/realms/shop', '');
      if (req.url?.startsWith('/logout?') === true) res.writeHead(400).end();
      else documents(req, res);
    };
    const registered = ['--client-id', 'web', '--base-url', 'https://app.example.com'];
    const { stdout } = await cli(['doctor', signer.issuer, ...registered]);
    // Keycloak asks the user, so an error has another cause.
    expect(stdout).not.toContain('idTokenHint');
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      'A logout is an error there (400): https://app.example.com/logged-out is not registered for web.',
    );
    expect(stdout).toContain(`
Keycloak:
  - Register "Backchannel logout URL" and leave "Front channel logout" off: with
    both, no Logout Token is ever sent.
  - Without an "Audience" mapper`);
    await server.close();
  });
});

describe('the doctor, asked about', () => {
  let server: ProviderServer;
  let signer: Signer;
  let issuer: string;

  beforeAll(async () => {
    server = await startProviderServer();
    ({ issuer } = server);
    signer = await createSigner(issuer);
  });

  afterAll(() => server.close());

  /** A logout is an error there. */
  function serve(metadata: Record<string, unknown>): void {
    const documents = serveMetadata(issuer, [signer.jwk], metadata);
    server.answer = (req, res) => {
      const isKeys = metadata.jwks_uri === issuer + (req.url ?? '');
      if (isKeys) req.url = '/jwks';
      if (req.url?.includes('state=') === true) res.writeHead(400).end();
      else documents(req, res);
    };
  }

  const HYDRA = () => ({
    authorization_endpoint: `${issuer}/oauth2/auth`,
    token_endpoint: `${issuer}/oauth2/token`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    end_session_endpoint: `${issuer}/oauth2/sessions/logout`,
    revocation_endpoint: `${issuer}/oauth2/revoke`,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    frontchannel_logout_supported: true,
    frontchannel_logout_session_supported: true,
    id_token_signing_alg_values_supported: ['RS256'],
    claims_supported: ['sub'],
  });
  const DEX_WITHOUT_SESSIONS = () => ({
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/keys`,
    device_authorization_endpoint: `${issuer}/device/code`,
    introspection_endpoint: `${issuer}/token/introspect`,
    end_session_endpoint: undefined,
    id_token_signing_alg_values_supported: ['RS256'],
    claims_supported: ['iss', 'sub', 'aud', 'iat', 'exp', 'email', 'name', 'at_hash'],
  });
  const DEX = () => ({
    ...DEX_WITHOUT_SESSIONS(),
    end_session_endpoint: `${issuer}/logout`,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
  });
  const SPRING = () => ({
    authorization_endpoint: `${issuer}/oauth2/authorize`,
    token_endpoint: `${issuer}/oauth2/token`,
    jwks_uri: `${issuer}/oauth2/jwks`,
    end_session_endpoint: `${issuer}/connect/logout`,
    revocation_endpoint: `${issuer}/oauth2/revoke`,
    introspection_endpoint: `${issuer}/oauth2/introspect`,
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid'],
  });
  const BACK_CHANNEL = {
    backchannel_logout_uri: 'https://shop.example.com/oidc/back-channel-logout',
    backchannel_logout_session_required: true,
  };
  const REQUIRED = ['fine', 'Not asked: "idTokenHint" is \'required\'.'];

  it.each<
    [
      product: string,
      metadata: () => Record<string, unknown>,
      expected: {
        readonly findings: object;
        readonly channel: object;
        readonly audience: string;
        readonly hint: string | undefined;
      },
    ]
  >([
    [
      'Ory Hydra',
      HYDRA,
      {
        findings: {
          'Without ID Token': REQUIRED,
          'Back-channel logout': ['fine', 'Register the URI below.'],
          'Front-channel logout': [
            'fine',
            'Not to be registered: the back channel is the better one.',
          ],
          'Single sessions': ['fine', 'Tokens name their session (sid).'],
        },
        channel: BACK_CHANNEL,
        ...{ audience: 'https://api.example.com', hint: 'required' },
      },
    ],
    [
      'Dex',
      DEX,
      {
        findings: {
          'Without ID Token': REQUIRED,
          'Back-channel logout': ['fine', 'Register the URI below.'],
          'Single sessions': ['fine', 'Tokens name their session (sid).'],
          Revocation: ['risky', 'No endpoint: refresh tokens live on at the provider.'],
        },
        channel: BACK_CHANNEL,
        ...{ audience: 'shop', hint: 'required' },
      },
    ],
    [
      'Dex',
      DEX_WITHOUT_SESSIONS,
      {
        findings: {
          'Logout from the app': [
            'risky',
            'No End Session endpoint: the session there goes on, and "redirect" is null.',
          ],
        },
        channel: BACK_CHANNEL,
        ...{ audience: 'shop', hint: undefined },
      },
    ],
    [
      'Spring Authorization Server',
      SPRING,
      {
        findings: {
          'Without ID Token': REQUIRED,
          'Back-channel logout': [
            'risky',
            'Not offered: a logout elsewhere does not reach the app this way.',
          ],
          'Single sessions': ['fine', 'Tokens name their session (sid).'],
        },
        channel: {},
        ...{ audience: 'shop', hint: 'required' },
      },
    ],
  ])('%s, tells what its page tells', async (product, metadata, expected) => {
    serve(metadata());
    const args = ['--client-id', 'shop', '--base-url', 'https://shop.example.com'];
    const told = await report([issuer, ...args]);
    expect(told.product).toBe(product);
    expect(told.found).toMatchObject(expected.findings);
    const { post_logout_redirect_uris: uris, ...register } = told.register as Partial<
      Record<string, unknown>
    >;
    expect(register).toEqual({ ...expected.channel, id_token_signed_response_alg: 'RS256' });
    const hasLogout = metadata().end_session_endpoint !== undefined;
    const uri = 'https://shop.example.com/logged-out';
    expect(uris).toEqual(hasLogout ? [uri] : undefined);
    expect(told.options).toEqual({
      provider: {
        ...{ issuer, clientId: 'shop' },
        ...(hasLogout && { postLogoutRedirectUri: uri }),
        ...(expected.hint && { idTokenHint: expected.hint }),
      },
      audience: expected.audience,
    });
  });

  it('one of them, warns of options that lack the ID Token', async () => {
    serve(HYDRA());
    const postLogoutRedirectUri = 'https://shop.example.com/logged-out';
    const provider = { issuer, clientId: 'shop', postLogoutRedirectUri };
    const { found } = await report(['--options', await optionsFile({ provider })]);
    expect(found['Without ID Token']).toEqual([
      'risky',
      expect.stringMatching(/^A logout without ID Token is an error there \(400\)/),
    ]);
  });

  it('Spring Authorization Server, takes its tokens by the options to copy', async () => {
    serve(SPRING());
    const token = await signer.sign({ aud: 'shop', sub: 'alice', scope: ['openid'] });
    const args = [issuer, '--client-id', 'shop', '--token'];
    const { found } = await report(args, token);
    expect(found['Access token']).toEqual([
      'fine',
      'This configuration takes it. Whether it has ended was not asked: give --redis.',
    ]);
  });
});

describe('the doctor, given a token,', () => {
  let server: ProviderServer;
  let signer: Signer;
  const args = () => [signer.issuer, '--client-id', CLIENT_ID, '--audience', AUDIENCE, '--token'];
  const kinds = ['Access token', 'ID Token', 'Logout Token'];

  beforeAll(async () => {
    server = await startProviderServer();
    signer = await createSigner(server.issuer);
    server.answer = serveMetadata(server.issuer, [signer.jwk]);
  });

  afterAll(() => server.close());

  const TAKEN = ['fine', 'This configuration takes it.'];
  const NOT_LOOKED_UP = 'Whether it has ended was not asked: give --redis.';
  const TAKEN_BY_GUARD = ['fine', `This configuration takes it. ${NOT_LOOKED_UP}`];
  const REFUSED_BY_GUARD = (reason: string) => [
    'fine',
    `This configuration takes it. The guard refuses it (${reason}): it is an ID Token. Send the access token to the API; where those of the provider look like this, call sessions.save.`,
  ];
  const bySecret = (claims: Claims) =>
    new SignJWT({ iss: signer.issuer, ...claims })
      .setProtectedHeader({ alg: 'HS512' })
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(randomBytes(64));
  const anHourAgo = Math.floor(Date.now() / 1000) - 3600;

  it.each<[what: string, token: () => Promise<string> | string, found: Record<string, string[]>]>([
    ['an access token', () => signer.accessToken(), { 'Access token': TAKEN_BY_GUARD }],
    ['a Logout Token', () => signer.logoutToken(), { 'Logout Token': TAKEN }],
    ['an ID Token', () => signer.idToken(), { 'ID Token': REFUSED_BY_GUARD('wrong-audience') }],
    [
      'an ID Token, as of Keycloak,',
      () => signer.sign({ aud: CLIENT_ID, sub: 'alice', typ: 'ID' }),
      { 'ID Token': REFUSED_BY_GUARD('wrong-audience') },
    ],
    [
      'an expired ID Token',
      () => signer.idToken({ exp: anHourAgo, iat: anHourAgo - 60 }),
      { 'ID Token': REFUSED_BY_GUARD('wrong-audience') },
    ],
    [
      'an ID Token for the API as well',
      () => signer.idToken({ aud: [CLIENT_ID, AUDIENCE], azp: CLIENT_ID, nonce: 'n' }),
      { 'ID Token': REFUSED_BY_GUARD('like-id-token') },
    ],
    [
      'an access token for another API',
      () => signer.accessToken({ aud: 'account' }),
      {
        'Access token': [
          'wrong',
          `Refused: wrong-audience, claim: aud, expected: ${AUDIENCE}, found: account. Let the provider issue tokens for this API or client; or mend "audience" or "clientId".`,
        ],
      },
    ],
    [
      'an expired access token',
      () => signer.accessToken({ exp: anHourAgo, iat: anHourAgo - 60 }),
      {
        'Access token': ['wrong', expect.stringMatching(/^Refused: expired, claim: exp/) as never],
      },
    ],
    [
      'an access token for the client, as of Spring Authorization Server,',
      () => signer.sign({ aud: CLIENT_ID, sub: 'alice', scope: ['openid'] }),
      { 'Access token': ['wrong', expect.stringMatching(/^Refused: wrong-audience/) as never] },
    ],
    [
      'an access token for nobody, as of Ory Hydra,',
      () => signer.sign({ aud: [], sub: 'alice', client_id: CLIENT_ID, scp: ['openid'] }),
      {
        'Access token': [
          'wrong',
          expect.stringMatching(/^Refused: wrong-audience, .*, found: nothing\./) as never,
        ],
      },
    ],
    [
      'an ID Token for another client',
      () => signer.idToken({ aud: 'mobile' }),
      {
        'ID Token': [
          'wrong',
          expect.stringMatching(/^Refused: wrong-audience, .*found: mobile/) as never,
        ],
      },
    ],
    [
      'an ID Token for another client, as of Keycloak,',
      () => signer.sign({ aud: 'mobile', sub: 'alice', typ: 'ID' }),
      {
        'ID Token': [
          'wrong',
          expect.stringMatching(/^Refused: wrong-audience, .*found: mobile/) as never,
        ],
      },
    ],
    [
      'an encrypted token',
      () => `eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..aXYxMjM0NTY3ODkw.dGV4dA.dGFn`,
      { 'ID Token': ['wrong', expect.stringMatching(/^Refused: /) as never] },
    ],
    [
      'an access token behind its scheme',
      async () => `Bearer ${await signer.accessToken()}`,
      { 'Access token': TAKEN_BY_GUARD },
    ],
    [
      'an access token behind its header',
      async () => `authorization: bearer ${await signer.accessToken()}`,
      { 'Access token': TAKEN_BY_GUARD },
    ],
    [
      'an access token behind the name of its field',
      async () => `access_token=${await signer.accessToken()}`,
      { 'Access token': TAKEN_BY_GUARD },
    ],
    [
      'an ID Token behind the name of its field',
      async () => `id_token=${await signer.idToken()}`,
      { 'ID Token': REFUSED_BY_GUARD('wrong-audience') },
    ],
    [
      'a Logout Token behind the name of its field',
      async () => `logout_token=${await signer.logoutToken()}`,
      { 'Logout Token': TAKEN },
    ],
    [
      'an access token that is signed by a secret',
      () => bySecret({ aud: AUDIENCE, sub: 'alice', client_id: CLIENT_ID }),
      {
        'Access token': [
          'wrong',
          'Refused: algorithm-not-allowed, claim: alg, expected: RS256, found: HS512. No option allows it: let the provider sign by a key, with another algorithm.',
        ],
      },
    ],
    [
      'an ID Token that is signed by a secret',
      () => bySecret({ aud: CLIENT_ID, sub: 'alice', nonce: 'n' }),
      {
        'ID Token': [
          'wrong',
          'Refused: algorithm-not-allowed, claim: alg, expected: RS256, found: HS512. Add it to "algorithms" or "logoutTokenAlgorithms", or change the registration.',
        ],
      },
    ],
    [
      'an opaque token',
      () => 'opaque-7d1f',
      {
        'Access token': [
          'wrong',
          'Refused: opaque-unknown. Call sessions.save at the login, or set "introspection".',
        ],
      },
    ],
    [
      'a Logout Token for another client',
      () => signer.logoutToken({ aud: 'mobile' }),
      {
        'Logout Token': [
          'wrong',
          expect.stringMatching(/^Refused: wrong-audience.*found: mobile/) as never,
        ],
      },
    ],
  ])('says of %s whether this configuration takes it', async (_what, token, expected) => {
    const text = await token();
    const { found } = await report(args(), `${text}\n`);
    const asked = Object.entries(found).filter(([feature]) => kinds.includes(feature));
    expect(Object.fromEntries(asked)).toEqual(expected);
  });

  it.each<[of: string, token: () => Promise<string>]>([
    ['Keycloak', () => bySecret({ aud: signer.issuer, sub: 'alice', sid: 's', typ: 'Refresh' })],
    ['Keycloak, offline', () => bySecret({ aud: signer.issuer, sub: 'alice', typ: 'Offline' })],
    ['PingAM', () => signer.sign({ aud: CLIENT_ID, sub: 'alice', tokenName: 'refresh_token' })],
    ['Cognito', () => signer.sign({ sub: 'alice', token_use: 'refresh' })],
    ['another', () => signer.sign({ sub: 'alice' }, { typ: 'refresh+jwt' })],
  ])('tells a refresh token of %s', async (_of, token) => {
    const { findings } = await report(args(), await token());
    expect(findings.at(-1)).toEqual({
      feature: 'Refresh token',
      level: 'wrong',
      detail:
        'It looks like a refresh token, which its provider alone reads. Give an access token, ID Token or Logout Token.',
    });
    expect(findings.filter(({ feature }) => kinds.includes(feature))).toEqual([]);
  });

  const OPEN = (aud: string) =>
    `No audience was given to compare with its "aud", which is ${aud}. All else is right. ${NOT_LOOKED_UP}`;

  it.each<[what: string, token: () => Promise<string>, found: Record<string, string[]>]>([
    [
      'an access token',
      () => signer.accessToken(),
      { 'Access token': ['unknown', OPEN(AUDIENCE)] },
    ],
    [
      'one for two',
      () => signer.accessToken({ aud: ['account', 'shop'] }),
      { 'Access token': ['unknown', OPEN('account, shop')] },
    ],
    [
      'one for a person',
      () => signer.accessToken({ aud: 'alice@example.com' }),
      { 'Access token': ['unknown', OPEN('(withheld)')] },
    ],
    [
      'one without "aud"',
      () => signer.accessToken({ aud: undefined }),
      {
        'Access token': [
          'wrong',
          expect.stringMatching(
            /^Refused: wrong-audience, .*: the audience of this API\./,
          ) as never,
        ],
      },
    ],
    [
      'an expired one',
      () => signer.accessToken({ exp: anHourAgo, iat: anHourAgo - 60 }),
      { 'Access token': ['wrong', expect.stringMatching(/^Refused: expired/) as never] },
    ],
    ['an ID Token', () => signer.idToken(), { 'ID Token': REFUSED_BY_GUARD('like-id-token') }],
  ])('and no audience, leaves "aud" of %s open', async (_what, token, expected) => {
    const without = [signer.issuer, '--client-id', CLIENT_ID, '--token'];
    const text = await token();
    const { found, options } = await report(without, text);
    const asked = Object.entries(found).filter(([feature]) => kinds.includes(feature));
    expect(Object.fromEntries(asked)).toEqual(expected);
    expect((options as { audience: string }).audience).toBe('https://api.example.com');
  });

  it.each<[what: string, accessTokens: object, found: string[]]>([
    ['no audience', {}, ['unknown', OPEN(AUDIENCE)]],
    ['clients', { clients: [CLIENT_ID] }, TAKEN_BY_GUARD],
  ])('and options of a file with %s', async (_what, accessTokens, expected) => {
    const provider = { issuer: signer.issuer, clientId: CLIENT_ID, accessTokens };
    const file = await optionsFile({ provider });
    const { found } = await report(['--options', file, '--token'], await signer.accessToken());
    expect(found['Access token']).toEqual(expected);
  });

  it('tells of an ID Token that the guard takes as well', async () => {
    const accessTokens = { likeIdTokens: true };
    const provider = { issuer: signer.issuer, clientId: CLIENT_ID, accessTokens };
    const file = await optionsFile({ provider, audience: CLIENT_ID });
    const { found } = await report(['--options', file, '--token'], await signer.idToken());
    expect(found).toMatchObject({ 'ID Token': TAKEN, 'Access token': TAKEN_BY_GUARD });
  });

  it.each<[kind: string, token: (claims: Claims) => Promise<string>]>([
    ['access token', (claims) => signer.accessToken(claims)],
    ['Logout Token', (claims) => signer.logoutToken(claims)],
  ])('prints nothing of a refused %s that is personal', async (_kind, make) => {
    const personal = { sub: 'alice@example.com', sid: 'sid-secret', aud: 'other' };
    const token = await make(personal);
    const { stdout, stderr } = await cli(['doctor', ...args()], token);
    const printed = stdout + stderr;
    for (const secret of [token, ...token.split('.'), personal.sub, personal.sid]) {
      expect(printed).not.toContain(secret);
    }
  });

  it('takes the options of a file', async () => {
    const provider = { issuer: signer.issuer, clientId: 'mobile', idTokenHint: 'required' };
    const file = await optionsFile({ provider, audience: 'account', onStoreLoss: 'refuse' });
    const token = await signer.accessToken({ aud: 'account' });
    const { found, options } = await report(['--options', file, '--token'], token);
    expect(found['Access token']).toEqual(TAKEN_BY_GUARD);
    expect(found['Without ID Token']).toEqual([
      'fine',
      'Not asked: "idTokenHint" is \'required\'.',
    ]);
    expect(options).toBeUndefined();
  });

  it('does not know of a token without the metadata', async () => {
    const other = ['http://127.0.0.1:9', '--client-id', CLIENT_ID, '--token'];
    const { found } = await report(other, await signer.accessToken());
    expect(found.Tokens).toEqual(['unknown', "Not asked, without the provider's metadata."]);
  });

  it('does not know of a token while the keys are away', async () => {
    const { answer } = server;
    const token = await signer.accessToken();
    server.answer = (req, res) => {
      if (req.url === '/jwks') res.writeHead(503).end();
      else answer(req, res);
    };
    const { found } = await report(args(), token).finally(() => (server.answer = answer));
    expect(found['Access token']?.[0]).toBe('unknown');
    expect(found.Keys).toEqual(['wrong', `${signer.issuer}/jwks answers 503, not 200.`]);
  });
});

describe('the doctor, given a Redis,', () => {
  let redis: RedisServer;
  const KEPT = { 'oidc1:kept': 'value' };

  beforeAll(async () => {
    redis = await startRedisServer();
  });

  afterAll(() => redis.close());

  beforeEach(async () => {
    await redis.flush();
    await redis.connect().mset(KEPT);
  });

  afterEach(async () => {
    expect(await redis.dump()).toEqual(KEPT);
  });

  const ask = async (...args: string[]) => (await report(['--redis', redis.path, ...args])).found;

  it('finds nothing wrong, and leaves nothing behind', async () => {
    const found = await ask();
    expect(found).toEqual({
      'Redis settings': [
        'fine',
        expect.stringMatching(/^Version \d.*, maxmemory-policy noeviction/),
      ],
      'Redis persistence': ['risky', 'appendonly is off: a restart forgets the latest logouts.'],
      'Redis time-out': [
        'unknown',
        'Set "socketTimeout" of your client, else a dead connection stays in use.',
      ],
      'Redis commands': ['fine', 'It takes each that the package sends.'],
    });
  });

  it('tells of a Redis that evicts, and of one that keeps its data', async () => {
    const client = redis.connect();
    await client.config('SET', 'maxmemory', '100mb', 'maxmemory-policy', 'allkeys-lru');
    await client.config('SET', 'appendonly', 'yes');
    const found = await ask();
    await client.config('SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction');
    await client.config('SET', 'appendonly', 'no');
    expect(found['Redis settings']).toEqual([
      'wrong',
      'maxmemory-policy: expected noeviction, found allkeys-lru.',
    ]);
    expect(found['Redis persistence']).toEqual(['fine', 'appendonly is on.']);
  });

  it('tells each command that its user may not send', async () => {
    const client = redis.connect();
    await client.call('ACL', 'SETUSER', 'default', '-getdel', '-publish', '-subscribe');
    const found = await ask();
    await client.call('ACL', 'SETUSER', 'default', '+@all');
    expect(found['Redis commands']).toEqual([
      'wrong',
      'Refused: getdel (NOPERM), publish (NOPERM), subscribe (NOPERM).',
    ]);
  });

  it('waits for as many replicas as durability wants', async () => {
    const provider = { issuer: 'http://127.0.0.1:9', clientId: 'web' };
    const file = await optionsFile({ provider, durability: { replicas: 2 } });
    const { found } = await report(['--redis', redis.path, '--options', file]);
    expect(found['Redis durability']).toEqual([
      'wrong',
      'Of 2 replicas 0 had a write within 0.1 s.',
    ]);
  });

  it('tries each command of the rights that the page tells to give', () => {
    const rights = openPage('docs/redis.md').take('redis', '~oidc1:*');
    const allowed = [...rights.matchAll(/ \+(\w+)/g)].map(([, name]) => name);
    const tried = commandsAt('').map(([name]) => name);
    expect(new Set([...tried, 'subscribe', 'info'])).toEqual(new Set(allowed));
  });

  it('tells of one that is away', async () => {
    const { found } = await report(['--redis', `${redis.path}-not`]);
    expect(found).toEqual({ Redis: ['wrong', 'It cannot be asked: ENOENT.'] });
  });
});

describe('the doctor, given a token and a Redis,', () => {
  let server: ProviderServer;
  let signer: Signer;
  let redis: RedisServer;
  let oidc: OidcLogout;

  beforeAll(async () => {
    [server, redis] = await Promise.all([startProviderServer(), startRedisServer()]);
    signer = await createSigner(server.issuer);
    server.answer = serveMetadata(server.issuer, [signer.jwk]);
    const provider = { issuer: server.issuer, clientId: CLIENT_ID };
    oidc = oidcLogout({ provider, audience: AUDIENCE, redis: redis.connect() });
  });

  afterAll(async () => {
    await oidc.close();
    await Promise.all([server.close(), redis.close()]);
  });

  beforeEach(() => redis.flush());

  async function ask(token: string, path = redis.path) {
    const args = [server.issuer, '--client-id', CLIENT_ID, '--audience', AUDIENCE];
    const before = await redis.dump();
    const { found } = await report([...args, '--token', '--redis', path], token);
    expect(await redis.dump()).toEqual(before);
    return found;
  }

  const KNOWN = 'This configuration takes it. Redis knows of no end.';
  const NOT_KNOWN = 'This configuration takes it. Redis was not asked.';

  it('asks Redis as the guard does', async () => {
    const token = await signer.accessToken();
    expect((await ask(token))['Access token']).toEqual(['fine', KNOWN]);
    await oidc.sessions.end({ issuer: server.issuer, sid: 'sid-1' });
    const ended = 'Refused: session-ended. Log in anew.';
    expect((await ask(token))['Access token']).toEqual(['wrong', ended]);
    const another = await signer.accessToken({ sid: 'sid-2' });
    expect((await ask(another))['Access token']).toEqual(['fine', KNOWN]);
  });

  it.each<[what: string, token: () => Promise<string>]>([
    ['an opaque token', () => Promise.resolve('opaque-7d1f')],
    [
      'an access token that looks like an ID Token',
      () => signer.sign({ aud: [AUDIENCE, CLIENT_ID], sub: 'alice', sid: 'sid-1', at_hash: 'x' }),
    ],
  ])('knows %s that was saved', async (_what, token) => {
    const access_token = await token();
    expect((await ask(access_token))['Access token']?.[0]).not.toBe('fine');
    await oidc.sessions.save({ access_token, id_token: await signer.idToken() });
    expect((await ask(access_token))['Access token']).toEqual(['fine', KNOWN]);
  });

  it('asks under the prefix of a file, and by its policy', async () => {
    const provider = { issuer: server.issuer, clientId: CLIENT_ID };
    const other = oidcLogout({ provider, redis: redis.connect(), keyPrefix: 'shop:' });
    // Before the end: one of the next second would outlive it.
    const token = await signer.accessToken();
    await other.sessions.end({ issuer: server.issuer, sub: 'alice' });
    await other.close();
    const examine = async (options: object) => {
      const file = await optionsFile({ provider, audience: AUDIENCE, ...options });
      const args = ['--options', file, '--token', '--redis', redis.path];
      return (await report(args, token)).found['Access token'];
    };
    expect(await examine({})).toEqual(['fine', KNOWN]);
    const ended = 'Refused: subject-ended. Log in anew.';
    expect(await examine({ keyPrefix: 'shop:' })).toEqual(['wrong', ended]);
    const lost = 'Refused: memory-lost. Log in anew.';
    expect(await examine({ onStoreLoss: 'refuse' })).toEqual(['wrong', lost]);
  });

  it('begins no memory there', async () => {
    const provider = { issuer: server.issuer, clientId: CLIENT_ID };
    const options = { provider, audience: AUDIENCE, onStoreLoss: 'refuse' } as const;
    // Redis knows the script from now on, so that one command would be enough.
    const app = oidcLogout({ ...options, redis: redis.connect() });
    await until(async () => Object.keys(await redis.dump()).length > 0);
    await app.close();
    await redis.flush();
    const args = ['--options', await optionsFile(options), '--token', '--redis', redis.path];
    await report(args, await signer.accessToken());
    expect(await redis.dump()).toEqual({});
  });

  it.each<[kind: string, token: () => Promise<string>, more: string]>([
    [
      'ID Token',
      () => signer.idToken(),
      ' The guard refuses it (wrong-audience): it is an ID Token.',
    ],
    ['Logout Token', () => signer.logoutToken(), ''],
  ])('changes nothing there by the look at an %s', async (kind, token, more) => {
    const access_token = await signer.accessToken();
    await oidc.sessions.save({ access_token, id_token: await signer.idToken() });
    const [level, detail] = (await ask(await token()))[kind] ?? [];
    expect([level, detail?.startsWith(NOT_KNOWN + more)]).toEqual(['fine', true]);
  });

  it('says so where Redis is away', async () => {
    const found = await ask(await signer.accessToken(), `${redis.path}-not`);
    expect(found['Access token']).toEqual(['fine', NOT_KNOWN]);
    expect(found.Redis).toEqual(['wrong', 'It cannot be asked: ENOENT.']);
  });

  it('says so where Redis refuses to be read', async () => {
    const client = redis.connect();
    await client.call('ACL', 'SETUSER', 'default', '-mget');
    const found = await ask(await signer.accessToken()).finally(() =>
      client.call('ACL', 'SETUSER', 'default', '+@all'),
    );
    expect(found['Access token']).toEqual(['unknown', 'Redis cannot be asked: NOPERM.']);
  });
});

describe('the doctor', () => {
  it.each(['http://op.example.com', 'https://op.example.com?a=b', 'op', 'https://\u001b[2J'])(
    'refuses the issuer %j',
    async (issuer) => {
      expect(await cli(['doctor', issuer])).toEqual({
        status: 1,
        stdout: `${issuer.replace('\u001b', '?')}

  WRONG  Metadata              The issuer must be an https: URL without query
                               and fragment; see --allow-insecure.

Something is wrong. 0 risky, 0 not known.
`,
        stderr: '',
      });
    },
  );

  it.each([
    ['op.example.com', 'https://op.example.com'],
    ['op.example.com:8443/realms/shop', 'https://op.example.com:8443/realms/shop'],
    ['localhost:8080/realms/shop', 'http://localhost:8080/realms/shop'],
    ['127.0.0.1:8080', 'http://127.0.0.1:8080'],
  ])('tells how the issuer %s is given with its scheme', async (issuer, meant) => {
    const told = ['wrong', `The issuer lacks its scheme: it must be ${meant}`];
    expect((await report([issuer])).found.Metadata).toEqual(told);
    const { found } = await report([issuer, '--client-id', 'web', '--token'], 'opaque-7d1f');
    expect(found).toEqual({
      Metadata: told,
      Tokens: ['unknown', "Not asked, without the provider's metadata."],
    });
  });

  const USAGE = /^Usage: express-oidc-logout doctor <issuer> \[options\]\n(?:.{0,80}\n)+$/;
  const OP = 'https://op.example.com';
  const BASE_URL =
    '"--base-url" must be an https: URL without query, fragment and user (http: on loopback, or with "--allow-insecure").';
  const IS_TOKEN = 'A token is read from standard input, and no argument.';
  const others =
    '--client-id, --audience, --base-url, --token, --options, --redis, --json, --allow-insecure, --help';

  it.each<[what: string, args: string[], reason: string]>([
    ['nothing', [], 'The command is "doctor".'],
    ['another command', ['nurse', OP], 'The command is "doctor".'],
    ['no issuer', ['doctor'], 'The issuer is missing.'],
    ['an option alone', ['doctor', '--json'], 'The issuer is missing.'],
    ['two issuers', ['doctor', OP, 'https://op.example.org'], 'Only one issuer can be asked.'],
    [
      'a misspelled option',
      ['doctor', OP, '--audence', 'x'],
      '"--audence" is not an option of the doctor; did you mean "--audience"?',
    ],
    [
      'an option of git',
      ['doctor', OP, '--no-json'],
      '"--no-json" is not an option of the doctor; did you mean "--json"?',
    ],
    [
      'an unknown option',
      ['doctor', OP, '--verbose'],
      `"--verbose" is not an option of the doctor; its options are ${others}`,
    ],
    [
      'an unknown letter',
      ['doctor', OP, '-x'],
      `"-x" is not an option of the doctor; its options are ${others}`,
    ],
    ['an option without its value', ['doctor', OP, '--base-url'], '"--base-url" needs a value.'],
    ['another one', ['doctor', '--redis'], '"--redis" needs a value.'],
    ['an option in place of a value', ['doctor', '--redis', '--json'], '"--redis" needs a value.'],
    ['an empty value', ['doctor', OP, '--client-id', ''], '"--client-id" needs a value.'],
    ['an empty value behind "="', ['doctor', OP, '--audience='], '"--audience" needs a value.'],
    ['a value too many', ['doctor', OP, '--json=yes'], '"--json" takes no value.'],
    ['a token and no client', ['doctor', OP, '--token'], '"--token" needs "--client-id".'],
    ['a token and no issuer', ['doctor', '--token', '--redis', 'x'], 'The issuer is missing.'],
    ['a token as the value', ['doctor', OP, '--token=eyJhbGciOi'], '"--token" takes no value.'],
    ['a token as an argument', ['doctor', OP, '--token', 'eyJhbGciOi'], IS_TOKEN],
    ['a token in place of the issuer', ['doctor', 'eyJhbGciOi'], IS_TOKEN],
    ['an opaque token as the issuer', ['doctor', '--token', 'ory_at_1'], IS_TOKEN],
    [
      'options and a client',
      ['doctor', '--options', 'options.json', '--client-id', 'web'],
      'Beside "--options", "--client-id" and "--audience" must be left out.',
    ],
    ['a base URL that is none', ['doctor', OP, '--base-url', 'app'], BASE_URL],
    ['a base URL with a query', ['doctor', OP, '--base-url', `${OP}?a=b`], BASE_URL],
    [
      'a base URL of http: elsewhere than on loopback',
      ['doctor', OP, '--base-url', 'http://app.example.com'],
      BASE_URL,
    ],
  ])('tells why, and its usage, when it is given %s', async (_what, args, reason) => {
    const { status, stdout, stderr } = await cli(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    const [first, empty, ...usage] = stderr.split('\n');
    expect([first, empty, usage.join('\n')]).toEqual([reason, '', expect.stringMatching(USAGE)]);
    expect(stderr).not.toMatch(/eyJ|ory_at_1/);
  });

  const EMPTY = '"--token" reads a token from standard input, which is empty.';
  const ALONE = 'Standard input must be one token alone, such as the value of "id_token".';

  it.each<[what: string, input: string, reason: string]>([
    ['nothing', '', EMPTY],
    ['an empty line', ' \n', EMPTY],
    ['a token response', '{"access_token":"eyJhbGciOi"}', ALONE],
    ['a list', '["eyJhbGciOi"]', ALONE],
    ['a quoted token', '"eyJhbGciOi"', ALONE],
    ['two tokens', 'eyJhbGciOi\neyJhbGciOi', ALONE],
    ['two tokens of the scheme', 'Bearer eyJhbGciOi eyJhbGciOi', ALONE],
    ['a token after words', 'the token: eyJhbGciOi', ALONE],
    ['a query', 'access_token=eyJhbGciOi&token_type=Bearer', ALONE],
    ['a name without a token', 'access_token=', ALONE],
  ])('refuses %s as a token, and repeats nothing of it', async (_what, input, reason) => {
    const { status, stdout, stderr } = await cli(
      ['doctor', OP, '--client-id', 'web', '--token'],
      input,
    );
    expect({ status, stdout, first: stderr.split('\n')[0] }).toEqual({
      ...{ status: 2, stdout: '', first: reason },
    });
    expect(stderr).not.toContain('eyJ');
  });

  it.each<[what: string, options: object | undefined, text: RegExp]>([
    ['is not there', undefined, /ENOENT/],
    ['is wrong', { provider: { issuer: 'https://op.example.com' } }, /"provider.clientId"/],
    [
      'has an issuer without scheme',
      { provider: { issuer: 'op.example.com', clientId: 'web' } },
      /^.*: "provider\.issuer" must be .*; did you mean "https:\/\/op\.example\.com"\?$/m,
    ],
    [
      'has a wrong durability',
      {
        provider: { issuer: 'https://op.example.com', clientId: 'web' },
        durability: { replica: 1 },
      },
      /"durability\.replica"|"replica"/,
    ],
  ])('tells of a file of options that %s', async (_what, options, text) => {
    const file = options === undefined ? join(folder, 'none') : await optionsFile(options);
    const { status, stdout, stderr } = await cli(['doctor', '--options', file]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr.startsWith(`${file}: `)).toBe(true);
    expect(stderr).toMatch(text);
  });

  it('quotes nothing of a file of options that is no JSON', async () => {
    const file = join(folder, 'broken.json');
    await writeFile(file, '{"clientSecret": "hidden" x}');
    const stderr = `${file}: It is no JSON\n`;
    expect(await cli(['doctor', '--options', file])).toEqual({ status: 2, stdout: '', stderr });
  });

  it('tells its usage when it is asked for it', async () => {
    const usage = expect.stringMatching(USAGE);
    expect(await cli(['--help'])).toEqual({ status: 0, stdout: usage, stderr: '' });
  });
});

describe('the command', () => {
  it('is the doctor, in a folder without ioredis too', async () => {
    const server = await startProviderServer();
    const signer = await createSigner(server.issuer);
    server.answer = serveMetadata(server.issuer, [signer.jwk]);
    const built = await createPageProject();
    const bin = join(built.folder, 'node_modules', PACKAGE, 'dist/cli.js');
    const configured = ['--client-id', CLIENT_ID, '--audience', AUDIENCE, '--token'];
    const args = ['doctor', server.issuer, ...configured, '--redis', 'redis://127.0.0.1:1'];
    const outcome = await start(bin, args, await signer.accessToken());
    expect({ ...outcome, stdout: '' }).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(outcome.stdout).toContain('  fine   Access token          This configuration takes it.');
    expect(outcome.stdout).toContain('there is no ioredis in this');
    expect((await start(bin, ['nurse'])).status).toBe(2);
    // As `| head -0` does.
    const unread = await start(bin, ['--help'], '', ({ stdout }) => stdout?.destroy());
    expect(unread).toEqual({ status: 0, stdout: '', stderr: '' });
    await Promise.all([server.close(), built.close()]);
  });

  function start(
    bin: string,
    args: readonly string[],
    input = '',
    begun: (child: ChildProcess) => void = () => undefined,
  ): Promise<Outcome> {
    return new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        [bin, ...args],
        { cwd: folder },
        (error, stdout, stderr) => {
          resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
        },
      );
      begun(child);
      child.stdin?.end(input);
    });
  }
});
