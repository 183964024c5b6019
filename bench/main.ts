import { writeFile } from 'node:fs/promises';
import { backChannelGroup } from './back-channel/group.ts';
import { type CommandLine, readCommandLine } from './command-line.ts';
import type { Group } from './group.ts';
import { growthGroup } from './growth/group.ts';
import { guardGroup } from './guard/group.ts';
import { logoutGroup } from './logout/group.ts';
import { pushGroup } from './push/group.ts';
import { formatMarkdown, writeReport } from './report.ts';
import { scaleGroup } from './scale/group.ts';
import { describeVersions } from './versions.ts';
import { setUpWorkbench } from './workbench.ts';

const CHART = new URL('./results.svg', import.meta.url);

const GROUPS: ReadonlyMap<string, Group> = new Map([
  ['guard', guardGroup],
  ['logout', logoutGroup],
  ['back-channel', backChannelGroup],
  ['growth', growthGroup],
  ['push', pushGroup],
  ['scale', scaleGroup],
]);

function chooseGroups(names: readonly string[]): [string, Group][] {
  const unknown = names.find((name) => !GROUPS.has(name));
  if (unknown !== undefined) throw new Error(`There is no group ${unknown}`);
  return [...GROUPS].filter(([name]) => names.length === 0 || names.includes(name));
}

/** Only what was measured in full is worth keeping. */
function isFull({ quick, variants, rounds, cpuProfile }: CommandLine): boolean {
  return !quick && !cpuProfile && variants.length === 0 && rounds === undefined;
}

const commandLine = readCommandLine(process.argv.slice(2));
const groups = chooseGroups(commandLine.groups);
const bench = await setUpWorkbench(commandLine);
try {
  const versions = await describeVersions(bench.redis);
  for (const [name, group] of groups) {
    const { text, chart } = await group(bench);
    console.log(`\n${await formatMarkdown(`## ${name}\n${text}`)}`);
    if (!isFull(commandLine)) continue;
    await writeReport([...GROUPS.keys()], versions, new Map([[name, text]]));
    if (chart !== undefined) await writeFile(CHART, chart);
  }
} finally {
  await bench.close();
}
