/** A text of another origin fails before the first write. */
export const TEXTS = `
local function corrupt() error('CORRUPT', 0) end
local function whole(text)
  if not text or not text:match('^%-?%d+$') then corrupt() end
  return tonumber(text)
end
local function int(number) return string.format('%.0f', number) end
local function words(text)
  local list = {}
  for word in text:gmatch('%S+') do list[#list + 1] = word end
  return list
end
local function has(list, id)
  for _, each in ipairs(list) do
    if each == id then return true end
  end
  return false
end
local function starts(text, beginning) return text:sub(1, #beginning) == beginning end
`;
