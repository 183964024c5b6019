import { once } from 'node:events';
import type { Provider } from 'oidc-provider';
import { BrowserSession, type Page } from '../../support/browser-session.ts';
import type { RunningApp } from '../../support/consumer-project.ts';
import { targetOf } from '../../support/logout-page.ts';
import { followQuickStart, type QuickStart } from '../../support/quick-start.ts';
import type { RedisServer } from '../../support/redis-server.ts';

/** An API beside that of the README. */
export const ADMIN_AUDIENCE = 'https://admin.example.com/api';

/** Programs at the address of the quick start, with its provider and its `.env`, one after the other. */
export interface Recipes {
  readonly baseUrl: string;
  readonly redis: RedisServer;
  /** Which `sid` the provider gives to the clients of one session. */
  giveSid(kind: 'one for all' | 'one for each client' | 'none'): void;
  start(program: string, env?: Readonly<Record<string, string>>): Promise<void>;
  /** Starts a program as one more client; answers its address. */
  startBeside: (...app: Parameters<QuickStart['startBeside']>) => Promise<string>;
  /** The status and the body of a page, for a browser with these cookies. */
  ask(path: string, cookie: string): Promise<[status: number, body: string]>;
  /** A browser that has logged in, and its cookies. */
  logIn(): Promise<{ readonly browser: BrowserSession; readonly cookie: string }>;
  /** Logs out by the form of the app, and by the provider; answers where the browser ends up. */
  logOut(browser: BrowserSession): Promise<Page>;
  /** Confirms a logout at the provider, at its End Session URL. */
  confirm(browser: BrowserSession, url: string): Promise<Page>;
  /** Logs out at the provider, until its Logout Token has arrived. */
  endAtProvider(browser: BrowserSession): Promise<void>;
  close(): Promise<void>;
}

export async function startRecipes(): Promise<Recipes> {
  const quickStart = await followQuickStart(ADMIN_AUDIENCE);
  const { baseUrl, provider, redis } = quickStart;
  const { Client, Session } = provider.events as Provider;
  const sidOfClient: unknown = Reflect.get(Session.prototype, 'sidFor');
  let app: RunningApp | undefined;

  return {
    baseUrl,
    redis,
    giveSid(kind) {
      Client.prototype.includeSid = () => kind !== 'none';
      const sidFor = kind === 'one for all' ? sidOfSession : sidOfClient;
      Object.assign(Session.prototype, { sidFor });
    },
    async start(program, env) {
      await app?.close(); // with the connections to it
      app = await quickStart.start(program, env);
    },
    async startBeside(program, client) {
      return (await quickStart.startBeside(program, client)).url;
    },
    async ask(path, cookie) {
      const headers = { Accept: 'text/html', cookie };
      const answer = await fetch(baseUrl + path, { headers, redirect: 'manual' });
      return [answer.status, await answer.text()];
    },
    async logIn() {
      const browser = new BrowserSession({ stopAt: 'https:' });
      const asked = await browser.open(`${baseUrl}/login`);
      await browser.submit(asked, '/login', { user: 'alice' });
      return { browser, cookie: browser.cookiesFor(new URL(baseUrl)) };
    },
    confirm,
    async logOut(browser) {
      const home = await browser.open(`${baseUrl}/`);
      const leaving = await browser.submit(home, '/logout', {});
      return confirm(browser, targetOf(leaving.html));
    },
    async endAtProvider(browser) {
      const delivered = once(provider.events as never, 'backchannel.success');
      await confirm(browser, `${provider.issuer}/session/end`);
      await delivered;
    },
    close: () => quickStart.close(),
  };
}

// As Keycloak has it.
function sidOfSession(this: InstanceType<Provider['Session']>, clientId: string): string {
  this.authorizationFor(clientId);
  return this.uid;
}

async function confirm(browser: BrowserSession, url: string): Promise<Page> {
  const asked = await browser.open(url);
  return browser.submit(asked, '/session/end/confirm', { logout: 'yes' });
}
