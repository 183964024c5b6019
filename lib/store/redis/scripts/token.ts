import { TEXTS } from './texts.ts';

/** KEYS[1] is a string `session subject time id claims`, or begins with `!`. */
const TOKEN = `${TEXTS}
local entry = redis.call('GET', KEYS[1])
local isInvalidated = entry and starts(entry, '!')
local function timeOf(text)
  return whole(text:match('^%S+ %S+ (%S+) %S+'))
end
`;

/** ARGV: entry, time to live, channel of changes, token. */
export const LINK_TOKEN = `${TOKEN}
if isInvalidated then return 'invalidated' end
if entry and timeOf(entry) > timeOf(ARGV[1]) then return 'ok' end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 'ok'
`;

/**
 * ARGV as before, then `1` for `force`. Answers 1 for a newly invalidated token, 0 for an
 * invalidated one, and else the entry of the login.
 */
export const INVALIDATE_TOKEN = `${TOKEN}
if isInvalidated then return 0 end
if entry then timeOf(entry) end
if entry and ARGV[5] ~= '1' then return entry end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1
`;
