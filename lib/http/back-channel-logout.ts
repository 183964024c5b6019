import type { Request, Response } from 'express';
import { type HttpError, InvalidRequestError, MethodNotAllowedError } from '../errors.ts';
import type { Events } from '../events.ts';
import { isObject } from '../input/json-object.ts';
import type { BackChannelLogout } from '../logout/back-channel-logout.ts';
import { tellLogoutTokenRefused } from '../refusal-events.ts';
import { sendEmpty } from './answer.ts';
import { sendOAuthError, serve } from './endpoint.ts';
import type { Middleware } from './middleware.ts';
import { createBodyReader, FORM_TYPE } from './request-body.ts';
import type { RequestEnd } from './request-end.ts';

export interface BackChannelEndpointParts {
  readonly backChannelLogout: BackChannelLogout;
  readonly events: Events;
  /** Bytes. */
  readonly bodyLimit: number;
}

export function backChannelLogout({
  backChannelLogout: logout,
  events,
  bodyLimit,
}: BackChannelEndpointParts): Middleware {
  const readBody = createBodyReader(bodyLimit, [FORM_TYPE]);

  async function handle(req: Request, res: Response, end: RequestEnd): Promise<void> {
    await logout.accept(readLogoutToken(await readBody(req, res)));
    end.answer(() => {
      sendEmpty(res, 200);
    });
  }

  const onRefusal = tellLogoutTokenRefused(events);
  const rules = { name: 'backChannelLogout()', sendError, onRefusal };
  const endpoint = { ...rules, methods: ['POST'], handle };
  return async function backChannelLogoutHandler(req, res, next) {
    await serve(endpoint, { req, res, next });
  };
}

function readLogoutToken(form: unknown): string {
  const token = isObject(form) ? form.logout_token : undefined;
  if (typeof token === 'string' && token !== '') return token;
  throw new InvalidRequestError('logout-token-missing');
}

// Section 2.8: every failure is 400, an outage of the store too.
function sendError(error: HttpError, req: Request, res: Response): void {
  const status = error instanceof MethodNotAllowedError ? error.status : 400;
  sendOAuthError(error, req, res, status);
}
