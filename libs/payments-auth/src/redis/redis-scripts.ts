/**
 * What has to happen in Redis in one step. Each script touches the keys of one credential, or of one endpoint, and
 * those share a hash tag, so that they also run on a Redis Cluster.
 *
 * - `token`: `<version>.<sealed token>`, or `<version>.` where one was taken away: what is older never comes back.
 * - `lock`: the owner of the right to ask, by a name that nobody else can make.
 * - `version`: the last fencing number that was given out.
 * - `rejection`: `<how often>.<sealed reason>`; remembered {@link REJECTION_KEPT_MS} longer than it counts, so that the
 *   next one counts for longer.
 */

/** How long one holder keeps the right to ask without extending it. */
const LOCK_MS = 3_000;
/** Longer than any token request can take: until then something older may still want to be put there. */
const WITHDRAWN_MS = 60_000;
/** Fencing numbers start from the clock of Redis when this is over, and then go on from the last one. */
const VERSION_MS = 24 * 60 * 60_000;
const REJECTION_KEPT_MS = 15 * 60_000;
const REJECTION_FIRST_MS = 30_000;
/** No endpoint is left alone for longer than this at a time, whatever one credential was told. */
const MOST_ENDPOINT_PAUSE_MS = 60_000;
/** No Retry-After is believed for longer. */
const MOST_PAUSE_MS = 60 * 60_000;
/** How far in the future a counted request may be. No process of this fleet has counted a later one. */
const AHEAD_OF_LIMITS_MS = 60_000;
export const REJECTION_MOST_MS = 15 * 60_000;

/** The library never writes a longer value, so a longer one is not read. */
const MOST_BYTES = 64 * 1024;
/** How far a fencing number may be ahead of the clock of Redis: an earlier Redis with another clock may have given it out. */
const AHEAD_MS = 60 * 60_000;

/** A value of the wrong type, shape or size is removed. */
const PARSE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(key)
  local size = redis.pcall('STRLEN', key)
  if size == 0 then return nil end
  if type(size) == 'number' and size <= ${MOST_BYTES} then return redis.call('GET', key) end
  redis.call('UNLINK', key)
  return nil
end
local function read(key)
  local raw = text(key)
  local number, sealed = (raw or ''):match('^(%d+)%.(.*)$')
  if number and #number < 16 and tonumber(number) <= now + ${AHEAD_MS} then
    local left = sealed == '' and redis.call('PTTL', key) or 0
    if left >= 0 and left <= ${WITHDRAWN_MS} then return tonumber(number), sealed end
  end
  if raw then redis.call('UNLINK', key) end
  return 0, ''
end
`;

const NEXT_VERSION = `
local function nextVersion(key, above)
  local last = tonumber(text(key) or 0) or 0
  if not (last <= now + ${AHEAD_MS}) then last = 0 end
  local version = math.max(now, last + 1, above + 1)
  redis.call('SET', key, string.format('%.0f', version), 'PX', ${VERSION_MS})
  return version
end
`;

/** The owner of a lock; empty where no text stands there. No name of ours is longer. */
const OWNER = `
local function ownerOf(key)
  local owner = redis.pcall('GETRANGE', key, 0, 127)
  return type(owner) == 'string' and owner or ''
end
`;

const LET_GO = `${OWNER}
local function letGo(key, owner)
  if ownerOf(key) == owner then return redis.call('UNLINK', key) end
  return 0
end
`;

/**
 * A newer token, a remembered rejection, or the right to ask. KEYS: token, lock, version, rejection. ARGV: newer than, whether
 * to drop, whether to insist, owner, the number of a token that cannot be opened, whether the rejection cannot be, the owner of a
 * lock that does not count.
 */
export const CLAIM = `${PARSE}${NEXT_VERSION}${OWNER}
local newerThan, drop, insist, owner = tonumber(ARGV[1]), ARGV[2] == '1', ARGV[3] == '1', ARGV[4]
if ARGV[6] == '1' then redis.call('UNLINK', KEYS[4]) end
local version, sealed = read(KEYS[1])
if ARGV[5] == 'any' or (sealed ~= '' and version == tonumber(ARGV[5])) then
  redis.call('UNLINK', KEYS[1])
  sealed = ''
end
if sealed ~= '' then
  if version > newerThan then
    return {'found', string.format('%.0f', version), redis.call('PTTL', KEYS[1]), sealed, now}
  end
  if drop then redis.call('SET', KEYS[1], string.format('%.0f', version) .. '.', 'PX', ${WITHDRAWN_MS}) end
end
if not insist then
  local _, reason = read(KEYS[4])
  local remaining = redis.call('PTTL', KEYS[4]) - ${REJECTION_KEPT_MS}
  if remaining > 0 then return {'rejected', remaining, reason, now} end
end
if ARGV[7] == 'any' or (ARGV[7] ~= '' and ownerOf(KEYS[2]) == ARGV[7]) then redis.call('UNLINK', KEYS[2]) end
if not redis.call('SET', KEYS[2], owner, 'NX', 'PX', ${LOCK_MS}) then
  local left = redis.call('PTTL', KEYS[2])
  if left >= 0 and left <= ${LOCK_MS} then return {'held', ownerOf(KEYS[2]), now} end
  redis.call('SET', KEYS[2], owner, 'PX', ${LOCK_MS}) -- no lock of ours, and it would hold for ever
end
-- The Redis before this one may have been ahead: what is published has to be newer than what its processes hold.
local above = version
if newerThan <= now + ${AHEAD_MS} then above = math.max(version, newerThan) end
return {'acquired', string.format('%.0f', nextVersion(KEYS[3], above)), now}
`;

/** KEYS: lock. */
export const EXTEND = `${OWNER}
local holder = ownerOf(KEYS[1])
if holder == ARGV[1] or holder == '' then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ${LOCK_MS})
  return 1
end
return 0
`;

/** KEYS: token, lock, rejection. */
export const PUBLISH = `${PARSE}${LET_GO}
local owner, version, sealed, ttl = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local published = 0
if version > read(KEYS[1]) then
  redis.call('SET', KEYS[1], ARGV[2] .. '.' .. sealed, 'PX', ttl)
  redis.call('DEL', KEYS[3])
  published = 1
end
letGo(KEYS[2], owner)
return published
`;

/** KEYS: lock. */
export const RELEASE = `${LET_GO}
return letGo(KEYS[1], ARGV[1])
`;

/** KEYS: lock, rejection. */
export const REJECT = `${PARSE}${LET_GO}
local times = read(KEYS[2]) + 1
local wait = math.min(${REJECTION_MOST_MS}, ${REJECTION_FIRST_MS} * 2 ^ math.min(times - 1, 20))
redis.call('SET', KEYS[2], times .. '.' .. ARGV[2], 'PX', string.format('%.0f', wait + ${REJECTION_KEPT_MS}))
return letGo(KEYS[1], ARGV[1])
`;

/** Returns what was there, its number, and the number of the withdrawal. KEYS: token, version. */
export const WITHDRAW = `${PARSE}${NEXT_VERSION}
local last, sealed = read(KEYS[1])
local version = string.format('%.0f', nextVersion(KEYS[2], last))
redis.call('SET', KEYS[1], version .. '.', 'PX', ${WITHDRAWN_MS})
return {sealed, string.format('%.0f', last), version}
`;

/** The channel is no key: a message reaches every node of a cluster. KEYS: token, for the way there. */
export const TELL = `
redis.pcall('PUBLISH', ARGV[1], ARGV[2])
return 1
`;

/**
 * A sliding window for each limit, by the clock of Redis. KEYS: pause of the endpoint, pause of the credential, then one for
 * each limit. ARGV: a name for this
 * request, then limit and duration for each.
 */
export const RESERVE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- A pause that is longer than any of ours is none.
local function left(key, most)
  local ms = redis.call('PTTL', key)
  if ms >= 0 and ms <= most then return ms end
  redis.call('UNLINK', key)
  return 0
end
local wait = math.max(left(KEYS[1], ${MOST_ENDPOINT_PAUSE_MS}), left(KEYS[2], ${MOST_PAUSE_MS}))
for i = 3, #KEYS do
  local limit, per = tonumber(ARGV[2 * i - 4]), tonumber(ARGV[2 * i - 3])
  local removed = redis.pcall('ZREMRANGEBYSCORE', KEYS[i], '-inf', now - per)
  redis.pcall('ZREMRANGEBYSCORE', KEYS[i], now + ${AHEAD_OF_LIMITS_MS}, '+inf')
  if type(removed) ~= 'number' then redis.call('DEL', KEYS[i]) end
  if redis.call('ZCARD', KEYS[i]) >= limit then
    local oldest = redis.call('ZRANGE', KEYS[i], 0, 0, 'WITHSCORES')
    wait = math.max(wait, math.min(per, oldest[2] + per - now))
  end
end
if wait > 0 then return math.ceil(wait) end
for i = 3, #KEYS do
  redis.call('ZADD', KEYS[i], now, ARGV[1])
  redis.call('PEXPIRE', KEYS[i], ARGV[2 * i - 3])
end
return 0
`;

/**
 * A pause is only ever made longer. It is the credential's own, and the endpoint's where another credential was told to pause
 * just before. KEYS: pause of the endpoint, pause of the credential, the credential that was told last. ARGV: how long, the
 * credential.
 */
export const PAUSE = `
local function pause(key, ms)
  if redis.call('PTTL', key) < ms then redis.call('SET', key, '1', 'PX', ms) end
end
local forMs, credential = tonumber(ARGV[1]), ARGV[2]
local endpointMs = math.min(forMs, ${MOST_ENDPOINT_PAUSE_MS})
pause(KEYS[2], forMs)
local last = redis.pcall('GETRANGE', KEYS[3], 0, 64)
if type(last) == 'string' and last ~= '' and last ~= credential then pause(KEYS[1], endpointMs) end
redis.call('SET', KEYS[3], credential, 'PX', endpointMs)
return 1
`;

/** A merchant's refresh token may rest for long between two uses. */
const NOTE_KEPT_MS = 180 * 24 * 60 * 60_000;

/** What is no text, or longer than any note of ours, is taken away and read as one that nobody can open. KEYS: note. */
export const READ_NOTE = `
local size = redis.pcall('STRLEN', KEYS[1])
if type(size) == 'number' and size <= ${MOST_BYTES} then return redis.call('GET', KEYS[1]) or '' end
redis.call('UNLINK', KEYS[1])
return '?'
`;

/** KEYS: note. ARGV: the text; an empty one takes it away. */
export const WRITE_NOTE = `
if ARGV[1] == '' then return redis.call('UNLINK', KEYS[1]) end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ${NOTE_KEPT_MS})
return 1
`;
