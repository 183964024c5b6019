import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client as Client8, errors as errors8 } from 'elasticsearch8';
import { Client as Client9, errors as errors9 } from 'elasticsearch9';
import { type Example, startExample } from '../../example-app/app.ts';
import { Trio } from '../support/trio.ts';

describe('the example app, taken for Elasticsearch', () => {
  let app: Example;

  beforeAll(async () => {
    app = await startExample({ PORT: '0' });
  });

  afterAll(() => app.close());

  describe.each([
    ['8', Client8, errors8.ResponseError],
    ['9', Client9, errors9.ResponseError],
  ])('by the client %s', (_major, Client, ResponseError) => {
    let client: Client9;

    beforeAll(() => {
      // What is used here is the same in both.
      client = new Client({ node: app.url }) as Client9;
    });

    afterAll(() => client.close());

    async function logIn(trio: Trio) {
      const prepared = await client.security.oidcPrepareAuthentication({ realm: 'oidc1' });
      const { url } = await trio.logInAtProvider(prepared, 'alice');
      const { state, nonce } = prepared;
      return client.security.oidcAuthenticate({ redirect_uri: url.href, state, nonce });
    }

    async function failureOf(call: Promise<unknown>) {
      const error: unknown = await call.catch((reason: unknown) => reason);
      if (!(error instanceof ResponseError)) throw new Error('No ResponseError', { cause: error });
      const body = error.body as { readonly error: unknown };
      return { statusCode: error.statusCode, error: body.error };
    }

    it('logs in, and logs out for good', async () => {
      const trio = new Trio(app);
      const { access_token, refresh_token } = await logIn(trio);
      expect((await trio.callApi(access_token)).status).toBe(200);
      const { redirect } = await client.security.oidcLogout({ token: access_token, refresh_token });
      const page = await trio.browser.open(redirect);
      expect(page.html).toContain('You are logged in here as <strong>Alice</strong>');
      const headers = { Authorization: `Bearer ${access_token}` };
      const call = client.transport.request({ method: 'GET', path: '/api/me' }, { headers });
      expect(await failureOf(call)).toEqual({ statusCode: 401, error: 'invalid_token' });
    });

    it('decodes the refusal of an unknown realm', async () => {
      const call = client.security.oidcPrepareAuthentication({ realm: 'oidc2' });
      expect(await failureOf(call)).toMatchObject({
        statusCode: 500,
        error: {
          type: 'security_exception',
          reason: 'Cannot find OpenID Connect realm with name [oidc2]',
        },
      });
    });

    it('decodes the refusal of a login that nobody started', async () => {
      const redirect_uri = `${app.url}/callback?code=1&state=1`;
      const call = client.security.oidcAuthenticate({ redirect_uri, state: '1', nonce: '1' });
      expect(await failureOf(call)).toMatchObject({
        statusCode: 401,
        error: {
          type: 'security_exception',
          reason: 'unable to authenticate user for REST request [/_security/oidc/authenticate]',
        },
      });
    });

    it('decodes the refusal of a wrong token', async () => {
      const { access_token } = await logIn(new Trio(app));
      const call = client.security.oidcLogout({ token: `${access_token}x` });
      expect(await failureOf(call)).toMatchObject({
        statusCode: 401,
        error: { type: 'security_exception', reason: 'supplied token is not valid' },
      });
    });

    it('decodes the answer to an API that is not there', async () => {
      expect(await failureOf(client.security.getUser())).toEqual({
        statusCode: 400,
        error: 'no handler found for uri [/_security/user] and method [GET]',
      });
    });
  });
});
