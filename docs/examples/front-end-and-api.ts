/** A front end and an API, each a process: start `front-end-and-api.ts`, and `front-end-and-api.ts api`. */
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import express from 'express';
import session from 'express-session';
import { Redis } from 'ioredis';
import { type GuardedRequest, oidcLogout, type SessionTokens } from 'express-oidc-logout';
import { caught, createLogin } from './login.ts';

declare module 'express-session' {
  interface SessionData {
    tokens: SessionTokens;
  }
}
const { OIDC_ISSUER: issuer = '', OIDC_CLIENT_ID: clientId = '' } = process.env;
const { OIDC_CLIENT_SECRET: clientSecret, OIDC_RESOURCE: resource = '' } = process.env;
const { ENCRYPTION_KEY: encryptionKey, SESSION_SECRET: secret = '' } = process.env;
const { REDIS_URL = 'redis://127.0.0.1', API_URL = 'http://localhost:3001' } = process.env;
const isApi = process.argv[2] === 'api';
const { PORT = isApi ? '3001' : '3000', BASE_URL: baseUrl = 'http://localhost:3000' } = process.env;

const [audience, redis, app] = [resource, new Redis(REDIS_URL), express()];
if (isApi) {
  // What ends at the front end is read from Redis: the API needs no secret, and nobody calls it.
  const oidc = oidcLogout({ provider: { issuer, clientId }, audience, redis });
  app.use('/me', oidc.guard(), (req: GuardedRequest, res) => {
    res.json({ user: req.auth?.payload.sub });
  });
} else {
  const postLogoutRedirectUri = `${baseUrl}/logged-out`;
  const provider = { issuer, clientId, clientSecret, postLogoutRedirectUri };
  const oidc = oidcLogout({ provider, audience, redis, encryptionKey });
  app.use('/oidc/back-channel-logout', oidc.backChannelLogout());
  const cookie = { sameSite: 'lax', secure: baseUrl.startsWith('https:') } as const;
  app.use(session({ secret, cookie, proxy: true, resave: false, saveUninitialized: false }));
  const settings = { issuer, clientId, clientSecret, resource, baseUrl };
  const login = createLogin(settings, async (tokens, req, res) => {
    await oidc.sessions.save(tokens); // before anybody uses them
    await promisify(req.session.regenerate.bind(req.session))(); // an id that nobody knew before
    req.session.tokens = { access_token: tokens.access_token, refresh_token: tokens.refresh_token };
    res.redirect('/');
  });
  app.use(await login);
  const passOn = caught(async ({ session: { tokens } }, res) => {
    const headers = { Authorization: `Bearer ${tokens?.access_token ?? 'none'}` };
    const answer = await fetch(`${API_URL}/me`, { headers });
    res.status(answer.status).json(await answer.json());
  });
  app.get('/me', passOn);
  app.use('/logout', oidc.logout({ tokens: (req) => req.session.tokens }));
  const logOut = '<form method="post" action="/logout"><button>Log out</button></form>';
  const menu = `<a href="/login">Log in</a>, <a href="/me">ask the API</a> ${logOut}`;
  app.use('/logged-out', oidc.postLogoutCallback(), (_req, res) => void res.send(menu));
  app.get('/', (_req, res) => void res.send(menu));
}

const server = app.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`Listening on port ${(server.address() as AddressInfo).port}`);
});
