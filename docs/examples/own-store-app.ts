/** An app on the store of own-store.ts: the processes of one machine share what is in one SQLite file. */
import type { AddressInfo } from 'node:net';
import express from 'express';
import { type GuardedRequest, oidcLogout, type ReturningRequest } from 'express-oidc-logout';
import { createLogin } from './login.ts';
import { SqliteStore } from './own-store.ts';

const {
  OIDC_ISSUER: issuer = '',
  OIDC_CLIENT_ID: clientId = '',
  OIDC_CLIENT_SECRET: clientSecret,
  OIDC_RESOURCE: resource = '',
  ENCRYPTION_KEY: encryptionKey,
  STORE_FILE = 'oidc.sqlite',
  PORT = '3000',
  BASE_URL: baseUrl = `http://localhost:${PORT}`,
} = process.env;

const store = new SqliteStore(STORE_FILE);
const oidc = oidcLogout({
  provider: { issuer, clientId, clientSecret, postLogoutRedirectUri: `${baseUrl}/logged-out` },
  audience: resource,
  store,
  encryptionKey,
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
