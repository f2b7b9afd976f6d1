/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* struct session: one client as commands see it, without its socket.  net/ embeds one in each
 * connection; a test makes one from nothing.
 *
 *     session_init(&session, &options);
 *     dispatch_input(worker, &session, input, &result);
 *     session_deinit(&session);
 *
 * Thread: every field belongs to the worker that the connection lives on.  What others want to know
 * of it (CLIENT LIST, CLIENT KILL) they ask by message (cmd/client_query.h).
 * Ownership: names are owned and bounded by SESSION_NAME_BYTES_MAX; addresses are borrowed.
 * Cost: paid by every idle client, so it is asserted: see the end.  An allocation for each name
 * that is set. */
#ifndef BRINE_SESSION_H
#define BRINE_SESSION_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "resp/command.h"

struct command;   /* a row of cmd's table */
struct auth_user; /* auth/user.h */
struct transaction;
struct subscriber;
struct tracked;

enum {
    SESSION_ADDRESS_BYTES = 128, /* "[ipv6]:port" or "/path:0", NUL-terminated */
    /* Redis bounds names by the query buffer alone; nobody has a use for longer ones. */
    SESSION_NAME_BYTES_MAX = 1024,
};

struct session_options {
    uint64_t id; /* unique over the life of the server */
    struct allocator *mem;
    int64_t now_ms, mono_ms;
    bool authenticated;       /* true while no password is set */
    struct auth_user *user;   /* taken over; NULL: may do everything, and is shown as "default" */
    int fd;                   /* for CLIENT LIST only */
    const char *peer, *local; /* borrowed for the session's life; NULL: "" */
};

struct session_text { /* owned */
    uint8_t *counted; /* two bytes of length, then the text; NULL: not set */
};

/* What commands made of a client that most never are; a bit each. */
enum session_mode {
    SESSION_REPLY_OFF = 1 << 0,       /* CLIENT REPLY OFF */
    SESSION_REPLY_SKIP_NEXT = 1 << 1, /* CLIENT REPLY SKIP was the last command */
    SESSION_REPLY_SKIP = 1 << 2,      /* it was the one before */
    SESSION_MUTED = SESSION_REPLY_OFF | SESSION_REPLY_SKIP,
    SESSION_NO_EVICT = 1 << 3, /* is not closed to keep limits.clients_bytes */
    SESSION_NO_TOUCH = 1 << 4, /* its reads do not keep keys from eviction */
    SESSION_MONITOR = 1 << 5,
    SESSION_TRACKING = 1 << 6,        /* its reads are remembered: it caches */
    SESSION_POSTPONED = 1 << 7,       /* `waiting`, because CLIENT PAUSE holds its next command */
    SESSION_DEFERRED = 1 << 8,        /* `waiting`, because its command takes long */
    SESSION_TOO_LONG = 1 << 9,        /* its next command was too long to be kept: see net */
    SESSION_BEYOND_CLIENTS = 1 << 10, /* ... for limits.clients_bytes, and would have had room */
};

struct session {
    uint64_t id;
    uint32_t db;
    uint8_t resp_version; /* 2 or 3 */
    bool authenticated;
    bool close_after_reply; /* QUIT, CLIENT KILL of oneself: net closes when the output is out */
    bool waiting;           /* the reply comes later: feed no input until it is cleared */
    struct resp_decoder decoder;
    const struct command *last_command; /* NULL: none yet; the subcommand's row if it has one */
    int64_t created_mono_ms, last_active_mono_ms;
    uint32_t commands_total;
    uint32_t modes;                      /* of enum session_mode */
    size_t query_bytes, query_cap_bytes; /* pending input and its room; net's figures */
    size_t output_bytes;                 /* pending replies; net's figure */
    int fd;
    int32_t
        queued; /* commands since MULTI; -1: not in MULTI.  What `transaction` says, for others */
    struct transaction *transaction; /* NULL: no MULTI, nothing watched */
    struct subscriber *subscriber;   /* NULL: listens to nothing */
    struct auth_user *user;          /* one reference; before AUTH that to "default" */
    struct tracked *tracked;         /* NULL: nobody tells it about outdated keys */
    struct session_text name, library_name, library_version;
    const char *peer, *local; /* as CLIENT LIST shows them; never NULL */
    struct allocator *mem;
};

void session_init(struct session *session, const struct session_options *options);
void session_deinit(struct session *session);

/* RESET: what HELLO, AUTH, SELECT and CLIENT SETNAME made of it is as at the start; `authenticated`
 * says whether no password is asked for now. */
void session_reset(struct session *session, bool authenticated);

/* Leaves MULTI and forgets what is watched. */
void session_end_transaction(struct session *session);
/* Brings `queued` and session_transaction_bytes up to date after a command ran. */
void session_note_transaction(struct session *session);
/* What the transaction held of memory when that was last noted; a command of the session may be
 * running on another thread. */
size_t session_transaction_bytes(const struct session *session);

/* Empty takes the name away.  BRINE_NO_MEMORY, BRINE_TOO_BIG: the old one stays. */
enum brine_status session_set_text(struct session *session, struct session_text *field,
                                   struct bytes text) MUST_USE;

static inline struct bytes session_text_view(const struct session_text *text) {
    if (!text->counted) return bytes_view(NULL, 0);
    return bytes_view(text->counted + 2, (size_t)(text->counted[0] | text->counted[1] << 8));
}

_Static_assert(sizeof(struct session) <= 224, "a session is paid per client: grow it knowingly");

#endif
