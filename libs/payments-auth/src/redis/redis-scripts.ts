/**
 * The steps that have to be atomic in Redis. Each script touches the keys of one credential, or of one endpoint.
 * These keys share a hash tag, so the scripts also run on a Redis Cluster.
 *
 * - `token`: `<version>.<sealed token>`, or `<version>.` where a token was withdrawn: an older token never comes
 *   back.
 * - `lock`: the name of the owner, who may ask the provider. Nobody without the key can make such a name.
 * - `version`: the last fencing number that was given out.
 * - `rejection`: `<how often>.<sealed reason>`; kept {@link REJECTION_KEPT_MS} longer than it counts, so that the next
 *   rejection counts for longer.
 */

/** How long one holder keeps the right to ask without extending it. */
const LOCK_MS = 3_000;
/** Longer than any token request can take: until then another process may still try to write an older token. */
const WITHDRAWN_MS = 60_000;
/** How long the last fencing number is kept. Without it, the next number is the time on the clock of Redis. */
const VERSION_MS = 24 * 60 * 60_000;
const REJECTION_KEPT_MS = 15 * 60_000;
const REJECTION_FIRST_MS = 30_000;
/** The longest pause of an endpoint, whatever pause one credential was told. */
const MOST_ENDPOINT_PAUSE_MS = 60_000;
/** A longer Retry-After is cut to this. */
const MOST_PAUSE_MS = 60 * 60_000;
/** How far in the future a counted request may be. No process of this fleet writes a later one, so it is removed. */
const AHEAD_OF_LIMITS_MS = 60_000;
export const REJECTION_MOST_MS = 15 * 60_000;

/** The library never writes a longer value, so a longer one is not read. */
const MOST_BYTES = 64 * 1024;
/**
 * How far a fencing number may be ahead of the clock of Redis. An earlier Redis may have given it out, by another
 * clock.
 */
const AHEAD_MS = 60 * 60_000;

/** Reads a value. A value of the wrong type, shape or size is removed. */
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

/** Reads the owner of a lock; empty where the value is no text. No process of this fleet writes a longer name. */
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
 * Gives a newer token, a remembered rejection, or the right to ask the provider. KEYS: token, lock, version, rejection.
 * ARGV: the number that a token has to exceed; whether an older token is dropped; whether a rejection is ignored; the
 * owner; the number of a token that cannot be opened; whether the rejection cannot be opened; the owner of a lock that
 * does not count.
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
  redis.call('SET', KEYS[2], owner, 'PX', ${LOCK_MS}) -- no process of this fleet writes a lock that lasts longer
end
-- The clock of an earlier Redis may have been ahead. The next token has to be newer than the tokens of that time.
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

/** Withdraws a token. Returns the sealed token, its number, and the number of the withdrawal. KEYS: token, version. */
export const WITHDRAW = `${PARSE}${NEXT_VERSION}
local last, sealed = read(KEYS[1])
local version = string.format('%.0f', nextVersion(KEYS[2], last))
redis.call('SET', KEYS[1], version .. '.', 'PX', ${WITHDRAWN_MS})
return {sealed, string.format('%.0f', last), version}
`;

/**
 * Publishes a message. The channel is no key, because a message reaches every node of a cluster. The key only leads to
 * a node that runs the script. KEYS: token.
 */
export const TELL = `
redis.pcall('PUBLISH', ARGV[1], ARGV[2])
return 1
`;

/**
 * Counts a request in a sliding window for each limit, by the clock of Redis. Returns 0, or how long to wait in
 * milliseconds. KEYS: pause of the endpoint, pause of the credential, then one for each limit. ARGV: a name for this
 * request, then limit and duration for each.
 */
export const RESERVE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- No process of this fleet writes a longer pause, so it is removed.
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
 * A pause is never made shorter. The pause is for the credential, and also for the endpoint where another credential
 * was told to pause just before. KEYS: pause of the endpoint, pause of the credential, the credential that was told
 * last. ARGV: how long, the credential.
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

/** A long time can pass between two uses of a merchant's refresh token. */
const NOTE_KEPT_MS = 180 * 24 * 60 * 60_000;

/**
 * A value that is no text, or longer than any note of this library, is removed, and counts as a note that cannot be
 * opened. KEYS: note.
 */
export const READ_NOTE = `
local size = redis.pcall('STRLEN', KEYS[1])
if type(size) == 'number' and size <= ${MOST_BYTES} then return redis.call('GET', KEYS[1]) or '' end
redis.call('UNLINK', KEYS[1])
return '?'
`;

/** KEYS: note. ARGV: the text; an empty text removes the note. */
export const WRITE_NOTE = `
if ARGV[1] == '' then return redis.call('UNLINK', KEYS[1]) end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ${NOTE_KEPT_MS})
return 1
`;
