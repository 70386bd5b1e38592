# SPDX-License-Identifier: AGPL-3.0-or-later
"""The frame store's steps, each one indivisible inside Redis (Lua). `frame_store` is their only caller.

Every key that ever holds an image gets its time to live in the same step that writes it. Times are Redis's own clock
in milliseconds, except `received_at`, which is the upload's.
"""

from __future__ import annotations

#: All scripts get the store's prefix as KEYS[1]; a camera's account name is kept beside its frame, for counting.
_HEAD = """
local p = KEYS[1]
local waiting, leases, accounts = p..'waiting', p..'leases', p..'accounts'
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local function account(camera) return redis.call('HGET', accounts, camera) or '' end
"""

#: ARGV: camera, account, frame id, image, received_at, ttl ms. Returns stored, replaced, older or after_expired.
PUT = (
    _HEAD
    + """
local camera, frame = ARGV[1], p..'frame:'..ARGV[1]
local before = redis.call('HGET', frame, 'received_at')
if before and tonumber(before) > tonumber(ARGV[5]) then return 'older' end
local expired = not before and redis.call('ZSCORE', waiting, camera)
redis.call('DEL', frame)
redis.call('HSET', frame, 'id', ARGV[3], 'image', ARGV[4], 'received_at', ARGV[5], 'stored', now, 'attempt', 0)
redis.call('PEXPIRE', frame, ARGV[6])
redis.call('ZADD', waiting, 'NX', now, camera)
redis.call('HSET', accounts, camera, ARGV[2])
if before then return 'replaced' elseif expired then return 'after_expired' else return 'stored' end
"""
)

#: ARGV: limit, worker, lease ms, grace ms. Returns {claimed, expired accounts}; claimed is a flat list of
#: id, camera, account, image, received_at, stored, now, attempt.
CLAIM = (
    _HEAD
    + """
local claimed, expired = {}, {}
for _, camera in ipairs(redis.call('ZRANGE', waiting, 0, -1)) do
  if #claimed >= tonumber(ARGV[1]) * 8 then break end
  local frame, busy = p..'frame:'..camera, p..'busy:'..camera
  if redis.call('EXISTS', frame) == 0 then
    redis.call('ZREM', waiting, camera)
    table.insert(expired, account(camera))
  elseif redis.call('EXISTS', busy) == 0 then
    local id = redis.call('HGET', frame, 'id')
    local lease, life = p..'lease:'..id, ARGV[3] + ARGV[4]
    redis.call('RENAME', frame, lease)
    redis.call('HSET', lease, 'camera', camera, 'worker', ARGV[2])
    redis.call('PEXPIRE', lease, life)
    redis.call('SET', busy, id, 'PX', life)
    redis.call('ZADD', leases, now + ARGV[3], id..':'..camera)
    redis.call('ZREM', waiting, camera)
    local f = redis.call('HMGET', lease, 'image', 'received_at', 'stored', 'attempt')
    for _, v in ipairs({id, camera, account(camera), f[1], f[2], f[3], now, f[4]}) do table.insert(claimed, v) end
  end
end
return {claimed, expired}
"""
)

#: ARGV: frame id, camera. Returns 1 when the lease was still ours.
COMPLETE = (
    _HEAD
    + """
local ours = redis.call('DEL', p..'lease:'..ARGV[1])
redis.call('ZREM', leases, ARGV[1]..':'..ARGV[2])
if redis.call('GET', p..'busy:'..ARGV[2]) == ARGV[1] then redis.call('DEL', p..'busy:'..ARGV[2]) end
return ours
"""
)

#: ARGV: prefix of the workers' heartbeats, ttl ms. A lease is over when its time is, or its worker is dead. Returns
#: {requeued, lost, replaced} accounts, and the cameras that were requeued.
RECOVER = (
    _HEAD
    + """
local requeued, lost, replaced, cameras = {}, {}, {}, {}
for _, member in ipairs(redis.call('ZRANGE', leases, 0, -1)) do
  local id, camera = string.match(member, '^(.*):(.*)$')
  local lease, frame = p..'lease:'..id, p..'frame:'..camera
  local f = redis.call('HMGET', lease, 'worker', 'attempt')
  local dead = not f[1] or redis.call('EXISTS', ARGV[1]..f[1]) == 0
  if dead or tonumber(redis.call('ZSCORE', leases, member)) < now then
    if redis.call('HEXISTS', lease, 'image') == 1 and tonumber(f[2]) == 0 then
      if redis.call('EXISTS', frame) == 1 then
        redis.call('DEL', lease)
        table.insert(replaced, account(camera))
      else
        redis.call('RENAME', lease, frame)
        redis.call('HSET', frame, 'attempt', 1)
        redis.call('PEXPIRE', frame, ARGV[2])
        redis.call('ZADD', waiting, 'NX', now, camera)
        table.insert(requeued, account(camera))
        table.insert(cameras, camera)
      end
    else
      redis.call('DEL', lease)
      table.insert(lost, account(camera))
    end
    redis.call('ZREM', leases, member)
    if redis.call('GET', p..'busy:'..camera) == id then redis.call('DEL', p..'busy:'..camera) end
  end
end
return {requeued, lost, replaced, cameras}
"""
)

#: Takes cameras off the waiting list whose frames' time to live has ended. Returns {accounts expired, cameras left}.
SWEEP = (
    _HEAD
    + """
local expired, left = {}, {}
for _, camera in ipairs(redis.call('ZRANGE', waiting, 0, -1)) do
  if redis.call('EXISTS', p..'frame:'..camera) == 0 then
    redis.call('ZREM', waiting, camera)
    table.insert(expired, account(camera))
  elseif redis.call('EXISTS', p..'busy:'..camera) == 0 then
    table.insert(left, camera)
  end
end
return {expired, left}
"""
)
