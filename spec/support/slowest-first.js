import { createRequire } from 'node:module';

const { default: Sequencer } = createRequire(import.meta.url)('@jest/test-sequencer');

const SLOWEST = [
  'redis-cluster-outages',
  'redis-sentinel',
  'provider/revocation-queue',
  'store-connection',
  'session/many-sessions',
  'redis-sentinel-live',
  'logout/back-channel-outage',
  'http/app-functions',
  'http/back-channel-logout',
  'near-cache',
  'close',
  'docs/redis',
  'store/redis/redis-cluster',
  'docs/recipes/recipes',
  'docs/examples',
  'docs/sessions',
  'example-app/page',
  'redis-cluster-messages',
  'http/token-cache',
  'sessions-model',
  'doctor',
  'redis-cluster',
  'example-app/ended-elsewhere',
  'http/request-end',
  'browser-logout',
  'store-replies',
  'browser-form-logout',
  'docs/readme',
  'provider/revocation',
  'http/logout-session',
  'logout/provider-side',
  'http/logout',
];
const AT_ONCE = 4;
const BETWEEN = 4;

const rank = ({ path }) => SLOWEST.findIndex((name) => path.endsWith(`/spec/${name}.spec.ts`));

/**
 * Starts what takes longest first, so that no worker is left alone with it in the end. Most of that
 * waits: others are started between, so that not all workers wait at once.
 */
export default class SlowestFirst extends Sequencer {
  async sort(tests) {
    const usual = await super.sort(tests);
    const slowest = usual.filter((test) => rank(test) !== -1);
    const others = usual.filter((test) => rank(test) === -1);
    slowest.sort((one, other) => rank(one) - rank(other));
    const sorted = slowest.splice(0, AT_ONCE);
    for (const test of slowest) sorted.push(...others.splice(0, BETWEEN), test);
    return [...sorted, ...others];
  }
}
