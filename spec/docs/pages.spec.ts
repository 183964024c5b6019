import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { oidcLogout } from '../../lib/index.ts';
import { REPOSITORY } from '../support/consumer-project.ts';
import { openPage } from '../support/page.ts';

const DOCS = readdirSync(join(REPOSITORY, 'docs'), { recursive: true, encoding: 'utf8' });
const PAGES = [...readdirSync(REPOSITORY), ...DOCS.map((name) => join('docs', name))].filter(
  (name) => name.endsWith('.md'),
);

describe('the README', () => {
  const { text } = openPage('README.md');

  it('has at most 150 lines and 1,200 words', () => {
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(150);
    expect(text.trim().split(/\s+/).length).toBeLessThanOrEqual(1200);
  });

  it('leads to every page', () => {
    const linked = linksOf('README.md').map(({ path }) => path);
    const pages = PAGES.filter(
      (path) => !path.startsWith('docs/examples/') && path !== 'README.md',
    );
    expect(pages.filter((path) => !linked.includes(path))).toEqual([]);
  });
});

describe('the pages', () => {
  it.each(PAGES)('%s leads to what there is', (page) => {
    const missing = linksOf(page).filter(({ path, anchor }) => {
      if (!existsSync(join(REPOSITORY, path))) return true;
      return anchor !== undefined && !anchorsOf(path).includes(anchor);
    });
    expect(missing).toEqual([]);
  });

  // What api.md shows comes from lib/; the examples have specs of their own.
  const withCode = PAGES.filter((page) => /^(?:README\.md|docs\/(?!api)[^/]*)$/.test(page)).filter(
    (page) => openPage(page).untaken().length > 0,
  );
  const specs = readdirSync(join(REPOSITORY, 'spec'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.spec.ts'))
    .map((name) => readFileSync(join(REPOSITORY, 'spec', name), 'utf8'));

  it.each(withCode)('%s has a spec, as it has code', (page) => {
    expect(specs.filter((spec) => spec.includes(`'${page}'`))).not.toEqual([]);
  });
});

it('tell a key of which the option takes 32 bytes', () => {
  const [, command = ''] = /`node -p "([^`]+)"`/.exec(openPage('docs/configuration.md').text) ?? [];
  const encryptionKey = execFileSync(process.execPath, ['-p', command], { encoding: 'utf8' });
  const provider = { issuer: 'https://op.example.com', clientId: 'web' };
  expect(encryptionKey).toMatch(/^[\w-]{43}\n$/);
  expect(() => oidcLogout({ provider, encryptionKey: encryptionKey.trim() })).not.toThrow();
});

interface Link {
  readonly path: string;
  readonly anchor: string | undefined;
}

/** The relative links of a page, by the repository's paths. */
function linksOf(page: string): Link[] {
  const { text } = openPage(page);
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', anchor] = target.split('#');
      return { path: path === '' ? page : join(dirname(page), path), anchor };
    });
}

/** The anchors of a page's headings, as GitHub makes them: a heading that comes again gets a number. */
function anchorsOf(path: string): string[] {
  const headings = [...openPage(path).text.matchAll(/^#+ (.*)$/gm)].map(([, text = '']) => text);
  const names = headings.map((text) => {
    const letters = text.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '');
    return letters.replaceAll(' ', '-');
  });
  return names.map((name, index) => {
    const before = names.slice(0, index).filter((other) => other === name).length;
    return before === 0 ? name : `${name}-${before}`;
  });
}
