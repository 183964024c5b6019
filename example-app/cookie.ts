import type { Request } from 'express';

/** The value of a cookie; where a name is sent twice nobody can tell which one is meant: none. */
export function readCookie({ headers }: Request, name: string): string | undefined {
  const values = (headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  return values.length === 1 ? values[0] : undefined;
}
