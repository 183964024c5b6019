import { createHash } from 'node:crypto';
import type { RedisCommand } from '../redis-client.ts';

const digests = (text: string) => createHash('sha1').update(text).digest('hex');

/** A script with the name of the operation that it is. */
export interface RedisScript {
  readonly operation: string;
  readonly text: string;
  readonly sha: string;
}

export function redisScript(operation: string, text: string): RedisScript {
  return { operation, text, sha: digests(text) };
}

/** A call of a script: its keys, which lie in one slot, and its arguments. */
export interface ScriptCall {
  readonly script: RedisScript;
  readonly keys: readonly string[];
  readonly values: readonly (string | number)[];
}

/**
 * Sends the digest of a script, and where the server does not know it, the script. Not by `defineCommand`: the client is
 * the app's.
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
