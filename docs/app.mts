/** The quick start in TypeScript, beside `login.mjs` and `login.d.mts`. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Request } from 'express';
import session from 'express-session';
import { Redis } from 'ioredis';
import { type GuardedRequest, oidcLogout, type ReturningRequest } from 'express-oidc-logout';
import { login } from './login.mjs';

const { BASE_URL = '', OIDC_ISSUER: issuer = '', OIDC_CLIENT_ID: clientId = '' } = process.env;
const { OIDC_CLIENT_SECRET: clientSecret, OIDC_AUDIENCE: audience } = process.env;
const { ENCRYPTION_KEY: encryptionKey, SESSION_SECRET: secret = '' } = process.env;
const { PORT = '3000', REDIS_URL = 'redis://127.0.0.1' } = process.env;
const tellRedis = ({ code, message }: NodeJS.ErrnoException) => {
  console.error('redis:', code ?? message);
};
const oidc = oidcLogout({
  provider: { issuer, clientId, clientSecret, postLogoutRedirectUri: `${BASE_URL}/logged-out` },
  audience,
  encryptionKey,
  redis: new Redis(REDIS_URL).on('error', tellRedis),
});
oidc.on('token-refused', (event) => {
  console.warn('refused:', event);
});

const app = express();
app.use('/oidc/back-channel-logout', oidc.backChannelLogout());

const cookie = { sameSite: 'lax', secure: BASE_URL.startsWith('https:') } as const;
app.use(session({ secret, cookie, proxy: true, resave: false, saveUninitialized: false }));
app.use(login(oidc));

const tokens = (req: Request) => req.session.tokens;
const token = (req: Request) => req.session.tokens?.access_token;
app.use('/api', oidc.guard({ token }), (req: GuardedRequest, res) => {
  res.json({ user: req.auth?.payload.sub });
});
app.use('/logout', oidc.logout({ tokens }));

const SENTENCES = {
  verified: 'You are logged out.',
  unbound: 'A session has ended, but its logout was not started in this browser.',
  missing: 'Nothing tells whether you come from a logout.',
  mismatch: 'This is not the way back from a logout of this browser.',
};
app.use('/logged-out', oidc.postLogoutCallback(), (req: ReturningRequest, res) => {
  res.send(SENTENCES[req.postLogout?.outcome ?? 'missing']);
});

app.get('/', (_req, res) => {
  const logout = '<form method="post" action="/logout"><button>Log out</button></form>';
  res.send(`<a href="/login">Log in</a> <a href="/api">Call the API</a> ${logout}`);
});

const server = createServer(app).listen(Number(PORT), '127.0.0.1', () => {
  console.log(`Listening on port ${(server.address() as AddressInfo).port}`);
});
