import { TEXTS } from './texts.ts';

/** ARGV: event, letters done, lifetime of a settled logout. */
export const SETTLE_END = `${TEXTS}
local fields = redis.call('HMGET', KEYS[1], 'event', 'left', 'answer')
if fields[1] ~= ARGV[1] then return end
local before, answer = fields[2], fields[3]
if not before or not answer then corrupt() end
local left = before
for letter in ARGV[2]:gmatch('%a') do left = left:gsub(letter, '') end
if left == before then return end
if left == '' and (answer == '' or ARGV[3] == '0') then
  redis.call('DEL', KEYS[1])
  return
end
redis.call('HSET', KEYS[1], 'left', left)
if not left:find('[rh]') then
  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    if starts(field, 'r:') then redis.call('HSET', KEYS[1], field, '') end
  end
end
if left == '' then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
`;
