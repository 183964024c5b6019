import { WITHOUT_SID } from '../../../invalidation/login.ts';
import { TEXTS } from './texts.ts';

/** KEYS[1] is a string `all withoutSid`, KEYS[2] a sorted set of when each session leaves. */
const SUBJECT = `${TEXTS}
local now = tonumber(redis.call('TIME')[1])
local all, withoutSid = -1, -1
local text = redis.call('GET', KEYS[1])
if text then
  local first, second = text:match('^(%S+) (%S+)$')
  all, withoutSid = whole(first), whole(second)
end
`;

export const ADD_MEMBER = `${SUBJECT}
local time, session, lifetime = whole(ARGV[1]), ARGV[2], whole(ARGV[3])
if time <= all or (starts(session, '${WITHOUT_SID}') and time <= withoutSid) then return 'over' end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZADD', KEYS[2], now + lifetime, session)
redis.call('EXPIRE', KEYS[2], lifetime)
return 'ok'
`;

/**
 * ARGV from 5: lifetime of a cut-off, channels of changes and ends, claimant. Answers 0 where the
 * same logins had ended before, 2 where the end of the subject was published, else 1; then the
 * members.
 */
export const END_SUBJECT = `${SUBJECT}
local time, unless, owner, subject = whole(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
local members = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. now, '+inf')
local answer, raised = { 0 }, false
for _, session in ipairs(members) do
  if unless ~= '' and session == unless then return { 0 } end
  if unless == '' or starts(session, '${WITHOUT_SID}') then answer[#answer + 1] = session end
end
if unless ~= '' then
  raised = time > withoutSid
  if raised then withoutSid = time end
else
  raised = time > all
  if raised then all = time end
end
if raised then
  answer[1] = 1
  redis.call('SET', KEYS[1], int(all) .. ' ' .. int(withoutSid), 'EX', ARGV[5])
  redis.call('PUBLISH', ARGV[6], subject)
end
if raised and unless == '' and #members == 0 then
  local message = { event = 'subject ' .. subject .. ' ' .. int(time), claimant = ARGV[8], owner = owner }
  redis.call('PUBLISH', ARGV[7], cjson.encode(message))
  answer[1] = 2
end
return answer
`;
