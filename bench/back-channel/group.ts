import type { Group } from '../group.ts';
import type { Load } from '../load-process.ts';
import { formRequest } from '../requests.ts';
import { compareRuns } from '../rounds.ts';
import type { Run } from '../run.ts';
import { settingsFor } from '../settings.ts';
import { COSTS, costs, table } from '../table.ts';
import { mintLogoutTokens } from '../tokens.ts';

const CONNECTIONS = 32;

const ABOUT = `
\`POST\` by the provider over ${CONNECTIONS} connections, each with a Logout Token of its own (RS256, with
\`sub\` and \`sid\`). express-openid-connect keeps what was ended in a store on Redis.
`;

function loadOf(tokens: readonly string[], status: number): Load {
  const amount = tokens.length;
  const requests = tokens.map((logout_token) =>
    formRequest('/backchannel-logout', { logout_token }),
  );
  return { requests, connections: CONNECTIONS, amount, statuses: { [status]: amount } };
}

export const backChannelGroup: Group = async (bench) => {
  const { issuer, redis, redisAddress, effort } = bench;
  const warmUp = await mintLogoutTokens(issuer.signers.RS256, effort.warmUpLogouts * CONNECTIONS);
  const tokens = await mintLogoutTokens(issuer.signers.RS256, effort.logouts * CONNECTIONS);
  const settings = settingsFor(issuer, 'RS256', redisAddress);

  const runOf = (variant: string, status: number): Run => ({
    variant: `back-channel/${variant}`,
    settings,
    prepare: () => redis.flushall(),
    before: [loadOf(warmUp, status)],
    load: loadOf(tokens, status),
  });

  const measured = await compareRuns(bench, 'back-channel', {
    ours: runOf('ours', 200),
    'express-openid-connect': runOf('express-openid-connect', 204),
  });
  const rows = Array.from(measured, ([name, each]) => [name, ...costs(each)] as const);
  return { text: `${ABOUT}\n${table(['RS256', ...COSTS], rows)}` };
};
