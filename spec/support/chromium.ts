import { type Browser, chromium } from 'playwright-core';

/**
 * Connects to the Chromium of this run, without a window; `switches` are added to the usual ones.
 * To close the browser closes the pages of this connection.
 */
export async function connectToChromium(...switches: string[]): Promise<Browser> {
  const query = new URLSearchParams(switches.map((name) => ['switch', name]));
  const response = await fetch(`${process.env.SPEC_CHROMIUM ?? ''}?${query}`);
  const answer = await response.text();
  if (!response.ok) throw new Error(answer);
  return chromium.connect(answer);
}
