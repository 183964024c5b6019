/** An app to be started twice, with one Redis: what ends in one process has ended in the other. */
import type { AddressInfo } from 'node:net';
import express from 'express';
import { Redis } from 'ioredis';
import { type GuardedRequest, oidcLogout, type ReturningRequest } from 'express-oidc-logout';
import { createLogin } from './login.ts';

const {
  OIDC_ISSUER: issuer = '',
  OIDC_CLIENT_ID: clientId = '',
  OIDC_CLIENT_SECRET: clientSecret,
  OIDC_RESOURCE: resource = '',
  ENCRYPTION_KEY: encryptionKey, // 32 bytes in base64url, the same in both processes
  REDIS_URL = 'redis://127.0.0.1',
  PORT = '3000',
  BASE_URL: baseUrl = `http://localhost:${PORT}`,
} = process.env;

const oidc = oidcLogout({
  provider: { issuer, clientId, clientSecret, postLogoutRedirectUri: `${baseUrl}/logged-out` },
  audience: resource,
  redis: new Redis(REDIS_URL),
  encryptionKey,
});
oidc.on('store-error', ({ operation, reason }) => {
  console.error(`The store failed: ${operation}, ${reason}`);
});
// Tells both processes to close what the session keeps open, such as a WebSocket.
oidc.on('session-ended', ({ subject, cause }) => {
  console.log(`A session of ${subject} ended: ${cause}`);
});

const app = express();
const settings = { issuer, clientId, clientSecret, resource, baseUrl };
const login = createLogin(settings, async (tokens, _req, res) => {
  await oidc.sessions.save(tokens); // before anybody uses them
  res.json({ access_token: tokens.access_token, refresh_token: tokens.refresh_token });
});
app.use(await login);
app.use('/api', oidc.guard(), (req: GuardedRequest, res) => {
  res.json({ user: req.auth?.payload.sub });
});
app.use('/logout', oidc.logout());
app.use('/oidc/back-channel-logout', oidc.backChannelLogout());
app.use('/logged-out', oidc.postLogoutCallback(), (req: ReturningRequest, res) => {
  res.json({ outcome: req.postLogout?.outcome });
});

const server = app.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`Listening on port ${(server.address() as AddressInfo).port}`);
});
