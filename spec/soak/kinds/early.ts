import { bearer, postForm, type PlainRequest } from '../http.ts';
import type { Kind, World } from '../world.ts';
import { postLogout, postSession } from './logout-requests.ts';

/** Requests that the app has answered already when they come to this package. */
async function requestOf(world: World): Promise<PlainRequest> {
  const { issuing, random } = world;
  const { forgers, signer } = issuing;
  const login = await issuing.login();
  const { sub, sid } = login;
  const claims = { sub, sid, jti: issuing.name('j') };
  const logout_token = await random.pick([signer, forgers.known]).logoutToken(claims);
  const token = await random.pick([signer, forgers.known]).accessToken(claims);
  return random.pick<PlainRequest>([
    { path: '/api' },
    { path: '/api', headers: bearer(token) },
    { path: '/api/write', headers: bearer(token) },
    { path: '/api', headers: bearer(issuing.secret('none')) },
    postLogout(login),
    { method: 'GET', path: '/logout' },
    postSession(login),
    postForm('/back-channel-logout', { logout_token }),
    { path: `/front-channel-logout?sid=${sid}` },
    { path: '/front-channel-logout' },
    { path: `/logged-out?state=${issuing.secret('').slice(1)}` },
    { method: 'POST', path: '/logged-out' },
  ]);
}

export const EARLY_KINDS: readonly Kind[] = [
  {
    name: 'any endpoint: answered early',
    weight: 25,
    async run(ask, world) {
      const request = await requestOf(world);
      const early = { ...request, path: `/early${request.path}` };
      await ask(early, ['408 EARLY'], { input: request.method ?? 'GET', outage: [] });
    },
  },
];
