import type { EndReply } from '../../invalidation/end-session.ts';
import { checkedRecord } from '../codecs/session-record.ts';

export function decodeEndReply(reply: unknown): EndReply {
  if (!Array.isArray(reply)) throw new TypeError('Not a reply of this script');
  const [status, age, fields] = reply as [EndReply['status'], number?, string[]?];
  if (age === undefined || fields === undefined) return { status, record: undefined, age: 0 };
  return { status, record: decodeFields(fields), age };
}

function decodeFields(fields: readonly string[]) {
  const values = new Map<string, string>();
  for (let index = 0; index + 1 < fields.length; index += 2) {
    values.set(fields[index] ?? '', fields[index + 1] ?? '');
  }
  const time = (name: string) => Number(values.get(name) ?? NaN);
  const claims = { claimedAt: time('claimed'), endedAt: time('ended') };
  const [event, claimant, state, left] = ['event', 'claimant', 'state', 'left'].map((name) =>
    values.get(name),
  );
  return checkedRecord({
    last: time('last'),
    ids: values.get('ids')?.split(' '),
    subject: values.get('subject'),
    owner: values.get('owner'),
    tokens: tokensOf(values),
    end: { event, claimant, ...claims, state, left },
  });
}

function tokensOf(values: ReadonlyMap<string, string>): Record<string, unknown> {
  const names = [...values.keys()].filter((name) => /^[irt]:/.test(name));
  const clients = new Set(names.map((name) => name.slice(2)));
  return Object.fromEntries(
    Array.from(clients, (client) => {
      const [idToken, refreshToken, time] = ['i', 'r', 't'].map((letter) =>
        values.get(`${letter}:${client}`),
      );
      return [client, { idToken, refreshToken, time: Number(time ?? NaN) }];
    }),
  );
}
