import type { OidcLogoutOptions } from '../options/oidc-logout-options.ts';
import type { RedisClient } from '../store/redis/redis-client.ts';
import { isEncryptedJwt } from '../token/encrypted-jwt.ts';
import { evidenceOf } from '../token/evidence.ts';
import { type Jwt, readJwt } from '../token/jwt.ts';
import { type Finding, fine, unknown, wrong } from './finding.ts';
import { namesAudience } from './prescription.ts';
import { readingAlone, withRedis } from './redis-connection.ts';
import { isRefusal, refusalFinding } from './refusal-finding.ts';
import { createTokenChecks, type TokenChecks } from './token-checks.ts';
import { isAccessToken, isRefreshToken } from './token-kinds.ts';

export interface TokenQuestion {
  readonly token: string;
  readonly options: OidcLogoutOptions;
  /** The URL of a Redis that may know of the token. */
  readonly redis: string | undefined;
}

/** Takes the token as the middlewares of these options do. */
export async function examineToken(question: TokenQuestion): Promise<Finding[]> {
  const { redis } = question;
  if (redis === undefined) return examineWith(question, undefined);
  const findings = await withRedis(redis, (client) => examineWith(question, readingAlone(client)));
  return Array.isArray(findings) ? findings : examineWith(question, undefined);
}

async function examineWith(
  question: TokenQuestion,
  client: RedisClient | undefined,
): Promise<Finding[]> {
  const { token, options } = question;
  const jwt = readJwt(token);
  if (jwt !== undefined && isRefreshToken(jwt)) return [REFRESH_TOKEN];
  const audience = namesAudience(options) ? options.audience : audienceOf(jwt);
  const checks = createTokenChecks({ ...options, audience }, client);
  try {
    return await findingsOf({ ...question, jwt, isRedisAsked: client !== undefined }, checks);
  } finally {
    checks.close();
  }
}

const REFRESH_TOKEN = wrong(
  'Refresh token',
  'It looks like a refresh token, which its provider alone reads. Give an access token, ID Token or Logout Token.',
);

// So that all else is checked too.
function audienceOf(jwt: Jwt | undefined): string[] {
  const values = [jwt?.claims.aud].flat().filter((value) => typeof value === 'string');
  const named = values.filter((value) => value !== '');
  return named.length > 0 ? named : ['the audience of this API'];
}

interface Examined extends TokenQuestion {
  readonly jwt: Jwt | undefined;
  readonly isRedisAsked: boolean;
}

/** Nobody but the sender knows of which kind a token is meant to be: the likelier kind is told. */
async function findingsOf(examined: Examined, checks: TokenChecks): Promise<Finding[]> {
  const { jwt, options, redis, token } = examined;
  const taken = redis === undefined ? TAKEN : `${TAKEN} ${NOT_ASKED}`;
  const idToken = () => outcomeOf(fine('ID Token', taken), checks.idToken(token));
  const logoutToken = () => outcomeOf(fine('Logout Token', taken), checks.logoutToken(token));
  const accessToken = () => outcomeOf(takenAccessToken(examined), checks.accessToken(token));
  if (isEncryptedJwt(token)) return firstTaken(await idToken(), logoutToken);
  if (jwt === undefined || isAccessToken(jwt, options)) return [(await accessToken()).finding];
  if ('events' in jwt.claims) return [(await logoutToken()).finding];
  const asIdToken = await idToken();
  if (!asIdToken.isTaken) return firstTaken(asIdToken, accessToken);
  return besideGuard(asIdToken.finding, await accessToken());
}

const TAKEN = 'This configuration takes it.';
const NOT_ASKED = 'Redis was not asked.';
const LIST_NOT_ASKED = 'Whether it has ended was not asked: give --redis.';

function besideGuard(idToken: Finding, { finding, reason }: Outcome): Finding[] {
  if (reason === undefined) return [idToken, finding];
  const refused = `The guard refuses it (${reason}): it is an ID Token. Send the access token to the API; where those of the provider look like this, call sessions.save.`;
  return [fine(idToken.feature, `${idToken.detail} ${refused}`)];
}

function takenAccessToken({ jwt, options, redis, isRedisAsked }: Examined): Finding {
  const feature = 'Access token';
  const known = isRedisAsked ? 'Redis knows of no end.' : NOT_ASKED;
  const end = redis === undefined ? LIST_NOT_ASKED : known;
  if (jwt === undefined || namesAudience(options)) return fine(feature, `${TAKEN} ${end}`);
  const { found = '' } = evidenceOf(jwt, 'aud', { found: jwt.claims.aud });
  const open = `No audience was given to compare with its "aud", which is ${found}.`;
  return unknown(feature, `${open} All else is right. ${end}`);
}

interface Outcome {
  readonly finding: Finding;
  readonly isTaken: boolean;
  /** Of a refusal. */
  readonly reason: string | undefined;
}

async function outcomeOf(taken: Finding, taking: Promise<unknown>): Promise<Outcome> {
  try {
    await taking;
    return { finding: taken, isTaken: true, reason: undefined };
  } catch (error) {
    const reason = isRefusal(error) ? error.reason : undefined;
    return { finding: refusalFinding(taken.feature, error), isTaken: false, reason };
  }
}

async function firstTaken(likelier: Outcome, other: () => Promise<Outcome>): Promise<Finding[]> {
  if (likelier.isTaken) return [likelier.finding];
  const { finding, isTaken } = await other();
  return [isTaken ? finding : likelier.finding];
}
