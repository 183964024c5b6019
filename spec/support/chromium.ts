import { type Browser, chromium } from 'playwright-core';
import { findChromium } from './require-programs.js';

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts the Chromium of this system, without a window; `switches` are added to the usual ones. */
export function launchChromium(...switches: string[]): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('There is no Chromium on the PATH');
  return chromium.launch({ executablePath, args: [...ARGUMENTS, ...switches] });
}
