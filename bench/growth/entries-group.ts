import { backChannel } from '../back-channel.ts';
import { type Group, SATURATED, type Variant } from '../group.ts';
import { guard } from '../guard.ts';
import { logout } from '../logout.ts';
import { save } from '../save.ts';

/** What reads and writes the invalidation list, as the other groups measure it. */
export const ENTRIES: Group = {
  name: 'Entries',
  load: SATURATED,
  algorithm: 'RS256',
  about: '',
  variants: {
    strict: variantOf(guard('RS256'), 'strict'),
    'near-cache': variantOf(guard('RS256'), 'near-cache'),
    logout: variantOf(logout, 'not seen'),
    'Logout Token': variantOf(backChannel, 'ours'),
    save: variantOf(save, 'ours'),
  },
};

function variantOf({ variants }: Group, name: string): Variant {
  const variant = variants[name];
  if (variant === undefined) throw new Error(`No variant ${name}`);
  return variant;
}
