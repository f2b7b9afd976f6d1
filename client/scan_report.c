/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/scan.h"

#include "base/version.h"
#include "client/clock.h"
#include "client/input.h"
#include "client/verdict.h"
#include "pickle/uses.h"
#include "policy/dangerous.h"
#include "policy/policy.h"
#include "policy/presets.h"
#include "policy/print.h"

#include <stdio.h>

enum { FINDINGS_SHOWN = 100, GLOBALS_SHOWN = 200, PRESETS_MAX = 32 };
#define SKIPPED "too large, or of a type of a module"

/* ---- the policy that would fit ----------------------------------------------------------------*/

struct presets {
    struct policy_book *book;
    struct policy_compiled compiled[PRESETS_MAX];
    struct bytes names[PRESETS_MAX];
    bool wanted[PRESETS_MAX];
    size_t count;
};

static enum brine_status open_presets(struct presets *presets) {
    struct brine_error err;
    TRY(policy_book_create(mem_system(), true, &presets->book, &err));
    size_t count = MIN(policy_book_count(presets->book), (size_t)PRESETS_MAX);
    for (size_t i = 0; i < count; i++) {
        presets->names[i] = policy_book_at(presets->book, i).name;
        TRY(policy_compile(presets->book, &presets->names[i], 1, &presets->compiled[i], &err));
        presets->count++;
    }
    return BRINE_OK;
}

static void close_presets(struct presets *presets) {
    for (size_t i = 0; i < presets->count; i++) policy_compiled_deinit(&presets->compiled[i]);
    if (presets->book) policy_book_destroy(presets->book);
}

/* A preset that lists the global with these rights; those already wanted come first. */
static bool choose_preset(struct presets *presets, const struct scan_global *global) {
    for (int already = 1; already >= 0; already--)
        for (size_t i = 0; i < presets->count; i++) {
            if (presets->wanted[i] != (already != 0)) continue;
            const struct policy_entry *entry =
                policy_match(&presets->compiled[i].policy, global->module, global->name);
            uint32_t rights = pickle_use_rights(global->uses);
            if (!entry || (entry->rights & rights) != rights) continue;
            presets->wanted[i] = true;
            return true;
        }
    return false;
}

static bool is_for_policy(const struct scan_global *global) {
    return !global->listed && !policy_is_dangerous(global->module, global->name);
}

static enum brine_status add_row(struct buf *out, const struct scan_global *global) {
    TRY(buf_printf(out, "    # %llu values; keys:", (unsigned long long)global->values));
    for (size_t i = 0; i < global->patterns_count; i++) {
        TRY(buf_append_byte(out, ' '));
        TRY(input_append_name(out, global->patterns[i]));
    }
    TRY(buf_append(out, global->more_patterns ? BYTES(" ...\n") : BYTES("\n")));
    return policy_print_met(out, global->module, global->name, pickle_use_rights(global->uses));
}

static enum brine_status add_extends(struct buf *out, const char *policy,
                                     const struct presets *presets) {
    TRY(buf_append(out, BYTES("extends = [")));
    const char *between = "";
    /* A policy of a file is named by what stands behind its colon, or not at all. */
    bool file = strpbrk(policy, "/.:") != NULL;
    for (const char *at = file ? "" : policy; *at;) {
        size_t len = strcspn(at, ",");
        TRY(buf_printf(out, "%s\"%.*s\"", between, (int)len, at));
        between = ", ";
        at += len;
        if (*at) at++;
    }
    for (size_t i = 0; i < presets->count; i++) {
        if (!presets->wanted[i]) continue;
        TRY(buf_printf(out, "%s\"%.*s\"", between, (int)presets->names[i].len,
                       (const char *)presets->names[i].data));
        between = ", ";
    }
    return buf_append(out, BYTES("]\n"));
}

static enum brine_status add_policy(struct buf *out, const struct scan_report *report,
                                    const struct scan_found *found, struct presets *presets) {
    TRY(open_presets(presets));
    for (size_t i = 0; i < found->globals_count; i++)
        if (is_for_policy(&found->globals[i])) (void)choose_preset(presets, &found->globals[i]);
    TRY(buf_printf(out,
                   "# From a scan of %llu values. Look at each row: it will be allowed.\n"
                   "[policy.scanned]\n",
                   (unsigned long long)found->counts.values));
    TRY(add_extends(out, report->policy, presets));
    TRY(buf_append(out, BYTES("allow = [\n")));
    for (size_t i = 0; i < found->globals_count; i++) {
        const struct scan_global *global = &found->globals[i];
        if (is_for_policy(global) && !choose_preset(presets, global)) TRY(add_row(out, global));
    }
    return buf_append(out, BYTES("]\n"));
}

enum brine_status scan_policy_append(struct buf *out, const struct scan_report *report,
                                     const struct scan_found *found) {
    struct presets presets = {0};
    enum brine_status status = add_policy(out, report, found, &presets);
    close_presets(&presets);
    return status;
}

/* ---- text -------------------------------------------------------------------------------------*/

/* "db 0 string 'session:7' (field)" */
static enum brine_status add_place(struct buf *out, const struct scan_finding *finding) {
    TRY(buf_printf(out, "db %d %.*s '", finding->db, (int)finding->type.len,
                   (const char *)finding->type.data));
    TRY(input_append_name(out, finding->key));
    TRY(buf_append_byte(out, '\''));
    if (finding->where.len == 0) return BRINE_OK;
    TRY(buf_append(out, BYTES(" (")));
    TRY(input_append_name(out, finding->where));
    return buf_append_byte(out, ')');
}

static enum brine_status add_finding(struct buf *out, const struct scan_finding *finding) {
    TRY(add_place(out, finding));
    TRY(buf_printf(out, ":%zu: %s: ", finding->offset, scan_severity_name(finding->severity)));
    if (memchr(finding->framing.data, '>', finding->framing.len)) {
        TRY(buf_append(out, finding->framing));
        TRY(buf_append(out, BYTES(": ")));
    }
    struct bytes message = finding->message;
    const uint8_t *colon = memmem(message.data, message.len, ": ", 2);
    if (colon && bytes_starts_with(message, BYTES("offset ")))
        message = bytes_slice(message, (size_t)(colon - message.data) + 2, message.len);
    TRY(input_append_name(out, message));
    struct bytes global = finding->global;
    bool named = global.len && memmem(message.data, message.len, global.data, global.len);
    if (global.len && !named) {
        TRY(buf_append(out, BYTES("; it names ")));
        TRY(input_append_name(out, global));
    }
    return buf_append_byte(out, '\n');
}

static enum brine_status add_findings(struct buf *out, const struct scan_found *found) {
    for (int severity = 0; severity < SCAN_SEVERITIES; severity++) {
        uint64_t shown = 0, all = found->counts.found[severity];
        uint64_t limit = severity == SCAN_DANGEROUS ? SCAN_FINDINGS_MAX : FINDINGS_SHOWN;
        for (size_t i = 0; i < found->findings_count; i++) {
            if ((int)found->findings[i].severity != severity || shown == limit) continue;
            TRY(add_finding(out, &found->findings[i]));
            shown++;
        }
        if (all > shown)
            TRY(buf_printf(out, "... and %llu more that are %s\n",
                           (unsigned long long)(all - shown),
                           scan_severity_name((enum scan_severity)severity)));
    }
    return BRINE_OK;
}

static enum brine_status add_globals(struct buf *out, const struct scan_found *found) {
    if (found->globals_count == 0) return BRINE_OK;
    TRY(buf_append(out, BYTES("\nGlobals, values that name them, keys:\n")));
    for (size_t i = 0; i < MIN(found->globals_count, (size_t)GLOBALS_SHOWN); i++) {
        const struct scan_global *global = &found->globals[i];
        TRY(buf_append(out, global->listed ? BYTES("    ") : BYTES("  ! ")));
        TRY(input_append_name(out, global->module));
        TRY(buf_append_byte(out, '.'));
        TRY(input_append_name(out, global->name));
        TRY(buf_printf(out, "  %llu ", (unsigned long long)global->values));
        for (size_t k = 0; k < global->patterns_count; k++) {
            TRY(buf_append_byte(out, ' '));
            TRY(input_append_name(out, global->patterns[k]));
        }
        TRY(buf_append(out, global->more_patterns ? BYTES(" ...\n") : BYTES("\n")));
    }
    if (found->globals_count > GLOBALS_SHOWN)
        TRY(buf_printf(out, "    ... and %zu more\n", found->globals_count - GLOBALS_SHOWN));
    return BRINE_OK;
}

static bool any_unlisted(const struct scan_found *found) {
    for (size_t i = 0; i < found->globals_count; i++)
        if (is_for_policy(&found->globals[i])) return true;
    return false;
}

static enum brine_status add_text(struct buf *out, const struct scan_report *report,
                                  const struct scan_found *found) {
    const struct scan_counts *counts = &found->counts;
    TRY(add_findings(out, found));
    TRY(add_globals(out, found));
    if (any_unlisted(found)) {
        TRY(buf_append(out, BYTES("\nA policy that would admit what is not dangerous:\n\n")));
        TRY(scan_policy_append(out, report, found));
    }
    int64_t per_s =
        report->elapsed_us > 0
            ? (int64_t)((double)counts->keys * CLOCK_US_PER_S / (double)report->elapsed_us)
            : 0;
    TRY(buf_printf(out,
                   "\n%llu keys, %llu values, %llu pickles, %.1f MB in %.1f s (%lld keys/s): "
                   "%llu dangerous, %llu broken, %llu refused by policy '%s'",
                   (unsigned long long)counts->keys, (unsigned long long)counts->values,
                   (unsigned long long)counts->pickles, (double)counts->bytes / 1e6,
                   (double)report->elapsed_us / CLOCK_US_PER_S, (long long)per_s,
                   (unsigned long long)counts->found[SCAN_DANGEROUS],
                   (unsigned long long)counts->found[SCAN_BROKEN],
                   (unsigned long long)counts->found[SCAN_REFUSED], report->policy));
    if (counts->skipped)
        TRY(buf_printf(out, ", %llu skipped (" SKIPPED ")", (unsigned long long)counts->skipped));
    if (counts->denied) TRY(buf_printf(out, ", %llu NOT READ", (unsigned long long)counts->denied));
    TRY(buf_append_byte(out, '\n'));
    if (report->stopped) {
        TRY(buf_append(out, BYTES("NOT ALL KEYS: ")));
        TRY(input_append_name(out, bytes_of_cstr(report->stopped)));
        TRY(buf_append_byte(out, '\n'));
    }
    if (counts->denied && report->denied && report->denied[0]) {
        TRY(buf_append(out, BYTES("the first that was not read: ")));
        TRY(input_append_name(out, bytes_of_cstr(report->denied)));
        TRY(buf_append_byte(out, '\n'));
    }
    return report->note ? buf_printf(out, "note: %s\n", report->note) : BRINE_OK;
}

/* ---- JSON and SARIF ---------------------------------------------------------------------------*/

static void json_text(struct json *json, const char *key, struct bytes text) {
    if (text.len) {
        json_member(json, key, text);
    } else {
        json_key(json, key);
        json_null(json);
    }
}

static void json_finding(struct json *json, const struct scan_finding *finding) {
    json_open_object(json);
    json_key(json, "severity");
    json_cstr(json, scan_severity_name(finding->severity));
    json_key(json, "db");
    json_int(json, finding->db);
    json_member(json, "key", finding->key);
    json_text(json, "type", finding->type);
    json_text(json, "where", finding->where);
    json_key(json, "offset");
    json_uint(json, finding->offset);
    json_text(json, "opcode", finding->opcode);
    json_text(json, "global", finding->global);
    json_text(json, "framing", finding->framing);
    json_text(json, "message", finding->message);
    json_close(json);
}

static void json_number(struct json *json, const char *key, uint64_t number) {
    json_key(json, key);
    json_uint(json, number);
}

static void json_globals(struct json *json, const struct scan_found *found) {
    json_key(json, "globals");
    json_open_array(json);
    for (size_t i = 0; i < found->globals_count; i++) {
        const struct scan_global *global = &found->globals[i];
        json_open_object(json);
        json_key(json, "name");
        verdict_json_global(json, global->module, global->name);
        json_number(json, "values", global->values);
        json_key(json, "listed");
        json_bool(json, global->listed);
        json_key(json, "keys");
        json_open_array(json);
        for (size_t k = 0; k < global->patterns_count; k++) json_string(json, global->patterns[k]);
        json_close(json);
        json_close(json);
    }
    json_close(json);
}

static enum brine_status add_json(struct buf *out, const struct scan_report *report,
                                  const struct scan_found *found) {
    const struct scan_counts *counts = &found->counts;
    struct buf policy;
    struct json json;
    buf_init(&policy, out->mem, (size_t)64 << 20);
    enum brine_status status = scan_policy_append(&policy, report, found);
    json_init(&json, out);
    json_open_object(&json);
    json_text(&json, "server", bytes_of_cstr(report->place));
    json_text(&json, "policy", bytes_of_cstr(report->policy));
    json_number(&json, "keys", counts->keys);
    json_number(&json, "values", counts->values);
    json_number(&json, "bytes", counts->bytes);
    json_number(&json, "pickles", counts->pickles);
    json_number(&json, "skipped", counts->skipped);
    json_number(&json, "denied", counts->denied);
    json_text(&json, "stopped", bytes_of_cstr(report->stopped ? report->stopped : ""));
    json_key(&json, "seconds");
    json_double(&json, (double)report->elapsed_us / CLOCK_US_PER_S);
    for (int i = 0; i < SCAN_SEVERITIES; i++)
        json_number(&json, scan_severity_name((enum scan_severity)i), counts->found[i]);
    json_key(&json, "findings");
    json_open_array(&json);
    for (size_t i = 0; i < found->findings_count; i++) json_finding(&json, &found->findings[i]);
    json_close(&json);
    json_globals(&json, found);
    json_text(&json, "fitting_policy", buf_view(&policy));
    json_text(&json, "note", bytes_of_cstr(report->note ? report->note : ""));
    json_close(&json);
    buf_deinit(&policy);
    if (status == BRINE_OK) status = json_finish(&json);
    return status == BRINE_OK ? buf_append_byte(out, '\n') : status;
}

static void sarif_rules(struct json *json) {
    static const char *const texts[] = {
        "Unpickling this value would reach what is known from attacks.",
        "This value is no whole pickle, and unpickling it would import something all the same.",
        "This value names what the policy does not list.",
    };
    json_key(json, "rules");
    json_open_array(json);
    for (int i = 0; i < SCAN_SEVERITIES; i++) {
        json_open_object(json);
        json_key(json, "id");
        json_cstr(json, scan_severity_name((enum scan_severity)i));
        json_key(json, "shortDescription");
        json_open_object(json);
        json_key(json, "text");
        json_cstr(json, texts[i]);
        json_close(json);
        json_close(json);
    }
    json_close(json);
}

static void sarif_result(struct json *json, const struct scan_report *report,
                         const struct scan_finding *finding) {
    static const char *const levels[] = {"error", "warning", "note"};
    struct buf place;
    buf_init(&place, json->out->mem, 1 << 20);
    enum brine_status status = add_place(&place, finding);
    json_open_object(json);
    json_key(json, "ruleId");
    json_cstr(json, scan_severity_name(finding->severity));
    json_key(json, "level");
    json_cstr(json, levels[finding->severity]);
    json_key(json, "message");
    json_open_object(json);
    json_key(json, "text");
    json_string(json, finding->message);
    json_close(json);
    json_key(json, "locations");
    json_open_array(json);
    json_open_object(json);
    json_key(json, "logicalLocations");
    json_open_array(json);
    json_open_object(json);
    json_key(json, "fullyQualifiedName");
    json_string(json, status == BRINE_OK ? buf_view(&place) : finding->key);
    json_key(json, "kind");
    json_cstr(json, "key");
    json_close(json);
    json_close(json);
    json_close(json);
    json_close(json);
    json_key(json, "properties");
    json_open_object(json);
    json_text(json, "server", bytes_of_cstr(report->place));
    json_number(json, "offset", finding->offset);
    json_text(json, "global", finding->global);
    json_text(json, "framing", finding->framing);
    json_member(json, "key", finding->key);
    json_text(json, "where", finding->where);
    json_close(json);
    json_close(json);
    buf_deinit(&place);
}

static void sarif_notification(struct json *json, const char *level, struct bytes text) {
    json_open_object(json);
    json_key(json, "level");
    json_cstr(json, level);
    json_key(json, "message");
    json_open_object(json);
    json_key(json, "text");
    json_string(json, text);
    json_close(json);
    json_close(json);
}

/* What a reader of the results has to know: that they are not all, and why. */
static void sarif_invocation(struct json *json, const struct scan_report *report,
                             const struct scan_found *found) {
    const struct scan_counts *counts = &found->counts;
    uint64_t all = 0;
    char line[512];
    for (int i = 0; i < SCAN_SEVERITIES; i++) all += counts->found[i];
    json_key(json, "invocations");
    json_open_array(json);
    json_open_object(json);
    json_key(json, "executionSuccessful");
    json_bool(json, !report->stopped && !counts->denied);
    json_key(json, "toolExecutionNotifications");
    json_open_array(json);
    if (report->stopped) {
        snprintf(line, sizeof line, "Not all keys were looked at: %s", report->stopped);
        sarif_notification(json, "error", bytes_of_cstr(line));
    }
    if (counts->denied) {
        snprintf(line, sizeof line, "%llu values were not read; the first: %s",
                 (unsigned long long)counts->denied, report->denied ? report->denied : "");
        sarif_notification(json, "error", bytes_of_cstr(line));
    }
    if (counts->skipped) {
        snprintf(line, sizeof line, "%llu values were skipped: " SKIPPED,
                 (unsigned long long)counts->skipped);
        sarif_notification(json, "warning", bytes_of_cstr(line));
    }
    if (all > found->findings_count) {
        snprintf(line, sizeof line, "%llu more results found no room here",
                 (unsigned long long)(all - found->findings_count));
        sarif_notification(json, "warning", bytes_of_cstr(line));
    }
    if (report->note) sarif_notification(json, "note", bytes_of_cstr(report->note));
    json_close(json);
    json_close(json);
    json_close(json);
}

static enum brine_status add_sarif(struct buf *out, const struct scan_report *report,
                                   const struct scan_found *found) {
    struct json json;
    json_init(&json, out);
    json_open_object(&json);
    json_key(&json, "$schema");
    json_cstr(&json, "https://json.schemastore.org/sarif-2.1.0.json");
    json_key(&json, "version");
    json_cstr(&json, "2.1.0");
    json_key(&json, "runs");
    json_open_array(&json);
    json_open_object(&json);
    json_key(&json, "tool");
    json_open_object(&json);
    json_key(&json, "driver");
    json_open_object(&json);
    json_key(&json, "name");
    json_cstr(&json, "brine-cli scan");
    json_key(&json, "version");
    json_cstr(&json, BRINE_VERSION);
    sarif_rules(&json);
    json_close(&json);
    json_close(&json);
    sarif_invocation(&json, report, found);
    json_key(&json, "results");
    json_open_array(&json);
    for (size_t i = 0; i < found->findings_count; i++)
        sarif_result(&json, report, &found->findings[i]);
    json_close(&json);
    json_close(&json);
    json_close(&json);
    json_close(&json);
    TRY(json_finish(&json));
    return buf_append_byte(out, '\n');
}

enum brine_status scan_report_append(struct buf *out, const struct scan_report *report,
                                     const struct scan_found *found) {
    switch (report->format) {
    case SCAN_TEXT:
        return add_text(out, report, found);
    case SCAN_JSON:
        return add_json(out, report, found);
    case SCAN_SARIF:
        return add_sarif(out, report, found);
    }
    return BRINE_INVALID;
}
