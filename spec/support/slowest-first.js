import { createRequire } from 'node:module';

const { default: Sequencer } = createRequire(import.meta.url)('@jest/test-sequencer');

const SLOWEST = [
  'http/back-channel-logout',
  'redis-cluster-outages',
  'redis-sentinel',
  'provider/revocation-queue',
  'example-app/page',
  'store-connection',
  'redis-sentinel-live',
  'http/app-functions',
  'sessions-model',
  'logout/back-channel-outage',
  'near-cache',
  'close',
  'redis-cluster-messages',
  'session/many-sessions',
  'example-app/ended-elsewhere',
  'store/redis/redis-cluster',
  'provider/revocation',
  'docs/redis',
  'docs/examples',
  'docs/readme',
  'doctor',
  'redis-cluster',
  'browser-form-logout',
];

const rank = ({ path }) => {
  const index = SLOWEST.findIndex((name) => path.endsWith(`/spec/${name}.spec.ts`));
  return index === -1 ? SLOWEST.length : index;
};

/** Starts what takes longest first, so that no worker is left alone with it in the end. */
export default class SlowestFirst extends Sequencer {
  async sort(tests) {
    const usual = await super.sort(tests);
    return [...usual].sort((one, other) => rank(one) - rank(other));
  }
}
