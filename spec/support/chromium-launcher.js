import { once } from 'node:events';
import { createServer } from 'node:http';
import process from 'node:process';
import { URL } from 'node:url';
import { findChromium, findHeadlessShell } from './require-programs.js';

// As the last switch of this name counts, those that playwright disables are among them.
const DISABLED = [
  'AimEnabled',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsFirstBalancedModeAutoEnable',
  'HttpsUpgrades',
  'LensOverlay',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PaintHolding',
  'PreconnectToSearch',
  'SpareRendererForSitePerProcess',
  'ThirdPartyStoragePartitioning',
  // Pages of Chromium's own in every window, which take more time than those of the specs.
  'WebUIOmniboxAimPopup',
  'WebUIOmniboxFullPopup',
  'WebUIOmniboxPopup',
];

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // One process for all pages of a context: each further one takes longer to start than a page to show.
  '--renderer-process-limit=1',
  '--disable-site-isolation-trials',
  '--in-process-gpu',
  `--disable-features=${DISABLED.join()}`,
];

const HOST = '127.0.0.1';
const browsers = new Map();

async function launch(switches) {
  // Imported here: a run without a browser does without.
  const { chromium } = await import('playwright-core');
  const args = [...ARGUMENTS, ...switches];
  // The switches are those of the whole browser.
  const shell = switches.length === 0 ? findHeadlessShell() : undefined;
  const options = { executablePath: shell ?? findChromium(), host: HOST, args };
  // Chromium itself crashes as it starts, rarely.
  return chromium.launchServer(options).catch(() => chromium.launchServer(options));
}

function browserWith(switches) {
  const key = switches.join(' ');
  const browser = browsers.get(key) ?? launch(switches);
  browsers.set(key, browser);
  return browser;
}

const launcher = createServer((req, res) => {
  const { searchParams } = new URL(req.url, `http://${HOST}`);
  browserWith(searchParams.getAll('switch')).then(
    (browser) => res.end(browser.wsEndpoint()),
    (error) => res.writeHead(500).end(error.message),
  );
});

/** Starts a server that answers where a Chromium listens: one for all specs, launched for the first of them. */
export async function startChromiumLauncher() {
  launcher.listen(0, HOST);
  await once(launcher, 'listening');
  process.env.SPEC_CHROMIUM = `http://${HOST}:${launcher.address().port}`;
}

export async function closeChromiumLauncher() {
  launcher.close();
  launcher.closeAllConnections();
  const launched = await Promise.allSettled(browsers.values());
  await Promise.all(launched.map(({ value }) => value?.close()));
}
