import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler } from 'express';
import type { Redis } from 'ioredis';
import {
  SessionEndedError,
  type SessionEndedEvent,
  type SessionName,
  StoreUnavailableError,
  type TokenResponse,
} from '../../lib/index.ts';
import { appWith, optionsFor } from './app.ts';
import type { Signer } from './provider.ts';

/** An app that listens, of this process or of another one. */
export interface SessionApp {
  readonly url: string;
  /** The ends of sessions that it was told of, in their order. */
  readonly told: SessionEndedEvent[];
  close(): Promise<void>;
}

export interface SessionAppSettings {
  readonly signer: Pick<Signer, 'issuer' | 'jwk'>;
  /** Milliseconds. */
  readonly storeTimeout: number;
}

/** An app over HTTP that saves and rotates what is posted, and ends what its administrator names. */
export async function startSessionApp(
  redis: Redis,
  { signer, storeTimeout }: SessionAppSettings,
  tell: (event: SessionEndedEvent) => void = () => undefined,
): Promise<SessionApp> {
  const { issuer } = signer;
  const metadata = {
    end_session_endpoint: `${issuer}/logout`,
    revocation_endpoint: `${issuer}/revoke`,
  };
  const { app, oidc } = appWith(
    optionsFor(signer as Signer, {
      ...{ redis, storeTimeout, revocation: 'refresh-token', revocationDelay: 0 },
      // Without a key no refresh token is kept, and none is revoked.
      encryptionKey: new Uint8Array(32),
      logoutTokenMaxAge: 3600,
      provider: { metadata, algorithms: ['ES256'] },
    }),
  );
  const told: SessionEndedEvent[] = [];
  oidc.on('session-ended', (event) => {
    told.push(event);
    tell(event);
  });
  app.use(express.json());
  app.post('/save', (req, res, next) => {
    oidc.sessions.save(req.body as TokenResponse).then(() => res.sendStatus(204), next);
  });
  app.post('/rotate', (req, res, next) => {
    const { used, tokens } = req.body as Record<'used' | 'tokens', TokenResponse>;
    oidc.sessions.rotate(used, tokens).then(() => res.sendStatus(204), next);
  });
  app.post('/end', (req, res, next) => {
    oidc.sessions.end(req.body as SessionName).then(() => res.sendStatus(200), next);
  });
  app.use(sendFailure);
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    told,
    async close() {
      server.closeAllConnections();
      server.close();
      await oidc.close();
    },
  };
}

const sendFailure: ErrorRequestHandler = (error, _req, res, next) => {
  if (error instanceof SessionEndedError) res.sendStatus(401);
  else if (error instanceof StoreUnavailableError) res.sendStatus(503);
  else next(error);
};
