/** A login by the code flow with PKCE, for the examples beside it. */
import { parseCookie } from 'cookie';
import { type Request, type Response, Router } from 'express';
import * as client from 'openid-client';

export interface LoginSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  /** The API that the access token is for (RFC 8707). */
  readonly resource: string;
  readonly baseUrl: string;
}

export type Tokens = Awaited<ReturnType<typeof client.authorizationCodeGrant>>;
export type TakeTokens = (tokens: Tokens, req: Request, res: Response) => Promise<void>;

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
  const router = Router();

  router.get('/login', async (_req, res) => {
    const [nonce, verifier] = [client.randomNonce(), client.randomPKCECodeVerifier()];
    const code_challenge = await client.calculatePKCECodeChallenge(verifier);
    const pkce = { code_challenge, code_challenge_method: 'S256' };
    const parameters = { scope: 'openid', resource, redirect_uri, nonce, ...pkce };
    res.cookie('login', `${nonce}.${verifier}`, cookie);
    res.redirect(client.buildAuthorizationUrl(provider, parameters).href);
  });

  router.get('/callback', async (req, res) => {
    // Without the cookie the nonce is empty, which no ID Token has: RFC 9700, section 2.1.
    const { login = '' } = parseCookie(req.headers.cookie ?? '');
    const [expectedNonce = '', pkceCodeVerifier = ''] = login.split('.');
    res.clearCookie('login', cookie);
    const url = new URL(req.originalUrl, baseUrl);
    const checks = { expectedNonce, pkceCodeVerifier, idTokenExpected: true };
    await takeTokens(
      await client.authorizationCodeGrant(provider, url, checks, { resource }),
      req,
      res,
    );
  });

  return router;
}
