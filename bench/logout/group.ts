import type { Group } from '../group.ts';
import { type Algorithm, ALGORITHMS } from '../issuer.ts';
import type { Load } from '../load-process.ts';
import { apiRequest, type HttpRequest, jsonRequest } from '../requests.ts';
import { compareRuns } from '../rounds.ts';
import type { Run } from '../run.ts';
import { settingsFor } from '../settings.ts';
import { COSTS, costs, table } from '../table.ts';
import { type Login, mintLogins } from '../tokens.ts';
import type { Workbench } from '../workbench.ts';

const CONNECTIONS = 32;

const ABOUT = `
\`POST /logout\` over ${CONNECTIONS} connections, each with a token of its own. \`floor\` is the least
that a logout can be: one verification, one \`SET\`, one redirect. The others are this package, with
tokens that its guard has not seen, that it has seen, and whose login was saved before as well.
`;

/** What is done with every login. */
interface Step {
  readonly status: number;
  readonly request: (login: Login) => HttpRequest;
}

const save: Step = { status: 204, request: (login) => jsonRequest('/save', login) };
const use: Step = { status: 200, request: ({ access_token }) => apiRequest(access_token) };
const end: Step = {
  status: 200,
  request: ({ access_token }) => jsonRequest('/logout', { access_token }),
};

function loadOf(logins: readonly Login[], { status, request }: Step): Load {
  const amount = logins.length;
  const requests = logins.map(request);
  return { requests, connections: CONNECTIONS, amount, statuses: { [status]: amount } };
}

async function compare(bench: Workbench, algorithm: Algorithm): Promise<string> {
  const { issuer, redis, redisAddress, effort } = bench;
  const signer = issuer.signers[algorithm];
  const warmUp = await mintLogins(signer, effort.warmUpLogouts * CONNECTIONS);
  const logins = await mintLogins(signer, effort.logouts * CONNECTIONS);
  const settings = settingsFor(issuer, algorithm, redisAddress);

  const runOf = (variant: string, ...history: Step[]): Run => ({
    variant,
    settings,
    prepare: () => redis.flushall(),
    before: [
      ...[...history, end].map((step) => loadOf(warmUp, step)),
      ...history.map((step) => loadOf(logins, step)),
    ],
    load: loadOf(logins, end),
  });

  const measured = await compareRuns(bench, `logout ${algorithm}`, {
    floor: runOf('logout/floor'),
    unseen: runOf('logout/ours'),
    seen: runOf('logout/ours', use),
    saved: runOf('logout/ours', save, use),
  });
  const rows = Array.from(measured, ([name, each]) => [name, ...costs(each)] as const);
  return table([algorithm, ...COSTS], rows);
}

export const logoutGroup: Group = async (bench) => {
  const tables: string[] = [];
  for (const algorithm of ALGORITHMS) tables.push(await compare(bench, algorithm));
  return { text: [ABOUT, ...tables].join('\n\n') };
};
