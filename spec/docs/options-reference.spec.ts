import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { PAGE, readComments, renderPage, TABLES } from './options-reference.ts';

describe('docs/configuration.md', () => {
  it('has the tables of options as the code has them: else run npm run docs', async () => {
    expect(readFileSync(PAGE, 'utf8')).toBe(await renderPage());
  });
});

// Comments write a word without the quotes that it has in code.
function bare(text: string): string {
  return text.replace(/[`']/g, '');
}

describe('the comment of each option', () => {
  const options = Object.entries(TABLES).flatMap(([heading, table]) => {
    const comments = readComments(heading);
    return Object.entries(table).map(([name, { standard }]) => {
      return { heading, name, standard, comment: comments.get(name) };
    });
  });

  it.each(options)('$name ($heading) tells its default, where it has one', (option) => {
    const { standard = 'required', comment } = option;
    expect(comment?.text).not.toBe('');
    const told = bare(comment?.standard ?? 'required');
    expect(told.slice(0, bare(standard).length)).toBe(bare(standard));
  });
});
