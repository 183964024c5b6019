import { SESSION } from './session.ts';

/**
 * ARGV from 11: lease, lifetimes of a verdict and an ended session, channels of changes and ends.
 * Answers the status; to the claimant also the age of the end, and the record.
 */
export const END_SESSION = `${SESSION}
local how, time, subject, id, authTime = ARGV[1], whole(ARGV[2]), ARGV[3], ARGV[4], tonumber(ARGV[5])
local limit, claimant, answer, owner, session = time + whole(ARGV[6]), ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local isLogin, isFront = how == 'login' or how == 'unsaved', how == 'front'
local now = tonumber(redis.call('TIME')[1])
local verdict, record = readVerdict(KEYS[1]), readRecord(KEYS[2])
local live = record and not record.event and record
local status, raises = nil, {}
local function raiseLater(before, named) raises[#raises + 1] = { before, named } end

local function endedForUnsaved()
  if not verdict then return false end
  return not authTime or authTime <= verdict.before + (#verdict.named > 0 and 1 or 0)
end
if isLogin then
  if isOver(verdict, time, id) or (how == 'unsaved' and endedForUnsaved()) then
    status = 'repeat'
  else
    status = 'unknown'
    if live and live.subject == subject then
      status = 'ended'
      raiseLater(live.last - 1, live.ids)
    end
    if how == 'login' then raiseLater(time - 1, { id }) else raiseLater(time, {}) end
  end
elseif live and not isFront and subject ~= '' and live.subject ~= subject then
  status = 'other-subject'
elseif verdict and time <= verdict.before then
  status = 'repeat'
elseif live and live.last <= limit then
  status = 'ended'
  if live.last > time then raiseLater(live.last - 1, live.ids) else raiseLater(time, {}) end
elseif isFront then
  status = 'nothing'
else
  status = live and 'late' or verdict and 'repeat' or 'unknown'
  raiseLater(time, {})
end

local isStricter = false
for _, each in ipairs(raises) do
  local isRaised
  verdict, isRaised = raise(verdict, each[1], each[2])
  isStricter = isStricter or isRaised
end
if isStricter then
  writeVerdict(KEYS[1], verdict, ARGV[12])
  redis.call('PUBLISH', ARGV[14], session)
end
local function writeEnd()
  redis.call('HSET', KEYS[2], 'event', record.event, 'claimant', record.claimant, 'claimed', int(record.claimed),
    'ended', int(record.ended), 'answer', record.answer, 'left', record.left)
end
local function publishEnd(event, ofWhom)
  redis.call('PUBLISH', ARGV[15], cjson.encode({ event = event, claimant = claimant, owner = ofWhom }))
end
if status == 'ended' then
  record.event, record.claimant, record.claimed, record.ended = eventOf(live), claimant, now, now
  record.answer, record.left = answer, isFront and 'th' or 'tr'
  writeEnd()
  redis.call('EXPIRE', KEYS[2], ARGV[13])
  publishEnd(record.event, record.owner)
elseif status == 'unknown' and owner ~= '' then
  publishEnd('unsaved ' .. session .. ' ' .. claimant, owner)
end
if not record or not record.event then return { status } end

if not isFront then
  local reaches
  if isLogin then reaches = record.subject == subject else reaches = record.last <= limit end
  local takesHeld = reaches and record.left:find('h') ~= nil
  if takesHeld then record.left = record.left:gsub('h', 'r') end
  local isOverdue = record.left:find('[tr]') and now - record.claimed >= whole(ARGV[11])
  if takesHeld or isOverdue then
    record.claimant, record.claimed = claimant, now
    writeEnd()
  end
end
if record.claimant ~= claimant then return { status } end
return { status, now - record.ended, redis.call('HGETALL', KEYS[2]) }
`;
