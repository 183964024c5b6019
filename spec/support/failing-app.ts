// Apps whose functions fail with what the request's headers say.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { NextFunction, Request, Response } from 'express';
import { Redis } from 'ioredis';
import { oidcLogout, type OidcLogoutOptions } from '../../lib/index.ts';
import { optionsFor } from './app.ts';
import { EXPRESS } from './express-versions.ts';
import type { Signer } from './provider.ts';
import { ERRORS, NO_ERRORS } from './thrown.ts';

export interface FailingInput {
  readonly signer: Pick<Signer, 'issuer' | 'jwk'>;
  readonly redisPath: string;
  /** Of Express: one app for each. */
  readonly versions: readonly string[];
}

const { signer, redisPath, versions } = JSON.parse(process.env.INPUT ?? '{}') as FailingInput;

/** Starts an app; answers its port. */
async function start(version: string): Promise<number> {
  const told = { passed: 0, handed: 0 };
  let now: Request | undefined;

  /** Fails as the request of this moment says. */
  function fail(): Promise<never> {
    if (now === undefined) throw new Error('There is no request');
    if (now.get('Answer') === 'early') now.res?.status(504).end('early');
    const thrown = { ...NO_ERRORS, ...ERRORS }[now.get('Value') ?? '']?.();
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    if (now.get('How') === 'reject') return Promise.reject(thrown);
    throw thrown as Error;
  }

  const options: OidcLogoutOptions = {
    ...optionsFor(signer as Signer),
    redis: new Redis(redisPath),
  };
  const oidc = oidcLogout(options);
  const hinting = oidcLogout({
    ...options,
    ...optionsFor(signer as Signer, { provider: { logoutHint: fail } }),
  });
  for (const each of [oidc, hinting]) each.on('logout', fail).on('listener-error', fail);
  const app = EXPRESS[version]?.();
  if (app === undefined) throw new Error('There is no such version');
  app.get('/told', (_req, res) => {
    res.json(told);
    Object.assign(told, { passed: 0, handed: 0 });
  });
  app.use((req, _res, next) => {
    now = req;
    next();
  });
  app.use('/token', oidc.guard({ token: fail }));
  app.use('/tokens', oidc.logout({ tokens: fail }));
  app.use('/returnTo', oidc.logout({ returnTo: fail }));
  app.use('/postLogoutRedirectUri', oidc.logout({ postLogoutRedirectUri: fail }));
  app.use('/localOnly', oidc.logout({ localOnly: fail }));
  app.use('/logoutHint', hinting.logout());
  app.use('/listener', oidc.logout());
  app.use((_req, res) => {
    told.passed += 1;
    if (!res.headersSent) res.end('passed');
  });
  app.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
    told.handed += 1;
    res.status(500).json(error instanceof Error ? { message: error.message } : { error });
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

console.log(`Listening ${(await Promise.all(versions.map(start))).join(' ')}`);
