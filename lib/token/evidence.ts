import type { Evidence } from '../refusals/evidence.ts';
import { beginsWithObject, type JoseObject } from './jose-object.ts';

/** The token that the evidence is of: nothing of its text and its user may be told. */
export interface Suspect {
  readonly text: string;
  readonly claims: JoseObject;
}

interface Observation {
  /** Of the app's own configuration. */
  readonly expected?: string | readonly string[] | undefined;
  readonly found?: unknown;
}

const LONGEST = 200;
const MOST_VALUES = 20;
const WITHHELD = '(withheld)';

const TOLD = new Set([
  ...['iss', 'aud', 'client_id', 'azp', 'cid', 'appid', 'scope', 'scp'],
  ...['alg', 'enc', 'zip', 'kid', 'typ', 'token_type', 'token_use', 'tokenName', 'purpose'],
]);

const PERSONAL = [
  ...['sub', 'sid', 'jti', 'nonce', 'email', 'phone_number', 'upn', 'oid', 'unique_name'],
  ...['name', 'given_name', 'family_name', 'nickname', 'preferred_username', 'username'],
];

export function evidenceOf(
  suspect: Suspect,
  claim: string,
  { expected, found }: Observation = {},
): Evidence {
  return {
    claim,
    expected: expected === undefined ? undefined : printable([expected].flat().join(', ')),
    found: found === undefined || !TOLD.has(claim) ? undefined : told(found, suspect),
  };
}

/** How far a time is off. */
export function evidenceOfTime(claim: string, time: number, expected: string): Evidence {
  const age = Math.round(Date.now() / 1000 - time);
  return { claim, expected, found: age < 0 ? `in ${-age} s` : `${age} s ago` };
}

// The sender chose each value, so whatever looks like a secret is withheld as a whole.
function told(found: unknown, suspect: Suspect): string {
  const values = [found].flat().slice(0, MOST_VALUES).map(textOf);
  if (values.some((value) => value.length > LONGEST)) return WITHHELD;
  const text = values.join(', ');
  const shown = printable(text);
  const secrets = secretsOf(suspect);
  const isSecret = [...values, text, shown].some((value) => containsAny(value, secrets));
  return isSecret || looksLikeSecret(text) ? WITHHELD : shown;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null ? 'object' : JSON.stringify(value);
}

function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, LONGEST);
}

function secretsOf({ text, claims }: Suspect): string[] {
  const ofUser = PERSONAL.flatMap((name): unknown[] => [claims[name]].flat());
  const texts = ofUser.filter((value) => typeof value === 'string' || typeof value === 'number');
  return [text, ...text.split('.'), ...texts.map(String)].filter((secret) => secret !== '');
}

// One or two letters are in nearly every text.
function containsAny(value: string, secrets: readonly string[]): boolean {
  return secrets.some((secret) => (secret.length < 3 ? value === secret : value.includes(secret)));
}

// An address of a user, long letters as in a signature, or a part of a JWT.
function looksLikeSecret(text: string): boolean {
  if (/@|eyJ|[\w-]{65}|[\w-]{20}\.[\w-]{20}/.test(text)) return true;
  return text.split(/[^\w-]/).some(beginsWithObject);
}
