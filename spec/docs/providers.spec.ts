import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { USAGE } from '../../lib/doctor/usage.ts';
import { oidcLogout } from '../../lib/index.ts';
import { REPOSITORY } from '../support/consumer-project.ts';
import { openPage } from '../support/page.ts';

const PAGE = openPage('docs/providers.md');
const DOCTOR = PAGE.take('sh', 'doctor');
const ISSUERS = [...PAGE.text.matchAll(/issuer: '([^']+)'/g)].map(([, issuer = '']) => issuer);
const CODE = new Map(ISSUERS.map((issuer) => [issuer, PAGE.take('js', `issuer: '${issuer}'`)]));

it.each(ISSUERS)('has options for %s that can be copied, with a guard', (issuer) => {
  const env = { OIDC_CLIENT_SECRET: 'secret', ENCRYPTION_KEY: randomBytes(32) };
  const context = { oidcLogout, process: { env }, redis: undefined };
  const code = `${CODE.get(issuer) ?? ''}\noidc.guard();`;
  expect(() => void runInNewContext(code, context)).not.toThrow();
});

it('says of each provider whether it was tried, and has a section for it', () => {
  const rows = PAGE.table('Provider', 'Known from');
  const knownFrom = new Map(
    rows.map(([name = '', known]) => [/\[.*\]\(#([\w-]+)\)/.exec(name)?.[1] ?? name, known]),
  );
  const sections = PAGE.text.split(/^## /m).filter((section) => /^\*\*/m.test(section));
  const said = sections
    .filter((section) => section.includes('```js'))
    .map((section) => {
      const name = section.slice(0, section.indexOf('\n')).toLowerCase();
      const isTried = section.includes('**Tried**:');
      expect(isTried).not.toBe(section.includes('**From its documentation.**'));
      const anchor = name.replaceAll(' ', '-').replace(/[^\w-]/g, '');
      return [anchor, isTried ? 'tried' : 'its documentation'];
    });
  expect(Object.fromEntries(said)).toEqual(Object.fromEntries(knownFrom));
});

describe('the doctor of the page', () => {
  it('is a command that there is', () => {
    const { name, bin } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
      name: string;
      bin: object;
    };
    expect(DOCTOR).toBe(`npx ${name} doctor https://op.example.com`);
    expect(bin).toEqual({ [name]: 'dist/cli.js' });
  });

  it('has the options of its usage', () => {
    const told = PAGE.table('Option', 'Does').map(([option]) => option);
    const usage = [...USAGE.matchAll(/^ {2}(--[a-z-]+(?: <\w+>)?)/gm)].map(([, option]) => option);
    expect(new Set([...told, '--help'])).toEqual(new Set(usage));
  });
});

it('has no block of code that is not run', () => {
  expect(PAGE.untaken()).toEqual([]);
});
