import { backChannel } from './back-channel.ts';
import type { Group } from './group.ts';
import { guard } from './guard.ts';
import { logout } from './logout.ts';
import { save } from './save.ts';

export const GROUPS: readonly Group[] = [guard('RS256'), guard('ES256'), logout, backChannel, save];
