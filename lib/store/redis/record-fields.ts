import type { SessionRecord } from '../../invalidation/session-record.ts';
import { checkedRecord } from '../codecs/session-record.ts';

type Fields = ReadonlyMap<string, string>;

const FIELDS = ['last', 'ids', 'subject', 'owner'];
const END_FIELDS = ['event', 'claimant', 'claimed', 'ended', 'answer', 'left'];

/** Of a record, with the tokens of one client. */
export function fieldsOf(clientId: string): string[] {
  return [...FIELDS, ...END_FIELDS, ...['i', 'r', 't'].map((letter) => `${letter}:${clientId}`)];
}

export function decodeFields(values: Fields): SessionRecord | undefined {
  if (values.size === 0) return undefined;
  return checkedRecord({
    last: timeOf(values, 'last'),
    ids: values.get('ids')?.split(' '),
    subject: values.get('subject'),
    owner: values.get('owner'),
    tokens: tokensOf(values),
    end: END_FIELDS.some((name) => values.has(name)) ? endOf(values) : undefined,
  });
}

function timeOf(values: Fields, name: string): number {
  return Number(values.get(name) ?? NaN);
}

function endOf(values: Fields): object {
  const [event, claimant, answer, left] = ['event', 'claimant', 'answer', 'left'].map((name) =>
    values.get(name),
  );
  const times = { claimedAt: timeOf(values, 'claimed'), endedAt: timeOf(values, 'ended') };
  return { event, claimant, ...times, answer, left };
}

function tokensOf(values: Fields): Record<string, unknown> {
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
