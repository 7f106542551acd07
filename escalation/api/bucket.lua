-- A token bucket in one number: when it will be full again (GCRA). It forgets itself once it is full.
-- KEYS: the bucket. ARGV: how many it holds, in how many milliseconds it fills, how many are wanted.
-- Returns how many are granted, and the milliseconds until the next one is there.
local holds, fills_ms, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local each = fills_ms / holds
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local granted = math.min(wanted, math.floor((now + fills_ms - full_at) / each + 1e-6))
if granted < 1 then
  return {0, math.ceil(full_at + each - fills_ms - now)}
end
full_at = full_at + granted * each
redis.call('SET', KEYS[1], string.format('%.3f', full_at), 'PX', math.ceil(full_at - now) + 1)
return {granted, 0}
