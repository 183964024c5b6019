import autocannon from 'autocannon';
import type { Load, LoadJob, LoadResult } from './load-process.ts';
import { percentile } from './statistics.ts';

const SAMPLE_INTERVAL_MS = 100;

/** Gives each connection a part of its own of the requests, all around in the same order. */
function shareOut({ requests, connections, amount }: Load): (client: autocannon.Client) => void {
  const length = amount / connections;
  const around = [...requests, ...requests];
  let index = 0;
  return (client) => {
    const start = Math.floor((index++ * requests.length) / connections);
    client.setRequests(around.slice(start, start + length));
  };
}

async function run({ url, load }: LoadJob): Promise<LoadResult> {
  const { connections, amount } = load;
  const options = { url, connections, amount, sampleInt: SAMPLE_INTERVAL_MS };
  const latencies: number[] = [];
  const seen = new Set<autocannon.Client>();
  const times: number[] = [];

  const { errors, statusCodeStats = {} } = await new Promise<autocannon.Result>(
    (resolve, reject) => {
      const instance = autocannon(
        { ...options, setupClient: shareOut(load) },
        (error: Error | null, result) => {
          if (error === null) resolve(result);
          else reject(error);
        },
      );
      instance.on('response', (client, _status, _bytes, latency) => {
        times.push(performance.now());
        // The first one of a connection was being prepared while others were prepared too.
        if (seen.has(client)) latencies.push(latency);
        else seen.add(client);
      });
    },
  );

  const seconds = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000;
  return {
    errors,
    statuses: Object.fromEntries(
      Object.entries(statusCodeStats).map(([status, { count = 0 }]) => [status, count]),
    ),
    requestsPerSecond: times.length / seconds,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
  };
}

process.on('message', (job: LoadJob) => {
  void run(job).then((result) => process.send?.(result));
});
process.once('disconnect', () => process.exit());
