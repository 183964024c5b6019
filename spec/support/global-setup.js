import { startChromiumLauncher } from './chromium-launcher.js';
import { compilePrograms } from './compile-programs.js';
import requirePrograms from './require-programs.js';

export default async function setUp() {
  requirePrograms();
  await Promise.all([compilePrograms(), startChromiumLauncher()]);
}
