-- Money held and spent in nested scopes: every verb changes all scopes or none. Amounts are whole micro-US-dollars.
-- KEYS: the reservation's record, then for each scope its account (a hash: spent, held) and its holds (a sorted
--       set: reservation id by the moment its lease ends, in ms; the amount follows the id after a colon).
-- ARGV: verb, then what the verb needs.

local KEEP_ACCOUNT_S, KEEP_RECORD_S = 691200, 172800
local record = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function whole(amount)
  return string.format('%.0f', amount)
end

-- A hold whose lease ran out is charged, not given back: its call may have been billed.
local function charge_expired(account, holds)
  for _, hold in ipairs(redis.call('ZRANGEBYSCORE', holds, '-inf', now)) do
    local amount = string.match(hold, ':(%d+)$')
    redis.call('ZREM', holds, hold)
    redis.call('HINCRBY', account, 'held', '-' .. amount)
    redis.call('HINCRBY', account, 'spent', amount)
  end
end

local function left_in(scope, limit)
  local account, holds = KEYS[2 * scope], KEYS[2 * scope + 1]
  charge_expired(account, holds)
  local spent, held = unpack(redis.call('HMGET', account, 'spent', 'held'))
  if limit < 0 then return math.huge end
  return limit - tonumber(spent) - tonumber(held or 0)
end

-- ARGV: id, wanted, least, holdback, lease_ms, then each scope's limit (-1: none).
-- Returns {'missing', scope...} | {'granted', amount} | {'refused', scope, left}.
local function reserve()
  local granted = redis.call('HGET', record, 'granted')
  if granted then return { 'granted', tonumber(granted) } end
  local missing = { 'missing' }
  for scope = 1, #ARGV - 6 do
    if redis.call('EXISTS', KEYS[2 * scope]) == 0 then missing[#missing + 1] = scope end
  end
  if #missing > 1 then return missing end
  local grant, tightest = tonumber(ARGV[3]), 0
  for scope = 1, #ARGV - 6 do
    local left = left_in(scope, tonumber(ARGV[6 + scope])) - tonumber(ARGV[5])
    if left < grant then grant, tightest = left, scope end
  end
  if grant < tonumber(ARGV[4]) then return { 'refused', tightest, grant + tonumber(ARGV[5]) } end
  for scope = 1, #ARGV - 6 do
    redis.call('HINCRBY', KEYS[2 * scope], 'held', whole(grant))
    redis.call('ZADD', KEYS[2 * scope + 1], now + tonumber(ARGV[6]), ARGV[2] .. ':' .. whole(grant))
  end
  redis.call('HSET', record, 'granted', whole(grant))
  redis.call('EXPIRE', record, KEEP_RECORD_S)
  return { 'granted', grant }
end

-- ARGV: id, granted, actual. Returns 1, or 0 if it was settled before.
-- A hold that is gone was charged in full, by its lease or by a rebuild from the ledger: the difference is put right.
local function settle()
  if redis.call('HSETNX', record, 'settled', ARGV[4]) == 0 then return 0 end
  redis.call('EXPIRE', record, KEEP_RECORD_S)
  for scope = 1, (#KEYS - 1) / 2 do
    local account, holds = KEYS[2 * scope], KEYS[2 * scope + 1]
    if redis.call('EXISTS', account) == 1 then
      if redis.call('ZREM', holds, ARGV[2] .. ':' .. ARGV[3]) == 1 then
        redis.call('HINCRBY', account, 'held', '-' .. ARGV[3])
        redis.call('HINCRBY', account, 'spent', ARGV[4])
      else
        redis.call('HINCRBY', account, 'spent', whole(tonumber(ARGV[4]) - tonumber(ARGV[3])))
      end
    end
  end
  return 1
end

-- ARGV: spent. Opens the first scope's account with what the ledger says, unless it is open already.
local function seed()
  if redis.call('HSETNX', KEYS[2], 'spent', ARGV[2]) == 0 then return 0 end
  redis.call('DEL', KEYS[3])
  redis.call('EXPIRE', KEYS[2], KEEP_ACCOUNT_S)
  return 1
end

-- Returns {spent, held} of the first scope, or {} if it has no account.
local function read()
  if redis.call('EXISTS', KEYS[2]) == 0 then return {} end
  charge_expired(KEYS[2], KEYS[3])
  local spent, held = unpack(redis.call('HMGET', KEYS[2], 'spent', 'held'))
  return { tonumber(spent), tonumber(held or 0) }
end

return ({ reserve = reserve, settle = settle, seed = seed, read = read })[ARGV[1]]()
