import { html } from './html.ts';

export interface Failure {
  readonly status: number;
  readonly title: string;
  readonly text: string;
  /** The provider's error code. */
  readonly code?: string | undefined;
}

/** The page for what went wrong: fixed text, and no more than a code from outside. */
export function failurePage({ title, text, code }: Failure): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title}</title>
        <link rel="icon" href="/assets/icon.svg" />
        <link rel="stylesheet" href="/assets/page.css" />
      </head>
      <body>
        <main>
          <section class="card">
            <h1>${title}</h1>
            <p>${text}</p>
            ${code && html`<p>Error code: <code>${code}</code></p>`}
            <p class="actions">
              <a class="button" href="/login">Log in</a>
              <a class="button quiet" href="/">Start page</a>
            </p>
          </section>
        </main>
      </body>
    </html>`.text;
}
