-- Values: what must be done in one step.
--
-- KEYS[1]  a hash: v (the value), e (its expiry as it was given, or "" for never), g (its group, if it has one)
-- ARGV     what to do; how the keys of groups begin; the name of the key; then what the function below takes
--
-- A group is a sorted set of names by the millisecond in which each expires. It may name what is gone, for Redis
-- forgets a value without asking its group; so whoever reads a group looks at the values too.

local SWEPT = 100
local LARGEST_PAGE = 1048576

local key, groups, name = KEYS[1], ARGV[2], ARGV[3]

-- Give the key, or a group, its end: a millisecond, or "" for never.
local function expire(what, at)
  if at == '' then
    redis.call('PERSIST', what)
  else
    redis.call('PEXPIREAT', what, at)
  end
end

local function sweep(group)
  local time = redis.call('TIME')
  local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
  local passed = redis.call('ZCOUNT', group, '-inf', '(' .. now)
  if passed > 0 then
    redis.call('ZREMRANGEBYRANK', group, 0, math.min(passed, SWEPT) - 1)
  end
  local last = redis.call('ZRANGE', group, -1, -1, 'WITHSCORES')[2]
  if last then
    expire(group, last == 'inf' and '' or string.format('%.0f', tonumber(last)))
  end
end

local function enter(group, at)
  redis.call('ZADD', groups .. group, at == '' and '+inf' or at, name)
  sweep(groups .. group)
end

local function leave()
  local group = redis.call('HGET', key, 'g')
  if group then
    redis.call('ZREM', groups .. group, name)
    redis.call('HDEL', key, 'g')
  end
end

-- Give the value its end, in its group too.
local function set_end(at)
  local group = redis.call('HGET', key, 'g')
  expire(key, at)
  if group then
    enter(group, at)
  end
  return 1
end

-- Where Redis is out of memory the first HSET fails, and nothing has changed.
local calls = {}

function calls.put(value, expires, at, group)
  redis.call('HSET', key, 'v', value, 'e', expires)
  leave()
  if group then
    redis.call('HSET', key, 'g', group)
  end
  return set_end(at)
end

function calls.touch(expires, at)
  if redis.call('HEXISTS', key, 'v') == 0 then
    return 0
  end
  redis.call('HSET', key, 'e', expires)
  return set_end(at)
end

function calls.insert(value, expires, at, group)
  return redis.call('HEXISTS', key, 'v') == 0 and calls.put(value, expires, at, group) or 0
end

function calls.replace(value, expires, at, old)
  if redis.call('HGET', key, 'v') ~= old then
    return 0
  end
  redis.call('HSET', key, 'v', value, 'e', expires)
  return set_end(at)
end

function calls.take()
  local item = redis.call('HMGET', key, 'v', 'e')
  leave()
  redis.call('DEL', key)
  return item
end

function calls.delete()
  leave()
  return redis.call('DEL', key)
end

-- The members of a group among some names: how many names were looked at, then the name, value and expiry of each.
-- Names whose values are gone leave the group.
function calls.members(values, ...)
  local page, size = {0}, 0
  for place, member in ipairs({...}) do
    local item = redis.call('HMGET', values .. member, 'v', 'e', 'g')
    if item[1] and item[3] == name then
      page[#page + 1], page[#page + 2], page[#page + 3] = member, item[1], item[2]
      size = size + #item[1]
    else
      redis.call('ZREM', groups .. name, member)
    end
    page[1] = place
    if size > LARGEST_PAGE then
      break
    end
  end
  return page
end

return calls[ARGV[1]](unpack(ARGV, 4))
