import type { Kind } from '../world.ts';
import { BAD_LOGOUT_KINDS } from './bad-logouts.ts';
import { BODY_KINDS } from './bodies.ts';
import { CALLBACK_KINDS } from './callback.ts';
import { CHANNEL_KINDS } from './channels.ts';
import { CREDENTIALS_KINDS } from './credentials.ts';
import { EARLY_KINDS } from './early.ts';
import { GUARD_KINDS } from './guard.ts';
import { LOGIN_KINDS } from './login.ts';
import { LOGOUT_KINDS } from './logout.ts';
import { ORDER_KINDS } from './order.ts';

export const KINDS: readonly Kind[] = [
  ...GUARD_KINDS,
  ...CREDENTIALS_KINDS,
  ...LOGIN_KINDS,
  ...LOGOUT_KINDS,
  ...BAD_LOGOUT_KINDS,
  ...BODY_KINDS,
  ...CHANNEL_KINDS,
  ...CALLBACK_KINDS,
  ...EARLY_KINDS,
  ...ORDER_KINDS,
];
