import { TEXTS } from './texts.ts';

/**
 * KEYS[1] is a string `before id…`, KEYS[2] a hash. Each client has the fields `i:` ID Token, `r:`
 * refresh token, `t:` login time.
 */
export const SESSION = `${TEXTS}
local function readVerdict(key)
  local text = redis.call('GET', key)
  if not text then return nil end
  local named = words(text)
  return { before = whole(table.remove(named, 1)), named = named }
end
local function isOver(verdict, time, id)
  return verdict ~= nil and (time <= verdict.before or has(verdict.named, id))
end
-- Answers the stricter verdict, and whether it is stricter.
local function raise(verdict, before, named)
  if verdict and before < verdict.before then return verdict, false end
  local raised, isStricter = { before = before, named = {} }, true
  if verdict and before == verdict.before then
    isStricter = false
    for _, id in ipairs(verdict.named) do table.insert(raised.named, id) end
  end
  for _, id in ipairs(named) do
    if not has(raised.named, id) then
      table.insert(raised.named, id)
      isStricter = true
    end
  end
  table.sort(raised.named)
  return raised, isStricter
end
local function writeVerdict(key, verdict, ttl)
  local text = table.concat({ int(verdict.before), unpack(verdict.named) }, ' ')
  redis.call('SET', key, text, 'EX', ttl)
end
local function readRecord(key)
  local fields = redis.call('HMGET', key, 'last', 'ids', 'subject', 'owner',
    'event', 'claimant', 'claimed', 'ended', 'answer', 'left')
  if not fields[1] and redis.call('EXISTS', key) == 0 then return nil end
  for field = 1, 4 do
    if not fields[field] then corrupt() end
  end
  local record = {
    last = whole(fields[1]), ids = words(fields[2]), subject = fields[3], owner = fields[4], event = fields[5]
  }
  if not record.event then return record end
  for field = 6, 10 do
    if not fields[field] then corrupt() end
  end
  record.claimant, record.claimed, record.ended = fields[6], whole(fields[7]), whole(fields[8])
  record.answer, record.left = fields[9], fields[10]
  return record
end
local function eventOf(record)
  return table.concat({ int(record.last), unpack(record.ids) }, ' ')
end
`;
