import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ConsumerProject, PACKAGE, REPOSITORY } from '../support/consumer-project.ts';
import { type InstalledProject, installProject, unpackIntoProject } from './installed-project.ts';

const USE = `
const provider = { issuer: 'https://op.example.com', clientId: 'web' };
const oidc: OidcLogout = oidcLogout({ provider, audience: 'api', encryptionKey: new Uint8Array(32) });
const app = express();
app.use('/logout', oidc.logout({ tokens: (req) => ({ access_token: req.get('X-Token') }) }));
app.use('/back-channel-logout', oidc.backChannelLogout());
app.use('/logged-out', oidc.postLogoutCallback(), (req: ReturningRequest, res) => {
  res.redirect(req.postLogout?.returnTo ?? '/');
});
app.get('/orders/:id', oidc.guard({ token: (req) => req.get('X-Token') }), (req, res) => {
  const id: string = req.params.id;
  res.json({ id });
});
app.use('/api', oidc.guard({ scope: 'read' }), (req: GuardedRequest, res) => {
  const auth: RequestAuth | undefined = req.auth;
  res.json({ sub: auth?.payload.sub, typ: auth?.header?.typ });
});
const tokens: TokenResponse = {
  ...{ access_token: 'a', token_type: 'Bearer', expires_in: 60, scope: 'read' },
  ...{ refresh_token: 'r', id_token: 'i' },
};
void oidc.sessions.save(tokens);
const open = (store: Store): StoresUnderTest => ({ store, elsewhere: store, close: () => {} });
export const tests = (store: Store) => storeContract.map(({ run }) => run(() => open(store)));
`;

const TYPES = 'GuardedRequest, OidcLogout, RequestAuth, ReturningRequest, Store, TokenResponse';
const IMPORTED = `
import { oidcLogout } from '${PACKAGE}';
import type { ${TYPES} } from '${PACKAGE}';
import { storeContract } from '${PACKAGE}/store-contract';
import type { StoresUnderTest } from '${PACKAGE}/store-contract';
`;

/** An app beside the other packages that set `req.auth` or log in. */
const BESIDE = `
import express from 'express';
import { auth } from 'express-oauth2-jwt-bearer';
import { expressjwt } from 'express-jwt';
import { auth as login } from 'express-openid-connect';
${IMPORTED}${USE}
app.use('/bearer', auth({ issuerBaseURL: provider.issuer, audience: 'api' }), (req, res) => {
  res.json({ sub: req.auth?.payload.sub, alg: req.auth?.header.alg });
});
app.use('/jwt', expressjwt({ secret: 'secret', algorithms: ['HS256'] }), oidc.guard());
app.use(login({ authRequired: false }), oidc.guard());
`;

const OWN_AUTH = `
import express from 'express';
import { oidcLogout } from '${PACKAGE}';
declare global {
  namespace Express {
    interface Request {
      auth: { userId: number };
    }
  }
}
const provider = { issuer: 'https://op.example.com', clientId: 'web' };
const oidc = oidcLogout({ provider, audience: 'api' });
express().use(oidc.guard(), (req, res) => {
  const id: number = req.auth.userId;
  res.json(id);
});
`;

const FILES = {
  'required.cts': `
import express = require('express');
import whole = require('${PACKAGE}');
${IMPORTED}${USE}
express().use(whole.oidcLogout({ provider, audience: 'api' }).guard());
`,
  'imported.mts': `import express from 'express';${IMPORTED}${USE}`,
  'beside.mts': BESIDE,
};

const VERSIONS = ['5.0', '5.4', '5.9', '6.0', '7.0'];
const SETTINGS = [
  ['node16', true, ['required.cts', 'imported.mts']],
  ['nodenext', false, ['required.cts', 'imported.mts', 'beside.mts']],
  ['bundler', true, ['imported.mts']],
] as const;

function settings(module: string, esModuleInterop: boolean, files: readonly string[]): string {
  const modules =
    module === 'bundler' ? { module: 'esnext', moduleResolution: 'bundler' } : { module };
  return JSON.stringify({
    files,
    compilerOptions: {
      ...{ target: 'es2022', strict: true, exactOptionalPropertyTypes: true, types: ['node'] },
      ...{ ...modules, esModuleInterop, skipLibCheck: false, noEmit: true },
    },
  });
}

/** What the compiler says of the package and of what uses it: others' types may need a newer one. */
function ofUs(complaints: string): string {
  const all = complaints.split(/\n(?=\S)/).filter((each) => each.trim() !== '');
  return all.filter((each) => !/^node_modules\/(?!express-oidc-logout\/)/.test(each)).join('\n');
}

describe('the types compile', () => {
  let project: InstalledProject;

  beforeAll(async () => {
    const compilers = VERSIONS.map((each) => [`typescript-${each}`, `npm:typescript@~${each}.0`]);
    project = await installProject({
      ...(Object.fromEntries(compilers) as Record<string, string>),
      ...{ '@types/express': '^5.0.0', '@types/node': '^20.0.0', express: '^5.0.0' },
      ...{ 'express-jwt': '^8.5.0', 'express-oauth2-jwt-bearer': '^1.10.0' },
      ...{ 'express-openid-connect': '^3.4.0' },
    });
    for (const [file, text] of Object.entries(FILES)) await project.write(file, text);
    await project.write('own-auth.mts', OWN_AUTH);
  }, 300_000);

  afterAll(() => project.close());

  async function compile(version: string, config: string): Promise<string> {
    await project.write('tsconfig.json', config);
    return ofUs(await project.run([`node_modules/typescript-${version}/bin/tsc`]));
  }

  describe.each(VERSIONS)('with TypeScript %s', (version) => {
    it.each(SETTINGS)('and %s, esModuleInterop %s', async (module, esModuleInterop, files) => {
      // TypeScript 6 warns of an interop that is off, and 7 has none.
      const isOn = esModuleInterop || Number(version) >= 6;
      expect(await compile(version, settings(module, isOn, files))).toBe('');
    });
  });

  it('where the app has a Request.auth of its own', async () => {
    expect(await compile('6.0', settings('nodenext', true, ['own-auth.mts']))).toBe('');
  });
});

describe('the types, most strictly', () => {
  let project: ConsumerProject;

  beforeAll(async () => {
    project = await unpackIntoProject();
    await project.write('package.json', '{"type":"module"}');
    await project.write('tsconfig.json', JSON.stringify({ compilerOptions: STRICT }));
  });

  afterAll(() => project.close());

  it('fit an app, the packed quick start and examples, and refuse what is wrong', async () => {
    const packed = join(project.folder, 'node_modules', PACKAGE, 'docs');
    for (const name of ['examples', 'app.mts', 'login.d.mts', 'login.mjs']) {
      await cp(join(packed, name), join(project.folder, name), { recursive: true });
    }
    await cp(join(REPOSITORY, 'spec/consumers/strict-app.ts'), join(project.folder, 'app.ts'));
    expect(await project.typeCheck()).toBe('');
  });
});

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

describe('without the types of Express', () => {
  let project: InstalledProject;

  beforeAll(async () => {
    project = await installProject({
      ...{ '@types/node': '^20.0.0', express: '^5.0.0', typescript: '~6.0.0' },
    });
  }, 300_000);

  afterAll(() => project.close());

  it('every type of the package compiles', async () => {
    await project.write('use.mts', `declare const express: any;${IMPORTED}${UNTYPED}`);
    await project.write('tsconfig.json', settings('nodenext', true, ['use.mts']));
    expect(await project.run(['node_modules/typescript/bin/tsc'])).toBe('');
  });
});

const UNTYPED = USE.replaceAll(', res)', ', res: any)').replace(
  '(req, res: any)',
  '(req: any, res: any)',
);
