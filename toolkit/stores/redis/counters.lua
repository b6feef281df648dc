-- Counters: calls that came together, decided one after another, all at one time.
--
-- KEYS     the counters; each is text: the whole numbers of its state, with spaces between them
-- ARGV[1]  the calls, as JSON: {"do": "reserve", "claims": [{"key": 1, "kind": "gcra", "cost": 1, …}, …]}
-- ARGV[2]  the time in microseconds; without it, the server's own
--
-- Returns text: a line with the time, then for each claim of each call a line with 1 (it passes) or 0, and the numbers
-- of the state that it left, or found if nothing was counted. "!" stands for a key that holds something else.
--
-- The arithmetic is that of toolkit/stores/rates.py, step by step: whole numbers below 2^53, which doubles hold.

local SECOND = 1000000
local HOUR = 3600 * SECOND
local FULL = 100000000000
local HORIZON = 4503599627370496
local GRACE = 1000 -- ms that a key outlives its state

local time = redis.call('TIME')
local now = tonumber(ARGV[2]) or time[1] * SECOND + time[2]

local function quotient(number, by)
  return (number - math.fmod(number, by)) / by
end

local function ceil(number, by)
  return quotient(number, by) + (math.fmod(number, by) > 0 and 1 or 0)
end

local function counted(units)
  return math.min(math.max(0, units), FULL)
end

-- GCRA: {tat, refunded}

local gcra = {}

function gcra.expiry(rate, state)
  return state[1] + (state[2] > 0 and rate.capacity or 0)
end

local function live(rate, state)
  if state and rate.kind.expiry(rate, state) > now then
    return state
  end
end

local function span(rate, units)
  return math.min(units * rate.interval, HORIZON)
end

local function wrapped(refunded)
  return refunded > 0 and math.max(1, math.fmod(refunded, HORIZON)) or 0
end

function gcra.reserve(rate, state, cost)
  local found = live(rate, state) or {now, 0}
  local ahead = math.max(0, found[1] - now) + span(rate, cost)
  if ahead <= rate.capacity then
    return {now + ahead, found[2]}
  end
end

function gcra.settle(rate, state, mark, extra)
  local found = live(rate, state)
  if extra >= 0 then
    found = found or {now, 0}
    return {now + math.min(math.max(0, found[1] - now) + span(rate, extra), HORIZON), found[2]}
  elseif not found then
    return nil
  end
  local others = found[2] - mark[2]
  local ahead = mark[1] - (others < 0 and others + HORIZON or others) - now
  local back = math.max(0, math.min(ahead, found[1] - now, span(rate, -extra)))
  return back > 0 and {found[1] - back, wrapped(found[2] + back)} or state
end

function gcra.reset(rate, state, used)
  local found = live(rate, state) or {now, 0}
  local seen = (found[1] > now or found[2] > 0) and found[2] + rate.capacity or 0
  return {now + span(rate, used), wrapped(seen)}
end

-- Sliding: {index, current, previous}

local sliding = {}

function sliding.expiry(rate, state)
  return (state[1] + 2) * rate.period
end

local function rolled(rate, state)
  local index = quotient(now, rate.period)
  local left = math.min(rate.slices, ceil(rate.period - math.fmod(now, rate.period), rate.slice))
  if not state or state[1] < index - 1 then
    return index, 0, 0, left
  elseif state[1] > index then
    return state[1], state[2], state[3], rate.slices
  elseif state[1] == index then
    return index, state[2], state[3], left
  end
  return index, 0, state[2], left
end

function sliding.reserve(rate, state, cost)
  local index, current, previous, left = rolled(rate, state)
  if current + ceil(previous * left, rate.slices) + cost <= rate.limit then
    return {index, current + cost, previous}
  end
end

function sliding.settle(rate, state, mark, extra)
  local index, current, previous = rolled(rate, state)
  if index == mark[1] then
    return {index, counted(current + extra), previous}
  elseif index == mark[1] + 1 then
    return {index, current, counted(previous + extra)}
  end
  return state
end

function sliding.reset(rate, state, used)
  return {(rolled(rate, state)), used, 0}
end

-- Window: {start, end, count}

local window = {}

function window.expiry(rate, state)
  return state[2] + HOUR
end

local function newest(rate, state)
  local found = live(rate, state)
  return found and found[1] >= rate.start and found or {rate.start, rate.finish, 0}
end

function window.reserve(rate, state, cost)
  local found = newest(rate, state)
  if found[3] + cost <= rate.limit then
    return {found[1], math.max(found[2], now), found[3] + cost}
  end
end

function window.settle(rate, state, mark, extra)
  if state and state[1] == mark[1] and state[2] + HOUR > now then
    return {state[1], state[2], counted(state[3] + extra)}
  end
  return state
end

function window.reset(rate, state, used)
  local found = newest(rate, state)
  return {found[1] + 1, math.max(found[2], now), used}
end

-- What is stored: read once, written once

local kinds = {gcra = gcra, sliding = sliding, window = window}
local states, foreign, changed = {}, {}, {}

local function read(key)
  if states[key] == nil and not foreign[key] then
    local held = redis.pcall('GET', KEYS[key])
    local a, b, c = string.match(type(held) == 'string' and held or '', '^(%d+) (%d+) ?(%d*)$')
    states[key] = a and {tonumber(a), tonumber(b), tonumber(c)} or false
    foreign[key] = held and not a
  end
  return states[key]
end

local function numbers(state)
  local texts = {}
  for place, number in ipairs(state or {}) do
    texts[place] = string.format('%.0f', number)
  end
  return table.concat(texts, ' ')
end

local function write(key, rate, state)
  local expiry = rate.kind.expiry(rate, state)
  if expiry > now then
    redis.call('SET', KEYS[key], numbers(state), 'PX', string.format('%.0f', ceil(expiry - now, 1000) + GRACE))
  else
    redis.call('DEL', KEYS[key])
  end
end

-- The calls

local calls = {}

-- All claims or none, each on what those before it left. Returns what each one passed, and the state to tell of it.
local function attempt(claims, counts)
  local passes, founds, lefts, held = true, {}, {}, {}
  for place, claim in ipairs(claims) do
    founds[place] = held[claim.key] or read(claim.key)
    lefts[place] = claim.kind.reserve(claim, founds[place], claim.cost) or false
    held[claim.key] = lefts[place] or founds[place]
    passes = passes and (lefts[place] or claim.shadow) and not foreign[claim.key]
  end
  local told = {}
  for place, claim in ipairs(claims) do
    local counted_now = passes and counts and lefts[place]
    if counted_now then
      states[claim.key], changed[claim.key] = lefts[place], claim
    end
    told[place] = {lefts[place] and 1 or 0, counted_now or founds[place]}
  end
  return told
end

function calls.reserve(claims)
  return attempt(claims, true)
end

function calls.peek(claims)
  return attempt(claims, false)
end

local function change(claims, changing)
  local told = {}
  for place, claim in ipairs(claims) do
    local found = read(claim.key)
    local left = changing(claim, found)
    if left and left ~= found and not foreign[claim.key] then
      states[claim.key], changed[claim.key] = left, claim
    end
    told[place] = {1, left}
  end
  return told
end

function calls.settle(claims)
  return change(claims, function(claim, found)
    return claim.kind.settle(claim, found, claim.mark, claim.extra)
  end)
end

function calls.reset(claims)
  return change(claims, function(claim, found)
    return claim.kind.reset(claim, found, claim.used)
  end)
end

local lines = {string.format('%.0f', now)}
for _, call in ipairs(cjson.decode(ARGV[1])) do
  for _, claim in ipairs(call.claims) do
    claim.kind = kinds[claim.kind]
  end
  for place, one in ipairs(calls[call['do']](call.claims)) do
    local broken = foreign[call.claims[place].key]
    lines[#lines + 1] = broken and '!' or one[1] .. ' ' .. numbers(one[2])
  end
end
for key, rate in pairs(changed) do
  write(key, rate, states[key])
end
return table.concat(lines, '\n')
