import { closestMatch } from 'leven';
import { isObject } from './json-object.ts';
import { isSecureUrl, schemeHint } from './secure-url.ts';

function refuse(name: string, expected: string): never {
  throw new TypeError(`"${name}" must be ${expected}`);
}

export function checkObject(value: unknown, name: string): asserts value is object {
  if (!isObject(value)) refuse(name, 'an object');
}

export function checkNames(options: object, known: readonly string[], owner: string): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const maxDistance = Math.floor(unknown.length / 3);
  const nearest = closestMatch(unknown, known, { maxDistance });
  const hint =
    nearest === undefined ? `its options are ${known.join(', ')}` : `did you mean "${nearest}"?`;
  throw new TypeError(`"${unknown}" is not an option of ${owner}; ${hint}`);
}

export function checkText(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '') return value;
  return refuse(name, 'a string that is not empty');
}

export function checkTexts(value: unknown, name: string): readonly string[] {
  const texts: unknown[] = [value].flat();
  if (texts.length === 0) refuse(name, 'a string or an array of strings that is not empty');
  return Object.freeze(texts.map((text) => checkText(text, name)));
}

export function checkUrl(value: unknown, name: string, allowInsecure: boolean): string {
  if (isSecureUrl(value, allowInsecure)) return value;
  return refuse(
    name,
    `an absolute https: URL without fragment and user (http: on loopback, or with "allowInsecureRequests")${schemeHint(value)}`,
  );
}

export function checkJwks(value: unknown, name: string): void {
  const keys = (value as { readonly keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys)) refuse(name, 'a JWK Set: an object with an array "keys"');
}

export function checkBoolean(value: unknown, name: string): boolean {
  return typeof value === 'boolean' ? value : refuse(name, 'a boolean');
}

export function checkFunction(value: unknown, name: string): unknown {
  return typeof value === 'function' ? value : refuse(name, 'a function');
}

export interface WholeRule {
  readonly unit: string;
  readonly least: number;
}

export function checkWhole(value: unknown, name: string, { unit, least }: WholeRule): number {
  // The most that Redis and timers can count.
  const most = 2 ** 31 - 1;
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) {
    return value as number;
  }
  return refuse(name, `a whole number of ${unit}, ${least} or more`);
}

const LONGEST_TIMEOUT = 60;
const SHORTEST_TIMEOUT = 0.001;
export const TIMEOUT_BOUNDS = `${SHORTEST_TIMEOUT} to ${LONGEST_TIMEOUT}`;

export function checkTimeout(value: unknown, name: string): number {
  const isSpan = typeof value === 'number' && value >= SHORTEST_TIMEOUT;
  if (isSpan && value <= LONGEST_TIMEOUT) return value;
  const expected = `a number of seconds, ${TIMEOUT_BOUNDS}`;
  const isInMilliseconds = isSpan && value <= LONGEST_TIMEOUT * 1000;
  return refuse(
    name,
    isInMilliseconds ? `${expected}; if ${value} are milliseconds: ${value / 1000}` : expected,
  );
}

export function checkChoice<Choice extends string>(
  value: unknown,
  name: string,
  choices: readonly Choice[],
): Choice {
  const choice = choices.find((candidate) => candidate === value);
  return choice ?? refuse(name, `one of ${choices.join(', ')}`);
}

export function checkMethods(value: unknown, name: string, methods: readonly string[]): unknown {
  const candidate = value as Record<string, unknown> | null | undefined;
  if (methods.every((method) => typeof candidate?.[method] === 'function')) return value;
  return refuse(name, `an object with the methods ${methods.join(', ')}`);
}
