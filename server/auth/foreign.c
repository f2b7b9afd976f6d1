/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* Source: the command table of Redis 7.4 (src/commands), without those of Sentinel and of what is
 * here.  A name that is here too does no harm, for it is looked up first. */

#include "auth/foreign.h"

/* clang-format off */
static const char *const names[] = {
    "blmove", "blmpop", "blpop", "brpop", "brpoplpush", "bzmpop", "bzpopmax",
    "bzpopmin", "cluster|myshardid", "geoadd", "geodist", "geohash", "geopos", "georadius",
    "georadius_ro", "georadiusbymember", "georadiusbymember_ro", "geosearch", "geosearchstore",
    "hdel", "hexists", "hexpire", "hexpireat", "hexpiretime", "hget", "hgetall", "hincrby",
    "hincrbyfloat", "hkeys", "hlen", "hmget", "hmset", "hpersist", "hpexpire", "hpexpireat",
    "hpexpiretime", "hpttl", "hrandfield", "hscan", "hset", "hsetnx", "hstrlen", "httl",
    "hvals", "lindex", "linsert", "llen", "lmove", "lmpop", "lpop", "lpos", "lpush", "lpushx",
    "lrange", "lrem", "lset", "ltrim", "migrate", "pfadd", "pfcount", "pfdebug", "pfmerge",
    "pfselftest", "restore-asking", "rpop", "rpoplpush", "rpush", "rpushx", "sadd", "scard",
    "sdiff", "sdiffstore", "sinter", "sintercard", "sinterstore", "sismember", "smembers",
    "smismember", "smove", "spop", "srandmember", "srem", "sscan", "sunion", "sunionstore",
    "waitaof", "xack", "xadd", "xautoclaim", "xclaim", "xdel", "xgroup", "xgroup|create",
    "xgroup|createconsumer", "xgroup|delconsumer", "xgroup|destroy", "xgroup|help",
    "xgroup|setid", "xinfo", "xinfo|consumers", "xinfo|groups", "xinfo|help", "xinfo|stream",
    "xlen", "xpending", "xrange", "xread", "xreadgroup", "xrevrange", "xsetid", "xtrim", "zadd",
    "zcard", "zcount", "zdiff", "zdiffstore", "zincrby", "zinter", "zintercard", "zinterstore",
    "zlexcount", "zmpop", "zmscore", "zpopmax", "zpopmin", "zrandmember", "zrange",
    "zrangebylex", "zrangebyscore", "zrangestore", "zrank", "zrem", "zremrangebylex",
    "zremrangebyrank", "zremrangebyscore", "zrevrange", "zrevrangebylex", "zrevrangebyscore",
    "zrevrank", "zscan", "zscore", "zunion", "zunionstore",
};
/* clang-format on */

bool auth_foreign_is_command(struct bytes name) {
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (bytes_is(name, names[i])) return true;
    return false;
}

bool auth_foreign_is_container(struct bytes name) {
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *bar = strchr(names[i], '|');
        if (!bar) continue;
        struct bytes container = bytes_view(names[i], (size_t)(bar - names[i]));
        if (bytes_equal_nocase(container, name)) return true;
    }
    return false;
}
