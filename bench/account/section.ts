import { writeNumber } from '../write-number.ts';
import type { Account } from './account.ts';
import { ORIGINS } from './origins.ts';

const ABOUT = `
Where the time of a request goes, in microseconds: the CPU time of the main thread, as in the tables above, by the shares
of a CPU profile of further rounds. A call of V8, of Node or of a small package counts for the folder or package that
makes the call; that of \`node:crypto\` has a row of its own. What a call wakes, another thread or process, may delay it
on the same core, and then shows as its own. \`Node, elsewhere\` has no such caller: sockets, timers, promises. \`Other
threads\` are those of Node: signatures, a part of the collection, the compiler.
`;

/** The accounts beside each other, in Markdown. */
export function writeAccounts(accounts: readonly Account[]): string {
  const line = (name: string, valueOf: (account: Account) => number, digits = 1) =>
    `| ${[name, ...accounts.map((each) => writeNumber(valueOf(each), digits))].join(' | ')} |`;
  const lines = [
    `| ${['', ...accounts.map(({ title }) => title)].join(' | ')} |`,
    `| --- |${' ---: |'.repeat(accounts.length)}`,
    ...ORIGINS.map((origin) => line(origin, ({ shares, whole }) => shares.of(origin) * whole.main)),
    line('other threads', ({ whole }) => whole.server - whole.main),
    line('**sum**', ({ whole }) => whole.server),
    line('`bare` alone', ({ bare }) => bare?.server ?? NaN),
  ];
  return ['## The account', ABOUT, lines.join('\n')].join('\n\n');
}

/** The functions of lib that take most of the time, for the one who wants to make them faster. */
export function listFunctions({ title, shares, whole }: Account): string {
  const functions = shares
    .functions()
    .map(([name, share]) => `${writeNumber(share * whole.main, 1).padStart(6)} ${name}`)
    .slice(0, 25);
  return [title, ...functions].join('\n');
}
