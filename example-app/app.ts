import { createServer } from 'node:http';
import type { Environment } from './client-settings.ts';
import { closeServer, listen } from './listening.ts';
import { ProviderLogin } from './login/provider-login.ts';
import { createOidc } from './oidc.ts';
import { type OwnProvider, startOwnProvider } from './own-provider.ts';
import { connectRedis } from './redis.ts';
import { routes } from './routes.ts';
import { SettingError } from './setting-error.ts';
import { readSettings, type Settings } from './settings.ts';
import { sendStarting } from './starting.ts';

type Closer = () => Promise<void> | void;

type AppAtProvider = Pick<OwnProvider, 'client'> & Partial<Pick<OwnProvider, 'registerApp'>>;

export interface Example {
  /** Where browsers find the app. */
  readonly url: string;
  /** Where it listens; behind a proxy this is another URL. */
  readonly localUrl: string;
  readonly providerUrl: string;
  close(): Promise<void>;
}

/**
 * Starts the example app, and a provider for it where the environment names none.
 *
 * @throws {@link SettingError} when it cannot start as it is set up.
 */
export async function startExample(env: Environment): Promise<Example> {
  const settings = readSettings(env);
  const closers: Closer[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    return { ...(await start(settings, closers)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(settings: Settings, closers: Closer[]) {
  const server = createServer(sendStarting);
  const port = await listen(server, settings.port).catch((cause: unknown) => {
    throw new SettingError(`PORT: the app cannot listen on ${settings.port}`, { cause });
  });
  closers.push(() => closeServer(server));
  const localUrl = `http://127.0.0.1:${port}`;
  const baseUrl = settings.baseUrl ?? `http://localhost:${port}`;

  const { client, registerApp }: AppAtProvider =
    settings.client === undefined ? await startOwn(baseUrl, closers) : { client: settings.client };
  const provider = await ProviderLogin.discover(client, `${baseUrl}/callback`);
  const redis = settings.redisUrl === undefined ? undefined : await connectRedis(settings.redisUrl);
  closers.push(() => redis?.disconnect());
  const oidc = createOidc(client, baseUrl, redis);
  closers.push(() => oidc.close());
  await registerApp?.(oidc, localUrl);

  const { issuer } = client;
  server.off('request', sendStarting).on('request', routes({ oidc, provider, issuer, baseUrl }));
  return { url: baseUrl, localUrl, providerUrl: issuer };
}

async function startOwn(baseUrl: string, closers: Closer[]): Promise<OwnProvider> {
  const provider = await startOwnProvider(baseUrl);
  closers.push(() => provider.close());
  return provider;
}
