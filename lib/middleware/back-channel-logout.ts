import type { NextFunction, Request, Response } from 'express';
import { body, validationResult } from 'express-validator';
import {
  type HttpError,
  InvalidLogoutTokenError,
  InvalidRequestError,
  MethodNotAllowedError,
} from '../errors.ts';
import type { Provider } from '../provider/provider.ts';
import type { Logouts } from '../session/logouts.ts';
import { type EndedSession, saved, type SessionEnds, untold } from '../session/session-ends.ts';
import { secondsUntil } from '../store/seconds-until.ts';
import { type LogoutToken, verifyLogoutToken } from '../token/logout-token.ts';
import { logoutTokenKey } from '../token/token-keys.ts';
import { providerOf } from '../token/unverified-issuer.ts';
import { sendEmpty } from './answer.ts';
import { sendOAuthError, serve } from './endpoint.ts';
import { createBodyReader, FORM_TYPE } from './request-body.ts';
import type { RequestEnd } from './request-end.ts';

export interface BackChannelLogoutParts {
  readonly providers: ReadonlyMap<string, Provider>;
  readonly logouts: Logouts;
  readonly ends: SessionEnds;
  /** Bytes. */
  readonly bodyLimit: number;
  readonly strict: boolean;
  /** Seconds. */
  readonly clockTolerance: number;
  /** Seconds. */
  readonly logoutTokenMaxAge: number;
}

/**
 * Ends what a provider's Logout Token names, once for each token.
 *
 * @see [OpenID Connect Back-Channel Logout 1.0](https://openid.net/specs/openid-connect-backchannel-1_0.html)
 */
export function backChannelLogout(parts: BackChannelLogoutParts) {
  const { providers, logouts, ends } = parts;
  const readBody = createBodyReader(parts.bodyLimit, [FORM_TYPE]);
  const underWay = new Map<string, Promise<EndedSession[]>>();

  async function verify(token: string): Promise<LogoutToken> {
    const provider = providerOf(token, providers);
    if (provider === undefined) throw new InvalidLogoutTokenError('unknown-issuer');
    const { issuer, clientId, logoutTokenAlgorithms, idTokenEncryption } = provider.settings;
    return verifyLogoutToken(token, provider.findKeyOrSecret, {
      ...{ issuer, clientId, algorithms: logoutTokenAlgorithms, encryption: idTokenEncryption },
      strict: parts.strict,
      clockTolerance: parts.clockTolerance,
      maxAge: parts.logoutTokenMaxAge,
    });
  }

  // Remembered when it is done, not before: after a failure in between the provider's next try succeeds.
  async function endOnce(key: string, token: LogoutToken): Promise<EndedSession[]> {
    const { issuer, subject, sid, issuedAt } = token;
    const [found, isKnown] = await Promise.all([
      ends.find({ issuer, subject, sid, until: issuedAt }),
      logouts.hasToken(key),
    ]);
    if (isKnown) return ends.conclude(untold(found));
    if (found.sessions.some((session) => session.subject !== subject && subject !== undefined)) {
      throw new InvalidLogoutTokenError('another-subject');
    }
    await ends.end(found);
    const ttl = secondsUntil(token.expiresAt + parts.clockTolerance);
    const isFirst = await logouts.addToken(key, ttl);
    return ends.conclude(isFirst ? found : saved(found));
  }

  async function takeEffect(token: LogoutToken): Promise<EndedSession[]> {
    const key = logoutTokenKey(token.issuer, token.jti);
    const repeated = underWay.get(key);
    if (repeated !== undefined) return repeated.then(() => []);
    const effect = endOnce(key, token).finally(() => underWay.delete(key));
    underWay.set(key, effect);
    return effect;
  }

  async function handle(req: Request, res: Response, end: RequestEnd): Promise<void> {
    const token = await verify(await readLogoutToken(await readBody(req, res)));
    const ended = await takeEffect(token);
    end.answer(() => {
      sendEmpty(res, 200);
    });
    await ends.announce(ended, 'back-channel');
    await ends.revoke(ended, 'back-channel');
  }

  const endpoint = { name: 'backChannelLogout()', methods: ['POST'], handle, sendError };
  return async function backChannelLogoutHandler(req: Request, res: Response, next: NextFunction) {
    await serve(endpoint, { req, res, next });
  };
}

const shape = body('logout_token').isString().notEmpty();

async function readLogoutToken(form: unknown): Promise<string> {
  const request = { body: form };
  await shape.run(request);
  if (!validationResult(request).isEmpty()) throw new InvalidRequestError('logout-token-missing');
  return (form as { logout_token: string }).logout_token;
}

// Section 2.8: whatever failed, the store too, is 400.
function sendError(error: HttpError, req: Request, res: Response): void {
  const status = error instanceof MethodNotAllowedError ? error.status : 400;
  sendOAuthError(error, req, res, status);
}
