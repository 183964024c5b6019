import { bearer, postForm, postJson } from '../http.ts';
import type { Ask, Kind, World } from '../world.ts';
import { logIn, OVER } from './login.ts';

const BACK_CHANNEL_OUTAGE = { outage: ['400 temporarily_unavailable'] };

/** A Logout Token that was on its way for longer than the login is old. */
async function lateLogoutToken(ask: Ask, world: World): Promise<void> {
  const login = await logIn(world);
  if (login === undefined) return;
  const { sub, sid, tokens } = login;
  const iat = Math.floor(Date.now() / 1000) - 60;
  const jti = world.issuing.name('j');
  const logout_token = await world.issuing.pastSigner.logoutToken({ sub, sid, iat, jti });
  await ask(postForm('/back-channel-logout', { logout_token }), ['200'], BACK_CHANNEL_OUTAGE);
  const request = { path: '/api', headers: bearer(tokens.access_token) };
  await ask(request, ['200'], { input: 'the newer login' });
}

/** The session ends before the app has saved its login. */
async function endBeforeSave(ask: Ask, { issuing }: World): Promise<void> {
  const { sub, sid, tokens } = await issuing.login();
  const logout_token = await issuing.signer.logoutToken({ sub, sid, jti: issuing.name('j') });
  const end = postForm('/back-channel-logout', { logout_token });
  const { status } = await ask(end, ['200'], BACK_CHANNEL_OUTAGE);
  if (status !== 200) return;
  const outage = [
    '503 ERR_OIDC_LOGOUT_STORE_UNAVAILABLE',
    '503 ERR_OIDC_LOGOUT_PROVIDER_UNAVAILABLE',
  ];
  await ask(postJson('/login', tokens), OVER, { outage, input: 'save' });
}

export const ORDER_KINDS: readonly Kind[] = [
  { name: 'order: an old Logout Token', weight: 3, run: lateLogoutToken },
  { name: 'order: an end before its login', weight: 3, run: endBeforeSave },
];
