import type { HttpRequest } from '../group.ts';
import { createLogins } from '../provider.ts';
import { end, use } from '../requests.ts';
import { LOGINS, redisTime } from '../rounds.ts';
import { ServerProcess } from '../server-process.ts';
import { APP } from './app.ts';
import type { Figures, Section } from './section.ts';
import type { World } from './world.ts';

const SIZES = [1, 2, 4, 8];
const WARM_UP_ROUNDS = 10;
const AWAITED = 10;
const VARIANT = 'near-cache';

const ABOUT = `
Server processes on one Redis, each with the near-cache and a listener of \`session-ended\`; one of them answers logouts.
CPU time of a logout in microseconds: of the process that answers it, of redis-server, and of each process that only
listens. \`refused\`: milliseconds from the logout's answer until each other process is sent the first request that it
refuses, 0 where that is the first request after the answer.
`;

export async function measureProcesses(world: World): Promise<Section[]> {
  const rows = [];
  for (const size of SIZES) {
    await world.redisServer.flush();
    const starting = Array.from({ length: size }, () => ServerProcess.start(APP, world.settings));
    const servers = await Promise.all(starting);
    const figures = {
      ...(await measureLogouts(world, servers)),
      ...(size === 1 ? {} : await measureDelays(world, servers)),
    };
    await Promise.all(servers.map((server) => server.stop()));
    rows.push({ size, figures });
  }
  return [{ title: 'Processes', about: ABOUT, of: 'processes', rows }];
}

async function measureLogouts(
  { redis, signers, rounds }: World,
  [first, ...others]: readonly ServerProcess[],
): Promise<Figures> {
  const clock = async () => ({
    answering: await timeOf(first),
    redis: await redisTime(redis),
    listening: await Promise.all(others.map(timeOf)),
  });
  const figures = { logout: [] as number[], Redis: [] as number[], listener: [] as number[] };
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    const logins = await createLogins(signers.ES256, LOGINS);
    const before = await clock();
    await first?.send(VARIANT, logins.map(end));
    const after = await clock();
    if (round < 0) continue;
    figures.logout.push((after.answering - before.answering) / LOGINS);
    figures.Redis.push((after.redis - before.redis) / LOGINS);
    after.listening.forEach((time, index) => {
      figures.listener.push((time - (before.listening[index] ?? NaN)) / LOGINS);
    });
  }
  return figures;
}

async function timeOf(server: ServerProcess | undefined): Promise<number> {
  return (await server?.cpuTime())?.allThreads ?? NaN;
}

/** Each process knows the token as valid before. */
async function measureDelays(
  { signers, rounds }: World,
  [first, ...others]: readonly ServerProcess[],
): Promise<Figures> {
  const [all, longest]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    const delays: number[] = [];
    for (const login of await createLogins(signers.ES256, AWAITED)) {
      const call = use(login);
      await Promise.all(others.map((server) => server.send(VARIANT, [call])));
      await first?.send(VARIANT, [end(login)]);
      delays.push(Math.max(...(await Promise.all(others.map((server) => refusal(server, call))))));
    }
    all.push(...delays);
    longest.push(Math.max(...delays));
  }
  return { refused: all, [`longest of ${AWAITED}`]: longest };
}

/** Milliseconds until the first request that the process refuses is sent. */
async function refusal(server: ServerProcess, call: HttpRequest): Promise<number> {
  const start = performance.now();
  for (let delay = 0; ; delay = performance.now() - start) {
    const { status } = await server.request(VARIANT, call);
    if (status === 401) return delay;
  }
}
