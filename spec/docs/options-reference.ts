import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import ts from 'typescript';
import { FRONT_CHANNEL_LOGOUT_OPTIONS } from '../../lib/http/front-channel-logout-options.ts';
import { GUARD_OPTIONS } from '../../lib/http/guard.ts';
import { LOGOUT_OPTIONS } from '../../lib/http/logout-options.ts';
import type { Option } from '../../lib/input/option.ts';
import { ACCESS_TOKEN_OPTIONS } from '../../lib/options/access-token-options.ts';
import { OIDC_LOGOUT_OPTIONS } from '../../lib/options/oidc-logout-options.ts';
import { PROVIDER_OPTIONS } from '../../lib/options/provider-options.ts';
import { DURABILITY_OPTIONS, NEAR_CACHE_OPTIONS } from '../../lib/options/store-options.ts';
import { REPOSITORY } from '../support/consumer-project.ts';

export type Table = Readonly<
  Record<string, Option<unknown, unknown> & { readonly standard?: string }>
>;

/** The tables of options, by their headings on the page. */
export const TABLES: Readonly<Record<string, Table>> = {
  'Options of `oidcLogout()`': OIDC_LOGOUT_OPTIONS,
  'Members of `provider`': PROVIDER_OPTIONS,
  'Members of `provider.accessTokens`': ACCESS_TOKEN_OPTIONS,
  'Members of `nearCache`': NEAR_CACHE_OPTIONS,
  'Members of `durability`': DURABILITY_OPTIONS,
  'Options of `logout()`': LOGOUT_OPTIONS,
  'Options of `frontChannelLogout()`': FRONT_CHANNEL_LOGOUT_OPTIONS,
  'Options of `guard()`': GUARD_OPTIONS,
};
const SOURCES = [
  'lib/options/oidc-logout-options.ts',
  'lib/options/provider-options.ts',
  'lib/options/access-token-options.ts',
  'lib/options/store-options.ts',
];
/** Tables whose options may have the names of others. */
const OWN_SOURCES: Readonly<Record<string, string>> = {
  'Options of `logout()`': 'lib/http/logout-options.ts',
  'Options of `frontChannelLogout()`': 'lib/http/front-channel-logout-options.ts',
  'Options of `guard()`': 'lib/http/guard.ts',
};

export const PAGE = join(REPOSITORY, 'docs/configuration.md');
const PLACE = /(?<=<!-- options -->\n).*(?=<!-- \/options -->)/s;
const DEFAULT = / ?Default: (.*)$/s;

/** What the comment of an option says, and which default. */
export interface OptionComment {
  readonly text: string;
  readonly standard: string | undefined;
}

/** The comments in the table of this heading, by the names of the options. */
export function readComments(heading: string): ReadonlyMap<string, OptionComment> {
  const found = new Map<string, OptionComment>();
  const own = OWN_SOURCES[heading];
  for (const source of own === undefined ? SOURCES : [own]) {
    const text = readFileSync(join(REPOSITORY, source), 'utf8');
    const file = ts.createSourceFile(source, text, ts.ScriptTarget.Latest, true);
    for (const member of file.statements.flatMap(membersOf)) {
      const [comment] = ts.getJSDocCommentsAndTags(member);
      const told = comment === undefined ? '' : (ts.getTextOfJSDocComment(comment.comment) ?? '');
      const line = told.replace(/\s+/g, ' ');
      const standard = DEFAULT.exec(line)?.[1];
      found.set(member.name.getText(), { text: line.replace(DEFAULT, ''), standard });
    }
  }
  return found;
}

function membersOf(statement: ts.Statement): readonly ts.PropertyAssignment[] {
  if (!ts.isVariableStatement(statement)) return [];
  return statement.declarationList.declarations.flatMap(({ initializer }) =>
    initializer !== undefined && ts.isObjectLiteralExpression(initializer)
      ? initializer.properties.filter((property) => ts.isPropertyAssignment(property))
      : [],
  );
}

/** The page with the tables as the code has them. */
export async function renderPage(): Promise<string> {
  const reference = Object.entries(TABLES)
    .map(([heading, table]) => [heading, rowsOf(table, readComments(heading)).join('\n')])
    .map(([heading = '', rows = '']) => `## ${heading}\n\n${rows}\n`)
    .join('\n');
  const page = readFileSync(PAGE, 'utf8').replace(PLACE, () => `\n${reference}\n`);
  return format(page, { ...(await resolveConfig(PAGE)), parser: 'markdown' });
}

function rowsOf(table: Table, comments: ReadonlyMap<string, OptionComment>): string[] {
  const rows = Object.entries(table).map(([name, { takes, standard }]) => [
    `\`${name}\``,
    takes,
    standard ?? 'required',
    comments.get(name)?.text ?? '',
  ]);
  const lines = [['Name', 'Takes', 'Default', 'Meaning'], ['-', '-', '-', '-'], ...rows];
  return lines.map((cells) => `| ${cells.map(escapeCell).join(' | ')} |`);
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|');
}
