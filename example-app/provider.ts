import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import express from 'express';
// The package's main entry says on the console that Node 20 is too old for it; what is used here runs there.
import { Provider } from 'oidc-provider/lib/provider.js';
import { closeServer, listen } from './listening.ts';
import { configure, type ProviderSettings } from './provider/configuration.ts';
import { interactions } from './provider/interactions.ts';
import { createMemoryAdapters } from './provider/memory-adapter.ts';

const STYLE = fileURLToPath(new URL('provider/provider.css', import.meta.url));

export interface ProviderOptions extends ProviderSettings {
  /** Default: any free one. */
  readonly port?: number | undefined;
}

/** A client's metadata under their wire names. */
export interface ClientRegistration {
  readonly client_id: string;
  readonly [member: string]: unknown;
}

export interface RunningProvider {
  readonly issuer: string;
  readonly url: string;
  /** Where it tells what happens in it, such as `backchannel.success`. */
  readonly events: Pick<Provider, 'on'>;
  /** Registers one more client. */
  register(client: ClientRegistration): Promise<void>;
  close(): Promise<void>;
}

/** Starts a small real OpenID Provider on loopback that keeps everything in memory. */
export async function startProvider({
  port = 0,
  ...settings
}: ProviderOptions): Promise<RunningProvider> {
  const adapters = createMemoryAdapters();
  const configuration = await configure(settings, adapters);
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
  return {
    issuer,
    url: issuer,
    events: provider,
    async register(client) {
      await adapters('Client').upsert(client.client_id, client);
    },
    close: () => closeServer(server),
  };
}
