import { html, Html } from '../html.ts';

/** The users that the login page offers; any other name is as good. */
const USERS = ['alice', 'bob'];

export const PAGE_HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; img-src data:; style-src 'self'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
};

function page(title: string, content: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/provider.css" />
      </head>
      <body>
        <main>
          <p class="brand">OpenID Provider</p>
          ${content}
        </main>
      </body>
    </html>`.text;
}

export interface LoginPage {
  readonly uid: string;
  readonly clientName: string;
  readonly loginHint?: string | undefined;
  readonly problem?: string | undefined;
}

/** The page that asks who the user is. */
export function loginPage({ uid, clientName, loginHint, problem }: LoginPage): string {
  const users = USERS.map(
    (user) => html`<button class="user" name="user" value="${user}">${displayName(user)}</button>`,
  );
  return page(
    'Log in',
    html`<h1>Log in to ${clientName}</h1>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      <form method="post" action="/interaction/${uid}/login">${users}</form>
      <form method="post" action="/interaction/${uid}/login">
        <label for="user">Or as anyone else</label>
        <div class="row">
          <input
            id="user"
            name="user"
            value="${loginHint}"
            required
            maxlength="64"
            autocomplete="username"
            autocapitalize="none"
            spellcheck="false"
          />
          <button>Log in</button>
        </div>
      </form>
      <form method="post" action="/interaction/${uid}/cancel">
        <button class="plain">Cancel</button>
      </form>`,
  );
}

/** The page that asks for consent to the logout; `form` is the provider's own. */
export function logoutPage(form: string, user: string): string {
  return page(
    'Log out',
    html`<h1>Log out?</h1>
      <p>You are logged in here as <strong>${displayName(user)}</strong>.</p>
      ${new Html(form)}
      <button form="op.logoutForm" name="logout" value="yes">Log out</button>`,
  );
}

export function loggedOutPage(): string {
  return page(
    'Logged out',
    html`<h1>Logged out</h1>
      <p>The provider’s session has ended. You can close this page.</p>`,
  );
}

export function errorPage(error: string, description: string | undefined): string {
  return page(
    'Not possible',
    html`<h1>This is not possible</h1>
      <p>${description ?? error}</p>
      <p><code>${error}</code></p>`,
  );
}

/** A name to show for a user: the demo's users have no other. */
export function displayName(user: string): string {
  return user.charAt(0).toUpperCase() + user.slice(1);
}
