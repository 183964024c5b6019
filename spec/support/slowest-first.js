import { createRequire } from 'node:module';

const { default: Sequencer } = createRequire(import.meta.url)('@jest/test-sequencer');

const SLOWEST = [
  'session/many-sessions',
  'redis-cluster-outages',
  'provider/revocation-queue',
  'redis-sentinel',
  'store-connection',
  'http/back-channel-logout',
  'redis-sentinel-live',
  'logout/back-channel-outage',
  'docs/recipes/recipes',
  'near-cache',
  'example-app/page',
  'docs/redis',
  'close',
  'docs/sessions',
  'redis-cluster-messages',
  'docs/readme',
  'redis-cluster',
  'docs/examples',
  'http/app-functions',
  'store/redis/redis-cluster',
  'browser-form-logout',
  'http/request-end',
  'http/token-cache',
  'http/logout-session',
  'session/sessions',
  'session/ends',
  'sessions-model',
  'example-app/ended-elsewhere',
  'doctor',
  'store-replies',
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
