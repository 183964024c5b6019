import { expect, it } from '@jest/globals';
import express from 'express';
import request from 'supertest';
import { oidcLogout } from '../../lib/index.ts';
import { optionsFor } from '../support/app.ts';
import { openPage } from '../support/page.ts';
import { createSigner } from '../support/provider.ts';

const PAGE = openPage('docs/guard.md');
const ROUTE = PAGE.take('js', 'req.auth;');
const OWN_PAGE = PAGE.take('js', "errors: 'next'");

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

it('shows a page of its own for errors', async () => {
  const [app, oidc] = [express(), oidcLogout(optionsFor(await createSigner()))];
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  const addRoute = new Function('app', 'oidc', OWN_PAGE) as (...parts: unknown[]) => void;
  addRoute(app, oidc);
  const answer = await request(app).get('/pages');
  expect([answer.status, answer.text]).toEqual([401, '<h1>Please log in</h1>']);
  expect(answer.headers['www-authenticate']).toBe('Bearer realm="api"');
});

it('has no block of code that is not run', () => {
  expect(PAGE.untaken()).toEqual([]);
});
