import { join } from 'node:path';

/** Where a TypeScript file or a folder of this repository is compiled, or where all of them are. */
export function compiled(path = ''): string {
  return join(process.env.SPEC_PROGRAMS ?? '', path.replace(/\.ts$/, '.js'));
}
