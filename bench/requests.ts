import { bearer, postJson } from '../spec/soak/http.ts';
import type { HttpRequest } from './group.ts';
import type { Tokens } from './provider.ts';

/** What the app is asked with the tokens of one login. */
export type Step = (login: Tokens) => HttpRequest;

export const save: Step = (login) => ({ ...postJson('/save', login), status: 204 });

export const use: Step = ({ access_token }) => ({
  method: 'GET',
  path: '/api',
  headers: bearer(access_token),
  status: 200,
});

export const end: Step = ({ access_token }) => ({
  ...postJson('/logout', { access_token }),
  status: 200,
});
