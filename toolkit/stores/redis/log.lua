-- Logs: what must be done in one step.
--
-- KEYS[1]  a stream: event n has the id n-0 and one field, d
-- KEYS[2]  a hash: last (its number), and begun (a mark by which readers tell a log from its successor)
-- ARGV     what to do; a number; to append: the events
--
-- The key of the stream is also the channel on which followers are told that something changed.

local LARGEST_PAGE = 1048576
local MOST = 256
local STEP = 8

local stream, head = KEYS[1], KEYS[2]

local function id(number)
  return string.format('%.0f', number) .. '-0'
end

local function number_of(entry)
  return tonumber(string.match(entry[1], '^%d+'))
end

local function begin()
  local time = redis.call('TIME')
  if redis.call('TYPE', stream).ok == 'stream' then
    redis.call('DEL', stream) -- its head was evicted
  end
  return time[1] .. '.' .. time[2]
end

local calls = {}

function calls.append(after)
  local held = redis.call('HMGET', head, 'last', 'begun')
  local last = tonumber(held[1] or 0)
  if last ~= tonumber(after) then
    return false
  end
  local begun = held[2] or begin()
  for place = 3, #ARGV do
    last = last + 1
    redis.call('XADD', stream, id(last), 'd', ARGV[place])
  end
  local number = string.format('%.0f', last)
  redis.call('HSET', head, 'last', number, 'begun', begun)
  redis.call('PUBLISH', stream, number)
  return last
end

-- The mark, the last number, the number of the first event that follows, and the events after `since`: a page of them.
function calls.read(since)
  local held = redis.call('HMGET', head, 'begun', 'last')
  local last, number = tonumber(held[2] or 0), tonumber(since) + 1
  local page, size, first = {held[1] or '', held[2] or '0', '0'}, 0, nil
  while number <= last and size < LARGEST_PAGE and #page < MOST do
    local entries = redis.call('XRANGE', stream, id(number), '+', 'COUNT', STEP)
    first = first or (entries[1] and number_of(entries[1]) or last + 1)
    for _, entry in ipairs(entries) do
      page[#page + 1] = entry[2][2]
      size = size + #entry[2][2]
      number = number_of(entry) + 1
    end
    if #entries < STEP then
      break
    end
  end
  page[3] = string.format('%.0f', first or last + 1)
  return page
end

function calls.trim(upto)
  local last = tonumber(redis.call('HGET', head, 'last') or 0)
  if last > 0 then
    redis.call('XTRIM', stream, 'MINID', id(math.min(tonumber(upto), last) + 1))
  end
  return 1
end

function calls.drop()
  redis.call('DEL', stream, head)
  redis.call('PUBLISH', stream, '')
  return 1
end

return calls[ARGV[1]](ARGV[2])
