-- Money taken from nested scopes: every verb changes all scopes or none. Amounts are whole micro-US-dollars.
-- KEYS: each scope's account, a hash: `taken` is all that is spent or held, and for each hold there is "hold:" and its
--       reservation, with the amount and the moment in ms when its lease ends. For `settle`, after them the mark that a
--       reservation is settled.
-- ARGV: verb, then what the verb needs.
-- What is held is taken already, so nothing need be done when a lease ends: a call that is never settled stays charged
-- in full, as it may have been billed.

local KEEP_ACCOUNT_S, KEEP_MARK_S = 691200, 172800

local function moment()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- ARGV: reservation, and in one string of doubles: wanted, least, holdback, lease_ms, each scope's limit (-1: none).
-- Returns the amount granted, or {'missing', scope...}, or {'refused', scope, left}.
local function reserve()
  local hold, terms = 'hold:' .. ARGV[2], ARGV[3]
  local grant, least, holdback, lease_ms, place = struct.unpack('>dddd', terms)
  local taken, tightest, missing, limit = {}, 0, {}, nil
  for scope, key in ipairs(KEYS) do
    local account = redis.call('HMGET', key, 'taken', hold)
    if account[2] then return tonumber(string.match(account[2], '%d+')) end
    taken[scope] = tonumber(account[1] or nil)
    limit, place = struct.unpack('>d', terms, place)
    if not taken[scope] then
      missing[#missing + 1] = scope
    elseif limit >= 0 and limit - taken[scope] - holdback < grant then
      grant, tightest = limit - taken[scope] - holdback, scope
    end
  end
  if missing[1] then return { 'missing', unpack(missing) } end
  if grant < least then return { 'refused', tightest, grant + holdback } end
  local held = string.format('%.0f %.0f', grant, moment() + lease_ms)
  for scope, key in ipairs(KEYS) do
    redis.call('HSET', key, 'taken', taken[scope] + grant, hold, held)
  end
  return grant
end

-- ARGV: reservation, granted, actual. Returns 1, or 0 if it was settled before.
-- A hold that an account does not know was counted in full when the account was rebuilt from the ledger: the
-- difference is put right all the same.
local function settle()
  if not redis.call('SET', KEYS[#KEYS], ARGV[4], 'NX', 'EX', KEEP_MARK_S) then return 0 end
  local hold, difference = 'hold:' .. ARGV[2], ARGV[4] - ARGV[3]
  for scope = 1, #KEYS - 1 do
    if redis.call('HDEL', KEYS[scope], hold) == 1 or redis.call('EXISTS', KEYS[scope]) == 1 then
      redis.call('HINCRBY', KEYS[scope], 'taken', difference)
    end
  end
  return 1
end

-- ARGV: spent. Opens the first scope's account with what the ledger says, unless it is open already.
local function seed()
  if redis.call('HSETNX', KEYS[1], 'taken', ARGV[2]) == 0 then return 0 end
  redis.call('EXPIRE', KEYS[1], KEEP_ACCOUNT_S)
  return 1
end

-- Returns {spent, held} of the first scope, or {} if it has no account.
local function read()
  local fields, now, taken, held = redis.call('HGETALL', KEYS[1]), moment(), nil, 0
  for i = 1, #fields, 2 do
    local amount, ends = string.match(fields[i + 1], '^(%d+) (%d+)$')
    if fields[i] == 'taken' then taken = tonumber(fields[i + 1]) end
    if amount and now < tonumber(ends) then held = held + amount end
  end
  return taken and { taken - held, held } or {}
end

return ({ reserve = reserve, settle = settle, seed = seed, read = read })[ARGV[1]]()
