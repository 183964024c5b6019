import { createLogins } from '../provider.ts';
import { use } from '../requests.ts';
import { ServerProcess } from '../server-process.ts';
import { APP } from './app.ts';
import type { Section } from './section.ts';
import type { World } from './world.ts';

const SCOPES = [10, 170, 500, 1500];
const TOKENS = 1000;
const ROUNDS = 5;
const WARM_UP_ROUNDS = 3;

const ABOUT = `
The heap after a collection with ${TOKENS} more known tokens, less the heap without, in bytes a token: in all, and beside
the characters of the token. Of that, what grows with the token is its decoded claims: they are filled up by one.
`;

export async function measureKnownTokens(world: World): Promise<Section[]> {
  const rows = [];
  for (const scope of SCOPES) rows.push(await measureTokens(world, 'x'.repeat(scope)));
  return [{ title: 'Known tokens', about: ABOUT, of: 'characters of a token', rows }];
}

async function measureTokens({ redisServer, settings, signers }: World, scope: string) {
  await redisServer.flush();
  const server = await ServerProcess.start(APP, settings, ['--expose-gc']);
  const figures: Record<string, number[]> = {};
  let size = NaN;
  for (const variant of Object.keys(APP.variants)) {
    const bytes: number[] = [];
    for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round += 1) {
      const logins = await createLogins(signers.ES256, TOKENS, { scope });
      size = logins[0]?.access_token.length ?? NaN;
      const before = await server.heapUsed();
      await server.send(variant, logins.map(use));
      if (round >= 0) bytes.push(((await server.heapUsed()) - before) / TOKENS);
    }
    figures[variant] = bytes;
    figures[`${variant}, beside the token`] = bytes.map((each) => each - size);
  }
  await server.stop();
  return { size, figures };
}
