import { createRequire } from 'node:module';

const { default: Sequencer } = createRequire(import.meta.url)('@jest/test-sequencer');

const SLOWEST = [
  'session/many-sessions',
  'example-app/ended-elsewhere',
  'package',
  'docs/examples',
  'provider/revocation-queue',
  'redis-cluster-outages',
  'browser-form-logout',
  'http/back-channel-logout',
  'store-connection',
  'close',
  'doctor',
  'example-app/page',
  'redis-sentinel',
  'redis-sentinel-live',
  'near-cache',
  'http/app-functions',
  'sessions-model',
  'docs/redis',
  'http/token-cache',
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
