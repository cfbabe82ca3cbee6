/**
 * Keeps entries, each with its tags.
 *
 * KEYS: entries. ARGV: namespace, the moment of reading, then per entry its text, its lifetime in
 * ms, the number of its tags, and the tags. An entry with a tag that was invalidated at that moment
 * or later is left out: it was fetched before the change. A tag's set lives as long as its longest
 * entry and forgets entries that expired.
 */
export const setScript = `
local now = redis.call('TIME')
local nowMs = now[1] * 1000 + math.floor(now[2] / 1000)
local asOf = tonumber(ARGV[2])
local at = 3
for i = 1, #KEYS do
  local text, ttl, count = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local first, last = at + 3, at + 2 + count
  local isValid = true
  for j = first, last do
    local invalidated = redis.call('GET', ARGV[1] .. ':i:' .. ARGV[j])
    if invalidated and tonumber(invalidated) >= asOf then isValid = false end
  end
  if isValid then
    redis.call('SET', KEYS[i], text, 'PX', ttl)
    for j = first, last do
      local tag = ARGV[1] .. ':t:' .. ARGV[j]
      redis.call('ZREMRANGEBYSCORE', tag, '-inf', nowMs)
      redis.call('ZADD', tag, nowMs + ttl, KEYS[i])
      if redis.call('PTTL', tag) < ttl then redis.call('PEXPIRE', tag, ttl) end
    end
  end
  at = last + 1
end
`;

/**
 * Drops the entries of tags, remembers the moment for a minute, and tells everyone.
 *
 * ARGV: namespace, the message, then the tags. A minute is longer than any fetch takes.
 */
export const invalidateScript = `
local now = redis.call('TIME')
local moment = now[1] .. string.format('%06d', now[2])
for i = 3, #ARGV do
  local tag = ARGV[1] .. ':t:' .. ARGV[i]
  for _, key in ipairs(redis.call('ZRANGE', tag, 0, -1)) do redis.call('UNLINK', key) end
  redis.call('UNLINK', tag)
  redis.call('SET', ARGV[1] .. ':i:' .. ARGV[i], moment, 'PX', 60000)
end
redis.call('PUBLISH', ARGV[1] .. ':invalidations', ARGV[2])
`;
