import type { InvalidTokenCause } from '../refusals/access-token.ts';
import type { InvalidIdTokenCause } from '../refusals/id-token.ts';
import type { InvalidLogoutTokenCause } from '../refusals/logout-token.ts';

type Cause = InvalidTokenCause | InvalidIdTokenCause | InvalidLogoutTokenCause;

const LOG_IN = 'Log in anew.';
const CLOCKS = 'Set the clocks; "clockTolerance" allows for a few seconds.';
const NONE = 'There is no remedy: it is another kind of token, or forged.';

export const REMEDIES: Readonly<Record<Cause, string>> = {
  malformed: 'Look at what is sent: it is no whole token.',
  unreadable: 'It is encrypted: set "idTokenEncryption". Or it is no token.',
  'opaque-unknown': 'Call sessions.save at the login, or set "introspection".',
  'opaque-inactive': LOG_IN,
  'unknown-issuer': 'Compare every character of "issuer", the last slash too.',
  'other-issuer': 'Compare every character of "issuer", the last slash too.',
  'wrong-audience':
    'Let the provider issue tokens for this API or client; or mend "audience" or "clientId".',
  'further-audiences': 'Leave "strict" out.',
  'other-client': 'Set "audience", or use the token of this client.',
  'not-yet-valid': CLOCKS,
  'issued-in-future': CLOCKS,
  expired: 'Take a fresh one; or set the clocks.',
  'lives-too-long': 'Shorten its life at the provider, or raise "maxTokenLifetime".',
  'unknown-key': 'It is of another provider or realm; or "jwks" is outdated.',
  'wrong-signature': 'It was changed, or is forged; with HS256 mend "clientSecret".',
  'algorithm-not-allowed':
    'Add it to "algorithms" or "logoutTokenAlgorithms", or change the registration.',
  'unsupported-header': NONE,
  'wrong-type': 'Use the right kind of token. "strict" takes fewer types.',
  'logout-token': 'It is for backChannelLogout().',
  'refresh-token': 'Use the access token.',
  'like-id-token':
    'Use the access token; where those of the provider look like this, call sessions.save.',
  'claim-missing': 'Let the provider send the claim; "strict" requires more of them.',
  'claim-malformed': 'Mend the claim at the provider.',
  'subject-missing': 'Call sessions.save at the login.',
  'session-missing': 'Let the provider send "sid" or "sub".',
  'sender-constrained': 'Ask the provider for plain Bearer tokens.',
  inactive: 'Log in anew. At Keycloak this client has to be in "aud".',
  'introspection-unclear': 'Let the introspection tell "aud" or "token_type".',
  'token-invalidated': LOG_IN,
  'session-ended': LOG_IN,
  'subject-ended': LOG_IN,
  'memory-lost': LOG_IN,
  'of-another-session': 'Use the tokens of one login.',
  'not-encrypted-as-agreed': 'Compare "idTokenEncryption" with the registration.',
  nonce: NONE,
  'event-missing': NONE,
  'another-subject': 'Use the tokens of one login.',
};
