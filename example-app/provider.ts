import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import express from 'express';
// The package's main entry says on the console that Node 20 is too old for it; what is used here runs there.
import { Provider } from 'oidc-provider/lib/provider.js';
import { closeServer, listen } from './listening.ts';
import { configure, type ProviderSettings } from './provider/configuration.ts';
import { interactions } from './provider/interactions.ts';

const STYLE = fileURLToPath(new URL('provider/provider.css', import.meta.url));

export interface ProviderOptions extends ProviderSettings {
  /** Default: any free one. */
  readonly port?: number | undefined;
}

export interface RunningProvider {
  readonly issuer: string;
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a small real OpenID Provider on loopback that keeps everything in memory. */
export async function startProvider({
  port = 0,
  ...settings
}: ProviderOptions): Promise<RunningProvider> {
  const configuration = await configure(settings);
  const app = express().disable('x-powered-by');
  const server = createServer(app);
  const issuer = `http://127.0.0.1:${await listen(server, port)}`;
  const provider = new Provider(issuer, configuration);
  // Every client gets `sid`, not only those with a back-channel logout endpoint.
  provider.Client.prototype.includeSid = () => true;
  app.get('/provider.css', (_req, res) => {
    res.sendFile(STYLE);
  });
  app.use('/interaction', interactions(provider));
  app.use(provider.callback());
  return { issuer, url: issuer, close: () => closeServer(server) };
}
