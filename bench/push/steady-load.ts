import { apiRequest } from '../requests.ts';
import { KeepAliveClient } from './keep-alive-client.ts';

const CONNECTIONS = 32;
const TICK_MS = 4;

/** How the load fares. */
export interface SteadyLoadState {
  readonly answered: number;
  /** Sent, but not answered. */
  readonly waiting: number;
  /** Answered otherwise than by 200. */
  readonly refused: number;
}

const [url = '', perSecond = '', accessToken = ''] = process.argv.slice(2);
const client = new KeepAliveClient(url, CONNECTIONS);
const request = apiRequest(accessToken);
const start = performance.now();
let [sent, answered, refused] = [0, 0, 0];

async function send(): Promise<void> {
  sent += 1;
  if ((await client.send(request)) !== 200) refused += 1;
  answered += 1;
}

// Evenly: a whole second's requests at once would leave the rest of the second idle.
setInterval(() => {
  const due = ((performance.now() - start) * Number(perSecond)) / 1000;
  while (sent < due) void send();
}, TICK_MS);

process.on('message', () => {
  process.send?.({ answered, waiting: sent - answered, refused } satisfies SteadyLoadState);
});
process.once('disconnect', () => process.exit());
