/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* What options.def needs to become the fields of `struct config`: the words of ENUM options, and
 * the C type of each kind.  Included by config.h; any thread. */
#ifndef BRINE_CONFIG_FIELDS_H
#define BRINE_CONFIG_FIELDS_H

#include "base/bytes.h"

#include <stdatomic.h>

/* ---- the words of ENUM options: (constant, word) ----------------------------------------------
 */

#define CONFIG_LOG_LEVELS(W)                                                                       \
    W(LOG_LEVEL_DEBUG, "debug")                                                                    \
    W(LOG_LEVEL_VERBOSE, "verbose")                                                                \
    W(LOG_LEVEL_NOTICE, "notice")                                                                  \
    W(LOG_LEVEL_WARNING, "warning")
/* ORDER store_policy */
#define CONFIG_MEMORY_POLICIES(W)                                                                  \
    W(MEMORY_POLICY_BRINE, "brine")                                                                \
    W(MEMORY_POLICY_VOLATILE_LRU, "volatile-lru")                                                  \
    W(MEMORY_POLICY_VOLATILE_LFU, "volatile-lfu")                                                  \
    W(MEMORY_POLICY_VOLATILE_RANDOM, "volatile-random")                                            \
    W(MEMORY_POLICY_VOLATILE_TTL, "volatile-ttl")                                                  \
    W(MEMORY_POLICY_ALLKEYS_LRU, "allkeys-lru")                                                    \
    W(MEMORY_POLICY_ALLKEYS_LFU, "allkeys-lfu")                                                    \
    W(MEMORY_POLICY_ALLKEYS_RANDOM, "allkeys-random")                                              \
    W(MEMORY_POLICY_NOEVICTION, "noeviction")
#define CONFIG_GATE_RECHECKS(W)                                                                    \
    W(GATE_RECHECK_READ, "read")                                                                   \
    W(GATE_RECHECK_SWEEP, "sweep")                                                                 \
    W(GATE_RECHECK_BOTH, "both")                                                                   \
    W(GATE_RECHECK_OFF, "off")
#define CONFIG_SNAPSHOT_COMPRESSIONS(W)                                                            \
    W(SNAPSHOT_COMPRESSION_LZ4, "lz4")                                                             \
    W(SNAPSHOT_COMPRESSION_NONE, "none")                                                           \
    W(SNAPSHOT_COMPRESSION_ZSTD, "zstd")
#define CONFIG_SNAPSHOT_DAMAGEDS(W)                                                                \
    W(SNAPSHOT_DAMAGED_REFUSE, "refuse")                                                           \
    W(SNAPSHOT_DAMAGED_SALVAGE, "salvage")                                                         \
    W(SNAPSHOT_DAMAGED_EMPTY, "empty")
#define CONFIG_GATE_DENIEDS(W)                                                                     \
    W(GATE_DENIED_MISS, "miss")                                                                    \
    W(GATE_DENIED_ERROR, "error")
#define CONFIG_GATE_MODES(W)                                                                       \
    W(GATE_MODE_ENFORCE, "enforce")                                                                \
    W(GATE_MODE_LEARN, "learn")                                                                    \
    W(GATE_MODE_OFF, "off")

#define CONFIG_DEBUG_COMMANDS(W)                                                                   \
    W(DEBUG_COMMANDS_NO, "no") W(DEBUG_COMMANDS_YES, "yes") W(DEBUG_COMMANDS_LOCAL, "local")
#define CONFIG_TLS_CLIENTS(W)                                                                      \
    W(TLS_CLIENTS_NO, "no")                                                                        \
    W(TLS_CLIENTS_YES, "yes")                                                                      \
    W(TLS_CLIENTS_OPTIONAL, "optional")

#define CONFIG_AUDIT_FSYNCS(W)                                                                     \
    W(AUDIT_FSYNC_NO, "no")                                                                        \
    W(AUDIT_FSYNC_EVERYSEC, "everysec")

/* Classes of keyspace notifications and their letters, as Redis has them.  Source: Redis 7.0
 * notify.c; ORDER as CONFIG GET writes them. */
#define CONFIG_EVENT_CLASSES(C)                                                                    \
    C(EVENTS_GENERIC, 'g')                                                                         \
    C(EVENTS_STRING, '$')                                                                          \
    C(EVENTS_LIST, 'l')                                                                            \
    C(EVENTS_SET, 's')                                                                             \
    C(EVENTS_HASH, 'h')                                                                            \
    C(EVENTS_ZSET, 'z')                                                                            \
    C(EVENTS_EXPIRED, 'x')                                                                         \
    C(EVENTS_EVICTED, 'e')                                                                         \
    C(EVENTS_STREAM, 't')                                                                          \
    C(EVENTS_MODULE, 'd')                                                                          \
    C(EVENTS_NEW, 'n')                                                                             \
    C(EVENTS_KEYSPACE, 'K')                                                                        \
    C(EVENTS_KEYEVENT, 'E')                                                                        \
    C(EVENTS_MISSES, 'm')
enum config_event_class {
#define C(constant, letter) CONFIG_BIT_##constant,
    CONFIG_EVENT_CLASSES(C)
#undef C
#define C(constant, letter) CONFIG_##constant = 1 << CONFIG_BIT_##constant,
        CONFIG_EVENT_CLASSES(C)
#undef C
            CONFIG_EVENTS_ALL = CONFIG_EVENTS_NEW - 1 /* 'A': those before it */
};

#define W(constant, word) CONFIG_##constant,
enum config_log_level { CONFIG_LOG_LEVELS(W) };
enum config_memory_policy { CONFIG_MEMORY_POLICIES(W) };
enum config_gate_mode { CONFIG_GATE_MODES(W) };
enum config_gate_recheck { CONFIG_GATE_RECHECKS(W) };
enum config_gate_denied { CONFIG_GATE_DENIEDS(W) };
enum config_snapshot_compression { CONFIG_SNAPSHOT_COMPRESSIONS(W) };
enum config_snapshot_damaged { CONFIG_SNAPSHOT_DAMAGEDS(W) };
enum config_debug_commands { CONFIG_DEBUG_COMMANDS(W) };
enum config_tls_clients { CONFIG_TLS_CLIENTS(W) };
enum config_audit_fsync { CONFIG_AUDIT_FSYNCS(W) };
#undef W

/* ---- types ------------------------------------------------------------------------------------
 */

struct config_list {
    const struct bytes *items; /* each ends in NUL as well */
    size_t count;
};

/* Text that CONFIG SET may change: never read directly, see config_copy_text. */
struct config_text {
    struct bytes value_;
};

/* The type of a row's field by its kind and by when it may change. */
#define CONFIG_FIELD_BOOL_RUNTIME     _Atomic bool
#define CONFIG_FIELD_BOOL_STARTUP     _Atomic bool
#define CONFIG_FIELD_INT_RUNTIME      _Atomic int64_t
#define CONFIG_FIELD_INT_STARTUP      _Atomic int64_t
#define CONFIG_FIELD_POWER_STARTUP    _Atomic int64_t
#define CONFIG_FIELD_SIZE_RUNTIME     _Atomic int64_t
#define CONFIG_FIELD_SIZE_STARTUP     _Atomic int64_t
#define CONFIG_FIELD_SHARE_RUNTIME    _Atomic int64_t
#define CONFIG_FIELD_DURATION_RUNTIME _Atomic int64_t
#define CONFIG_FIELD_DURATION_STARTUP _Atomic int64_t
#define CONFIG_FIELD_MODE_RUNTIME     _Atomic int64_t
#define CONFIG_FIELD_MODE_STARTUP     _Atomic int64_t
#define CONFIG_FIELD_ENUM_RUNTIME     _Atomic int64_t
#define CONFIG_FIELD_ENUM_STARTUP     _Atomic int64_t
#define CONFIG_FIELD_EVENTS_RUNTIME   _Atomic int64_t
#define CONFIG_FIELD_STRING_RUNTIME   struct config_text
#define CONFIG_FIELD_STRING_STARTUP   struct bytes
#define CONFIG_FIELD_STRING_PROTECTED struct bytes
#define CONFIG_FIELD_SECRET_RUNTIME   struct config_text
#define CONFIG_FIELD_SECRET_STARTUP   struct bytes
#define CONFIG_FIELD_LIST_STARTUP     struct config_list

#endif
