import { randomUUID } from 'node:crypto';
import { failureReason } from '../input/failure-reason.ts';
import type { ReplicationRules } from '../store/redis/replicated-writes.ts';
import { infoValue, warningsOf } from '../store/redis/server-check.ts';
import { type Finding, fine, risky, unknown, wrong } from './finding.ts';
import { commandsAt } from './redis-commands.ts';
import { type DoctorRedis, withRedis } from './redis-connection.ts';

export interface RedisQuestion {
  readonly url: string;
  readonly keyPrefix: string;
  readonly durability: ReplicationRules | undefined;
}

export async function examineRedis(question: RedisQuestion): Promise<Finding[]> {
  const found = await withRedis(question.url, (client) => examineServer(client, question));
  return [found].flat();
}

async function examineServer(client: DoctorRedis, question: RedisQuestion): Promise<Finding[]> {
  const info = await client.call('info').catch(() => '');
  const settings = typeof info === 'string' ? info : '';
  const prefix = `${question.keyPrefix}doctor-${randomUUID()}:`;
  const isCluster = infoValue(settings, 'cluster_enabled') === '1';
  return [
    ...settingsOf(settings),
    socketTimeoutOf(client),
    isCluster
      ? unknown('Redis commands', 'Not tried: it is a Cluster.')
      : await tryCommands(client, prefix),
    ...(question.durability === undefined
      ? []
      : [await tryWait(client, `${prefix}wait`, question.durability)]),
  ];
}

function settingsOf(info: string): Finding[] {
  const version = infoValue(info, 'redis_version');
  if (version === undefined) return [unknown('Redis settings', 'Its user may not ask for INFO.')];
  const warnings = [...warningsOf(info)].map(({ setting, found, expected }) =>
    wrong('Redis settings', `${setting}: expected ${expected}, found ${found}.`),
  );
  const isKept = infoValue(info, 'aof_enabled') === '1';
  const eviction = infoValue(info, 'maxmemory_policy') ?? 'not told';
  return [
    ...warnings,
    ...(warnings.length > 0
      ? []
      : [fine('Redis settings', `Version ${version}, maxmemory-policy ${eviction}.`)]),
    isKept
      ? fine('Redis persistence', 'appendonly is on.')
      : risky('Redis persistence', 'appendonly is off: a restart forgets the latest logouts.'),
  ];
}

function socketTimeoutOf({ options }: DoctorRedis): Finding {
  const feature = 'Redis time-out';
  return options.socketTimeout === undefined
    ? unknown(feature, 'Set "socketTimeout" of your client, else a dead connection stays in use.')
    : fine(feature, 'The URL sets "socketTimeout".');
}

async function tryCommands(client: DoctorRedis, prefix: string): Promise<Finding> {
  const refused = new Map<string, string>();
  for (const command of commandsAt(prefix)) {
    const reason = await refusalOf(client.call(...command));
    if (reason !== undefined) refused.set(command[0], reason);
  }
  const listener = client.duplicate();
  listener.on('error', () => undefined);
  const reason = await refusalOf(
    listener.connect().then(() => listener.subscribe(`${prefix}channel`)),
  );
  listener.disconnect();
  if (reason !== undefined) refused.set('subscribe', reason);
  if (refused.size === 0) return fine('Redis commands', 'It takes each that the package sends.');
  const list = Array.from(refused, ([name, why]) => `${name} (${why})`).join(', ');
  return wrong('Redis commands', `Refused: ${list}.`);
}

/** A script that Redis does not know is sent in full. */
async function refusalOf(reply: Promise<unknown>): Promise<string | undefined> {
  try {
    await reply;
    return undefined;
  } catch (error) {
    const reason = failureReason(error);
    return reason === 'NOSCRIPT' ? undefined : reason;
  }
}

async function tryWait(
  client: DoctorRedis,
  key: string,
  rules: ReplicationRules,
): Promise<Finding> {
  const feature = 'Redis durability';
  const { replicas, timeout } = rules;
  try {
    await client.call('set', key, '1', 'EX', 60);
    const count = Number(await client.call('wait', replicas, Math.ceil(timeout * 1000)));
    await client.call('del', key);
    const detail = `Of ${replicas} replicas ${count} had a write within ${timeout} s.`;
    return count >= replicas ? fine(feature, detail) : wrong(feature, detail);
  } catch (error) {
    return wrong(feature, `It cannot be tried: ${failureReason(error)}.`);
  }
}
