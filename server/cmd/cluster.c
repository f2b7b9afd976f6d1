/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* CLUSTER, READONLY, READWRITE, ASKING.  Source of answers: Redis 7.0 cluster.c; where a cluster
 * would be changed, the answer is an error of our own. */

#include "cmd/cluster.h"

#include "base/number.h"
#include "cmd/handlers.h"
#include "session/transaction.h"

#include <inttypes.h>

enum { CLUSTER_ARGUMENT = 2, CLUSTER_COUNT = 3, BUS_PORT_OFFSET = 10000 };

#define ERROR_CLUSTER_DISABLED BYTES("ERR This instance has cluster support disabled")

/* ---- slots ------------------------------------------------------------------------------------*/

/* CRC-16/XMODEM, a bit at a time: a key is short. */
static uint16_t crc16(struct bytes text) {
    enum { POLYNOMIAL = 0x1021 };
    uint16_t crc = 0;
    for (size_t i = 0; i < text.len; i++) {
        crc = (uint16_t)(crc ^ text.data[i] << 8);
        for (int bit = 0; bit < 8; bit++)
            crc = (uint16_t)(crc & 0x8000 ? (unsigned)crc << 1 ^ POLYNOMIAL : (unsigned)crc << 1);
    }
    return crc;
}

unsigned cluster_slot(struct bytes key) {
    size_t open = 0;
    while (open < key.len && key.data[open] != '{') open++;
    size_t close = open + 1;
    while (close < key.len && key.data[close] != '}') close++;
    if (close < key.len && close > open + 1) key = bytes_slice(key, open + 1, close - open - 1);
    return crc16(key) % CLUSTER_SLOTS;
}

enum { SLOT_NONE = -1, SLOTS_DIFFER = -2 };

/* The slot that all keys so far and this command's have in common. */
static int common_slot(int slot, const struct command *command, const struct bytes *args,
                       size_t args_count) {
    size_t first, last, step;
    if (!command_key_positions(command, args, args_count, &first, &last, &step)) return slot;
    for (size_t i = first; i <= last && slot != SLOTS_DIFFER; i += step) {
        int of_key = (int)cluster_slot(args[i]);
        slot = slot == SLOT_NONE || slot == of_key ? of_key : SLOTS_DIFFER;
    }
    return slot;
}

bool cluster_forbids(struct worker_state *worker, struct session *session,
                     const struct command *command, const struct bytes *args, size_t args_count) {
    const struct transaction *transaction = session->transaction;
    bool is_exec = command->handler == cmd_exec && transaction && transaction->is_open;
    if (is_exec && transaction->is_aborted) return false;
    int slot = common_slot(SLOT_NONE, command, args, args_count);
    for (size_t i = 0; is_exec && i < transaction->queue_count; i++) {
        const struct queued *queued = &transaction->queue[i];
        slot = common_slot(slot, queued->command, queued->args, queued->args_count);
    }
    if (slot != SLOTS_DIFFER) return false;
    reply_error(&worker->reply, BYTES("CROSSSLOT Keys in request don't hash to the same slot"));
    if (is_exec) session_end_transaction(session);
    return true;
}

/* ---- questions --------------------------------------------------------------------------------*/

/* False: there is no cluster, and that is replied. */
static bool is_cluster(struct command_call *call) {
    if (cluster_is_enabled(call->worker)) return true;
    reply_error(call->reply, ERROR_CLUSTER_DISABLED);
    return false;
}

/* CLUSTER INFO */
void cmd_cluster_info(struct command_call *call) {
    if (!is_cluster(call)) return;
    reply_verbatim(call->reply,
                   BYTES("cluster_state:ok\r\ncluster_slots_assigned:16384\r\n"
                         "cluster_slots_ok:16384\r\ncluster_slots_pfail:0\r\n"
                         "cluster_slots_fail:0\r\ncluster_known_nodes:1\r\ncluster_size:1\r\n"
                         "cluster_current_epoch:0\r\ncluster_my_epoch:0\r\n"
                         "cluster_stats_messages_sent:0\r\ncluster_stats_messages_received:0\r\n"
                         "total_cluster_links_buffer_limit_exceeded:0\r\n"));
}

/* CLUSTER MYID */
void cmd_cluster_myid(struct command_call *call) {
    if (!is_cluster(call)) return;
    reply_bulk(call->reply, bytes_of_cstr(call_server_facts(call).run_id));
}

/* CLUSTER NODES */
void cmd_cluster_nodes(struct command_call *call) {
    struct buf *text = &call->worker->collected;
    struct server_facts facts = call_server_facts(call);
    if (!is_cluster(call)) return;
    buf_clear(text);
    if (buf_printf(text, "%s :%" PRId64 "@%" PRId64 " myself,master - 0 0 0 connected 0-%d\n",
                   facts.run_id, facts.tcp_port, facts.tcp_port + BUS_PORT_OFFSET,
                   CLUSTER_SLOTS - 1) != BRINE_OK)
        reply_error(call->reply, ERROR_NO_MEMORY);
    else
        reply_verbatim(call->reply, buf_view(text));
    buf_clear(text);
}

/* CLUSTER SLOTS.  The empty address says: by the way you came. */
void cmd_cluster_slots(struct command_call *call) {
    struct server_facts facts = call_server_facts(call);
    if (!is_cluster(call)) return;
    reply_array(call->reply, 1);
    reply_array(call->reply, 3);
    reply_integer(call->reply, 0);
    reply_integer(call->reply, CLUSTER_SLOTS - 1);
    reply_array(call->reply, 4);
    reply_bulk(call->reply, BYTES(""));
    reply_integer(call->reply, facts.tcp_port);
    reply_bulk(call->reply, bytes_of_cstr(facts.run_id));
    reply_map(call->reply, 0);
}

/* CLUSTER SHARDS */
void cmd_cluster_shards(struct command_call *call) {
    struct server_facts facts = call_server_facts(call);
    const struct {
        const char *name, *text; /* NULL: the number */
        int64_t number;
    } fields[] = {
        {"id", facts.run_id, 0}, {"port", NULL, facts.tcp_port}, {"ip", "", 0},
        {"endpoint", "", 0},     {"role", "master", 0},          {"replication-offset", NULL, 0},
        {"health", "online", 0},
    };
    if (!is_cluster(call)) return;
    reply_array(call->reply, 1);
    reply_map(call->reply, 2);
    reply_bulk(call->reply, BYTES("slots"));
    reply_array(call->reply, 2);
    reply_integer(call->reply, 0);
    reply_integer(call->reply, CLUSTER_SLOTS - 1);
    reply_bulk(call->reply, BYTES("nodes"));
    reply_array(call->reply, 1);
    reply_map(call->reply, ARRAY_LEN(fields));
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        reply_bulk(call->reply, bytes_of_cstr(fields[i].name));
        if (fields[i].text)
            reply_bulk(call->reply, bytes_of_cstr(fields[i].text));
        else
            reply_integer(call->reply, fields[i].number);
    }
}

/* CLUSTER LINKS */
void cmd_cluster_links(struct command_call *call) {
    if (is_cluster(call)) reply_array(call->reply, 0);
}

/* CLUSTER KEYSLOT key */
void cmd_cluster_keyslot(struct command_call *call) {
    if (is_cluster(call)) reply_integer(call->reply, cluster_slot(call->args[CLUSTER_ARGUMENT]));
}

/* CLUSTER REPLICAS node, CLUSTER SLAVES node, CLUSTER COUNT-FAILURE-REPORTS node: the only node has
 * neither. */
static bool is_myself(struct command_call *call) {
    struct bytes id = call->args[CLUSTER_ARGUMENT];
    if (!is_cluster(call)) return false;
    if (bytes_equal(id, bytes_of_cstr(call_server_facts(call).run_id))) return true;
    reply_errorf(call->reply, "ERR Unknown node %.*s", (int)MIN(id.len, (size_t)128),
                 (const char *)id.data);
    return false;
}
void cmd_cluster_replicas(struct command_call *call) {
    if (is_myself(call)) reply_array(call->reply, 0);
}
void cmd_cluster_failure_reports(struct command_call *call) {
    if (is_myself(call)) reply_integer(call->reply, 0);
}

/* ---- keys of a slot ---------------------------------------------------------------------------*/

struct slot_walk {
    unsigned slot;
    size_t count, most;
    struct reply *reply; /* NULL: they are counted only */
};
static void visit_slot(void *context, struct bytes name, const struct store_value *value UNUSED) {
    struct slot_walk *walk = context;
    if (walk->count == walk->most || cluster_slot(name) != walk->slot) return;
    walk->count++;
    if (walk->reply) reply_bulk(walk->reply, name);
}

static void walk_slot(struct command_call *call, struct slot_walk *walk) {
    struct keyspace_scan scan = {.visit = visit_slot, .context = walk};
    uint64_t cursor = 0;
    do cursor = keyspace_scan(call->access, &scan, cursor);
    while (cursor && walk->count < walk->most);
}

/* CLUSTER COUNTKEYSINSLOT slot.  Cost: all keys are looked at. */
void cmd_cluster_countkeysinslot(struct command_call *call) {
    int64_t slot;
    if (!is_cluster(call) || !call_integer(call, CLUSTER_ARGUMENT, &slot)) return;
    if (slot < 0 || slot >= CLUSTER_SLOTS) {
        reply_error(call->reply, BYTES("ERR Invalid slot"));
        return;
    }
    struct slot_walk walk = {.slot = (unsigned)slot, .most = SIZE_MAX};
    walk_slot(call, &walk);
    reply_integer(call->reply, (int64_t)walk.count);
}

/* CLUSTER GETKEYSINSLOT slot count */
void cmd_cluster_getkeysinslot(struct command_call *call) {
    int64_t slot, count;
    if (!is_cluster(call) || !call_integer(call, CLUSTER_ARGUMENT, &slot) ||
        !call_integer(call, CLUSTER_COUNT, &count))
        return;
    if (slot < 0 || slot >= CLUSTER_SLOTS || count < 0) {
        reply_error(call->reply, BYTES("ERR Invalid slot or number of keys"));
        return;
    }
    struct slot_walk walk = {.slot = (unsigned)slot, .most = (size_t)count, .reply = call->reply};
    size_t position = resp_array_open(&call->reply->writer);
    walk_slot(call, &walk);
    resp_array_close(&call->reply->writer, position, walk.count);
}

/* ---- what would change the cluster ------------------------------------------------------------*/

/* ADDSLOTS, MEET, REPLICATE ... */
void cmd_cluster_fixed(struct command_call *call) {
    if (!is_cluster(call)) return;
    reply_errorf(call->reply,
                 "ERR '%s' is refused: brine is a cluster of one node, which owns every slot",
                 call->command->name);
}

/* SAVECONFIG: nothing could be lost. */
void cmd_cluster_saveconfig(struct command_call *call) {
    if (is_cluster(call)) reply_ok(call->reply);
}

/* READONLY, READWRITE, ASKING: this node is the master of every slot. */
void cmd_cluster_state(struct command_call *call) {
    if (is_cluster(call)) reply_ok(call->reply);
}

/* CLUSTER HELP */
void cmd_cluster_help(struct command_call *call) {
    static const char *const lines[] = {
        "COUNT-FAILURE-REPORTS <node-id>",
        "    Return number of failure reports for <node-id>.",
        "COUNTKEYSINSLOT <slot>",
        "    Return the number of keys in <slot>.",
        "GETKEYSINSLOT <slot> <count>",
        "    Return key names stored by current node in a slot.",
        "INFO",
        "    Return information about the cluster.",
        "KEYSLOT <key>",
        "    Return the hash slot for <key>.",
        "MYID",
        "    Return the node id.",
        "NODES",
        "    Return cluster configuration seen by node. Output format:",
        "    <id> <ip:port> <flags> <master> <pings> <pongs> <epoch> <link> <slot> ...",
        "REPLICAS <node-id>",
        "    Return <node-id> replicas.",
        "SAVECONFIG",
        "    Force saving cluster configuration on disk.",
        "SLOTS",
        "    Return information about slots range mappings. Each range is made of:",
        "    start, end, master and replicas IP addresses, ports and ids",
        "SHARDS",
        "    Return information about slot range mappings and the nodes associated with them.",
        "LINKS",
        "    Return information about all network links between this node and its peers.",
    };
    reply_help(call, lines, ARRAY_LEN(lines));
}
