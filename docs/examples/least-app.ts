/** The least app: a login, a guarded API and a logout, in the memory of one process. */
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { type GuardedRequest, oidcLogout, type ReturningRequest } from 'express-oidc-logout';
import { createLogin } from './login.ts';

const {
  OIDC_ISSUER: issuer = '',
  OIDC_CLIENT_ID: clientId = '',
  OIDC_CLIENT_SECRET: clientSecret,
  OIDC_RESOURCE: resource = '',
  PORT = '3000',
  BASE_URL: baseUrl = `http://localhost:${PORT}`,
} = process.env;

const oidc = oidcLogout({
  provider: { issuer, clientId, clientSecret, postLogoutRedirectUri: `${baseUrl}/logged-out` },
  audience: resource,
  encryptionKey: randomBytes(32),
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
app.use('/logged-out', oidc.postLogoutCallback(), (req: ReturningRequest, res) => {
  res.json({ outcome: req.postLogout?.outcome });
});

const server = app.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`Listening on port ${(server.address() as AddressInfo).port}`);
});
