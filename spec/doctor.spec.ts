import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Configuration } from 'oidc-provider';
import { PACKAGE, REPOSITORY } from './support/consumer-project.ts';
import { ALL, startOidcProvider } from './support/oidc-provider.ts';
import { createPageProject, type PageProject } from './support/page-project.ts';
import { type ProviderServer, serveMetadata, startProviderServer } from './support/provider.ts';

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const DONE = 'All of this package works with this provider.\n';
const NOT_DONE = 'Something will not work: see NO above.\n';

function run(program: string, args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd: REPOSITORY }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

let built: PageProject;

beforeAll(async () => {
  built = await createPageProject();
});

afterAll(() => built.close());

function cli(...args: string[]): Promise<Outcome> {
  const program = join(built.folder, 'node_modules', PACKAGE, 'dist/cli.js');
  return run(process.execPath, [program, ...args]);
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
  yes  Metadata              The discovery document is readable and names this
                             issuer.
  yes  Keys                  For signatures: RSA 2048.
  yes  Logout from the app   There is an End Session endpoint.
  yes  Back-channel logout   Register the URI below.
  -    Front-channel logout  Not offered; the back-channel is the better one.
  yes  Single sessions       Tokens name their session (sid).
  yes  Revocation            Refresh tokens are revoked at a logout.
  yes  Introspection         Opaque tokens can be asked about.
  yes  Signatures            RS256, as by default.

Register at the provider:
  post_logout_redirect_uris
    https://shop.example.com/logged-out
  backchannel_logout_uri
    https://shop.example.com/oidc/back-channel-logout
  backchannel_logout_session_required
    true
  id_token_signed_response_alg
    RS256

`;

  it('finds nothing wrong where every feature is on, within 80 columns', async () => {
    await start(ALL);
    const outcome = await cli('doctor', issuer, '--base-url', 'https://shop.example.com/');
    expect(outcome).toEqual({ status: 0, stdout: `${issuer}\n${WITH_ALL}${DONE}`, stderr: '' });
    expect(outcome.stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  const WITH_NONE = `
  yes  Metadata              The discovery document is readable and names this
                             issuer.
  yes  Keys                  For signatures: P-256.
  NO   Logout from the app   No End Session endpoint: redirect is null, it ends
                             here only. See "endSession".
  NO   Back-channel logout   Not offered: a logout elsewhere does not reach the
                             app.
  -    Front-channel logout  Not offered; the back-channel is the better one.
  yes  Single sessions       Tokens name their session (sid).
  NO   Revocation            No endpoint: refresh tokens live on at the
                             provider.
  -    Introspection         No endpoint: opaque tokens must be saved to be
                             known.
  yes  Signatures            No RS256: set "algorithms" to ['ES256'].

Register at the provider:
  id_token_signed_response_alg
    ES256

`;

  it('tells what will not work and why where they are off, within 80 columns', async () => {
    await start(NONE, 'ES256');
    const outcome = await cli('doctor', issuer);
    expect(outcome).toEqual({
      status: 1,
      stdout: `${issuer}\n${WITH_NONE}${NOT_DONE}`,
      stderr: '',
    });
    expect(outcome.stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('prints JSON', async () => {
    await start(ALL);
    const { status, stdout, stderr } = await cli('doctor', issuer, '--json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const finding = (feature: string, verdict: string, detail: string) => {
      return { feature, verdict, detail };
    };
    expect(JSON.parse(stdout)).toEqual({
      issuer,
      ok: true,
      findings: [
        finding('Metadata', 'yes', 'The discovery document is readable and names this issuer.'),
        finding('Keys', 'yes', 'For signatures: RSA 2048.'),
        finding('Logout from the app', 'yes', 'There is an End Session endpoint.'),
        finding('Back-channel logout', 'yes', 'Register the URI below.'),
        finding(
          'Front-channel logout',
          'absent',
          'Not offered; the back-channel is the better one.',
        ),
        finding('Single sessions', 'yes', 'Tokens name their session (sid).'),
        finding('Revocation', 'yes', 'Refresh tokens are revoked at a logout.'),
        finding('Introspection', 'yes', 'Opaque tokens can be asked about.'),
        finding('Signatures', 'yes', 'RS256, as by default.'),
      ],
      register: {
        post_logout_redirect_uris: ['https://app.example.com/logged-out'],
        backchannel_logout_uri: 'https://app.example.com/oidc/back-channel-logout',
        backchannel_logout_session_required: true,
        id_token_signed_response_alg: 'RS256',
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

  async function examine(): Promise<Record<string, [verdict: string, detail: string]>> {
    const { status, stdout, stderr } = await cli('doctor', server.issuer, '--json');
    const { ok, findings } = JSON.parse(stdout) as {
      readonly ok: boolean;
      readonly findings: { feature: string; verdict: string; detail: string }[];
    };
    expect({ status, stderr }).toEqual({ status: ok ? 0 : 1, stderr: '' });
    expect(ok).toBe(findings.every(({ verdict }) => verdict !== 'no'));
    return Object.fromEntries(
      findings.map(({ feature, verdict, detail }) => [feature, [verdict, detail]]),
    );
  }

  const json = (body: unknown): RequestListener => {
    return (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
  };
  const html: RequestListener = (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Log in</h1>');
  };

  it.each<[what: string, detail: string, answer: RequestListener]>([
    ['has no discovery', 'the answer is not 200', (_req, res) => res.writeHead(404).end()],
    [
      'redirects',
      'the answer is not 200',
      (_req, res) => res.writeHead(302, { location: 'https://op.example.com/' }).end(),
    ],
    ['answers HTML', 'the answer is no JSON', html],
    [
      'is another issuer',
      'it names another issuer; a trailing slash counts',
      json({ issuer: 'https://op.example.com' }),
    ],
    ['names no issuer', 'it names no issuer', json({})],
    [
      'answers 600 kB',
      'the answer is too large',
      json({ issuer: 'https://op.example.com', padding: 'x'.repeat(600_000) }),
    ],
    ['breaks off', 'it cannot be fetched (UND_ERR_SOCKET)', (req) => void req.socket.destroy()],
  ])('%s, says so, and has nothing to register', async (_what, reason, answer) => {
    server.answer = answer;
    const { status, stdout, stderr } = await cli('doctor', server.issuer, '--json');
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    const detail = `The discovery document cannot be used: ${reason}.`;
    expect(JSON.parse(stdout)).toEqual({
      issuer: server.issuer,
      ok: false,
      findings: [{ feature: 'Metadata', verdict: 'no', detail }],
    });
  });

  it('is not there, says so', async () => {
    const gone = await startProviderServer();
    await gone.close();
    expect(await cli('doctor', gone.issuer)).toEqual({
      status: 1,
      stdout: `${gone.issuer}

  NO   Metadata              The discovery document cannot be used: the
                             connection is refused.

${NOT_DONE}`,
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
    expect((await examine()).Keys).toEqual(['no', detail]);
  });

  it('has several good keys is told their kinds', async () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
    const ed = generateKeyPairSync('ed25519').publicKey;
    const keys = [GOOD_KEY, rsa(3072), GOOD_KEY, ec.export({ format: 'jwk' })];
    const all = [...keys, ed.export({ format: 'jwk' }), { kty: 'AKP', pub: 'x' }];
    server.answer = serveMetadata(server.issuer, all, FINE);
    const kinds = 'For signatures: RSA 2048, RSA 3072, P-384, Ed25519, ML-DSA.';
    expect((await examine()).Keys).toEqual(['yes', kinds]);
  });

  it.each<[what: string, reason: string, answer: RequestListener]>([
    ['answers 404', 'the answer is not 200', (_req, res) => res.writeHead(404).end('{}')],
    ['answers HTML', 'the answer is no JSON', html],
    [
      'answers 2 MB',
      'the answer is too large',
      (_req, res) => res.writeHead(200).end('x'.repeat(2_000_000)),
    ],
  ])('%s for its keys is told about it', async (_what, reason, answer) => {
    const documents = serveMetadata(server.issuer, [], FINE);
    server.answer = (req, res) => {
      (req.url === '/jwks' ? answer : documents)(req, res);
    };
    expect((await examine()).Keys).toEqual(['no', `The keys cannot be used: ${reason}.`]);
  });

  it.each<[what: string, feature: string, finding: [string, string], metadata: object]>([
    ['has no keys', 'Keys', ['no', 'There is no usable "jwks_uri".'], { jwks_uri: undefined }],
    [
      'has its logout on http:',
      'Logout from the app',
      ['no', 'The End Session endpoint is no https: URL.'],
      { end_session_endpoint: 'http://op.example.com/logout' },
    ],
    [
      'has its revocation on http:',
      'Revocation',
      ['no', 'The endpoint is no https: URL.'],
      { revocation_endpoint: 'http://op.example.com/revoke' },
    ],
    [
      'has its introspection on http:',
      'Introspection',
      ['absent', 'The endpoint is no https: URL.'],
      { introspection_endpoint: 'http://op.example.com/introspect' },
    ],
    [
      'has both channels',
      'Front-channel logout',
      ['absent', 'Not to be registered beside the back-channel, the better one.'],
      { frontchannel_logout_supported: true },
    ],
    [
      'has the front-channel alone',
      'Front-channel logout',
      ['yes', 'Register the URI below.'],
      { frontchannel_logout_supported: true, backchannel_logout_supported: false },
    ],
    [
      'says "true" and not true',
      'Back-channel logout',
      ['no', 'Not offered: a logout elsewhere does not reach the app.'],
      { backchannel_logout_supported: 'true' },
    ],
    [
      'has no sid',
      'Single sessions',
      ['no', 'No sid: a logout from there ends all sessions of the user.'],
      { backchannel_logout_session_supported: false },
    ],
    [
      'tells no algorithms',
      'Signatures',
      ['absent', 'The provider does not tell; RS256 is the default.'],
      { id_token_signing_alg_values_supported: undefined },
    ],
    [
      'has no algorithm for us',
      'Signatures',
      ['no', 'None by a key of the provider that this package takes.'],
      { id_token_signing_alg_values_supported: ['none', 'HS256', 'ES256K', 7] },
    ],
    [
      'has several algorithms, none of them RS256,',
      'Signatures',
      ['yes', 'No RS256: set "algorithms" to [\'PS256\'].'],
      { id_token_signing_alg_values_supported: ['none', 'ES256', 'PS256'] },
    ],
  ])('%s is told about it', async (_what, feature, finding, metadata) => {
    server.answer = serveMetadata(server.issuer, [GOOD_KEY], { ...FINE, ...metadata });
    expect((await examine())[feature]).toEqual(finding);
  });

  const BACK = 'https://app.example.com/oidc/back-channel-logout';
  const FRONT = 'https://app.example.com/oidc/front-channel-logout';

  it.each([
    [true, { backchannel_logout_uri: BACK }],
    [false, { frontchannel_logout_uri: FRONT }],
  ])(
    'has no sid is not asked for it at the registration of one channel (back: %j)',
    async (isBack, uri) => {
      server.answer = serveMetadata(server.issuer, [GOOD_KEY], {
        ...FINE,
        backchannel_logout_session_supported: false,
        backchannel_logout_supported: isBack,
        frontchannel_logout_supported: true,
      });
      const { stdout } = await cli('doctor', server.issuer, '--json');
      expect((JSON.parse(stdout) as { register: object }).register).toEqual({
        post_logout_redirect_uris: ['https://app.example.com/logged-out'],
        ...uri,
        id_token_signed_response_alg: 'RS256',
      });
    },
  );

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
    const { status, stdout, stderr } = await cli('doctor', server.issuer);
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(stdout).toMatch(/^[\x20-\x7e\n]+$/);
    expect(stdout).not.toContain('owned');
  });
});

describe('the doctor', () => {
  it.each(['http://op.example.com', 'https://op.example.com?a=b', 'op', 'https://\u001b[2J'])(
    'refuses the issuer %j',
    async (issuer) => {
      expect(await cli('doctor', issuer)).toEqual({
        status: 1,
        stdout: `${issuer.replace('\u001b', '?')}

  NO   Metadata              The issuer must be an https: URL without query and
                             fragment; see --allow-insecure.

${NOT_DONE}`,
        stderr: '',
      });
    },
  );

  const USAGE = /^Usage: express-oidc-logout doctor <issuer> \[options\]\n(?:.{0,80}\n)+$/;

  it.each([
    ['nothing', []],
    ['another command', ['nurse', 'https://op.example.com']],
    ['no issuer', ['doctor']],
    ['two issuers', ['doctor', 'https://op.example.com', 'https://op.example.org']],
    ['an unknown option', ['doctor', 'https://op.example.com', '--verbose']],
    ['an option without its value', ['doctor', 'https://op.example.com', '--base-url']],
    ['a base URL that is none', ['doctor', 'https://op.example.com', '--base-url', 'app']],
    [
      'a base URL with a query',
      ['doctor', 'https://op.example.com', '--base-url', 'https://app.example.com?a=b'],
    ],
    [
      'a base URL of http: elsewhere than on loopback',
      ['doctor', 'https://op.example.com', '--base-url', 'http://app.example.com'],
    ],
  ])('tells its usage when it is given %s', async (_what, args) => {
    const outcome = await cli(...args);
    expect(outcome).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(USAGE) });
  });

  it('tells its usage when it is asked for it', async () => {
    const usage = expect.stringMatching(USAGE);
    expect(await cli('--help')).toEqual({ status: 0, stdout: usage, stderr: '' });
  });
});
