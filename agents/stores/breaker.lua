-- One circuit breaker, shared by all processes: the rule of agents/guards/breaker.py on the server's own clock.
-- KEYS: the breaker's hash, the set of all breakers' names.
-- ARGV: a JSON object with `verb`, `name`, and what the verb needs (policy, token, generation, report, draw, mode).
-- Returns: allowed, retry_in_ms (-1: by hand only), generation, mode before, mode after, cause, now_ms.

local state_key, names_key = KEYS[1], KEYS[2]
local ask = cjson.decode(ARGV[1])
local p = ask.policy
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local FIELDS = { 'mode', 'cause', 'since', 'generation', 'consecutive', 'reopens', 'open_until', 'probe',
                 'probe_until', 'window' }
local NUMBERS = { since = true, generation = true, consecutive = true, reopens = true, open_until = true,
                  probe_until = true }

local function load()
  local values = redis.call('HMGET', state_key, unpack(FIELDS))
  if not values[1] then return { known = false, mode = 'closed', cause = 'new', since = 0, generation = 0,
    consecutive = 0, reopens = 0, open_until = 0, probe = '', probe_until = 0, window = '' } end
  local state = { known = true }
  for i, field in ipairs(FIELDS) do
    state[field] = NUMBERS[field] and tonumber(values[i]) or values[i]
  end
  return state
end

local function save(state, fields)
  local flat = {}
  for _, field in ipairs(fields) do
    flat[#flat + 1] = field
    flat[#flat + 1] = NUMBERS[field] and string.format('%.0f', state[field]) or state[field]
  end
  redis.call('HSET', state_key, unpack(flat))
end

-- What the verb changed; nil when it only read.
local touched

local function moved(state, mode, cause)
  touched = FIELDS
  return { mode = mode, cause = cause, since = now, generation = state.generation + 1, consecutive = 0,
    reopens = mode == 'half_open' and state.reopens or 0, open_until = 0, probe = '', probe_until = 0, window = '' }
end

local function probed(state)
  touched = FIELDS
  state.probe = ask.token
  state.probe_until = now + math.floor(p.probe_lease_s * 1000)
  return state, true, 0
end

local function acquire(state)
  if state.mode == 'closed' or state.mode == 'forced_closed' then return state, true, 0 end
  if state.mode == 'forced_open' then return state, false, -1 end
  if state.mode == 'open' then
    if now < state.open_until then return state, false, state.open_until - now end
    return probed(moved(state, 'half_open', 'probe_due'))
  end
  if now < state.probe_until and state.probe ~= ask.token then return state, false, state.probe_until - now end
  return probed(state)
end

local function opened(state, cause, reopens)
  local cap = math.max(p.max_open_s, p.recovery_timeout) * 1000
  local spread = reopens > 0 and 1 + p.jitter * (2 * ask.draw - 1) or 1
  local grown = math.min(p.recovery_timeout * 1000 * 2 ^ math.min(reopens, 20), cap) * spread
  local asked = math.min(ask.report.retry_after_ms, p.max_retry_after_s * 1000)
  local open = moved(state, 'open', cause)
  open.reopens = reopens
  open.open_until = now + math.floor(math.max(math.min(grown, cap), asked))
  return open
end

local function slow()
  return p.slow_call_s ~= cjson.null and ask.report.duration_ms >= p.slow_call_s * 1000
end

-- Counts the call into the window; returns the sums over the window.
local function slide(state, failed)
  local slot_ms = math.max(1, math.floor(math.floor(p.window_s * 1000) / 12))
  local start = now - now % slot_ms
  local kept, last = {}, { start, 0, 0, 0 }
  local calls, failures, slows = 1, failed and 1 or 0, slow() and 1 or 0
  for s, c, f, w in string.gmatch(state.window, '(%d+):(%d+):(%d+):(%d+)') do
    s, c, f, w = tonumber(s), tonumber(c), tonumber(f), tonumber(w)
    if start - 12 * slot_ms < s and s <= start then
      if s == start then last = { s, c, f, w } else kept[#kept + 1] = string.format('%.0f:%d:%d:%d', s, c, f, w) end
      calls, failures, slows = calls + c, failures + f, slows + w
    end
  end
  kept[#kept + 1] = string.format('%.0f:%d:%d:%d', start, last[2] + 1, last[3] + (failed and 1 or 0),
    last[4] + (slow() and 1 or 0))
  state.window = table.concat(kept, ';')
  return calls, failures, slows
end

local function counted(state)
  local failed = ask.report.outcome == 'failure'
  touched = { 'consecutive', 'window' }
  state.consecutive = failed and state.consecutive + 1 or 0
  local calls, failures, slows = slide(state, failed)
  if state.consecutive >= p.failure_threshold then return opened(state, 'consecutive_failures', 0) end
  if calls >= p.minimum_calls then
    if failures / calls >= p.failure_rate then return opened(state, 'failure_rate', 0) end
    if slows / calls >= p.slow_rate then return opened(state, 'slow_rate', 0) end
  end
  return state
end

local function probe_reported(state)
  if ask.report.outcome == 'ignored' then
    touched = { 'probe', 'probe_until' }
    state.probe, state.probe_until = '', 0
    return state
  end
  if ask.report.outcome == 'failure' or slow() then return opened(state, 'probe_failed', state.reopens + 1) end
  return moved(state, 'closed', 'probe_succeeded')
end

local function report(state)
  if ask.generation ~= state.generation then return state, true, 0 end
  if state.mode == 'closed' and ask.report.outcome ~= 'ignored' then return counted(state), true, 0 end
  if state.mode == 'half_open' and ask.token == state.probe then return probe_reported(state), true, 0 end
  return state, true, 0
end

local function set(state)
  return moved(state, ask.mode, 'by_hand'), true, 0
end

local before = load()
local mode_before = before.mode
local after, allowed, retry_in = ({ acquire = acquire, report = report, set = set })[ask.verb](before)
if not before.known then
  touched = FIELDS
  redis.call('SADD', names_key, ask.name)
end
if touched then save(after, touched) end
return { allowed and 1 or 0, retry_in, after.generation, mode_before, after.mode, after.cause, now }
