import type { ClientMetadata } from '../provider/client-metadata.ts';
import type { Examination } from './examination.ts';
import type { Finding } from './finding.ts';

const MARKS: Record<Finding['verdict'], string> = { yes: 'yes', no: 'NO ', absent: '-  ' };
const WIDTH = 80;

/** For a terminal of 80 columns. Only longer URLs exceed a line. */
export function report(
  { issuer, ok, findings }: Omit<Examination, 'offer'>,
  register: ClientMetadata | undefined,
): string {
  const lines = [
    printable(issuer),
    '',
    ...findings.flatMap(findingLines),
    '',
    ...(register === undefined ? [] : registrationLines(register)),
    ok ? 'All of this package works with this provider.' : 'Something will not work: see NO above.',
  ];
  return `${lines.join('\n')}\n`;
}

function registrationLines(register: ClientMetadata): string[] {
  const members = Object.entries(register) as [string, unknown][];
  return [
    'Register at the provider:',
    ...members.flatMap(([name, value]) => [`  ${name}`, `    ${[value].flat().join(' ')}`]),
    '',
  ];
}

function findingLines({ feature, verdict, detail }: Finding): string[] {
  const head = `  ${MARKS[verdict]}  ${feature.padEnd(22)}`;
  return wrapped(detail, WIDTH - head.length).map((line, index) =>
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

// Text of a provider may contain any character.
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
