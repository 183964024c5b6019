import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';

const PROGRAMS = {
  'redis-server': {
    names: ['redis-server'],
    packages: { 'apt-get': 'redis-server', dnf: 'redis', apk: 'redis', brew: 'redis' },
  },
  chromium: {
    names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    packages: { 'apt-get': 'chromium', dnf: 'chromium', apk: 'chromium', brew: 'chromium' },
  },
};

const INSTALL = {
  'apt-get': [
    ['apt-get', 'update', '-qq'],
    ['apt-get', 'install', '-y', '-qq', '--no-install-recommends'],
  ],
  dnf: [['dnf', 'install', '-y', '-q']],
  apk: [['apk', 'add', '-q']],
  brew: [['brew', 'install', '-q']],
};

/** The path of the first of these programs that is on the PATH. */
export function findProgram(names) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Of Chromium and its like, the one that is installed. */
export function findChromium() {
  return findProgram(PROGRAMS.chromium.names);
}

/** Chromium's engine without a window takes a third of the time; not every system has a package of it. */
export function findHeadlessShell() {
  return findProgram(['chromium-headless-shell']);
}

function prefixWithoutPassword(manager) {
  if (manager === 'brew' || process.getuid?.() === 0) return [];
  try {
    execFileSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
    return ['sudo', '-n'];
  } catch {
    return undefined;
  }
}

function install(missing) {
  const manager = Object.keys(INSTALL).find((name) => findProgram([name]) !== undefined);
  const packages = missing.map((program) => PROGRAMS[program].packages[manager ?? 'apt-get']);
  const prefix = manager === undefined ? undefined : prefixWithoutPassword(manager);
  if (prefix === undefined) {
    const line = INSTALL[manager ?? 'apt-get'].at(-1).join(' ');
    throw new Error(`The specs need ${missing.join(' and ')}: sudo ${line} ${packages.join(' ')}`);
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const command of INSTALL[manager]) {
    const last = command === INSTALL[manager].at(-1);
    const [program, ...args] = [...prefix, ...command, ...(last ? packages : [])];
    execFileSync(program, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  }
}

/** Installs the servers that the specs run against, where that needs no password; else says how. */
export default function requirePrograms() {
  const missing = Object.keys(PROGRAMS).filter(
    (program) => findProgram(PROGRAMS[program].names) === undefined,
  );
  if (missing.length > 0) install(missing);
}
