import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { type App, appWith, LOGOUT, optionsFor } from './support/app.ts';
import { createSigner, type Signer } from './support/provider.ts';

describe('events', () => {
  let signer: Signer;
  let app: App;

  beforeAll(async () => {
    signer = await createSigner();
  });

  beforeEach(() => {
    app = appWith(optionsFor(signer));
  });

  async function logOut(): Promise<void> {
    const access_token = await signer.accessToken();
    const body = { access_token, refresh_token: 'refresh' };
    await request(app.app).post(LOGOUT).send(body).expect(200);
  }

  it('tell of a logout after all of it is stored', async () => {
    const owner = { issuer: signer.issuer, subject: 'alice', sid: 'sid-1' };
    await logOut();
    expect(app.events).toEqual([
      ['invalidated', { kind: 'refresh-token', ...owner }],
      ['invalidated', { kind: 'session', ...owner }],
      ['invalidated', { kind: 'access-token', ...owner }],
      ['logout', { ...owner, repeated: false }],
    ]);
  });

  it.each<[string, () => void]>([
    [
      'throws',
      () => {
        throw new Error('listener');
      },
    ],
    ['rejects', () => Promise.reject(new Error('listener'))],
  ])('harm no logout with a listener that %s', async (_how, listener) => {
    const heard: unknown[] = [];
    app.oidc.on('logout', listener).on('logout', (event) => heard.push(event));
    const told = new Promise((resolve) => app.oidc.on('listener-error', resolve));
    await logOut();
    expect(await told).toEqual({ event: 'logout', error: new Error('listener') });
    expect(heard).toHaveLength(1);
  });

  it('end in silence with a listener-error listener that throws', async () => {
    const fail = () => {
      throw new Error('listener');
    };
    app.oidc.on('listener-error', fail).on('logout', fail);
    await logOut();
  });

  it('are no longer heard after off', async () => {
    const heard: unknown[] = [];
    const listener = (event: unknown) => void heard.push(event);
    app.oidc.on('logout', listener);
    app.oidc.off('logout', listener);
    await logOut();
    expect(heard).toEqual([]);
  });
});
