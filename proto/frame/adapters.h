/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* One adapter a framing, for frame.c alone: given what may be framed, it hands out the payloads
 * that readers of that framing would find there, one a call. */
#ifndef BRINE_ADAPTERS_H
#define BRINE_ADAPTERS_H

#include "frame/unpack.h"

#include "text/json_scan.h"

/* Where an adapter is in its work: all zero before the first call. */
struct frame_turn {
    size_t index; /* an affix, an alphabet, whether it began: the adapter's own */
    /* KOMBU's */
    struct json_scan scan;
    struct bytes last_string;
    bool under_key; /* the token before was the colon of a wanted key */
};

struct frame_look {
    enum frame_kind kind; /* the framing looked for */
    struct bytes input;
    const struct frame_options *options;
    size_t affixes_done; /* those with a lower index were looked at further out */
    struct frame_turn turn;
    bool has_nonce;       /* BASE64's: it may stand behind one */
    bool urls_only;       /* BASE64's: its letters are those for URLs */
    struct unpack unpack; /* where to, and the bounds */
};

/* OK: *payload lies in the input or in look->unpack.out.  NOT_FOUND: there is none, or no more.
 * Else a bound was met or memory refused. */
typedef enum brine_status frame_adapter_fn(struct frame_look *look, struct bytes *payload);

frame_adapter_fn adapter_bang, adapter_dogpile, adapter_signed, adapter_string, adapter_base64,
    adapter_kombu;

/* True only when no value that begins so, and goes on, is dogpile's. */
bool adapter_is_no_dogpile(struct bytes front);
/* False only when the pickle is not that of a str as picklers write it. */
bool adapter_may_be_text(struct bytes input);
/* True when an affix with a suffix fits: then a pickle may be followed by it. */
bool adapter_has_suffix(struct bytes input, const struct frame_options *options);
/* False only when no name in the pickle can be joblib's: then joblib.load reads as pickle.loads. */
bool adapter_may_name_joblib(struct bytes input);

#endif
