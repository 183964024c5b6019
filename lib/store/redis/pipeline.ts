import type { RedisClient, RedisCommand } from './redis-client.ts';

export type Reply = PromiseSettledResult<unknown>;

export async function sendPipeline(
  redis: RedisClient,
  commands: readonly RedisCommand[],
): Promise<Reply[]> {
  const replies = (await redis.pipeline([...commands]).exec()) ?? [];
  return replies.map(([reason, value]) =>
    reason === null ? { status: 'fulfilled', value } : { status: 'rejected', reason },
  );
}
