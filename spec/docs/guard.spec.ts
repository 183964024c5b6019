import { expect, it } from '@jest/globals';
import express from 'express';
import request from 'supertest';
import { oidcLogout } from '../../lib/index.ts';
import { optionsFor } from '../support/app.ts';
import { openPage } from '../support/page.ts';
import { createSigner } from '../support/provider.ts';

const PAGE = openPage('docs/guard.md');
const ROUTE = PAGE.take('js', 'req.auth');

it('shows what a route is told of the token', async () => {
  const signer = await createSigner();
  const [app, oidc] = [express(), oidcLogout(optionsFor(signer))];
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  const addRoute = new Function('app', 'oidc', ROUTE) as (...parts: unknown[]) => void;
  addRoute(app, oidc);
  const ask = async (scope: string) => {
    const token = await signer.accessToken({ scope });
    const answer = await request(app).get('/orders').set('Authorization', `Bearer ${token}`);
    return { token, answer };
  };
  expect((await ask('write')).answer.status).toBe(403);
  const { answer, token } = await ask('read write');
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({ user: 'alice', typ: 'at+jwt', length: token.length });
});

it('has no block of code that is not run', () => {
  expect(PAGE.untaken()).toEqual([]);
});
