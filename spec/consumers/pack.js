import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

/** Packs what was built, once for all files. */
export default function pack({ rootDir }) {
  const folder = mkdtempSync(join(tmpdir(), 'packed-'));
  const options = ['--json', '--pack-destination', folder];
  const told = execFileSync('npm', ['pack', ...options], { cwd: rootDir, encoding: 'utf8' });
  process.env.PACKED = join(folder, JSON.parse(told)[0].filename);
}
