import { randomUUID } from 'node:crypto';
import type { Signer } from '../spec/support/provider.ts';

const USERS = 200;

/** The tokens of one login, whose session is its own. */
export interface Login {
  readonly jti: string;
  readonly access_token: string;
  readonly id_token: string;
}

function createSessions(count: number): { sub: string; sid: string }[] {
  return Array.from({ length: count }, (_, index) => ({
    sub: `user-${index % USERS}`,
    sid: randomUUID(),
  }));
}

export function mintLogins(signer: Signer, count: number): Promise<Login[]> {
  return Promise.all(
    createSessions(count).map(async (session) => {
      const jti = randomUUID();
      return {
        jti,
        access_token: await signer.accessToken({ ...session, jti, scope: 'read write' }),
        id_token: await signer.idToken(session),
      };
    }),
  );
}

export function mintLogoutTokens(signer: Signer, count: number): Promise<string[]> {
  return Promise.all(
    createSessions(count).map((session) => signer.logoutToken({ ...session, jti: randomUUID() })),
  );
}
