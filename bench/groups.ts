import { backChannel } from './back-channel.ts';
import type { Group } from './group.ts';
import { guard, guardUnder } from './guard.ts';
import { logout } from './logout.ts';
import { save } from './save.ts';

export const GROUPS: readonly Group[] = [
  guard('RS256'),
  guardUnder('4 requests at once', { connections: 32, atOnce: 4 }),
  guardUnder('1 connection', { connections: 1, atOnce: 1 }),
  guard('ES256'),
  logout,
  backChannel,
  save,
];
