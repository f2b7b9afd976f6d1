# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""The random commands of differential.py, and what may differ between two servers.

A rule is a weight and a line of words.  A plain word is sent as it is (in random case when it is
upper case); {name} is drawn by TOKENS[name], which gives one argument or a list of them.  To add a
command add its lines to RULES; to allow a difference add a row to COMPARE, with the reason.

Every number that can end up as a time to live is either past or more than a day away, whatever the
mutations do to an argument list, so that no reply depends on how fast the runner is.
"""

import hashlib
import re

DAY_S, DAY_MS = 100_000, 100_000_000
NOW_ISH = 33_177_117_420  # an absolute second, in the year 3021

KEYS = [b"a", b"b", b"c", b"d", b"key:1", b"key:2", b"", b"a b", b"k\x00\r\n\xff", b"*", b"n" * 300]
NUMBERS = [b"0", b"-1", b"-0", b"100000000", b"-100000000", b"4294967296", b"9223372036854775807",
           b"9223372036854775806", b"-9223372036854775808", b"9223372036854775808"]
NOT_NUMBERS = [b"", b" 1", b"1 ", b"+100000000", b"0100000000", b"1.5", b"abc", b"1e9", b"0x10",
               b"99999999999999999999999", b"\x00", b"-"]
PICKLES = [b"\x80\x04K\x01.", b"\x80\x05\x95\x0b\x00\x00\x00\x00\x00\x00\x00]\x94(K\x01K\x02e.",
           b"cos\nsystem\n(S'true'\ntR.", b"\x80\x04N.tail"]
JUNK = [b"FOO", b"", b"NX", b"XX", b"GT", b"LT", b"GET", b"KEEPTTL", b"PERSIST", b"EX", b"PX",
        b"MATCH", b"COUNT", b"TYPE", b"\r\n", b"x\x00y", b"0", b"-1", b"ASYNC", b"\xff"]


def key(rng):
    return rng.choice(KEYS)


def integer(rng):
    return rng.choice(NUMBERS + NOT_NUMBERS[:6]) if rng.random() < 0.3 else b"%d" % rng.randint(
        -10**12, 10**12)


def value(rng):
    kind = rng.random()
    if kind < 0.25:
        return rng.choice(NUMBERS + NOT_NUMBERS)
    if kind < 0.4:
        return b"%d" % (rng.choice([-1, 1]) * rng.randint(10**8, 10**17))
    if kind < 0.5:
        return rng.choice(PICKLES)
    if kind < 0.96:
        return rng.randbytes(rng.choice([1, 2, 7, 15, 16, 17, 40, 63, 64, 65, 300, 1000]))
    if kind < 0.98:
        return rng.randbytes(rng.choice([4096, 16384, 16385, 32768, 60000]))
    return long_value(rng)


def long_value(rng):
    """What brine edits off its event loops (from 256 KB on), and what reaches that with one APPEND."""
    size = rng.choice([100_000, 262_143, 262_144, 262_145, 300_000, 1 << 20, 2_000_000])
    if rng.random() < 0.5:
        return rng.randbytes(size)
    return (rng.randbytes(rng.choice([1, 3, 1000])) * size)[:size]


def ttl(past, ahead, edges):
    """Times to live: already past, far ahead, at the edges of 64 bits, or no number at all."""
    def draw(rng):
        kind = rng.random()
        if kind < 0.12:
            return b"%d" % rng.choice(past)
        if kind < 0.86:
            return b"%d" % rng.randint(ahead, 50 * ahead)
        if kind < 0.94:
            return b"%d" % rng.choice(edges)
        return rng.choice(NOT_NUMBERS)
    return draw


MAX = 2**63 - 1
seconds = ttl([0, -1, -100, -MAX - 1], DAY_S,
              [MAX, MAX // 1000, MAX // 1000 + 1, MAX // 2, MAX // 1000 - 10**10, MAX + 1])
milliseconds = ttl([0, -1, -100000, -MAX - 1], DAY_MS, [MAX, MAX // 2, MAX + 1, MAX - 10**14])
at_second = ttl([0, -1, 1, 1000], NOW_ISH, [MAX, MAX // 1000, MAX // 1000 + 1, MAX + 1])
at_millisecond = ttl([0, -1, 1, 1000], NOW_ISH * 1000, [MAX, MAX + 1])


def keys(rng):
    return [key(rng) for _ in range(rng.choice([1, 1, 2, 3, 5]))]


def pairs(rng):
    return [word for _ in range(rng.choice([1, 1, 2, 3])) for word in (key(rng), value(rng))]


def expiry_option(rng):
    name, draw = rng.choice([(b"EX", seconds), (b"PX", milliseconds), (b"EXAT", at_second),
                             (b"PXAT", at_millisecond)])
    return [name, draw(rng)]


def set_options(rng):
    chunks = []
    if rng.random() < 0.4:
        chunks.append(expiry_option(rng))
    if rng.random() < 0.35:
        chunks.append([rng.choice([b"NX", b"XX"])])
    if rng.random() < 0.3:
        chunks.append([b"GET"])
    if rng.random() < 0.15:
        chunks.append([b"KEEPTTL"])
    rng.shuffle(chunks)
    return [word for chunk in chunks for word in chunk]


def getex_options(rng):
    return rng.choice([[], [b"PERSIST"], expiry_option(rng), expiry_option(rng)])


def tracking_options(rng):
    chunks = [[flag] for flag in (b"OPTIN", b"OPTOUT", b"NOLOOP") if rng.random() < 0.25]
    if rng.random() < 0.1:
        chunks += [[b"BCAST"], [b"OPTIN"]]
    elif rng.random() < 0.3:
        chunks.append([b"BCAST"])
    while rng.random() < 0.2:
        chunks.append([b"PREFIX", rng.choice([b"", b"a", b"ab", b"k", b"%s"])])
    if rng.random() < 0.03:
        chunks += [[b"REDIRECT", rng.choice([b"0", b"-1", b"x", b"99999999"])] for _ in range(rng.choice([1, 2]))]
    if rng.random() < 0.05:
        chunks.append([b"NOSUCH"])
    rng.shuffle(chunks)
    return [word for chunk in chunks for word in chunk]


def expire_options(rng):
    return rng.choice([[], [], [], [b"NX"], [b"XX"], [b"GT"], [b"LT"], [b"XX", b"GT"],
                       [b"LT", b"XX"], [b"GT", b"LT"], [b"NX", b"XX"]])


def database(rng):
    return rng.choice([b"0", b"0", b"0", b"1", b"1", b"15", b"16", b"-1", b"abc", b""])


def scan_options(rng):
    chunks = []
    if rng.random() < 0.5:
        chunks.append([b"COUNT", rng.choice([b"1", b"3", b"10", b"1000", b"4294967296"])])
    if rng.random() < 0.4:
        chunks.append([b"MATCH", glob(rng)])
    if rng.random() < 0.3:
        chunks.append([b"TYPE", rng.choice([b"string", b"STRING", b"hash", b"nosuch"])])
    rng.shuffle(chunks)
    return [word for chunk in chunks for word in chunk]


def glob(rng):
    return rng.choice([b"*", b"a", b"key:*", b"key:?", b"[a-c]", b"[^a]", b"[c-a]", b"?", b"", b"k*",
                       b"\\*", b"[*]", b"*\x00*", b"[", b"a\\", b"**a**", b"n*n", b"[\\]a]", b"[a"])


def offset(rng):
    """A place in a value: small, or beyond what any server allows; see grows_too_far."""
    return rng.choice([b"%d" % rng.randint(0, 40), b"%d" % rng.randint(0, 3000),
                       rng.choice([b"-1", b"-2", b"-40", b"-3000", b"4294967296", b"8589934592",
                                    b"9223372036854775807", b"-9223372036854775808",
                                    b"%d" % rng.choice([16_384, 262_140, 1_999_999, 2_097_160]),
                                   b"", b"abc", b"01", b"1.5", b" 1"])])


def span(rng):
    """What BITCOUNT and BITPOS take behind the key (and the bit)."""
    return rng.choice([[], [offset(rng)], [offset(rng), offset(rng)],
                       [offset(rng), offset(rng), rng.choice([b"BIT", b"BYTE", b"bit", b"x"])]])


def float_increment(rng):
    """Also what no value can be mistaken for: INCRBYFLOAT makes no times to live."""
    if rng.random() < 0.5:
        return b"%d.%d" % (rng.randint(-10**6, 10**6), rng.randint(0, 10**6))
    return rng.choice([b"0", b"-0", b"0.1", b"1e300", b"-1e300", b"1e400", b"inf", b"-INF", b"nan",
                       b"5.0e3", b"1e-20", b"0x10", b"", b" 1", b"1 ", b"abc", b"9" * 40])


def bits_type(rng):
    if rng.random() < 0.85:
        return b"%s%d" % (rng.choice([b"u", b"i", b"U", b"I"]), rng.randint(1, 63))
    return rng.choice([b"i64", b"u64", b"u0", b"i65", b"x8", b"u", b"", b"8", b"u08"])


def bits_offset(rng):
    return offset(rng) if rng.random() < 0.6 else b"#%d" % rng.choice(
        [0, 1, 2, 7, 100, -1, -2**63, 2**61, 2**61 + 1, 2**63 - 1])


def bitfield(rng):
    words = []
    for _ in range(rng.choice([0, 1, 1, 2, 4])):
        kind = rng.random()
        if kind < 0.2:
            words += [b"OVERFLOW", rng.choice([b"WRAP", b"SAT", b"FAIL", b"fail", b"x"])]
        elif kind < 0.5:
            words += [b"GET", bits_type(rng), bits_offset(rng)]
        else:
            words += [rng.choice([b"SET", b"INCRBY"]), bits_type(rng), bits_offset(rng),
                      integer(rng)]
    return words


def bitfield_reads(rng):
    return [word for _ in range(rng.choice([0, 1, 2])) for word in
            (b"GET", bits_type(rng), bits_offset(rng))]


def lcs_options(rng):
    chunks = [[b"LEN"], [b"IDX"], [b"IDX"], [b"WITHMATCHLEN"],
              [b"MINMATCHLEN", rng.choice([b"0", b"1", b"3", b"-1", b"x"])]]
    return [word for chunk in rng.sample(chunks, rng.choice([0, 1, 2, 3])) for word in chunk]


def copy_options(rng):
    chunks = [[b"REPLACE"], [b"DB", database(rng)], [b"DB", database(rng)]]
    return [word for chunk in rng.sample(chunks, rng.choice([0, 1, 2])) for word in chunk]


def crc64(data):
    """As DUMP payloads end: Jones' polynomial, reflected."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x95ac9329ac4bc9b5 if crc & 1 else 0)
    return crc


def packed_string(rng):
    """A string in the forms that other servers write."""
    text = value(rng)[:100]
    return rng.choice([
        (b"" if len(text) < 64 else b"\x40") + bytes([len(text)]) + text,
        b"\x80" + len(text).to_bytes(4, "big") + text,
        b"\x81" + len(text).to_bytes(8, "big") + text,
        b"\xc0" + rng.randbytes(1), b"\xc1" + rng.randbytes(2), b"\xc2" + rng.randbytes(4),
        b"\xc3\x06\x15\x01aa\xe0\x0a\x00", b"\xc3\x04\x03\x02abc", b"\xc3\x04\x05\x00a\x20\x07"])


def payload(rng):
    body = rng.choice([b"\x00"] * 9 + [b"\x08"]) + packed_string(rng)
    body += rng.choice([b"\x0a\x00"] * 6 + [b"\x06\x00", b"\x09\x00", b"\x64\x00"])
    body += crc64(body).to_bytes(8, "little")
    if rng.random() < 0.1:
        body = body[:rng.randrange(len(body))]
    elif rng.random() < 0.1:
        body += b"\x00"
    return body


def restore_ttl(rng):
    return rng.choice([b"0", b"0", b"0", b"%d" % rng.randint(DAY_MS, 50 * DAY_MS),
                       b"%d" % (NOW_ISH * 1000), b"-1", b"x", b"1.5", b""])


def restore_options(rng):
    chunks = [[b"REPLACE"], [b"REPLACE"], [b"ABSTTL"], [b"IDLETIME", rng.choice([b"0", b"100", b"-1", b"x"])],
              [b"FREQ", rng.choice([b"0", b"255", b"256", b"-1", b""])]]
    return [word for chunk in rng.sample(chunks, rng.choice([0, 1, 1, 2, 3])) for word in chunk]


SCRIPTS = [
    b"if redis.call('get',KEYS[1]) == ARGV[1] then\n return redis.call('del',KEYS[1])\nelse return 0 end",
    b"-- a comment\nreturn redis.call(\"incrby\", KEYS[1], ARGV[1]);",
]


def script(rng):
    return rng.choice(SCRIPTS)


def sha(rng):
    name = hashlib.sha1(rng.choice(SCRIPTS)).hexdigest().encode()
    return rng.choice([name, name.upper(), name[1:]])


def function(rng):
    return rng.choice([[b"LIST"], [b"LIST", b"WITHCODE"], [b"LIST", b"LIBRARYNAME", b"x"], [b"LIST", b"x"],
                       [b"LIST", b"LIBRARYNAME"], [b"STATS"], [b"DUMP"], [b"FLUSH"], [b"FLUSH", b"ASYNC"],
                       [b"FLUSH", b"x"], [b"DELETE", b"x"], [b"KILL"], [b"HELP"], [b"RESTORE", b"x"],
                       [b"RESTORE", b"x", b"FLUSH"], [b"RESTORE", b"x", b"y"], [b"x"],
                       [b"RESTORE", b"\x0a\x00\x5d\x9b\x5c\x40\x0f\x7f\xa2\xda", b"APPEND"]])


def sort_options(rng):
    chunks = [[b"ASC"], [b"DESC"], [b"ALPHA"], [b"LIMIT", integer(rng), integer(rng)], [b"BY", glob(rng)],
              [b"GET", glob(rng)], [b"GET", b"#"], [b"STORE", key(rng)], [b"STORE"], [b"LIMIT", b"1"]]
    return [word for chunk in rng.sample(chunks, rng.choice([0, 1, 1, 2, 3])) for word in chunk]


def channel(rng):
    return rng.choice([b"c", b"c", b"chan:1", b"chan:2", b"", b"x\x00y", b"*"])


def channels(rng):
    return [channel(rng) for _ in range(rng.choice([1, 1, 2, 3]))]


def patterns(rng):
    return [rng.choice([b"*", b"c", b"chan:*", b"c*", b"[", b"?"]) for _ in
            range(rng.choice([1, 1, 2]))]


USERS = [b"ann", b"bob", b"a b", b"", b"\x80"]  # "default" is everybody's


def user(rng):
    return rng.choice(USERS[:2] * 5 + USERS)


def acl_rules(rng):
    rules = [b"on", b"on", b"off", b"nopass", b"resetpass", b">pw", b"<pw", b">x", b"#abc", b"!abc", b"~*", b"~a*",
             b"~key:*", b"%R~b", b"%W~b", b"%RW~c", b"%R", b"%~x", b"%X~x", b"resetkeys", b"allkeys", b"&*", b"&c*",
             b"&chan:1", b"resetchannels", b"allchannels", b"+@all", b"-@all", b"+@all", b"allcommands", b"+get",
             b"-get", b"+SET", b"+@read", b"-@write", b"+@string", b"-@dangerous", b"+config|get", b"-config|set",
             b"+config|nope", b"+select|1", b"+select|", b"-select|1", b"+@nope", b"+nope", b"+", b"-", b"reset",
             b"(+get ~b)", b"(", b"(+get", b"~c)", b"()", b"(on)", b"clearselectors", b"", b"~a b",
             b"skip-sanitize-payload", b"sanitize-payload", b"nonsense", b"+hset", b"-lpush", b"+xinfo|stream", b"+xinfo|nope", b"+xinfo",
             b"+hget|x", b"-hget|x"]
    return [rng.choice(rules) for _ in range(rng.choice([1, 1, 2, 3, 5]))]


# Text that no time to live can hold; see the head of the file.
def word(rng):
    return rng.choice([b"x", b"default", b"nobody", b"a b", b"", b"pw", b"\x80"])


TOKENS = {
    "key": key, "keys": keys, "value": value, "pairs": pairs, "integer": integer,
    "seconds": seconds, "milliseconds": milliseconds, "set_options": set_options,
    "getex_options": getex_options, "expire_options": expire_options, "database": database,
    "scan_options": scan_options, "glob": glob, "word": word, "offset": offset, "span": span,
    "float": float_increment, "bitfield": bitfield, "bitfield_reads": bitfield_reads,
    "script": script, "sha": sha, "function": function, "sort_options": sort_options,
    "payload": payload, "restore_ttl": restore_ttl, "restore_options": restore_options,
    "lcs_options": lcs_options, "copy_options": copy_options, "channel": channel,
    "channels": channels, "patterns": patterns, "at_second": at_second, "user": user, "acl_rules": acl_rules,
    "at_millisecond": at_millisecond,
    "bit": lambda rng: rng.choice([b"0", b"1", b"0", b"1", b"0", b"1", b"2", b"-1", b"", b"x"]),
    "bitop": lambda rng: rng.choice([b"AND", b"OR", b"XOR", b"NOT", b"and", b"Not", b"NAND"]),
    "config": lambda rng: rng.choice([b"maxmemory", b"timeout", b"databases", b"maxmemory-policy",
                                      b"MaxMemory", b"save", b"nosuch", b"nosuch*", b"appendonly",
                                      b"proto-max-bulk-len", b"requirepass", b"tcp-keepalive"]),
    "memory": lambda rng: rng.choice([b"0", b"1gb", b"2GB", b"500mb", b"1000000000", b"abc", b"-1",
                                      b"1tb", b"1.5gb", b"600000k"]),
    # Not A with n: a CONFIG SET that fails makes Redis forget the n, which it does not write.
    # No "m" beside K or E: RESP3 of Redis puts what a miss tells amid the reply of the command itself.  No "x" (nor
    # A, which has it): each server finds in its own time that a key is over.
    "events": lambda rng: rng.choice([b"", b"KEg$", b"$gKE", b"Kg$", b"nKE", b"q", b"m", b"x", b"A"]),
    "yes_or_no": lambda rng: rng.choice([b"YES", b"NO", b"yes", b"maybe"]),
    "small": lambda rng: rng.choice([b"0", b"0", b"x", b""]),
    "tracking_options": tracking_options,
    "protocol": lambda rng: rng.choice([b"2", b"3", b"2", b"3", b"1", b"4", b"abc", b"-1", b""]),
    "described": lambda rng: rng.choice([b"get", b"SET", b"mset", b"del", b"nosuch", b"incrby",
                                         b"getex", b"ttl", b"append", b"strlen", b"keys", b"hello",
                                         b"select", b"psetex", b"client|id", b"config|get", b"sort",
                                         b"dump", b"restore", b"eval", b"evalsha", b"eval_ro", b"sort_ro", b"script|load",
                                         b"function|load", b"fcall",
                                         b"copy", b"rename", b"renamenx", b"bitop", b"cluster", b"module",
                                         b"latency", b"slowlog|get", b"debug", b"time", b"acl|setuser"]),
}

RULES = [
    (30, "SET {key} {value} {set_options}"),
    (20, "GET {key}"),
    (4, "GETDEL {key}"),
    (8, "GETEX {key} {getex_options}"),
    (4, "GETSET {key} {value}"),
    (4, "SETEX {key} {seconds} {value}"),
    (4, "PSETEX {key} {milliseconds} {value}"),
    (4, "SETNX {key} {value}"),
    (5, "MGET {keys}"),
    (5, "MSET {pairs}"),
    (5, "DEL {keys}"),
    (3, "UNLINK {keys}"),
    (5, "EXISTS {keys}"),
    (4, "TYPE {key}"),
    (8, "EXPIRE {key} {seconds} {expire_options}"),
    (8, "PEXPIRE {key} {milliseconds} {expire_options}"),
    (6, "TTL {key}"),
    (6, "PTTL {key}"),
    (4, "PERSIST {key}"),
    (5, "INCR {key}"),
    (4, "DECR {key}"),
    (6, "INCRBY {key} {integer}"),
    (6, "DECRBY {key} {integer}"),
    (7, "APPEND {key} {value}"),
    (5, "STRLEN {key}"),
    (3, "KEYS {glob}"),
    (2, "*SCAN {scan_options}"),
    (1, "SCAN {integer} {word}"),
    (1, "SCAN abc {scan_options}"),
    (3, "DBSIZE"),
    (1, "FLUSHDB"),
    (0.5, "FLUSHALL ASYNC"),
    (0.5, "FLUSHDB SYNC"),
    (3, "SELECT {database}"),
    (2, "PING"),
    (2, "PING {value}"),
    (2, "ECHO {value}"),
    (1, "AUTH {word}"),
    (1, "AUTH {word} {word}"),
    (0.5, "HELLO"),
    (0.5, "HELLO {protocol}"),
    (0.5, "HELLO {protocol} SETNAME {word}"),
    (0.5, "HELLO {protocol} AUTH {word} {word}"),
    (0.5, "RESET"),
    (0.1, "QUIT"),
    (0.3, "CLIENT PAUSE {word} {word}"),
    (0.3, "CLIENT UNPAUSE"),
    (0.3, "CLIENT UNBLOCK {integer} {word}"),
    (0.3, "CLIENT UNBLOCK {integer}"),
    (0.3, "CLIENT REPLY ON"),
    (0.3, "CLIENT REPLY {word}"),
    (0.3, "CLIENT NO-EVICT ON"),
    (0.3, "CLIENT NO-EVICT OFF"),
    (1, "CLIENT TRACKING OFF"),
    (0.3, "CLIENT TRACKING ON REDIRECT {integer}"),
    (0.3, "CLIENT TRACKING {word}"),
    (1, "CLIENT TRACKINGINFO"),
    (0.5, "CLIENT GETREDIR"),
    (0.5, "CLIENT CACHING {yes_or_no}"),
    (0.5, "WAIT {small} 1"),
    (0.3, "ROLE"),
    (0.3, "FAILOVER {word}"),
    (0.3, "FAILOVER ABORT"),
    (0.3, "REPLICAOF NO ONE"),
    (0.3, "SLAVEOF {word} {word}"),
    (0.3, "REPLCONF {word} {word}"),
    (0.5, "SWAPDB {database} {database}"),
    (0.5, "CONFIG SET notify-keyspace-events {events}"),
    (0.5, "CONFIG GET notify-keyspace-events"),
    (1, "CLIENT GETNAME"),
    (1, "CLIENT SETNAME {word}"),
    (0.5, "CLIENT ID"),
    (0.5, "CLIENT INFO"),
    (0.5, "CLIENT LIST"),
    (0.3, "CLIENT LIST TYPE {word}"),
    (0.3, "CLIENT LIST TYPE normal"),
    (0.3, "CLIENT LIST TYPE pubsub"),
    (0.3, "CLIENT LIST ID {integer}"),
    (0.3, "CLIENT KILL ADDR {word}"),
    (0.3, "CLIENT KILL {word}"),
    (0.3, "CLIENT KILL USER nobody"),
    (0.3, "CLIENT {word}"),
    (0.5, "COMMAND COUNT"),
    (0.5, "COMMAND INFO {described}"),
    (0.5, "COMMAND INFO {described} {described}"),
    (0.5, "COMMAND DOCS {described}"),
    (0.3, "COMMAND LIST FILTERBY PATTERN {described}"),
    (0.5, "COMMAND GETKEYS {described} {keys}"),
    (0.5, "COMMAND GETKEYSANDFLAGS {described} {keys}"),
    (0.3, "COMMAND {word}"),
    (0.5, "INFO"),
    (0.3, "INFO {word}"),
    (0.3, "TIME"),
    (0.3, "TIME {word}"),
    (0.2, "LOLWUT"),
    (0.2, "LOLWUT VERSION {integer}"),
    (0.3, "LASTSAVE"),
    (0.1, "LASTSAVE {word}"),
    (0.1, "SAVE {word}"),
    (0.1, "BGSAVE {word} {word}"),
    (0.3, "SLOWLOG LEN"),
    (0.3, "SLOWLOG GET"),
    (0.3, "SLOWLOG GET {integer}"),
    (0.3, "SLOWLOG GET {word}"),
    (0.2, "SLOWLOG RESET"),
    (0.2, "SLOWLOG HELP"),
    (0.2, "SLOWLOG {word}"),
    (0.2, "LATENCY DOCTOR"),
    (0.2, "LATENCY GRAPH {word}"),
    (0.2, "LATENCY HISTORY {word}"),
    (0.2, "LATENCY HISTORY command"),
    (0.2, "LATENCY LATEST"),
    (0.2, "LATENCY RESET {word}"),
    (0.2, "LATENCY RESET"),
    (0.2, "LATENCY HISTOGRAM {word}"),
    (0.2, "LATENCY HISTOGRAM get"),
    (0.2, "LATENCY HELP"),
    (0.2, "LATENCY {word}"),
    (0.2, "CLUSTER INFO"),
    (0.2, "CLUSTER KEYSLOT {key}"),
    (0.2, "CLUSTER {word}"),
    (0.2, "MODULE LIST"),
    (0.2, "MODULE LOAD {word}"),
    (0.2, "MODULE UNLOAD {word}"),
    (0.2, "MODULE {word}"),
    (0.2, "READONLY"),
    (0.2, "ASKING"),
    (0.2, "DEBUG SLEEP 0"),
    (0.2, "DEBUG {word}"),
    (0.5, "INFO keyspace"),
    (0.5, "INFO cluster"),
    (0.3, "INFO {word}"),
    (1, "CONFIG GET {config}"),
    (0.5, "CONFIG GET {config} {config}"),
    (1, "CONFIG SET maxmemory {memory}"),
    (0.3, "CONFIG SET nosuch {word}"),
    (0.3, "CONFIG RESETSTAT"),
    (0.3, "CONFIG {word}"),
    (1, "NOSUCHCOMMAND {keys}"),
    (0.5, "{value} {keys}"),
    (3, "MSETNX {pairs}"),
    (4, "GETRANGE {key} {offset} {offset}"),
    (1, "SUBSTR {key} {offset} {offset}"),
    (4, "SETRANGE {key} {offset} {value}"),
    (4, "INCRBYFLOAT {key} {float}"),
    (2, "LCS {key} {key} {lcs_options}"),
    (4, "SETBIT {key} {offset} {bit}"),
    (3, "GETBIT {key} {offset}"),
    (4, "BITCOUNT {key} {span}"),
    (4, "BITPOS {key} {bit} {span}"),
    (4, "BITOP {bitop} {key} {keys}"),
    (6, "BITFIELD {key} {bitfield}"),
    (2, "BITFIELD_RO {key} {bitfield_reads}"),
    (0.5, "BITFIELD_RO {key} {bitfield}"),
    (1.5, "ACL SETUSER {user} {acl_rules}"),
    (0.5, "ACL SETUSER {user} on nopass allcommands {acl_rules}"),
    (0.3, "ACL SETUSER {user}"),
    (0.5, "ACL GETUSER {user}"),
    (0.4, "ACL LIST"),
    (0.3, "ACL USERS"),
    (0.3, "ACL DELUSER {user}"),
    (0.2, "ACL DELUSER {user} {word}"),
    (0.3, "ACL WHOAMI"),
    (0.5, "ACL DRYRUN {user} GET {key}"),
    (0.5, "ACL DRYRUN {user} SET {key} {value} {set_options}"),
    (0.5, "ACL DRYRUN {user} MSET {pairs}"),
    (0.3, "ACL DRYRUN {user} MGET {keys}"),
    (0.4, "ACL DRYRUN {user} COPY {key} {key}"),
    (0.4, "ACL DRYRUN {user} RENAME {key} {key}"),
    (0.4, "ACL DRYRUN {user} BITOP {bitop} {key} {keys}"),
    (0.4, "ACL DRYRUN {user} BITFIELD {key} {bitfield}"),
    (0.3, "ACL DRYRUN {user} SORT {key} {sort_options}"),
    (0.3, "ACL DRYRUN {user} EVAL {script} 2 {key} {key}"),
    (0.3, "ACL DRYRUN {user} PUBLISH {channel} {value}"),
    (0.3, "ACL DRYRUN {user} SUBSCRIBE {channels}"),
    (0.3, "ACL DRYRUN {user} PSUBSCRIBE {patterns}"),
    (0.3, "ACL DRYRUN {user} CONFIG GET {word}"),
    (0.3, "ACL DRYRUN {user} SELECT {integer}"),
    (0.3, "ACL DRYRUN {user} EXPIRE {key} 100"),
    (0.3, "ACL DRYRUN {user} {word}"),
    (0.3, "ACL LOG"),
    (0.2, "ACL LOG {integer}"),
    (0.3, "ACL LOG RESET"),
    (0.3, "ACL CAT {word}"),
    (0.2, "ACL CAT"),
    (0.2, "ACL SAVE"),
    (0.2, "ACL HELP"),
    (0.2, "ACL GENPASS {integer}"),
    (0.3, "AUTH {user} {word}"),
    (0.2, "CLIENT KILL USER {word}"),
    (4, "RENAME {key} {key}"),
    (3, "RENAMENX {key} {key}"),
    (5, "COPY {key} {key} {copy_options}"),
    (4, "MOVE {key} {database}"),
    (2, "TOUCH {keys}"),
    (5, "DUMP {key}"),
    (3, "*RESTORE {key} {key} {restore_ttl} {restore_options}"),
    (3, "SORT {key} {sort_options}"),
    (1, "SORT_RO {key} {sort_options}"),
    (0.5, "EVAL {script} 1 {key} {value}"),
    (0.5, "EVAL {script} {integer} {keys}"),
    (0.3, "EVALSHA {value} {integer} {keys}"),
    (0.3, "EVALSHA c3f8721cbb97f72bc19e972846bd7aaf91901658 1 {key}"),
    (0.3, "SCRIPT LOAD {script}"),
    (0.3, "SCRIPT EXISTS {sha} {sha} {word}"),
    (0.2, "SCRIPT FLUSH"),
    (0.2, "SCRIPT FLUSH {word}"),
    (0.2, "SCRIPT KILL"),
    (0.2, "SCRIPT HELP"),
    (0.2, "FUNCTION {function}"),
    (0.2, "FCALL {word} 1 {key}"),
    (4, "RESTORE {key} {restore_ttl} {payload} {restore_options}"),
    (2, "RESTORE {key} {restore_ttl} {payload} REPLACE"),
    (0.5, "RESTORE {key} {restore_ttl} {value} {restore_options}"),
    (1, "RANDOMKEY"),
    (4, "EXPIREAT {key} {at_second} {expire_options}"),
    (4, "PEXPIREAT {key} {at_millisecond} {expire_options}"),
    (3, "EXPIRETIME {key}"),
    (3, "PEXPIRETIME {key}"),
    (5, "MULTI"),
    (9, "EXEC"),
    (1, "DISCARD"),
    (3, "WATCH {keys}"),
    (1, "UNWATCH"),
    (1, "PUBLISH {channel} {value}"),
    (0.5, "SPUBLISH {channel} {value}"),
    (0.3, "PUBSUB CHANNELS"),
    (0.3, "PUBSUB CHANNELS {glob}"),
    (0.3, "PUBSUB NUMSUB {channels}"),
    (0.3, "PUBSUB NUMPAT"),
    (0.3, "PUBSUB SHARDCHANNELS {glob}"),
    (0.3, "PUBSUB SHARDNUMSUB {channels}"),
    (0.3, "PUBSUB {word}"),
]
# With two connections, where commands may have any number of replies.
# In an EXEC that holds pushes as well the replies are compared as they stand: not what is each server's own.
OF_ITS_OWN = ("COMMAND COUNT", "COMMAND {word}", "INFO", "TIME", "LOLWUT", "LASTSAVE", "SLOWLOG", "LATENCY", "ACL CAT", "ACL GENPASS",
              "CLIENT ID", "CLIENT INFO", "CLIENT LIST", "CLIENT {word}", "HELLO")
CROWD_RULES = [rule for rule in RULES if not rule[1].startswith(OF_ITS_OWN)] + [
    (15, "SUBSCRIBE {channels}"),
    (12, "UNSUBSCRIBE {channels}"),
    (8, "UNSUBSCRIBE"),
    (8, "PSUBSCRIBE {patterns}"),
    (8, "PUNSUBSCRIBE {patterns}"),
    (5, "PUNSUBSCRIBE"),
    (8, "SSUBSCRIBE {channels}"),
    (8, "SUNSUBSCRIBE {channels}"),
    (5, "SUNSUBSCRIBE"),
    (40, "PUBLISH {channel} {value}"),
    (15, "SPUBLISH {channel} {value}"),
    (4, "PUBSUB CHANNELS"),
    (4, "PUBSUB CHANNELS {glob}"),
    (4, "PUBSUB NUMSUB {channels}"),
    (4, "PUBSUB NUMPAT"),
    (4, "PUBSUB SHARDCHANNELS {glob}"),
    (4, "PUBSUB SHARDNUMSUB {channels}"),
    (3, "CLIENT TRACKING ON {tracking_options}"),
    (1, "CLIENT TRACKING OFF"),
    (0.5, "CLIENT TRACKING OFF {tracking_options}"),
    (2, "CLIENT TRACKINGINFO"),
    (2, "CLIENT CACHING {yes_or_no}"),
    (2, "CONFIG SET notify-keyspace-events {events}"),
    (8, "MULTI"),
    (16, "EXEC"),
    (20, "WATCH {keys}"),
    (10, "PING {word}"),
    (4, "RESET"),
]


def without_late(ops):
    """Leaves what asks all workers out of MULTI: CLIENT TRACKING with REDIRECT, which EXEC refuses, and
    CLIENT LIST, which shows its own client as it is after EXEC; and PUBSUB CHANNELS, whose order is nobody's
    promise where pushes stand beside it; and SWAPDB out of what tracks: brine tells clients that cache of it, Redis
    does not.  ops: (args, ...), *2 marks a second client."""
    is_open, kept = [False, False], []
    tracks = any(b"TRACKING" in (word.upper() for word in op[0]) for op in ops)
    for op in ops:
        who = 1 if op[0][0] == b"*2" else 0
        words = op[0][who:]
        name = words[0].upper()
        late = name == b"CLIENT" and any(word.upper() in (b"LIST", b"REDIRECT") for word in words)
        late = late or (name == b"PUBSUB" and any(word.upper().endswith(b"CHANNELS") for word in words))
        if not (late and is_open[who]) and not (tracks and name == b"SWAPDB"):
            kept.append(op)
        if name == b"MULTI":
            is_open[who] = True
        elif name in (b"EXEC", b"DISCARD", b"RESET") and len(words) == 1:
            is_open[who] = False
    return kept


def asks_for_pushes(args):
    """What would put pushes between the replies of a case with one connection, which counts replies."""
    return [word.upper() for word in args[:3]] == [b"CLIENT", b"TRACKING", b"ON"]


def draw(rng, rules):
    weights = [weight for weight, _ in rules]
    while grows_too_far(args := draw_command(rng, rules, weights)) or waits_for_others(args) or is_cut(args):
        pass
    return args


LONG_MAX = 2_100_000


def grows_too_far(args):
    """An offset that is allowed and makes a value of hundreds of megabytes."""
    places = {b"SETRANGE": args[2:3], b"SETBIT": args[2:3], b"BITFIELD": args[2:]}
    return any(re.fullmatch(rb"#?[0-9]{6,10}", arg) and LONG_MAX < int(arg.lstrip(b"#")) < 2**32
               for arg in places.get(args[0].upper(), []))


def is_cut(args):
    """An option's value that holds a NUL, where Redis takes it to end; brine refuses it."""
    return [word.upper() for word in args[:2]] == [b"CONFIG", b"SET"] and any(b"\x00" in arg for arg in args[2:])


def waits_for_others(args):
    """A wait without an end, and what makes a replica of redis-server."""
    first = args[0].upper()
    if first == b"CLIENT" and args[1:2] and args[1].upper() == b"PAUSE":
        return any(re.fullmatch(rb"[0-9]{4,}", arg) for arg in args[2:])
    if first == b"WAIT":
        return len(args) == 3 and args[2].isdigit() and not 0 < int(args[2]) < 1000
    return first in (b"REPLICAOF", b"SLAVEOF") and len(args) == 3 and args[2].upper() != b"ONE" and args[2].isdigit()


KEY_BYTES_MAX = 65_000  # limits.key_bytes, roughly: no longer value may come to stand where a key is


def draw_command(rng, rules, weights):
    """One command as a list of byte strings; a first word *SCAN stands for a whole iteration, *RESTORE for
    DUMP of the first key and RESTORE of what it gave to the second."""
    args = []
    for part in rng.choices(rules, weights)[0][1].split(" "):
        if part.startswith("{"):
            drawn = TOKENS[part[1:-1]](rng)
            args += drawn if isinstance(drawn, list) else [drawn]
        else:
            args.append(part.encode())
    if args[0].startswith(b"*"):
        return args
    if rng.random() < 0.08 and max(map(len, args)) <= KEY_BYTES_MAX:
        mutate(rng, args)
    return [flip_case(rng, arg) if arg.isalpha() and arg.isupper() else arg for arg in args]


def mutate(rng, args):
    """Drops, doubles, adds, exchanges or replaces an argument; the command's name stays."""
    kind = rng.randrange(5)
    at = rng.randrange(1, len(args)) if len(args) > 1 else 0
    if kind == 0 and at:
        del args[at:at + rng.choice([1, 1, 2])]
    elif kind == 1 and at:
        args.insert(at, args[at])
    elif kind == 2:
        args.insert(rng.randint(1, len(args)), rng.choice(JUNK))
    elif kind == 3 and at:
        other = rng.randrange(1, len(args))
        args[at], args[other] = args[other], args[at]
    elif at:
        args[at] = rng.choice(JUNK)


def flip_case(rng, arg):
    if rng.random() < 0.8:
        return arg
    return arg.lower() if rng.random() < 0.5 else bytes(
        c ^ 0x20 if rng.random() < 0.5 else c for c in arg)


# ---- what may differ ---------------------------------------------------------------------------
# A comparison gets both replies as Python values (see differential.py decode) and says whether they
# mean the same.  It is asked only where the bytes differ.


def near(tolerance):
    def compare(one, other):
        return (isinstance(one, int) and isinstance(other, int) and one > 0 and other > 0
                and abs(one - other) <= tolerance)
    return compare


def same_members(one, other):
    return isinstance(one, list) and isinstance(other, list) and sorted(one) == sorted(other)


def both_are(kind):
    return lambda one, other: isinstance(one, kind) and isinstance(other, kind)


def pairs_of(reply):
    return dict(zip(reply[::2], reply[1::2])) if isinstance(reply, list) else reply


def same_hello(one, other):
    one, other = pairs_of(one), pairs_of(other)
    if not isinstance(one, dict) or not isinstance(other, dict):
        return False
    free = {b"version", b"id", b"brine"}
    return ({k: v for k, v in one.items() if k not in free}
            == {k: v for k, v in other.items() if k not in free})


def same_client_lines(one, other):
    """Lines of CLIENT LIST: the same fields, and the same values where they say what was asked for."""
    told = (b"name", b"db", b"sub", b"psub", b"multi", b"user", b"redir", b"resp", b"cmd", b"flags")

    def read(reply):
        lines = [dict(re.findall(rb"([a-z-]+)=(\S*)", line)) for line in reply.splitlines()]
        return [{name: line.get(name) for name in told} for line in lines]
    return isinstance(one, bytes) and isinstance(other, bytes) and read(one) == read(other)


def same_names(one, other):
    one, other = pairs_of(one), pairs_of(other)
    return isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys()


def same_rows(one, other):
    """COMMAND INFO: subcommands come in the order of Redis's hash table."""
    def by_name(reply):
        return [row and [*row[:-1], sorted(row[-1])] for row in reply]
    return isinstance(one, list) and isinstance(other, list) and by_name(one) == by_name(other)


def same_pairs(one, other):
    return pairs_of(one) == pairs_of(other)


def without_commands(text):
    """A user's line without the rules about commands, and whether each part may do all or nothing."""
    return re.sub(rb" [+-](?!@all)[^ )]+", b"", text)


def same_users(one, other):
    """Lines of ACL LIST."""
    return isinstance(one, list) and isinstance(other, list) and (
        [without_commands(b" " + line) for line in one] == [without_commands(b" " + line) for line in other])


def same_user(one, other):
    """ACL GETUSER, selectors included."""
    def plain(reply):
        user = pairs_of(reply)
        if not isinstance(user, dict):
            return user
        user = {name: value for name, value in user.items() if name != b"commands"}
        user[b"selectors"] = [plain(each) for each in user.get(b"selectors", [])]
        return user
    return plain(one) == plain(other)


def same_denials(one, other):
    told = (b"count", b"reason", b"context", b"object", b"username")

    def read(reply):
        return [{name: pairs_of(entry).get(name) for name in told} for entry in reply]
    return isinstance(one, list) and isinstance(other, list) and read(one) == read(other)


def not_known_here(one, _):
    return isinstance(one, str) and "is not known here" in one


def both_or_none(one, other):
    return (one is None) == (other is None)


COMPARE = {
    # first words of the command: (comparison, reason)
    (b"TTL",): (near(5), "the clock goes on between the two"),
    (b"PTTL",): (near(5000), "the clock goes on between the two"),
    (b"EXPIRETIME",): (near(5), "the clock goes on between the two"),
    (b"PEXPIRETIME",): (near(5000), "the clock goes on between the two"),
    (b"RANDOMKEY",): (both_or_none, "it is random"),
    (b"PUBSUB", b"CHANNELS"): (same_members, "the order of the hash table is nobody's promise"),
    (b"PUBSUB", b"SHARDCHANNELS"): (same_members, "the same"),
    (b"KEYS",): (same_members, "the order of the hash table is nobody's promise"),
    (b"SCAN",): (both_are(list), "a cursor means something to its own server alone"),
    (b"ACL", b"LIST"): (same_users, "brine shows rules about commands as they were given, as Redis from 7.2 on"),
    (b"ACL", b"GETUSER"): (same_user, "the same"),
    (b"ACL", b"LOG"): (same_denials, "ages and addresses"),
    (b"ACL", b"CAT"): (both_are(list), "not the same commands, and a category of brine's own"),
    (b"ACL", b"GENPASS"): (both_are(bytes), "it is random"),
    (b"HELLO",): (same_hello, "version and id are each server's own; brine names itself"),
    (b"CLIENT", b"ID"): (both_are(int), "connections are counted from another start"),
    (b"CLIENT", b"INFO"): (same_client_lines, "addresses, ages, buffer sizes, descriptors"),
    (b"CLIENT", b"LIST"): (same_client_lines, "addresses, ages, buffer sizes, descriptors"),
    (b"CLIENT", b"HELP"): (both_are(list), "not the same subcommands"),
    (b"COMMAND", b"COUNT"): (both_are(int), "not the same number of commands"),
    (b"COMMAND", b"DOCS"): (same_names, "texts and versions are each server's own"),
    (b"COMMAND", b"HELP"): (both_are(list), "not the same subcommands"),
    (b"COMMAND", b"INFO"): (both_are(list), "without names: not the same number of commands"),
    (b"COMMAND", b"LIST"): (both_are(list), "without filter: not the same number of commands"),
    (b"COMMAND",): (both_are(list), "not the same number of commands"),
    (b"CONFIG", b"GET"): (same_pairs, "the order of the options is nobody's promise"),
    (b"CONFIG", b"HELP"): (both_are(list), "not the same subcommands"),
    (b"EVAL",): (not_known_here, "a script that was mutated: brine runs what it knows, Redis what compiles"),
    (b"EVAL_RO",): (not_known_here, "the same"),
    (b"SCRIPT", b"LOAD"): (not_known_here, "the same"),
    (b"INFO", b"KEYSPACE"): (both_are(bytes), "keys that have ended in databases nobody looks at "
                                              "count until the server's own sweep"),
    (b"INFO", b"CLUSTER"): (None, ""),
    (b"INFO",): (both_are(bytes), "figures of two processes"),
    (b"TIME",): (both_are(list), "the clock goes on between the two"),
    (b"LOLWUT",): (both_are(bytes), "a picture of each server's own"),
    (b"LASTSAVE",): (both_are(int), "the clock goes on between the two"),
    (b"BGSAVE",): (both_are(str), "one of them may be saving still"),
    (b"SLOWLOG", b"GET"): (both_are(list), "what is slow is no property of an answer"),
    (b"SLOWLOG", b"LEN"): (both_are(int), "the same"),
    (b"LATENCY", b"HISTOGRAM"): (both_are((list, dict)), "how long commands take is each server's own"),
}


def same_error(one, other):
    """Errors that quote input: Redis blanks CR and LF there, brine every control byte."""
    blank = bytes(32 if c < 32 or c == 127 else c for c in range(256))
    return one[:1] == other[:1] == b"-" and (
        one[:-2].translate(blank) == other[:-2].translate(blank))


# Redis counts keys that have ended until it meets them; a whole SCAN meets them all.
COUNTING = (b"DBSIZE",)


def comparison_for(args):
    first = args[0].upper()
    if first == b"CONFIG" and args[1:] and args[1].upper() == b"SET" and b"" in args[2:]:
        return both_are(str)  # Redis takes an empty size for 0, brine refuses what is no number
    if first == b"COMMAND" and args[1:] and args[1].upper() == b"DOCS" and len(args) == 2:
        return both_are((list, dict))  # all of them: not the same number of commands
    if first == b"COMMAND" and len(args) > 2 and args[1].upper() in (b"INFO", b"LIST"):
        return same_rows if args[1].upper() == b"INFO" else None
    if len(args) > 1 and (found := COMPARE.get((first, args[1].upper()))):
        return found[0]
    if first == b"COMMAND" and len(args) > 1:
        return None
    return COMPARE.get((first,), (None, ""))[0]
