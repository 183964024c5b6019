/** What a browser shows, or where it is about to go. */
export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly html: string;
}

interface Cookie {
  readonly host: string;
  readonly path: string;
  readonly name: string;
  readonly value: string;
}

interface Visit {
  readonly method: 'GET' | 'POST';
  readonly body?: URLSearchParams;
  /** Of the page with the form. */
  readonly origin?: string;
}

const MOST_REDIRECTS = 10;
const FORM = /<form\b([^>]*)>(.*?)<\/form>/gs;

/** A browser without a window: it keeps cookies, follows redirects and submits forms. */
export class BrowserSession {
  readonly #stopAt: string;
  #cookies: Cookie[] = [];

  /** A redirect to a URL that begins with `stopAt` is not followed, but returned. */
  constructor({ stopAt }: { readonly stopAt: string }) {
    this.#stopAt = stopAt;
  }

  open(url: string): Promise<Page> {
    return this.#visit(new URL(url), { method: 'GET' });
  }

  /** Submits the form of a page whose action has a path that ends so, with its hidden fields and these. */
  submit({ html, url }: Page, actionEnd: string, fields: Record<string, string>): Promise<Page> {
    for (const [, attributes = '', content = ''] of html.matchAll(FORM)) {
      const action = new URL(attributeOf(attributes, 'action') ?? '', url);
      if (!action.pathname.endsWith(actionEnd)) continue;
      const body = new URLSearchParams({ ...hiddenFields(content), ...fields });
      return this.#visit(action, { method: 'POST', body, origin: url.origin });
    }
    throw new Error(`There is no form with an action …${actionEnd}`);
  }

  /** The value of the header with which this browser's cookies go to a URL. */
  cookiesFor(url: URL): string {
    return this.#cookies
      .filter(({ host, path }) => host === url.hostname && isWithin(url.pathname, path))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  }

  /** What a script of a page fetches with its cookies; a redirect is not followed. */
  async fetch(url: URL, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    const cookie = this.cookiesFor(url);
    if (cookie !== '') headers.set('Cookie', cookie);
    // A connection that is kept would lead to the app that was at this address before.
    headers.set('Connection', 'close');
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const setCookie of response.headers.getSetCookie()) this.#keep(setCookie, url);
    return response;
  }

  async #visit(start: URL, visit: Visit): Promise<Page> {
    let url = start;
    let request = visit;
    for (let count = 0; count < MOST_REDIRECTS; count += 1) {
      const response = await this.#request(url, request);
      const location = response.headers.get('location');
      if (location === null) return { url, status: response.status, html: await response.text() };
      await response.arrayBuffer();
      url = new URL(location, url);
      if (url.href.startsWith(this.#stopAt)) return { url, status: response.status, html: '' };
      request = { method: 'GET' };
    }
    throw new Error('There are too many redirects');
  }

  #request(url: URL, { origin, ...visit }: Visit): Promise<Response> {
    const headers = { Accept: 'text/html', ...(origin !== undefined && { Origin: origin }) };
    return this.fetch(url, { ...visit, headers });
  }

  #keep(setCookie: string, url: URL): void {
    const [pair = '', ...rest] = setCookie.split(/; */);
    const [name = '', value = ''] = pair.split('=');
    const attributes = new Map(
      rest.map((attribute) => {
        const [key = '', text = ''] = attribute.split('=');
        return [key.toLowerCase(), text];
      }),
    );
    const host = url.hostname;
    const path = attributes.get('path') ?? '/';
    const expires = new Date(attributes.get('expires') ?? Infinity);
    this.#cookies = this.#cookies.filter(
      (cookie) => cookie.host !== host || cookie.path !== path || cookie.name !== name,
    );
    if (!(expires.getTime() < Date.now())) this.#cookies.push({ host, path, name, value });
  }
}

function isWithin(pathname: string, path: string): boolean {
  return pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`);
}

function hiddenFields(content: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [, attributes = ''] of content.matchAll(/<input\b([^>]*)>/g)) {
    if (attributeOf(attributes, 'type') !== 'hidden') continue;
    fields[attributeOf(attributes, 'name') ?? ''] = attributeOf(attributes, 'value') ?? '';
  }
  return fields;
}

function attributeOf(attributes: string, name: string): string | undefined {
  return new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1]?.replaceAll('&amp;', '&');
}
