import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { takeRsaKey } from './key-pair.ts';

/** Signs whatever it is given, as a provider never would. */
export interface RawSigner {
  readonly issuer: string;
  readonly jwk: Record<string, unknown>;
  /** Objects become JSON; texts and bytes are signed as they are. */
  sign(header: object | string, payload: object | string | Uint8Array): string;
}

export function encode(value: object | string | Uint8Array): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64url');
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString(
    'base64url',
  );
}

export function createRawSigner(issuer = 'https://op.example.com'): RawSigner {
  const privateKey = createPrivateKey({ key: takeRsaKey(), format: 'jwk' });
  return {
    issuer,
    jwk: {
      ...createPublicKey(privateKey).export({ format: 'jwk' }),
      kid: 'key-1',
      alg: 'RS256',
      use: 'sig',
    },
    sign(header, payload) {
      const input = `${encode(header)}.${encode(payload)}`;
      return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
    },
  };
}

/** The JSON of an object whose members are objects, so many levels deep. */
export function nestedJson(levels: number, members = ''): string {
  return `{${members}${members && ','}"a":${'{"a":'.repeat(levels - 1)}1${'}'.repeat(levels - 1)}}`;
}
