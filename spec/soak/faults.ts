import { setTimeout as wait } from 'node:timers/promises';
import type { RedisServer } from '../support/redis-server.ts';
import type { Issuing } from './issuing.ts';
import type { ProviderMode } from './provider.ts';
import type { ProviderProcess } from './provider-process.ts';
import type { Stage } from './stage.ts';

interface FaultParts {
  readonly redis: RedisServer;
  readonly provider: ProviderProcess;
  readonly issuing: Issuing;
}

export interface Fault {
  readonly name: string;
  readonly run: (parts: FaultParts) => Promise<void>;
  /** Seconds after its end in which 503 is right. */
  readonly after: number;
}

function misbehaving(mode: ProviderMode, seconds: number, after: number): Fault {
  return {
    name: `provider: ${mode} for ${seconds} s`,
    after,
    async run({ provider }) {
      await provider.tell({ mode });
      await wait(seconds * 1000);
      await provider.tell({ mode: 'well' });
    },
  };
}

const killRedis: Fault = {
  name: 'Redis: killed, and back after 1.5 s',
  after: 3,
  async run({ redis }) {
    await redis.kill();
    await wait(1500);
    await redis.restart();
  },
};

const pauseRedis: Fault = {
  name: 'Redis: hangs for 2 s',
  after: 2,
  async run({ redis }) {
    redis.pause();
    await wait(2000);
    redis.resume();
  },
};

const cutRedis: Fault = {
  name: 'Redis: cuts all connections, ten times',
  after: 2,
  async run({ redis }) {
    const client = redis.connect();
    for (let count = 0; count < 10; count += 1) {
      await client.call('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'YES');
      await client.call('CLIENT', 'KILL', 'TYPE', 'PUBSUB');
      await wait(100);
    }
    client.disconnect();
  },
};

const rotateKeys: Fault = {
  name: 'provider: new keys',
  // Made-up names of keys use up the fetches of 30 s, as here at all times.
  after: 30,
  run: ({ provider, issuing }) => issuing.rotate((keys) => provider.tell({ keys })),
};

/** In this order, spread over the run, each followed by quiet. */
export const FAULTS: readonly Fault[] = [
  killRedis,
  rotateKeys,
  misbehaving('error', 4, 3),
  pauseRedis,
  // Whoever asked it last waits for as long as a request to the provider may take.
  misbehaving('hang', 3, 6),
  cutRedis,
  misbehaving('no-keys', 6, 3),
  misbehaving('refuse', 3, 3),
  rotateKeys,
  misbehaving('closing', 5, 1),
  killRedis,
  pauseRedis,
];

export async function inject(fault: Fault, { redis, provider, world }: Stage): Promise<void> {
  const { issuing, outages } = world;
  const parts = { redis, provider, issuing };
  const end = outages.begin();
  await fault.run(parts);
  end(fault.after * 1000);
}
