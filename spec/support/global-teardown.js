import { closeChromiumLauncher } from './chromium-launcher.js';
import { removePrograms } from './compile-programs.js';

export default async function tearDown() {
  await Promise.all([removePrograms(), closeChromiumLauncher()]);
}
