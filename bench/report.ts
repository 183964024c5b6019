import { readFile, writeFile } from 'node:fs/promises';
import { format } from 'prettier';

const FILE = new URL('./RESULTS.md', import.meta.url);

const HEAD = `# Results

What a request costs, side by side with other packages and with code by hand, all on Express and ioredis.
Each variant has a server process of its own (NODE_ENV=production), which is warmed up first, and another process
that sends the requests over loopback and checks every status. Variants take turns, round by round; a figure is the median of the
rounds. CPU per request is the user and system time of all threads of the server's process during the run,
by the number of requests: it depends less than requests/s on what else the machine does. A percentile is
what clients saw while all of them sent as fast as they could. \`npm run bench\` measures it all anew.
`;

/** Groups by their headings, each with its text. */
export type Sections = ReadonlyMap<string, string>;

/** Writes these sections; those of other groups stay as they were. */
export async function writeReport(
  headings: readonly string[],
  versions: string,
  measured: Sections,
): Promise<void> {
  const kept = await readSections();
  const sections = headings.flatMap((heading) => {
    const text = measured.get(heading) ?? kept.get(heading);
    return text === undefined ? [] : [`## ${heading}\n\n${text}`];
  });
  await writeFile(FILE, await formatMarkdown([HEAD, `${versions}.`, ...sections].join('\n\n')));
}

export function formatMarkdown(text: string): Promise<string> {
  return format(text, { parser: 'markdown', printWidth: 100 });
}

async function readSections(): Promise<Sections> {
  const report = await readFile(FILE, 'utf8').catch(() => '');
  const [, ...sections] = report.split(/^## /m);
  return new Map(
    sections.map((section): [string, string] => {
      const end = section.indexOf('\n');
      return [section.slice(0, end), section.slice(end).trim()];
    }),
  );
}
