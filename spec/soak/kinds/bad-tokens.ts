import { AUDIENCE, CLIENT_ID } from '../../support/provider.ts';
import { REFUSED, type World } from '../world.ts';

export interface BadToken {
  readonly name: string;
  readonly token: (world: World, live: string) => string | Promise<string>;
  /** Default: refused. */
  readonly right?: readonly string[];
}

const HOUR = 3600;

function now(): number {
  return Math.floor(Date.now() / 1000);
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function nested(levels: number): string {
  return `${'['.repeat(levels)}${']'.repeat(levels)}`;
}

// What stands in it is signed by nobody.
function unsigned({ issuing }: World, claims: string, header: object = { alg: 'ES256' }): string {
  const payload = `{"iss":"${issuing.issuer}",${claims}}`;
  return `${encode(header)}.${Buffer.from(payload).toString('base64url')}.${'A'.repeat(86)}`;
}

/** What nobody may pass with, nor log out: `live` is the JWT of a saved login. */
export const FORGED: readonly BadToken[] = [
  { name: 'header and payload alone', token: (_, live) => live.slice(0, live.lastIndexOf('.')) },
  { name: 'an empty signature', token: (_, live) => live.slice(0, live.lastIndexOf('.') + 1) },
  {
    name: 'another signature',
    token: (_, live) => `${live.slice(0, live.lastIndexOf('.'))}.${'A'.repeat(86)}`,
  },
  { name: 'a fourth part', token: (_, live) => `${live}.e30` },
  { name: 'payload alone', token: (_, live) => live.split('.')[1] ?? '' },
  {
    name: 'no algorithm',
    token: (world) => unsigned(world, '"sub":"user-1"', { alg: 'none' }),
  },
  {
    name: 'the algorithm of a secret',
    token: (world) => unsigned(world, '"sub":"user-1"', { alg: 'HS256' }),
  },
  { name: 'nested and unsigned', token: (world) => unsigned(world, `"a":${nested(4000)}`) },
  { name: 'a payload that is no JSON', token: (_, live) => live.replace(/\..*\./, '.eyJ.') },
  { name: 'a header that is no JSON', token: (_, live) => `e${live}` },
  { name: 'a foreign key', token: ({ issuing }) => issuing.forgers.known.accessToken() },
  {
    name: 'an unknown key, of before the last fetch',
    token: ({ issuing }) => issuing.forgers.unknown.accessToken({ iat: now() - HOUR }),
  },
  {
    name: 'another issuer',
    token: ({ issuing }) => issuing.accessToken({ iss: 'https://evil.example.com' }),
  },
  {
    name: 'another audience',
    token: ({ issuing }) => issuing.accessToken({ aud: 'https://other.example.com' }),
  },
  { name: 'an ID Token', token: ({ issuing }) => issuing.signer.idToken() },
  { name: 'a Logout Token', token: ({ issuing }) => issuing.signer.logoutToken() },
  {
    name: 'another type',
    token: ({ issuing }) =>
      issuing.signer.sign(
        { aud: AUDIENCE, sub: 'user-1', client_id: CLIENT_ID },
        { typ: 'dpop+jwt' },
      ),
  },
  { name: 'an opaque one that nobody knows', token: ({ issuing }) => issuing.secret('none') },
  { name: 'a long one that nobody knows', token: () => 'x'.repeat(12_000) },
];

/** What is the provider's own, and not for the guard; a logout may take it. */
export const UNFIT: readonly BadToken[] = [
  {
    name: 'an unknown key, of now',
    token: ({ issuing }) => issuing.forgers.unknown.accessToken(),
    right: [...REFUSED, '503 temporarily_unavailable'],
  },
  {
    name: 'expired',
    token: ({ issuing }) => issuing.accessToken({ iat: now() - HOUR, exp: now() - 60 }),
  },
  {
    name: 'not yet valid',
    token: ({ issuing }) => issuing.accessToken({ nbf: now() + 60 }),
  },
  {
    name: 'too long a life',
    token: ({ issuing }) => issuing.accessToken({ exp: now() + 72 * HOUR }),
  },
  {
    name: 'bound to a sender',
    token: ({ issuing }) => issuing.accessToken({ cnf: { jkt: issuing.secret('thumbprint') } }),
  },
  // How deep is too deep is nowhere said; but what is let in must not fill the memory.
  ...[1000, 5000].map((levels) => ({
    name: `nested ${levels} times and signed`,
    token: ({ issuing }: World) => issuing.accessTokenOf(`"a":${nested(levels)}`),
    right: [...REFUSED, '200'],
  })),
];
