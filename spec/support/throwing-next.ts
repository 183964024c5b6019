// An app on plain http whose routes fail outside of any middleware: `next` itself throws.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Request, RequestHandler, Response } from 'express';
import { oidcLogout } from '../../lib/index.ts';
import { optionsFor } from './app.ts';
import type { Signer } from './provider.ts';

const { signer } = JSON.parse(process.env.INPUT ?? '{}') as { signer: Signer };
const told = { next: 0, uncaught: 0, rejected: 0 };
process.on('uncaughtException', () => (told.uncaught += 1));
process.on('unhandledRejection', () => (told.rejected += 1));

const oidc = oidcLogout(optionsFor(signer));
const fail = () => {
  throw new Error('own');
};
const routes: Record<string, RequestHandler> = {
  '/guard': oidc.guard(),
  '/failing-guard': oidc.guard({ token: () => Promise.resolve().then(fail) }),
  '/callback': oidc.postLogoutCallback(),
  '/logout': oidc.logout({ tokens: fail }),
};
const server = createServer((req, res) => {
  const route = routes[req.url ?? ''];
  if (route === undefined) {
    res.end(JSON.stringify(told));
    Object.assign(told, { next: 0, uncaught: 0, rejected: 0 });
    return;
  }
  void route(req as Request, res as Response, () => {
    told.next += 1;
    res.end('next');
    throw new Error('next');
  });
});
server.listen(0, '127.0.0.1', () => {
  console.log(`Listening ${(server.address() as AddressInfo).port}`);
});
