import { randomUUID } from 'node:crypto';
import { postJson } from '../../spec/soak/http.ts';
import type { HttpRequest } from '../group.ts';
import { createLogins } from '../provider.ts';
import { end, save } from '../requests.ts';
import { ServerProcess } from '../server-process.ts';
import { APP, type Duration } from './app.ts';
import { longestCommand } from './longest-command.ts';
import type { Figures, Section } from './section.ts';
import type { World } from './world.ts';

const SIZES = [1, 10, 100, 1000, 10_000];
const ROUNDS = 5;
const REQUESTS = 60;
const ENDS = 3;
const VARIANT = 'strict';

const ABOUT = `
Users with so many sessions, or a few more. \`save\` is one more session of a user, \`logout\` ends one: CPU time in
microseconds. \`end\` is \`sessions.end({ issuer, sub })\`, in milliseconds: until all sessions have ended, a session of
these, the longest turn of the event loop, the longest command of Redis.
`;

export async function measureSessions(world: World): Promise<Section[]> {
  const server = await ServerProcess.start(APP, world.settings);
  await measureUsers(world, server, 10);
  const rows = [];
  for (const size of SIZES) rows.push({ size, figures: await measureUsers(world, server, size) });
  await server.stop();
  return [{ title: 'Sessions of a user', about: ABOUT, of: 'sessions', rows }];
}

async function measureUsers(world: World, server: ServerProcess, size: number): Promise<Figures> {
  const { redisServer, signers } = world;
  await redisServer.flush();
  const users = Array.from({ length: size > 100 ? ENDS : REQUESTS }, () => randomUUID());
  const loginsOf = async (count: number) => {
    const logins = users.map((sub) => createLogins(signers.ES256, count, { sub }));
    return (await Promise.all(logins)).flat();
  };
  await server.send(VARIANT, (await loginsOf(size)).map(save));

  const timeOf = async (requests: readonly HttpRequest[]) => {
    const before = await server.cpuTime();
    await server.send(VARIANT, requests);
    return ((await server.cpuTime()).allThreads - before.allThreads) / requests.length;
  };
  const [saves, logouts]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    const more = await loginsOf(REQUESTS / users.length);
    saves.push(await timeOf(more.map(save)));
    logouts.push(await timeOf(more.map(end)));
  }
  const ends = [];
  for (const sub of users.slice(0, ENDS)) ends.push(await measureEnd(world, server, sub));
  return {
    save: saves,
    logout: logouts,
    end: ends.map(({ wallMs }) => wallMs),
    'a session': ends.map(({ wallMs }) => wallMs / size),
    'longest turn': ends.map(({ longestTurnMs }) => longestTurnMs),
    'longest command': ends.map(({ longestCommandMs }) => longestCommandMs),
  };
}

async function measureEnd({ redis, settings }: World, server: ServerProcess, sub: string) {
  const endUser = { ...postJson('/end', { issuer: settings.issuer, sub }), status: 200 };
  const { result, longestMs } = await longestCommand(redis, () => server.request(VARIANT, endUser));
  return { ...(JSON.parse(result.body) as Duration), longestCommandMs: longestMs };
}
