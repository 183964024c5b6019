import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type ConsumerProject,
  createConsumerProject,
  PACKAGE,
  REPOSITORY,
} from './support/consumer-project.ts';
import { ALL, startOidcProvider } from './support/oidc-provider.ts';

const run = promisify(execFile);

let packed: string;
let tarball: string;

beforeAll(async () => {
  packed = await mkdtemp(join(tmpdir(), 'packed-'));
  await rm(join(REPOSITORY, 'dist'), { recursive: true, force: true });
  await run('npm', ['run', 'build'], { cwd: REPOSITORY });
  await run('npm', ['pack', '--pack-destination', packed], { cwd: REPOSITORY });
  const [name = ''] = await readdir(packed);
  tarball = join(packed, name);
}, 60_000);

afterAll(() => rm(packed, { recursive: true, force: true }));

/** A project with the packed package in its `node_modules`, as npm would put it there. */
async function createProject(aliases?: Record<string, string>): Promise<ConsumerProject> {
  const project = await createConsumerProject(aliases);
  const folder = join(project.folder, 'node_modules', PACKAGE);
  await mkdir(folder);
  await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', folder]);
  return project;
}

async function modulesOf(folder: string): Promise<string[]> {
  const files = await readdir(join(REPOSITORY, folder), { recursive: true });
  return files.filter((file) => file.endsWith('.ts')).map((file) => file.slice(0, -'.ts'.length));
}

it('holds the build, the documents, and nothing else', async () => {
  const { stdout } = await run('tar', ['-tzf', tarball]);
  const modules = await modulesOf('lib');
  const built = modules.flatMap((name) => [`dist/${name}.js`, `dist/${name}.d.ts`]);
  const documents = [
    ...['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'package.json'],
    ...[
      'api',
      'back-channel',
      'configuration',
      'events',
      'guard',
      'how-it-works',
      'logout',
      'migration',
      'providers',
      'redis',
      'security',
      'sessions',
      'troubleshooting',
    ].map((name) => `docs/${name}.md`),
    'docs/login.mjs',
    'docs/examples/README.md',
    ...['least-app', 'redis-and-two-processes', 'cookie-session', 'front-end-and-api', 'login']
      .concat(['own-store', 'own-store-app'])
      .map((name) => `docs/examples/${name}.ts`),
  ];
  expect(stdout.trim().split('\n').sort()).toEqual(
    [...built, ...documents].map((file) => `package/${file}`).sort(),
  );
});

const APP = `
const app = express();
app.use('/api', oidcLogout({
  provider: { issuer: 'https://op.example.com', clientId: 'web' },
  audience: 'https://api.example.com',
}).guard());
const server = app.listen(0, '127.0.0.1', () => {
  console.log('Listening on port ' + server.address().port);
});
`;

const ESM = `
import express from 'express';
import { oidcLogout } from '${PACKAGE}';
${APP}`;

const COMMON_JS = `
const express = require('express');
const { oidcLogout } = require('${PACKAGE}');
${APP}`;

describe.each(['express', 'express4'])('the package, installed beside %s', (express) => {
  let project: ConsumerProject;

  beforeAll(async () => {
    project = await createProject({ express });
  });

  afterAll(() => project.close());

  it.each([
    ['imported by an ES module', 'app.mjs', ESM],
    ['required by a CommonJS module', 'app.cjs', COMMON_JS],
  ])('guards an app when it is %s', async (_how, file, text) => {
    await project.write(file, text);
    const { url } = await project.start(['--throw-deprecation', file]);
    const answer = await fetch(`${url}/api`);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="api"');
  });
});

describe('the program of the package', () => {
  let project: ConsumerProject;

  beforeAll(async () => {
    project = await createProject();
  });

  afterAll(() => project.close());

  it('is the doctor', async () => {
    // As npm does it for a "bin".
    const program = join(project.folder, 'node_modules/.bin', PACKAGE);
    await mkdir(join(project.folder, 'node_modules/.bin'));
    await chmod(join(project.folder, 'node_modules', PACKAGE, 'dist/cli.js'), 0o755);
    await symlink(`../${PACKAGE}/dist/cli.js`, program);
    const { issuer, close } = await startOidcProvider(ALL);
    const { stdout } = await run(program, ['doctor', issuer]);
    await close();
    expect(stdout.split('\n').slice(-2).join('\n')).toBe(
      'All of this package works with this provider.\n',
    );
  });
});

describe('the types of the package', () => {
  let project: ConsumerProject;

  beforeAll(async () => {
    project = await createProject();
    await project.write('package.json', '{"type":"module"}');
    await project.write('tsconfig.json', JSON.stringify({ compilerOptions: STRICT }));
  });

  afterAll(() => project.close());

  const STRICT = {
    target: 'es2023',
    module: 'nodenext',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noPropertyAccessFromIndexSignature: true,
    skipLibCheck: false,
    allowImportingTsExtensions: true,
    noEmit: true,
  };

  it('fit a strict consumer and the packed examples, and refuse what is wrong', async () => {
    const packed = join(project.folder, 'node_modules', PACKAGE, 'docs/examples');
    await cp(packed, join(project.folder, 'examples'), { recursive: true });
    await project.write('consumer.ts', TYPED);
    await project.write('consumer.cts', TYPED_COMMON_JS);
    expect(await project.typeCheck()).toBe('');
  }, 120_000);
});

const TYPED_COMMON_JS = `
import express = require('express');
import oidc = require('${PACKAGE}');
const provider = { issuer: 'https://op.example.com', clientId: 'web' };
express().use('/api', oidc.oidcLogout({ provider, audience: 'api' }).guard());
`;

const TYPED = `
import express from 'express';
import { Cluster, Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis5';
import type { TokenEndpointResponse } from 'openid-client';
import {
  HttpError,
  InvalidTokenError,
  type InvalidTokenCause,
  type OidcLogout,
  oidcLogout,
  OidcLogoutError,
  type OidcLogoutOptions,
  SessionEndedError,
  type Store,
  type StoreChange,
  type StoreSubscriber,
  StoreUnavailableError,
  type StoreUpdate,
} from '${PACKAGE}';

const provider = { issuer: 'https://op.example.com', clientId: 'web' };

export class OwnStore implements Store {
  async read(keys: readonly string[]): Promise<(string | undefined)[]> {
    return keys.map((key) => key);
  }
  async update<Result>(keys: readonly string[], change: StoreChange<Result>): Promise<Result> {
    const { result, writes, messages }: StoreUpdate<Result> = change(keys.map(() => null), 1.7e9);
    for (const { key, value, ttl } of writes) console.log(key.trim(), value?.trim(), ttl?.toFixed());
    for (const message of messages) console.log(message.trim());
    return result;
  }
  subscribe(subscriber: StoreSubscriber): () => void {
    subscriber.live();
    return () => {
      subscriber.lost();
    };
  }
}

const every: Required<OidcLogoutOptions> = {
  provider: [
    {
      ...provider,
      clientSecret: undefined,
      postLogoutRedirectUri: ['https://app.example.com/', 'com.example.app:/logged-out'],
      algorithms: ['RS256', 'ES256'],
      logoutTokenTypes: ['at+jwt'],
      accessTokens: { clients: ['web'], withoutAudience: true },
      idTokenHint: 'auto',
      maxRedirectLength: 8000,
      logoutHint: ({ subject, sid }) => subject ?? sid,
      uiLocales: ['fr-CA', 'fr'],
      endSessionParameters: { federated: 'true' },
      endSession: 'standard',
      introspection: 'opaque',
      discovery: false,
      metadata: {
        end_session_endpoint: 'https://op.example.com/logout',
        revocation_endpoint: 'https://op.example.com/revoke',
        introspection_endpoint: 'https://op.example.com/introspect',
      },
      jwks: { keys: [] },
    },
  ],
  redis: new Redis(),
  keyPrefix: 'app:',
  nearCache: { maxStaleness: 5 },
  durability: { replicas: 1, timeout: 0.1 },
  store: new OwnStore(),
  onStoreLoss: 'refuse',
  encryptionKey: new Uint8Array(32),
  audience: ['https://api.example.com'],
  strict: true,
  clockTolerance: 5,
  expiredTokenGrace: 1,
  maxTokenLifetime: 1,
  maxSessionLifetime: 1,
  retryWindow: 0,
  logoutTokenMaxAge: 300,
  bodyLimit: 1,
  errorFormat: 'elasticsearch',
  includeClientId: false,
  onStoreError: 'allow',
  revocation: 'never',
  revocationTimeout: 1,
  revocationDelay: 0,
  tokenCacheSize: 1,
  storeTimeout: 1,
  providerTimeout: 1,
  allowInsecureRequests: false,
};
oidcLogout({ ...every, store: undefined });
oidcLogout({ provider, redis: new Cluster(['127.0.0.1']) });
oidcLogout({ provider, redis: new Redis5() });

// @ts-expect-error: no provider
oidcLogout({});
// @ts-expect-error: a misspelled option
oidcLogout({ provider, audiance: 'api' });
// @ts-expect-error: a misspelled option of a provider
oidcLogout({ provider: { ...provider, clientID: 'web' } });
// @ts-expect-error: no issuer
oidcLogout({ provider: { clientId: 'web' } });
// @ts-expect-error: no number
oidcLogout({ provider, retryWindow: '60' });
// @ts-expect-error: no such choice
oidcLogout({ provider, onStoreError: 'ignore' });
// @ts-expect-error: an address is no client
oidcLogout({ provider, redis: 'redis://127.0.0.1' });
oidcLogout({
  provider: { ...provider, clientSecret: 's', clientAuthentication: { method: 'client_secret_post' } },
});
oidcLogout({ provider: { ...provider, clientAuthentication: { method: 'tls_client_auth', fetch } } });
// @ts-expect-error: no secret
oidcLogout({ provider: { ...provider, clientAuthentication: { method: 'client_secret_post' } } });
// @ts-expect-error: no key
oidcLogout({ provider: { ...provider, clientAuthentication: { method: 'private_key_jwt' } } });
// @ts-expect-error: no such dialect
oidcLogout({ provider: { ...provider, endSession: 'google' } });
// @ts-expect-error: a store that only reads
oidcLogout({ provider, store: { read: () => Promise.resolve([]) } });

const oidc: OidcLogout = oidcLogout({ provider });
const app = express();
app.use('/logout', oidc.logout());
app.use('/api', oidc.guard({ scope: ['read'] }), (req, res) => {
  res.json({ sub: req.auth?.payload.sub, type: req.auth?.header?.typ, token: req.auth?.token });
  // @ts-expect-error: no request has it for certain
  req.auth.token;
});
// @ts-expect-error: an unknown option of a guard
oidc.guard({ scopes: 'read' });
app.use('/own-api', oidc.guard({ token: (req) => req.get('X-Token') }));
app.use('/own-logout', oidc.logout({ tokens: () => ({ access_token: 'a' }), form: true }));
oidc.logout({ tokens: () => ({ refresh_token: 'r' }) });
app.post('/logout', async (req, res) => {
  const url: string | null = await oidc.endSessionUrl(req, res, { idToken: 'a.b.c', returnTo: '/' });
  // @ts-expect-error: an unknown option
  await oidc.endSessionUrl(req, res, { id_token: 'a.b.c' });
  res.redirect(url ?? '/');
});

export async function use(tokens: TokenEndpointResponse): Promise<void> {
  await oidc.sessions.save(tokens);
  await oidc.sessions.rotate(tokens, { access_token: 'a', expires_in: 60 });
  await oidc.sessions.end({ issuer: provider.issuer, sid: 'sid' });
  await oidc.sessions.end({ issuer: provider.issuer, sub: 'sub' });
  // @ts-expect-error: neither sid nor sub
  await oidc.sessions.end({ issuer: provider.issuer });
  // @ts-expect-error: no tokens
  await oidc.sessions.save({});
  // @ts-expect-error: the class of it is not exported
  new oidc.Sessions();
  await oidc.close();
}

oidc
  .on('logout', ({ issuer, subject, sid, repeated }) => {
    const told: [string, string | undefined, string | undefined, boolean] = [
      issuer,
      subject,
      sid,
      repeated,
    ];
    console.log(told);
  })
  .on('revocation', ({ kind, outcome, reason }) => {
    const told: ['access-token' | 'refresh-token', 'revoked' | 'unsupported' | 'skipped' | 'failed'] = [
      kind,
      outcome,
    ];
    console.log(told, reason?.trim());
  })
  .on('invalidated', ({ kind }) => {
    const kinds: 'access-token' | 'refresh-token' | 'session' | 'subject' = kind;
    console.log(kinds);
  });
// @ts-expect-error: no such event
oidc.on('logged-out', () => undefined);
// @ts-expect-error: no event carries a token
oidc.on('logout', ({ token }) => token);

export function explain(error: unknown): string | number {
  if (error instanceof InvalidTokenError) {
    const code: 'ERR_OIDC_LOGOUT_INVALID_TOKEN' = error.code;
    const reason: InvalidTokenCause = error.reason;
    return code + reason + error.headers['WWW-Authenticate'];
  }
  if (error instanceof StoreUnavailableError) return error.reason;
  if (error instanceof SessionEndedError) return error.code satisfies 'ERR_OIDC_LOGOUT_SESSION_ENDED';
  if (error instanceof HttpError) return error.status;
  return error instanceof OidcLogoutError ? error.code : 'unknown';
}
// @ts-expect-error: a base class
new OidcLogoutError();
`;
