import { BrowserSession, type Page } from './browser-session.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export interface Prepared {
  readonly redirect: string;
  readonly state: string;
  readonly nonce: string;
  readonly realm: string;
}

export interface Authenticated {
  readonly username: string;
  readonly access_token: string;
  readonly refresh_token: string;
}

export interface TrioOptions {
  /** Where the app listens. */
  readonly url: string;
  /** Where browsers find it. Default: where it listens. */
  readonly baseUrl?: string;
  readonly browser?: BrowserSession;
}

/** A caller of the example app's trio, with the browser of its user. */
export class Trio {
  readonly browser: BrowserSession;
  readonly #url: string;

  /** The browser is a new one, unless one is given that is used for other apps too. */
  constructor({ url, baseUrl = url, browser }: TrioOptions) {
    this.#url = url;
    this.browser = browser ?? new BrowserSession({ stopAt: `${baseUrl}/` });
  }

  post(name: 'prepare' | 'authenticate' | 'logout', body: unknown): Promise<Answer> {
    return this.#ask(`/_security/oidc/${name}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  callApi(accessToken: string): Promise<Answer> {
    return this.#ask('/api/me', { headers: { Authorization: `Bearer ${accessToken}` } });
  }

  async prepare(fields: object = { realm: 'oidc1' }): Promise<Prepared> {
    return (await this.post('prepare', fields)).body as Prepared;
  }

  /** The user logs in at the provider; the page is where the browser is sent then. */
  async logInAtProvider({ redirect }: Prepared, user: string): Promise<Page> {
    const page = await this.browser.open(redirect);
    return this.browser.submit(page, '/login', { user });
  }

  async logIn(user = 'alice'): Promise<Authenticated> {
    const prepared = await this.prepare();
    return this.#authenticate(prepared, await this.logInAtProvider(prepared, user));
  }

  /** Logs in by the session that the browser has at the provider, which asks nothing. */
  async joinSession(): Promise<Authenticated> {
    const prepared = await this.prepare();
    return this.#authenticate(prepared, await this.browser.open(prepared.redirect));
  }

  async logOut({ access_token, refresh_token }: Authenticated): Promise<string> {
    const answer = await this.post('logout', { access_token, refresh_token });
    return (answer.body as { redirect: string }).redirect;
  }

  async #authenticate({ state, nonce }: Prepared, { url }: Page): Promise<Authenticated> {
    const answer = await this.post('authenticate', { redirect_uri: url.href, state, nonce });
    return answer.body as Authenticated;
  }

  async #ask(path: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(this.#url + path, init);
    const text = await response.text();
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    return { status: response.status, headers: response.headers, body };
  }
}
