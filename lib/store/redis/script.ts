import { createHash } from 'node:crypto';
import type { RedisCommand } from './redis-client.ts';

const digests = (text: string) => createHash('sha1').update(text).digest('hex');

export interface RedisScript {
  readonly operation: string;
  readonly text: string;
  readonly sha: string;
}

export function redisScript(operation: string, text: string): RedisScript {
  return { operation, text, sha: digests(text) };
}

/** The keys of a call lie in one slot. */
export interface ScriptCall {
  readonly script: RedisScript;
  readonly keys: readonly string[];
  readonly values: readonly (string | number)[];
}

/**
 * Sends the script where the server does not know its digest. `defineCommand` would change the
 * app's client.
 */
export async function callScript(
  { script, keys, values }: ScriptCall,
  send: (command: RedisCommand) => Promise<unknown>,
): Promise<unknown> {
  const rest = [keys.length, ...keys, ...values];
  try {
    return await send(['evalsha', script.sha, ...rest]);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
    return send(['eval', script.text, ...rest]);
  }
}
