import { writeNumber } from '../write-number.ts';
import { spreadOf, writeSpread } from './spread.ts';

// Less is not proved on such a machine.
const FLAT = 1.1;

/** What was measured, by its name. */
export type Figures = Readonly<Record<string, readonly number[]>>;

export interface Row {
  readonly size: number;
  readonly figures: Figures;
}

export interface Section {
  readonly title: string;
  /** Markdown. */
  readonly about: string;
  /** What grows. */
  readonly of: string;
  readonly rows: readonly Row[];
}

export function writeSection({ title, about, of, rows }: Section): string {
  const names = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))];
  const lines = [
    `| ${[of, ...names].join(' | ')} |`,
    `|${' ---: |'.repeat(names.length + 1)}`,
    ...rows.map(({ size, figures }) => {
      const cells = names.map((name) => writeCell(figures[name]));
      return `| ${[writeNumber(size), ...cells].join(' | ')} |`;
    }),
  ];
  const growths = names.map((name) => ({
    name,
    growth: growthOf(rows.map(({ figures }) => figures[name] ?? [])),
  }));
  return [`## ${title}`, about, lines.join('\n'), judge(growths)].join('\n\n');
}

function writeCell(values?: readonly number[]): string {
  const spread = spreadOf(values);
  return spread === undefined ? '' : writeSpread(spread);
}

/** From the first size to the last, how many times as much; `undefined` where that is not told apart. */
function growthOf(values: readonly (readonly number[])[]): number | undefined {
  const known = values.map(spreadOf).filter((spread) => spread !== undefined);
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const isTold = last.low > first.high && last.median > FLAT * first.median;
  return isTold ? last.median / first.median : undefined;
}

function judge(growths: readonly { name: string; growth: number | undefined }[]): string {
  const flat = growths.filter(({ growth }) => growth === undefined).map(({ name }) => name);
  const growing = growths.flatMap(({ name, growth }) =>
    growth === undefined ? [] : `${name} (${writeNumber(growth, 1)} times)`,
  );
  return [
    flat.length === 0 ? '' : `Flat: ${flat.join(', ')}.`,
    growing.length === 0 ? '' : `Grows from the first row to the last: ${growing.join(', ')}.`,
  ]
    .join(' ')
    .trim();
}
