/** A login by the code flow with PKCE, for the examples beside it. */
import { type Request, type RequestHandler, type Response, Router } from 'express';
import * as client from 'openid-client';

export interface LoginSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly resource: string; // the API that the access token is for (RFC 8707)
  readonly baseUrl: string;
}
export type Tokens = Awaited<ReturnType<typeof client.authorizationCodeGrant>>;
export type TakeTokens = (tokens: Tokens, req: Request, res: Response) => Promise<void>;

/** Express 4 does not catch what an async handler throws, which ends the process. */
export function caught(handle: (req: Request, res: Response) => Promise<void>): RequestHandler {
  return (req, res, next) => void handle(req, res).catch(next);
}

/** Serves `/login` and `/callback`, which hands over the token endpoint's answer. */
export async function createLogin(
  { issuer, clientId, clientSecret, resource, baseUrl }: LoginSettings,
  takeTokens: TakeTokens,
): Promise<Router> {
  const provider = await client.discovery(new URL(issuer), clientId, clientSecret, undefined, {
    execute: issuer.startsWith('http:') ? [client.allowInsecureRequests] : [], // on loopback
  });
  const redirect_uri = `${baseUrl}/callback`;
  const secure = baseUrl.startsWith('https:');
  const cookie = { path: '/callback', httpOnly: true, sameSite: 'lax', secure } as const;

  async function leave(_req: Request, res: Response): Promise<void> {
    const [nonce, verifier] = [client.randomNonce(), client.randomPKCECodeVerifier()];
    const code_challenge = await client.calculatePKCECodeChallenge(verifier);
    const pkce = { code_challenge, code_challenge_method: 'S256' };
    const parameters = { scope: 'openid', resource, redirect_uri, nonce, ...pkce };
    res.cookie('login', `${nonce}.${verifier}`, cookie);
    res.redirect(client.buildAuthorizationUrl(provider, parameters).href);
  }

  async function comeBack(req: Request, res: Response): Promise<void> {
    // Without the cookie the nonce is empty, which no ID Token has: RFC 9700, section 2.1.
    const [, login = ''] = /(?:^|; )login=([^;]*)/.exec(req.headers.cookie ?? '') ?? [];
    const [expectedNonce = '', pkceCodeVerifier = ''] = login.split('.');
    res.clearCookie('login', cookie);
    const url = new URL(req.originalUrl, baseUrl);
    const checks = { expectedNonce, pkceCodeVerifier, idTokenExpected: true };
    const grant = client.authorizationCodeGrant(provider, url, checks, { resource });
    const tokens = await grant.catch((failure: unknown) => {
      const { message, error } = failure as { message: string; error?: string };
      console.warn('The login did not complete', { message, error });
    });
    if (tokens) await takeTokens(tokens, req, res);
    else res.status(400).send('The login did not complete. <a href="/login">Log in again</a>');
  }

  return Router().get('/login', caught(leave)).get('/callback', caught(comeBack));
}
