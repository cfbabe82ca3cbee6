/**
 * A job is a hash (`record`, `version`, `sequence`); sorted sets find it: `sending` by its age,
 * `waiting` by its time, `finished` and `died` by their end, `dead` and those of a lane by sequence. A job's idempotency
 * key leads to it, and `keyed` has those by age.
 *
 * ARGV: prefix of all keys, id, record, version, status, createdAt, dueAt, finishedAt,
 * isDead, lane.
 */
const keep = `
local prefix, id, record, version, status, createdAt, dueAt, finishedAt, isDead, lane = unpack(ARGV)
local job = prefix .. 'job:' .. id
local function keep(sequence)
  local function file(name, isIn, score)
    if isIn then redis.call('ZADD', prefix .. name, score, id)
    else redis.call('ZREM', prefix .. name, id) end
  end
  redis.call('HSET', job, 'record', record, 'version', version)
  file('sending', status == 'sending', createdAt)
  file('waiting', status == 'queued', dueAt)
  file('finished', finishedAt ~= '' and isDead == '0', finishedAt)
  file('died', finishedAt ~= '' and isDead == '1', finishedAt)
  file('dead', isDead == '1', sequence)
  if lane ~= '' then
    file('lane:' .. lane, status == 'queued' or status == 'running', sequence)
  end
end
`;

/** Adds a job, or gives the one that has its key. ARGV besides: scope. */
export const insertScript = `${keep}
local scope = ARGV[11]
if scope ~= '' then
  local taken = redis.call('GET', prefix .. 'scope:' .. scope)
  local found = taken and redis.call('HGET', prefix .. 'job:' .. taken, 'record')
  if found then return found end
end
if redis.call('EXISTS', job) == 1 then return false end
local sequence = redis.call('INCR', prefix .. 'sequence')
redis.call('HSET', job, 'sequence', sequence)
keep(sequence)
if scope ~= '' then
  redis.call('SET', prefix .. 'scope:' .. scope, id)
  redis.call('ZADD', prefix .. 'keyed', createdAt, scope)
end
return false
`;

/** Changes a job that is as it was read: 1; otherwise 0. ARGV besides: the version that was read. */
export const changeScript = `${keep}
if redis.call('HGET', job, 'version') ~= ARGV[11] then return 0 end
keep(redis.call('HGET', job, 'sequence'))
return 1
`;

/**
 * Forgets what is old, a part of it at once; gives how much that was.
 *
 * ARGV: prefix, before when a job finished, died, and was given its key or never sent, most of each.
 */
export const forgetScript = `
local prefix, finished, died, keyed, most = unpack(ARGV)
local count = 0
local function each(name, before, forget)
  for _, member in ipairs(
    redis.call('ZRANGEBYSCORE', prefix .. name, '-inf', '(' .. before, 'LIMIT', 0, most)
  ) do
    redis.call('ZREM', prefix .. name, member)
    forget(member)
    count = count + 1
  end
end
local function forgetJob(id) redis.call('DEL', prefix .. 'job:' .. id) end
each('finished', finished, forgetJob)
each('sending', keyed, forgetJob)
each('died', died, function(id)
  forgetJob(id)
  redis.call('ZREM', prefix .. 'dead', id)
end)
each('keyed', keyed, function(scope) redis.call('DEL', prefix .. 'scope:' .. scope) end)
return count
`;
