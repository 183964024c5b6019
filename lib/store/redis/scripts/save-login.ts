import { SESSION } from './session.ts';

/** ARGV from 9: lifetimes of a session and a verdict, channels of changes and ends. */
export const SAVE_LOGIN = `${SESSION}
local time, id, subject, owner = whole(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
local client, idToken, refreshToken, session = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local verdict, record = readVerdict(KEYS[1]), readRecord(KEYS[2])
if isOver(verdict, time, id) then return 'over' end
local live = record and not record.event and record
local kept = live and redis.call('HGET', KEYS[2], 't:' .. client)
local keptTime = kept and whole(kept)
local answer = 'ok'
if live and live.subject ~= subject then
  if time <= live.last then return 'over' end
  writeVerdict(KEYS[1], (raise(verdict, live.last - 1, live.ids)), ARGV[10])
  redis.call('PUBLISH', ARGV[11], session)
  local message = { event = eventOf(live), claimant = '', owner = live.owner }
  redis.call('PUBLISH', ARGV[12], cjson.encode(message))
  live, answer = nil, 'moved'
end
local isLater = live and time > live.last
local isOneMore = live and time == live.last and not has(live.ids, id)
if not live then
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[2], 'last', int(time), 'ids', id, 'subject', subject, 'owner', owner)
elseif isLater then
  redis.call('HSET', KEYS[2], 'last', int(time), 'ids', id, 'owner', owner)
elseif isOneMore then
  table.insert(live.ids, id)
  table.sort(live.ids)
  redis.call('HSET', KEYS[2], 'ids', table.concat(live.ids, ' '))
end
if not live or isOneMore or not keptTime or time > keptTime then
  redis.call('HSET', KEYS[2], 'i:' .. client, idToken, 'r:' .. client, refreshToken, 't:' .. client, int(time))
end
redis.call('EXPIRE', KEYS[2], ARGV[9])
return answer
`;
