import type { Group } from '../group.ts';
import { createLogins } from '../provider.ts';
import { LOGINS, type Parts } from '../rounds.ts';
import type { Row, Summary } from '../summary.ts';
import { Shares } from './shares.ts';

const ROUNDS = 40;

/** Where the time of one variant goes. */
export interface Account {
  readonly title: string;
  readonly whole: Row;
  readonly bare: Row | undefined;
  readonly shares: Shares;
}

/** Has rounds like the measured ones, under a profiler. */
export async function takeAccounts(
  { name: groupName, variants, accounts = [] }: Group,
  { rows }: Summary,
  { signer, server }: Parts,
): Promise<Account[]> {
  const steady = await createLogins(signer, LOGINS);
  const [bare, ...others] = rows;
  const taken: Account[] = [];
  for (const whole of others.filter(({ name }) => accounts.includes(name))) {
    const { name } = whole;
    const shares = new Shares();
    for (let round = 0; round < ROUNDS; round += 1) {
      const batches = (await variants[name]?.createRequests(signer, steady)) ?? [];
      const profiled = batches.pop() ?? [];
      for (const batch of batches) await server.send(name, batch);
      await server.startProfile();
      await server.send(name, profiled);
      shares.add(await server.endProfile());
    }
    taken.push({ title: `${groupName}: ${name}`, whole, bare, shares });
  }
  return taken;
}
