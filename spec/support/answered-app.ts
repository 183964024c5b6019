// Apps in which an earlier middleware answers 504: before ours are asked, or while they ask what fails.
import { createServer, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { NextFunction, Request, Response } from 'express';
import type { OidcLogoutOptions } from '../../lib/index.ts';
import { appWith, optionsFor } from './app.ts';
import { EXPRESS } from './express-versions.ts';
import type { Signer } from './provider.ts';

export interface AnsweredApp {
  readonly version: string;
  readonly failure: 'none' | 'store' | 'provider';
}

export interface AnsweredInput {
  readonly signer: Pick<Signer, 'issuer' | 'jwk'>;
  readonly apps: readonly AnsweredApp[];
}

type Answer = () => void;

const { signer, apps } = JSON.parse(process.env.INPUT ?? '{}') as AnsweredInput;

function failingStore(answer: Answer): Partial<OidcLogoutOptions> {
  const fail = () => {
    answer();
    return Promise.reject(new Error('away'));
  };
  return {
    store: { read: fail, update: fail, subscribe: () => () => undefined },
  };
}

async function failingProvider(answer: Answer): Promise<string> {
  const server = createServer((_req, res) => {
    answer();
    res.writeHead(500).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function optionsOf(
  failure: AnsweredApp['failure'],
  answer: Answer,
): Promise<OidcLogoutOptions> {
  const options = optionsFor(signer as Signer);
  if (failure === 'store') return { ...options, ...failingStore(answer) };
  if (failure === 'none') return options;
  const failing = `${await failingProvider(answer)}/keys`;
  const provider = { metadata: { jwks_uri: failing }, jwks: undefined };
  return optionsFor(signer as Signer, { provider });
}

/** Starts an app; answers its port. */
async function start({ version, failure }: AnsweredApp): Promise<number> {
  const app = EXPRESS[version]?.();
  if (app === undefined) throw new Error('There is no such version');
  const told = { passed: 0, handed: 0, closed: 0 };
  let toAnswer: ServerResponse | undefined;

  function answer(): void {
    if (toAnswer === undefined || toAnswer.headersSent) return;
    toAnswer.statusCode = 504;
    toAnswer.end('early');
  }

  app.get('/told', (_req, res) => {
    res.json(told);
    Object.assign(told, { passed: 0, handed: 0, closed: 0 });
  });
  app.use((req, res, next) => {
    toAnswer = req.headers.answer === 'never' ? undefined : res;
    res.once('close', () => (told.closed += 1));
    if (req.headers.answer === 'before') answer();
    next();
  });
  const { oidc } = appWith(await optionsOf(failure, answer), app);
  app.use('/guarded', oidc.guard(), (_req, res) => {
    told.passed += 1;
    if (!res.headersSent) res.end();
  });
  app.use('/callback', oidc.postLogoutCallback(), (_req, res) => {
    told.passed += 1;
    if (!res.headersSent) res.end();
  });
  app.use((_error: unknown, _req: Request, res: Response, _next: NextFunction) => {
    told.handed += 1;
    if (!res.headersSent) res.status(500).end();
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

console.log(`Listening ${(await Promise.all(apps.map(start))).join(' ')}`);
