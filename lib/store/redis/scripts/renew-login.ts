import { SESSION } from './session.ts';

/** ARGV[7]: lifetime of a session. */
export const RENEW_LOGIN = `${SESSION}
local time, id, subject = whole(ARGV[1]), ARGV[2], ARGV[3]
local client, idToken, refreshToken = ARGV[4], ARGV[5], ARGV[6]
local verdict, record = readVerdict(KEYS[1]), readRecord(KEYS[2])
if isOver(verdict, time, id) then return 'over' end
if not record or record.event or record.subject ~= subject then return 'unknown' end
if time > record.last or (time == record.last and not has(record.ids, id)) then return 'unknown' end
local kept = redis.call('HGET', KEYS[2], 't:' .. client)
if kept and whole(kept) == time then
  if idToken ~= '' then redis.call('HSET', KEYS[2], 'i:' .. client, idToken) end
  if refreshToken ~= '' then redis.call('HSET', KEYS[2], 'r:' .. client, refreshToken) end
end
redis.call('EXPIRE', KEYS[2], ARGV[7])
return 'ok'
`;
