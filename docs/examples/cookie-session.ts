/** The browser never sees a token: the tokens are in a session of express-session, kept in Redis. */
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { RedisStore } from 'connect-redis';
import express, { type Request } from 'express';
import session from 'express-session';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { type GuardedRequest, oidcLogout, type SessionTokens } from 'express-oidc-logout';
import { createLogin } from './login.ts';

declare module 'express-session' {
  interface SessionData {
    tokens: SessionTokens;
  }
}
const { OIDC_ISSUER: issuer = '', OIDC_CLIENT_ID: clientId = '' } = process.env;
const { OIDC_CLIENT_SECRET: clientSecret, OIDC_RESOURCE: resource = '' } = process.env;
const { ENCRYPTION_KEY: encryptionKey, SESSION_SECRET: secret = '' } = process.env;
const { REDIS_URL: url = 'redis://127.0.0.1', PORT = '3000' } = process.env;
const { BASE_URL: baseUrl = `http://localhost:${PORT}` } = process.env;

const oidc = oidcLogout({
  provider: { issuer, clientId, clientSecret, postLogoutRedirectUri: `${baseUrl}/logged-out` },
  audience: resource,
  redis: new Redis(url),
  encryptionKey,
});
const store = new RedisStore({ client: await createClient({ url }).connect() });
const cookie = { sameSite: 'lax', secure: baseUrl.startsWith('https:') } as const;
const rules = { proxy: true, resave: false, saveUninitialized: false }; // TLS ends in front of it
const app = express();
app.use('/oidc/back-channel-logout', oidc.backChannelLogout());
app.use(session({ store, secret, cookie, ...rules }));
const settings = { issuer, clientId, clientSecret, resource, baseUrl };
const login = createLogin(settings, async (tokens, req, res) => {
  await oidc.sessions.save(tokens); // before anybody uses them
  await promisify(req.session.regenerate.bind(req.session))(); // an id that nobody knew before
  req.session.tokens = { access_token: tokens.access_token, refresh_token: tokens.refresh_token };
  await promisify(req.session.save.bind(req.session))(); // before the browser goes on
  res.redirect('/');
});
app.use(await login);
const token = (req: Request) => req.session.tokens?.access_token;
app.use('/api', oidc.guard({ token }), (req: GuardedRequest, res) => {
  res.json(req.auth?.payload.sub);
});
app.use('/logout', oidc.logout({ tokens: (req) => req.session.tokens }));
app.use('/logged-out', oidc.postLogoutCallback(), (req, res) => {
  req.session.destroy(() => {
    res.redirect('/');
  });
});
app.get('/', (req, res) => {
  const form = '<form method="post" action="/logout"><button>Log out</button></form>';
  res.send(token(req) === undefined ? '<a href="/login">Log in</a>' : form);
});
const server = app.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`Listening on port ${(server.address() as AddressInfo).port}`);
});
