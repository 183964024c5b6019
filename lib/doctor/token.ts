import { randomUUID } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import {
  InvalidIdTokenError,
  InvalidLogoutTokenError,
  InvalidTokenError,
  ProviderUnavailableError,
} from '../errors.ts';
import { guard, resolveGuardOptions } from '../http/guard.ts';
import { type OidcLogoutOptions, resolveOptions } from '../options/oidc-logout-options.ts';
import { createParts } from '../parts.ts';
import { MemoryStore } from '../store/memory.ts';
import { isEncryptedJwt } from '../token/encrypted-jwt.ts';
import { readJwt } from '../token/jwt.ts';
import { type Finding, fine, risky, unknown, wrong } from './finding.ts';
import { REMEDIES } from './remedies.ts';

/** Takes the token as the middlewares of these options do, with an empty store. */
export async function examineToken(token: string, given: OidcLogoutOptions): Promise<Finding[]> {
  const settings = resolveOptions({
    ...given,
    ...{ nearCache: undefined, onStoreLoss: 'accept' },
    ...{ redis: undefined, store: new MemoryStore() },
  });
  const parts = createParts(settings);
  const checks = {
    accessToken: check('Access token', () => {
      const options = resolveGuardOptions({ token: () => token, errors: 'next' }, settings);
      return pass(guard({ ...settings, ...parts, ...options }));
    }),
    idToken: check('ID Token', () =>
      parts.sessions.save({ access_token: randomUUID(), id_token: token }),
    ),
    logoutToken: check('Logout Token', () => parts.backChannelLogout.accept(token)),
  };
  try {
    return await firstTaken(checksOf(token, checks));
  } finally {
    parts.closeStore();
  }
}

type Check = () => Promise<Finding>;

function checksOf(
  token: string,
  { accessToken, idToken, logoutToken }: Record<'accessToken' | 'idToken' | 'logoutToken', Check>,
): Check[] {
  if (isEncryptedJwt(token)) return [idToken, logoutToken];
  const jwt = readJwt(token);
  if (jwt === undefined) return [accessToken];
  return 'events' in jwt.claims ? [logoutToken] : [accessToken, idToken];
}

/** Nobody but the sender knows of which kind a token is meant to be. */
async function firstTaken(checks: readonly Check[]): Promise<Finding[]> {
  const refused: Finding[] = [];
  for (const each of checks) {
    const finding = await each();
    if (finding.level === 'fine') {
      return [finding, ...refused.map(({ feature, detail }) => risky(feature, detail))];
    }
    refused.push(finding);
  }
  return refused;
}

function check(feature: string, take: () => Promise<unknown>): Check {
  return async () => {
    try {
      await take();
      return fine(feature, 'This configuration takes it.');
    } catch (error) {
      return judge(feature, error);
    }
  };
}

function judge(feature: string, error: unknown): Finding {
  if (error instanceof ProviderUnavailableError) {
    return unknown(feature, `The provider's keys cannot be had: ${error.reason}.`);
  }
  if (error instanceof TypeError) return wrong(feature, `${error.message}.`);
  const isRefusal =
    error instanceof InvalidTokenError ||
    error instanceof InvalidIdTokenError ||
    error instanceof InvalidLogoutTokenError;
  if (!isRefusal) throw error;
  const { reason, claim, expected, found } = error;
  const evidence = [
    reason,
    ...(claim === undefined ? [] : [`claim: ${claim}`]),
    ...(expected === undefined ? [] : [`expected: ${expected}`]),
    ...(found === undefined ? [] : [`found: ${found}`]),
  ];
  return wrong(feature, `Refused: ${evidence.join(', ')}. ${REMEDIES[reason]}`);
}

function pass(handler: ReturnType<typeof guard>): Promise<void> {
  const req = new IncomingMessage(new Socket());
  return new Promise((resolve, reject) => {
    void handler(req, new ServerResponse(req), (error?: unknown) => {
      if (error instanceof Error) reject(error);
      else resolve();
    });
  });
}
