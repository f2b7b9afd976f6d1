/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* PICKLE.AUDIT: the audit trail's last records. */

#include "cmd/handlers.h"

#include "gate/keeper.h"
#include "observe/audit.h"

enum {
    AUDIT_FIRST_OPTION = 1,
    AUDIT_COUNT_DEFAULT = 10,
};

/* Unix times above this are milliseconds: as seconds they lie in the year 5138. */
static const int64_t SECONDS_MAX = 100000000000;

struct lines {
    struct resp_writer out;
    size_t count;
};

static bool add_line(void *context, struct bytes line) {
    struct lines *lines = context;
    resp_bulk(&lines->out, line);
    lines->count++;
    return lines->out.failed == BRINE_OK;
}

static bool parse_options(struct command_call *call, struct audit_query *query) {
    int64_t count = -1, since = 0;
    for (size_t i = AUDIT_FIRST_OPTION; i < call->args_count; i += 2) {
        bool has_value = i + 1 < call->args_count;
        bool is_count = has_value && call_is(call, i, "COUNT");
        if (!is_count && !(has_value && call_is(call, i, "SINCE"))) {
            reply_error(call->reply, ERROR_SYNTAX);
            return false;
        }
        int64_t *value = is_count ? &count : &since;
        if (!call_integer(call, i + 1, value)) return false;
        if (*value >= 0) continue;
        reply_error(call->reply, BYTES("ERR value is out of range, must be positive"));
        return false;
    }
    query->since_ms = since > SECONDS_MAX ? since : since * 1000;
    query->count = (size_t)count;
    if (count < 0) query->count = since ? SIZE_MAX : AUDIT_COUNT_DEFAULT;
    return true;
}

/* PICKLE.AUDIT [COUNT n] [SINCE t]: one JSON object a record, the newest last. */
void cmd_pickle_audit(struct command_call *call) {
    struct audit_query query = {.mem = call->worker->mem};
    struct gate_keeper *keeper = call->access->keyspace->gate->keeper;
    struct buf *out = &call->worker->collected;
    struct lines lines = {.out = {.out = out, .version = call->session->resp_version}};
    if (!parse_options(call, &query)) return;
    buf_clear(out);
    struct audit *audit = keeper ? gate_keeper_parts(keeper)->audit : NULL;
    enum brine_status status = audit_recent(audit, &query, add_line, &lines);
    if (status != BRINE_OK || lines.out.failed != BRINE_OK) {
        reply_error(call->reply, ERROR_NO_MEMORY);
    } else {
        reply_array(call->reply, lines.count);
        resp_raw(&call->reply->writer, buf_view(out));
    }
    buf_clear(out);
    buf_shrink(out, KEYSPACE_SCRATCH_BYTES_KEPT);
}
