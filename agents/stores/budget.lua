-- Money taken from nested scopes: every verb changes all scopes or none. Amounts are whole micro-US-dollars.
-- KEYS: each scope's account, a hash: `taken` is all that is spent or held, and for each hold there is "hold:" and its
--       reservation, with the amount and the moment in ms when its lease ends. After the accounts, what the verb needs.
-- ARGV: verb, then what the verb needs.
-- What is held is taken already, so nothing need be done when a lease ends: a call that is never settled stays charged
-- in full, as it may have been billed.

-- A rebuild must be over before the marks are gone that say what was settled while it read the ledger.
local KEEP_ACCOUNT_S, KEEP_MARK_S, KEEP_OPENING_S = 691200, 600, 60

local function moment()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- ARGV: reservation, and in one string of doubles: wanted, least, holdback, lease_ms, each scope's limit (-1: none).
-- Returns the amount granted, or {'missing', scope...}, or {'refused', scope, left}.
-- Under an id that is held already, the same amount is held in those scopes that have forgotten it.
local function reserve()
  local hold, terms = 'hold:' .. ARGV[2], ARGV[3]
  local grant, least, holdback, lease_ms, place = struct.unpack('>dddd', terms)
  local taken, without, missing, left, tightest, limit, before = {}, {}, {}, math.huge, 0, nil, nil
  for scope, key in ipairs(KEYS) do
    local account = redis.call('HMGET', key, 'taken', hold)
    taken[scope] = tonumber(account[1] or nil)
    limit, place = struct.unpack('>d', terms, place)
    if not taken[scope] then
      missing[#missing + 1] = scope
    elseif account[2] then
      before = tonumber(string.match(account[2], '%d+'))
    else
      without[#without + 1] = scope
      if limit >= 0 and limit - taken[scope] - holdback < left then
        left, tightest = limit - taken[scope] - holdback, scope
      end
    end
  end
  if missing[1] then return { 'missing', unpack(missing) } end
  grant, least = math.min(before or grant, left), before or least
  if grant < least then return { 'refused', tightest, grant + holdback } end
  local held = string.format('%.0f %.0f', grant, moment() + lease_ms)
  for _, scope in ipairs(without) do
    redis.call('HSET', KEYS[scope], 'taken', taken[scope] + grant, hold, held)
  end
  return grant
end

-- KEYS: at the end the mark that the reservation is settled. ARGV: reservation, actual.
-- An account without the hold was rebuilt from a ledger that knew already what the call cost.
local function settle()
  redis.call('SET', KEYS[#KEYS], ARGV[3], 'EX', KEEP_MARK_S)
  for scope = 1, #KEYS - 1 do
    local held = redis.call('HGET', KEYS[scope], 'hold:' .. ARGV[2])
    if held then
      redis.call('HDEL', KEYS[scope], 'hold:' .. ARGV[2])
      redis.call('HINCRBY', KEYS[scope], 'taken', ARGV[3] - string.match(held, '%d+'))
    end
  end
  return 1
end

-- KEYS: the account, its opening. ARGV: a token. Returns the token of the rebuild that is under way; none is needed
-- when the account was opened meanwhile.
local function open()
  if redis.call('EXISTS', KEYS[1]) == 1 then return false end
  redis.call('SET', KEYS[2], ARGV[2], 'NX', 'EX', KEEP_OPENING_S)
  return redis.call('GET', KEYS[2])
end

-- KEYS: the account, its opening, and for each open reservation the mark that it is settled.
-- ARGV: token, spent, lease_ms, then each open reservation and its amount. Opens the account with what the ledger says,
-- if it was read since this Redis forgot the account: what was read before may lack a call that was held since.
local function seed()
  if redis.call('GET', KEYS[2]) ~= ARGV[2] then return 0 end
  redis.call('DEL', KEYS[2])
  local taken, ends = tonumber(ARGV[3]), moment() + ARGV[4]
  for n = 3, #KEYS do
    local reservation, amount, settled = ARGV[2 * n - 1], ARGV[2 * n], redis.call('GET', KEYS[n])
    taken = taken + (settled or amount)
    if not settled then
      redis.call('HSET', KEYS[1], 'hold:' .. reservation, string.format('%.0f %.0f', amount, ends))
    end
  end
  redis.call('HSET', KEYS[1], 'taken', taken)
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

return ({ reserve = reserve, settle = settle, open = open, seed = seed, read = read })[ARGV[1]]()
