import { type Login, WITHOUT_SID } from '../invalidation/login.ts';
import type { IdToken } from '../token/id-token.ts';
import { loginKey, sessionKey, subjectKey } from '../token/token-keys.ts';

// 66 bits of the ID Token's key.
const ID_LENGTH = 11;

export function loginOf(idToken: IdToken, sid: string | undefined): Login {
  const { issuer, subject, issuedAt, key } = idToken;
  return {
    session: sid === undefined ? WITHOUT_SID + loginKey(issuer, key) : sessionKey(issuer, sid),
    subject: subjectKey(issuer, subject),
    time: Math.floor(issuedAt),
    id: key.slice(0, ID_LENGTH),
  };
}
