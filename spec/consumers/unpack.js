import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';

export default function unpack() {
  rmSync(dirname(process.env.PACKED), { recursive: true, force: true });
}
