import { startProvider, type RunningProvider } from '../../example-app/provider.ts';
import { BrowserSession } from './browser-session.ts';
import type { RunningApp } from './consumer-project.ts';
import { openPage } from './page.ts';
import { createPageProject, type PageProject } from './page-project.ts';
import { startRedisPort } from './redis-port.ts';
import { type RedisServer, startRedisServer } from './redis-server.ts';
import { startSocketPort } from './socket-port.ts';

const README = openPage('README.md');
const ENVIRONMENT = README.take('ini', 'OIDC_ISSUER');
const START = README.take('sh', 'node --env-file');
const COPY_LOGIN = README.take('sh', 'cp ').split('\n').at(-1) ?? '';

/** The program of the quick start. */
export const QUICK_START = README.take('js', 'oidc.guard({ token })');

/** The program with these lines before it listens. */
export function withLines(...lines: readonly string[]): string {
  return QUICK_START.replace(/^const server = /m, `${lines.join('\n')}\n$&`);
}

/** A project in which the README was followed, with a real provider that knows the app by the README's URIs. */
export interface QuickStart {
  readonly baseUrl: string;
  readonly redis: RedisServer;
  readonly provider: RunningProvider;
  readonly project: PageProject;
  /** Starts a program, which is then the one at `baseUrl`. */
  start(program: string, env?: Readonly<Record<string, string>>): Promise<RunningApp>;
  /** Has this app be the one at `baseUrl`. */
  lead(app: RunningApp): void;
  /** Starts a program with this environment as one more client, at an address of its own. */
  startBeside(program: string, client: ClientEnvironment): Promise<RunningApp>;
  /** A browser that has logged in at `baseUrl`. */
  logIn(): Promise<BrowserSession>;
  close(): Promise<void>;
}

/** What one client's environment has in place of that of the README. */
export interface ClientEnvironment {
  readonly OIDC_CLIENT_ID: string;
  readonly OIDC_CLIENT_SECRET: string;
  readonly [name: string]: string;
}

/** `audiences`: of further APIs at the provider. */
export async function followQuickStart(...audiences: readonly string[]): Promise<QuickStart> {
  const [redis, front, project, provider] = await Promise.all([
    startRedisServer(),
    openFront(),
    createPageProject(),
    startProvider({ resource: [valueOf('OIDC_AUDIENCE'), ...audiences], clients: [] }),
  ]);
  const redisPort = await startRedisPort(redis.path);
  const fronts = [front];
  const { baseUrl, lead } = front;
  const register = (id: string, secret: string, url: string) =>
    provider.register({
      client_id: id,
      client_secret: secret,
      grant_types: ['authorization_code', 'refresh_token'],
      ...registeredUris(url),
    });
  await register(valueOf('OIDC_CLIENT_ID'), valueOf('OIDC_CLIENT_SECRET'), baseUrl);
  const values: Record<string, string> = {
    ...{ OIDC_ISSUER: provider.issuer, BASE_URL: baseUrl, PORT: '0', REDIS_URL: redisPort.url },
  };
  const environment = ENVIRONMENT.replaceAll(/^(\w+)=.*$/gm, (line, name: string) =>
    values[name] === undefined ? line : `${name}=${values[name]}`,
  );
  await project.write('.env', environment); // as editors leave it that end no last line
  await project.sh(`${COPY_LOGIN}\n${START.slice(0, START.lastIndexOf('\n'))}`);
  let count = 0;
  async function startProgram(program: string, env?: Readonly<Record<string, string>>) {
    const file = `app-${++count}.mjs`;
    await project.write(file, program);
    return project.start(['--env-file=.env', file], env);
  }

  return {
    lead,
    baseUrl,
    redis,
    provider,
    project,
    async start(program, env) {
      const app = await startProgram(program, env);
      lead(app);
      return app;
    },
    async startBeside(program, client) {
      const own = await openFront();
      fronts.push(own);
      await register(client.OIDC_CLIENT_ID, client.OIDC_CLIENT_SECRET, own.baseUrl);
      const app = await startProgram(program, { ...client, BASE_URL: own.baseUrl });
      own.lead(app);
      return { ...app, url: own.baseUrl };
    },
    async logIn() {
      const browser = new BrowserSession({ stopAt: 'https:' });
      const page = await browser.open(`${baseUrl}/login`);
      const home = await browser.submit(page, '/login', { user: 'alice' });
      if (home.url.href !== `${baseUrl}/`) throw new Error(home.html);
      return browser;
    },
    async close() {
      await project.close();
      await Promise.all([...fronts, provider, redisPort].map((server) => server.close()));
      await redis.close();
    },
  };
}

/** The address of an app that is started later. */
async function openFront() {
  const target = { port: 0 };
  const socket = await startSocketPort(() => ({ ...target, host: '127.0.0.1' }));
  return {
    baseUrl: `http://localhost:${socket.port}`,
    lead: ({ url }: RunningApp) => {
      target.port = Number(new URL(url).port);
    },
    close: () => socket.close(),
  };
}

function valueOf(name: string): string {
  return new RegExp(`^${name}=(.*)$`, 'm').exec(ENVIRONMENT)?.[1] ?? '';
}

/** What the README says to register, at another address. */
function registeredUris(baseUrl: string) {
  const told = README.text.matchAll(/`http:\/\/localhost:3000(\/[^`]+)`/g);
  const [callback = '', loggedOut = '', backChannel = ''] = [...told].map(([, path = '']) => path);
  return {
    redirect_uris: [baseUrl + callback],
    post_logout_redirect_uris: [baseUrl + loggedOut],
    // The app listens on this address of loopback only.
    backchannel_logout_uri: baseUrl.replace('localhost', '127.0.0.1') + backChannel,
    backchannel_logout_session_required: true,
  };
}
