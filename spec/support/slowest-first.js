import { createRequire } from 'node:module';

const { default: Sequencer } = createRequire(import.meta.url)('@jest/test-sequencer');

const SLOWEST = [
  'session/many-sessions',
  'provider/revocation-queue',
  'docs/recipes/recipes',
  'redis-cluster-outages',
  'docs/sessions',
  'redis-sentinel',
  'session/sessions',
  'http/token-cache',
  'docs/examples',
  'logout/back-channel-outage',
  'session/ends',
  'docs/redis',
  'redis-sentinel-live',
  'store-connection',
  'browser-logout',
  'http/logout',
  'provider/keys',
  'browser-form-logout',
  'near-cache',
  'example-app/ended-elsewhere',
  'close',
  'http/back-channel-logout',
  'example-app/page',
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
