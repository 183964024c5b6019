import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from './consumer-project.ts';

interface Block {
  readonly language: string;
  readonly code: string;
}

/** A page of the documentation, and its blocks of code. */
export interface Page {
  readonly text: string;
  /** The one block that contains this text. What is taken is run, or compared with what runs. */
  take(language: string, text: string): string;
  /** The blocks that nobody took, but for pictures. */
  untaken(): string[];
  /** The cells of the rows of the tables that have these columns, without their backticks. */
  table(...columns: readonly string[]): string[][];
}

const FENCED = /^```(\w*)\n(.*?)^```$/gms;
const FENCE = /^\s*(?:```|~~~)/gm;

/** `path` is that in the repository. */
export function openPage(path: string): Page {
  const text = readFileSync(join(REPOSITORY, path), 'utf8');
  const blocks = [...text.matchAll(FENCED)].map(([, language = '', code = '']): Block => ({
    language,
    code: code.trim(),
  }));
  if (text.match(FENCE)?.length !== 2 * blocks.length && blocks.length > 0) {
    throw new Error(`${path} has a fence that is no block`);
  }
  const taken = new Set<Block>();

  return {
    text,
    take(language, part) {
      const found = blocks.filter(
        (block) => block.language === language && block.code.includes(part),
      );
      const [block] = found;
      if (block === undefined || found.length > 1) throw new Error(`Not one block has: ${part}`);
      taken.add(block);
      return block.code;
    },
    untaken() {
      const code = blocks.filter(({ language }) => language !== 'text');
      return code.filter((block) => !taken.has(block)).map((block) => block.code);
    },
    table(...columns) {
      const lines = text.split('\n');
      const isHead = (line: string) => columns.every((column) => cells(line).includes(column));
      return lines.flatMap((line, index) => {
        if (!isHead(line)) return [];
        const rows = lines.slice(index + 2);
        return rows.slice(0, rows.indexOf('')).map(cells);
      });
    },
  };
}

function cells(line: string): string[] {
  const row = line.split(/(?<!\\)\|/).slice(1, -1);
  return row.map((cell) => cell.trim().replaceAll('`', ''));
}
