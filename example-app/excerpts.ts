import { readFileSync } from 'node:fs';
import { html, type Html } from './html.ts';

/** The statements of this app's source that do what a step of the page tells. */
const EXCERPTS = {
  'log-in': [
    ['oidc.ts', 'return oidcLogout({'],
    ['login/logins.ts', 'await this.#oidc.sessions.save(tokens);'],
  ],
  call: [['routes.ts', "app.use('/api',"]],
  'log-out': [['routes.ts', "app.use('/_security/oidc/logout',"]],
  provider: [
    ['routes.ts', "app.use('/logged-out',"],
    ['page.ts', 'const outcome ='],
  ],
  elsewhere: [
    ['routes.ts', "app.use('/oidc/back-channel-logout',"],
    ['routes.ts', "oidc.on('session-ended',"],
  ],
} as const;

/** A page with the code in place of `<!-- code: step -->`, as the files have it now. */
export function withExcerpts(page: string): string {
  return page.replace(/<!-- code: ([\w-]+) -->/g, (_comment, step: keyof typeof EXCERPTS) => {
    const excerpts = EXCERPTS[step].map(([file, start]) => excerpt(file, start));
    return html`<div class="code">${excerpts}</div>`.text;
  });
}

function excerpt(file: string, start: string): Html {
  const code = statement(readFileSync(new URL(file, import.meta.url), 'utf8'), start);
  return html`<figure>
    <figcaption>example-app/${file}</figcaption>
    <pre><code>${code}</code></pre>
  </figure>`;
}

/** From the line that starts so: with what is indented deeper below, and the line that closes it. */
function statement(source: string, start: string): string {
  const lines = source.split('\n');
  const first = lines.findIndex((line) => line.trimStart().startsWith(start));
  const indent = lines[first]?.search(/\S/);
  if (indent === undefined) throw new Error(`No line of the app starts with ${start}`);
  const isDeeper = (line = '') => line.search(/\S/) > indent;
  let last = first;
  while (isDeeper(lines[last + 1])) last += 1;
  if (last > first) last += 1;
  return lines
    .slice(first, last + 1)
    .map((line) => line.slice(indent))
    .join('\n');
}
