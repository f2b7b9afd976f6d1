/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* libbrine-client: talks to brine, Redis or Valkey, and understands a refusal.
 *
 *     // cc shop.c $(pkg-config --cflags --libs brine-client)
 *     #include <brine_client.h>
 *
 *     brine_client *client;
 *     struct brine_client_error err;
 *     if (brine_open("redis://ada:secret@cache:6379/2", NULL, &client, &err)) ... err.text ...
 *
 *     struct brine_verdict verdict;
 *     switch (brine_set(client, BRINE_TEXT("cart:7"), value, 60000, &verdict)) {
 *     case BRINE_CLIENT_OK: break;
 *     case BRINE_CLIENT_REFUSED: printf("%s names %s\n", verdict.opcode, verdict.global); break;
 *     default: puts(brine_last_error(client)->text);
 *     }
 *     brine_close(client);
 *
 * URLs: redis://[[user]:password@]host[:port][/db], rediss:// for TLS, unix://[[user]:password@]
 * /path?db=N; %XX stands for a byte.  Keys behind '?': db, protocol=2|3, timeout_ms.
 *
 * Words: a *call* is a command and its reply.  A *pipeline* is several commands appended, then sent
 * together, then their replies taken in order.
 *
 * Ownership: a client is brine_open's until brine_close; a reply is its taker's until
 * brine_reply_free, with all its elements, and outlives the client.  Texts are borrowed and need no
 * NUL; what a reply holds has one behind its end.
 *
 * A lost connection is made again by the next call, with growing pauses of which a part is random.
 * Nothing that might have been carried out is ever sent twice: the call during which it was lost
 * says BRINE_CLIENT_DISCONNECTED.  What belonged to the old connection (MULTI, WATCH,
 * subscriptions, replies due) is gone with it.
 *
 * Thread: a client and a reply are one thread's at a time; there are no globals.  Replies are
 * bounded in bytes and nesting whatever the server sends.  Compiles as C99 and C++. */
#ifndef BRINE_CLIENT_H
#define BRINE_CLIENT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct brine_client brine_client;

struct brine_text {
    const char *data;
    size_t len;
};

static inline struct brine_text brine_text_of(const char *cstr) {
    struct brine_text text;
    text.data = cstr;
    text.len = strlen(cstr);
    return text;
}
#define BRINE_TEXT(cstr) brine_text_of(cstr)

enum brine_client_status {
    BRINE_CLIENT_OK = 0,
    BRINE_CLIENT_REFUSED,      /* the gate refused the value */
    BRINE_CLIENT_ERROR_REPLY,  /* the server answered with another error */
    BRINE_CLIENT_UNREACHABLE,  /* no connection could be made, or no login */
    BRINE_CLIENT_TIMED_OUT,    /* what is sent may or may not have been carried out */
    BRINE_CLIENT_DISCONNECTED, /* likewise */
    BRINE_CLIENT_NONSENSE,     /* what came is no such protocol, or beyond the limits */
    BRINE_CLIENT_MISUSE,       /* a wrong URL or option, or a reply taken that is not due */
    BRINE_CLIENT_NO_MEMORY
};

struct brine_client_error {
    enum brine_client_status status;
    char text[512]; /* one line; an error reply as it came */
};

/* 0 or NULL means the default; what a URL says goes before.  Paths and names are read while opening
 * and may go away afterwards. */
struct brine_client_options {
    const char *user, *password;
    int db;
    int protocol;           /* 2 (default) or 3 */
    int connect_timeout_ms; /* to connect and log in, all of it; default 5000 */
    /* Of one call, flush or take from its beginning to its end, however the server spends it;
     * default 0: for ever. */
    int timeout_ms;
    /* Attempts to make a lost connection again; default 5, -1: none. It is logged in, and in the
     * database of the last SELECT; MULTI, WATCH, subscriptions and CLIENT settings are gone. */
    int tries_max;
    int pause_first_ms;     /* before the second attempt, doubled for each more; default 50 */
    int pause_max_ms;       /* default 2000 */
    size_t reply_bytes_max; /* memory of one reply; default 1 GiB */
    /* TLS, for rediss:// */
    const char *ca_file;   /* default: the system's */
    const char *cert_file; /* with key_file: the client's own */
    const char *key_file;
    const char *server_name; /* default: the host of the URL */
    int insecure;            /* 1: whoever answers is believed */
};

enum brine_reply_type {
    BRINE_REPLY_NIL,
    BRINE_REPLY_STATUS, /* "OK" */
    BRINE_REPLY_ERROR,
    BRINE_REPLY_INTEGER,
    BRINE_REPLY_STRING,
    BRINE_REPLY_ARRAY,
    /* RESP3 alone has these */
    BRINE_REPLY_DOUBLE,
    BRINE_REPLY_BOOLEAN,
    BRINE_REPLY_BIG_NUMBER,
    BRINE_REPLY_VERBATIM,
    BRINE_REPLY_MAP, /* keys and values in turn */
    BRINE_REPLY_SET,
    BRINE_REPLY_PUSH /* answers no command */
};

struct brine_reply {
    enum brine_reply_type type;
    const char *text; /* of STATUS, ERROR, STRING, VERBATIM, BIG_NUMBER, DOUBLE; else "" */
    size_t len;
    int64_t integer; /* of INTEGER; 0 or 1 of BOOLEAN */
    double number;   /* of DOUBLE */
    const struct brine_reply *elements;
    size_t count;
};

/* ---- a connection -----------------------------------------------------------------------------*/

/* Connects and logs in once, so that a wrong URL or password is known here.  options and err may be
 * NULL.  *client is NULL on failure. */
enum brine_client_status brine_open(const char *url, const struct brine_client_options *options,
                                    brine_client **client, struct brine_client_error *err);
void brine_close(brine_client *client); /* NULL is allowed */

/* Of the last call that was not BRINE_CLIENT_OK; valid until the next call. */
const struct brine_client_error *brine_last_error(const brine_client *client);
/* The option timeout_ms, for the calls that follow; 0: for ever. */
void brine_set_timeout(brine_client *client, int timeout_ms);
/* The socket, for poll(); -1 while there is none. */
int brine_socket(const brine_client *client);
/* The database that the connection is in, or the next one will be in. */
int brine_database(const brine_client *client);

/* ---- calls ------------------------------------------------------------------------------------*/

/* OK, REFUSED and ERROR_REPLY come with a reply, the others with *reply NULL.  Leaves PUSH replies
 * out, so a subscription under RESP3 is append and take. */
enum brine_client_status brine_call(brine_client *client, const struct brine_text *args,
                                    size_t count, struct brine_reply **reply);

/* A pipeline: append commands, then take_reply for each; what was appended is sent by flush, or by
 * the first take.  Memory: what is appended is held until it is sent. */
enum brine_client_status brine_append(brine_client *client, const struct brine_text *args,
                                      size_t count);
enum brine_client_status brine_flush(brine_client *client);
/* BRINE_CLIENT_MISUSE when none is due. */
enum brine_client_status brine_take_reply(brine_client *client, struct brine_reply **reply);
/* What comes next, messages of a subscription too, for which no reply is due. */
enum brine_client_status brine_take(brine_client *client, struct brine_reply **reply);

void brine_reply_free(struct brine_reply *reply); /* NULL is allowed */

/* ---- values behind the gate -------------------------------------------------------------------*/

/* What a refusal says; texts are "" where the server says nothing of it. */
struct brine_verdict {
    int refused;
    size_t offset;
    char error_class[16]; /* "forbidden", "malformed", "truncated", "limit" */
    char opcode[24];      /* "STACK_GLOBAL" */
    char global[512];     /* "os.system" */
    char rule[128];       /* "the default rule" */
    char policy[128];     /* "stdlib" */
    char framing[128];    /* "zlib > pickle" */
    char allow[512];      /* the line that would allow it in a policy */
    char message[1024];   /* the whole answer */
};

/* ttl_ms 0: for ever.  verdict may be NULL; it is filled in whatever happens. */
enum brine_client_status brine_set(brine_client *client, struct brine_text key,
                                   struct brine_text value, int64_t ttl_ms,
                                   struct brine_verdict *verdict);
/* *reply is a STRING, or NIL when there is no such key. */
enum brine_client_status brine_get(brine_client *client, struct brine_text key,
                                   struct brine_reply **reply);

/* What a stored value is, by PICKLE.INSPECT, which brine alone has.  The texts point into reply,
 * which the caller frees. */
struct brine_inspection {
    int found; /* 0: no such key, and the rest is empty */
    size_t bytes;
    int protocol;
    const char *what, *framing, *type, *verdict, *rule, *policy;
    const struct brine_reply *globals; /* an array of "name: uses", or NULL */
    struct brine_reply *reply;
};
enum brine_client_status brine_inspect(brine_client *client, struct brine_text key,
                                       struct brine_inspection *inspection);

/* Takes an error reply apart; 0 when it is no refusal by a gate. */
int brine_verdict_parse(const char *text, size_t len, struct brine_verdict *verdict);

#ifdef __cplusplus
}
#endif

#endif
