import type { ClientMetadata } from '../provider/client-metadata.ts';
import type { Arguments } from './arguments.ts';
import type { Finding, Level } from './finding.ts';
import { type Prescription, sourceOf } from './prescription.ts';

export interface Report extends Partial<Prescription> {
  readonly issuer: string | undefined;
  /** Whether nothing is wrong. */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

const MARKS: Record<Level, string> = {
  fine: 'fine ',
  risky: 'RISKY',
  wrong: 'WRONG',
  unknown: '?    ',
};
const WIDTH = 80;

/** For a terminal of 80 columns. Only longer URLs exceed a line. */
export function textOf(report: Report, given: Arguments): string {
  const { issuer, findings, product, notes = [], register, options } = report;
  const sections = [
    issuer === undefined ? [] : [issuer],
    findings.flatMap(findingLines),
    notes.length === 0 ? [] : [`${product}:`, ...notes.flatMap(noteLines)],
    register === undefined ? [] : registrationLines(register),
    options === undefined ? [] : ['Options of oidcLogout():', ...sourceOf(options, given)],
    [summaryOf(findings)],
  ];
  const lines = sections.filter(({ length }) => length > 0).map((section) => section.join('\n'));
  return `${lines.join('\n\n')}\n`.replaceAll(UNPRINTABLE, '?');
}

// Text of a provider may contain any character.
const UNPRINTABLE = /[^\x20-\x7e\n]/g;

function summaryOf(findings: readonly Finding[]): string {
  const count = (level: Level) => findings.filter((finding) => finding.level === level).length;
  const rest = `${count('risky')} risky, ${count('unknown')} not known.`;
  return count('wrong') > 0 ? `Something is wrong. ${rest}` : `Nothing is wrong. ${rest}`;
}

function registrationLines(register: ClientMetadata): string[] {
  const members = Object.entries(register) as [string, unknown][];
  return [
    'Register at the provider:',
    ...members.flatMap(([name, value]) => [`  ${name}`, `    ${[value].flat().join(' ')}`]),
  ];
}

function findingLines({ feature, level, detail }: Finding): string[] {
  return hanging(`  ${MARKS[level]}  ${feature.padEnd(20)}  `, detail);
}

function noteLines(note: string): string[] {
  return hanging('  - ', note);
}

function hanging(head: string, text: string): string[] {
  return wrapped(text, WIDTH - head.length).map((line, index) =>
    index === 0 ? head + line : ' '.repeat(head.length) + line,
  );
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
