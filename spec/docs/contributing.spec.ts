import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { REPOSITORY } from '../support/consumer-project.ts';

const read = (name: string) => readFileSync(join(REPOSITORY, name), 'utf8');

describe('CONTRIBUTING.md', () => {
  const page = read('CONTRIBUTING.md');

  it('is at most 90 lines long', () => {
    expect(page.trimEnd().split('\n').length).toBeLessThanOrEqual(90);
  });

  it('has commands that there are', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const commands = [...page.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name);
    expect(commands).toContain('check');
    expect(commands.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('leads to files that there are', () => {
    const links = [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, path = '']) => path);
    const named = [...page.matchAll(/`((?:lib|spec|docs)\/[\w./-]*)`/g)].map(
      ([, path = '']) => path,
    );
    expect(named).toContain('lib/http/');
    const paths = [...links, ...named];
    expect(paths.filter((path) => !existsSync(join(REPOSITORY, path)))).toEqual([]);
  });
});
