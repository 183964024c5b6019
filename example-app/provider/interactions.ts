import express, { type Request, type Response, Router } from 'express';
import { body, matchedData, validationResult } from 'express-validator';
import type { Provider } from 'oidc-provider';
import { errorPage, loginPage, PAGE_HEADERS } from './pages.ts';

const USER_NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._@+-]{0,63}$/u;

/** The provider's login: a page that takes any user at their word. */
export function interactions(provider: Provider): Router {
  async function showLogin(req: Request, res: Response, problem?: string) {
    const { uid, params, prompt } = await provider.interactionDetails(req, res);
    if (prompt.name === 'consent') {
      await provider.interactionFinished(req, res, { consent: {} });
      return;
    }
    const client = await provider.Client.find(String(params.client_id));
    const clientName = client?.clientName ?? 'the app';
    const loginHint = params.login_hint as string | undefined;
    res.send(loginPage({ uid, clientName, loginHint, problem }));
  }

  async function logIn(req: Request, res: Response) {
    if (!validationResult(req).isEmpty()) {
      res.status(400);
      await showLogin(req, res, 'That is no user name: use letters, digits and . _ @ + -');
      return;
    }
    const { user } = matchedData<{ user: string }>(req);
    await provider.interactionFinished(req, res, { login: { accountId: user } });
  }

  async function cancel(req: Request, res: Response) {
    const error_description = 'The user cancelled the login';
    await provider.interactionFinished(req, res, { error: 'access_denied', error_description });
  }

  function expired(_error: unknown, _req: Request, res: Response, _next: unknown) {
    res.status(400).send(errorPage('invalid_request', 'This login is over: start it again'));
  }

  const user = body('user').isString().bail().trim().matches(USER_NAME);
  return Router()
    .use((_req, res, next) => {
      res.set(PAGE_HEADERS);
      next();
    })
    .get('/:uid', (req, res) => showLogin(req, res))
    .post('/:uid/login', express.urlencoded({ extended: false }), user, logIn)
    .post('/:uid/cancel', cancel)
    .use(expired);
}
