import type { Events, StoreWarningEvent } from '../../events.ts';
import { isCluster, type RedisClient } from './redis-client.ts';

// GETDEL came with this version.
const LEAST_VERSION = '6.2';

/**
 * Looks once at a server's settings, on a Cluster at each master's, and warns of settings that
 * endanger logouts. Missing answers count as right, and no request waits.
 */
export class ServerCheck {
  readonly #client: RedisClient;
  readonly #events: Events;
  readonly #told = new Set<string>();
  #isDone = false;

  constructor(client: RedisClient, events: Events) {
    this.#client = client;
    this.#events = events;
  }

  /** Called before the commands leave. */
  used(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    setImmediate(() => {
      for (const server of this.#servers()) void this.#look(server);
    });
  }

  #servers(): readonly RedisClient[] {
    return isCluster(this.#client) ? this.#client.nodes('master') : [this.#client];
  }

  async #look(server: RedisClient): Promise<void> {
    try {
      const info = await server.call('info');
      if (typeof info === 'string') for (const warning of warningsOf(info)) this.#tell(warning);
    } catch {
      // The user may not read the settings, or the server is gone.
    }
  }

  #tell(warning: StoreWarningEvent): void {
    const found = `${warning.setting} ${warning.found}`;
    if (this.#told.has(found)) return;
    this.#told.add(found);
    this.#events.emit('store-warning', warning);
  }
}

export function* warningsOf(info: string): Iterable<StoreWarningEvent> {
  const version = infoValue(info, 'redis_version');
  if (version !== undefined && isOlder(version, LEAST_VERSION)) {
    yield { setting: 'version', found: version, expected: `${LEAST_VERSION} or later` };
  }
  const policy = infoValue(info, 'maxmemory_policy');
  const isBounded = !['0', undefined].includes(infoValue(info, 'maxmemory'));
  if (policy !== undefined && policy !== 'noeviction' && isBounded) {
    yield { setting: 'maxmemory-policy', found: policy, expected: 'noeviction' };
  }
  if (infoValue(info, 'role') === 'slave') {
    yield { setting: 'role', found: 'replica', expected: 'master' };
  }
}

export function infoValue(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:([\\w.-]{1,64})\\r?$`, 'm').exec(info)?.[1];
}

function isOlder(version: string, least: string): boolean {
  const [major = NaN, minor = NaN] = version.split('.').map(Number);
  const [leastMajor = NaN, leastMinor = NaN] = least.split('.').map(Number);
  return major < leastMajor || (major === leastMajor && minor < leastMinor);
}
