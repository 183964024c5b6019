import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { REPOSITORY } from '../support/consumer-project.ts';

describe('the examples', () => {
  const directory = join(REPOSITORY, 'docs/examples');
  const files = readdirSync(directory).filter((name) => name.endsWith('.ts'));
  const read = (name: string) => readFileSync(join(directory, name), 'utf8');
  const readme = read('README.md');

  it.each(files)('%s is short', (name) => {
    // own-store.ts is a whole store.
    const most = name === 'own-store.ts' ? 150 : 60;
    expect(read(name).trimEnd().split('\n').length).toBeLessThanOrEqual(most);
  });

  it('are all told of', () => {
    const linked = [...readme.matchAll(/\]\(([\w-]+\.ts)\)/g)].map(([, name]) => name);
    expect([...new Set(linked)].sort()).toEqual(files.sort());
  });

  it('import what the line of the installation has, and one another', () => {
    const [, line = ''] = /^npm install (express-oidc-logout .*)$/m.exec(readme) ?? [];
    const imported = files.flatMap((name) => [...read(name).matchAll(/ from '([^']+)';$/gm)]);
    const packages = imported
      .map(([, from = '']) => from)
      .filter((from) => !/^(?:node:|\.\/)/.test(from));
    expect([...new Set(packages), 'tsx'].sort()).toEqual(line.split(' ').sort());
  });

  it('read the variables that are told', () => {
    const cells = [...readme.matchAll(/^\| (`[A-Z][^|]*)\|/gm)].map(([, cell = '']) => cell);
    const patterns = files.map((name) => read(name).match(/const \{.*?\} = process\.env/gs));
    const namesIn = (texts: readonly unknown[]) =>
      [...new Set(texts.join().match(/\b[A-Z][A-Z_]+\b/g))].sort();
    expect(namesIn(cells)).toEqual(namesIn(patterns));
  });
});
