import type { NextFunction, Request, Response } from 'express';
import { MethodNotAllowedError } from '../errors.ts';
import { forbidCaching, sendOAuthError } from './endpoint.ts';
import type { PostLogoutStates } from './post-logout.ts';
import { isPreview } from './preview.ts';

/**
 * Tells the app's own page, which comes next, what to think of a browser that returns from the provider.
 *
 * @see [OpenID Connect RP-Initiated Logout 1.0, section 3](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RedirectionAfterLogout)
 */
export function postLogoutCallback(states: PostLogoutStates) {
  return async function postLogoutCallbackHandler(req: Request, res: Response, next: NextFunction) {
    forbidCaching(res);
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      sendOAuthError(new MethodNotAllowedError('GET, HEAD'), req, res);
      return;
    }
    try {
      // What nobody sees must not use up the state.
      req.postLogout = isPreview(req) ? { outcome: 'missing' } : await states.verify(req, res);
    } catch (error) {
      next(error);
      return;
    }
    next();
  };
}
