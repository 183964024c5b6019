import { backChannel } from './back-channel.ts';
import type { Group } from './group.ts';
import { guard, guardUnder } from './guard.ts';
import { logout } from './logout.ts';
import { save } from './save.ts';

export const GROUPS: readonly Group[] = [
  { ...guard('RS256'), accounts: ['near-cache'] },
  guardUnder('4 requests at once', { connections: 32, atOnce: 4 }),
  { ...guardUnder('1 connection', { connections: 1, atOnce: 1 }), accounts: ['strict'] },
  guard('ES256'),
  { ...logout, accounts: ['not seen', 'saved, encrypted'] },
  { ...backChannel, accounts: ['ours'] },
  save,
];
