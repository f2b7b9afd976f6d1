/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* --policy NAME[,NAME...] | FILE | FILE:NAME[,NAME...]: names of presets, or the [policy.NAME]
 * tables of a TOML file, which may stand among other tables and extend presets and each other.
 *
 * A word that is a list of known presets means them; a word with '/' or '.' in it, or one that no
 * preset has, is a file.  A file with one policy needs no name. */
#ifndef BRINE_CLIENT_POLICY_OPTION_H
#define BRINE_CLIENT_POLICY_OPTION_H

#include "policy/policy.h"

enum { POLICY_OPTION_NAMES_MAX = 32 };

/* Warnings about wildcards go to standard error; compiled is the caller's to deinit when this says
 * BRINE_OK. */
enum brine_status policy_option_load(const char *word, struct policy_compiled *compiled,
                                     struct brine_error *err) MUST_USE;

#endif
