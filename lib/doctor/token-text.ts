import { text } from 'node:stream/consumers';
import { refuseArguments } from './usage.ts';

const PREFIX = /^(?:(?:authorization:\s*)?bearer\s+|(?:(?:access|id|logout)_)?token=)/i;
// A JSON text or a quoted one begins so; `&` is in a query or a form.
const ALONE = /^[^\s"'{[&][^\s&]*$/;

/** @throws {@link ArgumentError} */
export async function readToken(stdin: NodeJS.ReadableStream): Promise<string> {
  const given = (await text(stdin)).trim();
  if (given === '') refuseArguments('"--token" reads a token from standard input, which is empty.');
  const token = given.replace(PREFIX, '');
  if (ALONE.test(token)) return token;
  return refuseArguments(
    'Standard input must be one token alone, such as the value of "id_token".',
  );
}
