-- One circuit breaker, shared by all processes: the rule of agents/guards/breaker.py on the server's own clock.
-- KEYS: the breaker's hash; for every verb but `report`, also the set of the keys of all breakers.
-- ARGV: a verb, and what it needs:
--   acquire, terms, token
--   report, terms, token, generation, outcome, slow (1 or 0), retry_after_ms, draw
--   set, mode | restore, mode (only where Redis knows nothing of the breaker)
-- `terms` are ten doubles, the policy as `_terms` in breaker_redis.py packs it: JSON takes longer to read than
-- all the rest here.
-- Returns, in one string: allowed (1 or 0), retry_in_ms (-1: by hand only), generation, mode before, mode after, cause,
-- now_ms. For a report that changed no mode: 0.
--
-- The hash: `standing` is "mode generation cause", so that one plain read admits a call. calls, failures and slow are
-- those of the whole window; `slot` is where its newest grain of slot_ms begins, `window` lists the older ones.

local key, keys = KEYS[1], KEYS[2]
local verb, terms, token = ARGV[1], ARGV[2], ARGV[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local slot_ms, failure_threshold, minimum_calls, failure_rate, slow_rate, recovery_ms, longest_ms, longest_asked_ms,
  lease_ms, jitter
if token then
  slot_ms, failure_threshold, minimum_calls, failure_rate, slow_rate, recovery_ms, longest_ms, longest_asked_ms,
    lease_ms, jitter = struct.unpack('>dddddddddd', terms)
end

local function load()
  local v = redis.call('HMGET', key, 'standing', 'consecutive', 'reopens', 'open_until', 'probe', 'probe_until',
    'slot', 'slot_ms', 'calls', 'failures', 'slow', 'window')
  if not v[1] then return nil end
  local mode, generation, cause = string.match(v[1], '(%S+) (%S+) (%S+)')
  return { mode = mode, generation = tonumber(generation), cause = cause, consecutive = tonumber(v[2]),
    reopens = tonumber(v[3]), open_until = tonumber(v[4]), probe = v[5], probe_until = tonumber(v[6]),
    slot = tonumber(v[7]), slot_ms = tonumber(v[8]), calls = tonumber(v[9]), failures = tonumber(v[10]),
    slow = tonumber(v[11]), window = v[12] }
end

-- A new mode starts afresh, but half-open remembers how often it was re-opened.
local function moved(state, mode, cause, reopens, open_until)
  local generation = state.generation + 1
  reopens, open_until = reopens or 0, open_until or 0
  redis.call('HSET', key, 'standing', mode .. ' ' .. generation .. ' ' .. cause, 'since', now, 'consecutive', 0,
    'reopens', reopens, 'open_until', open_until, 'probe', '', 'probe_until', 0,
    'slot', 0, 'slot_ms', 0, 'calls', 0, 'failures', 0, 'slow', 0, 'window', '')
  return { mode = mode, generation = generation, cause = cause, reopens = reopens, open_until = open_until }
end

local function new()
  redis.call('SADD', keys, key)
  redis.call('HSET', key, 'standing', 'closed 0 new', 'since', 0, 'consecutive', 0, 'reopens', 0, 'open_until', 0,
    'probe', '', 'probe_until', 0, 'slot', 0, 'slot_ms', 0, 'calls', 0, 'failures', 0, 'slow', 0, 'window', '')
  return { mode = 'closed', generation = 0, cause = 'new' }
end

local function probed(state)
  redis.call('HSET', key, 'probe', token, 'probe_until', now + math.floor(lease_ms))
  return state, 1, 0
end

local function acquire(state)
  if state.mode == 'closed' or state.mode == 'forced_closed' then return state, 1, 0 end
  if state.mode == 'forced_open' then return state, 0, -1 end
  if state.mode == 'open' then
    if now < state.open_until then return state, 0, state.open_until - now end
    return probed(moved(state, 'half_open', 'probe_due', state.reopens))
  end
  if now < state.probe_until and state.probe ~= token then return state, 0, state.probe_until - now end
  return probed(state)
end

local function opened(state, cause, reopens)
  local retry_after_ms, draw = tonumber(ARGV[7]), tonumber(ARGV[8])
  local spread = reopens > 0 and 1 + jitter * (2 * draw - 1) or 1
  local grown = math.min(recovery_ms * 2 ^ math.min(reopens, 20), longest_ms) * spread
  local asked = math.min(retry_after_ms, longest_asked_ms)
  return moved(state, 'open', cause, reopens, now + math.floor(math.max(math.min(grown, longest_ms), asked)))
end

-- Begins the grain at `start`: what is past the window, or ahead of a clock that was set back, is dropped.
local function turn_window(state, start)
  local slots, newest = state.window, { state.calls, state.failures, state.slow }
  for _, c, f, w in string.gmatch(slots, '(%d+):(%d+):(%d+):(%d+)') do
    newest = { newest[1] - c, newest[2] - f, newest[3] - w }
  end
  if state.calls > 0 then
    slots = slots .. ';' .. state.slot .. ':' .. table.concat(newest, ':')
  end
  local kept = {}
  state.slot, state.slot_ms, state.calls, state.failures, state.slow = start, slot_ms, 0, 0, 0
  for s, c, f, w in string.gmatch(slots, '(%d+):(%d+):(%d+):(%d+)') do
    local begun = tonumber(s)
    if start - 12 * slot_ms < begun and begun <= start then
      state.calls, state.failures, state.slow = state.calls + c, state.failures + f, state.slow + w
      if begun < start then kept[#kept + 1] = s .. ':' .. c .. ':' .. f .. ':' .. w end
    end
  end
  state.window = table.concat(kept, ';')
  redis.call('HSET', key, 'slot', start, 'slot_ms', slot_ms, 'window', state.window)
end

local function counted(state, failed, slow)
  local start = now - now % slot_ms
  if state.slot ~= start or state.slot_ms ~= slot_ms then turn_window(state, start) end
  local consecutive = failed and state.consecutive + 1 or 0
  local calls, failures, slows = state.calls + 1, state.failures + (failed and 1 or 0), state.slow + (slow and 1 or 0)
  if consecutive >= failure_threshold then return opened(state, 'consecutive_failures', 0) end
  if calls >= minimum_calls then
    if failures / calls >= failure_rate then return opened(state, 'failure_rate', 0) end
    if slows / calls >= slow_rate then return opened(state, 'slow_rate', 0) end
  end
  redis.call('HSET', key, 'consecutive', consecutive, 'calls', calls, 'failures', failures, 'slow', slows)
  return state
end

local function probe_reported(state, outcome, slow)
  if outcome == 'ignored' then
    redis.call('HSET', key, 'probe', '', 'probe_until', 0)
    return state
  end
  if outcome == 'failure' or slow then return opened(state, 'probe_failed', state.reopens + 1) end
  return moved(state, 'closed', 'probe_succeeded')
end

local function report(state)
  local outcome, slow = ARGV[5], ARGV[6] == '1'
  if tonumber(ARGV[4]) == state.generation then
    if state.mode == 'closed' and outcome ~= 'ignored' then
      state = counted(state, outcome == 'failure', slow)
    elseif state.mode == 'half_open' and token == state.probe then
      state = probe_reported(state, outcome, slow)
    end
  end
  return state, 1, 0
end

local function set(state)
  return moved(state, ARGV[2], 'by_hand'), 1, 0
end

local known = load()

local function restore(state)
  if known then return state, 1, 0 end
  return set(state)
end

-- Of a breaker that Redis forgot, a late report says nothing: whoever asks next learns first what was forced.
if not known and verb == 'report' then return 0 end
local before = known or new()
local after, allowed, retry_in = ({ acquire = acquire, report = report, set = set, restore = restore })[verb](before)
if verb == 'report' and after.generation == before.generation then return 0 end
return table.concat({ allowed, retry_in, after.generation, before.mode, after.mode, after.cause, now }, ' ')
