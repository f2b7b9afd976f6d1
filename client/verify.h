/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* brine-cli verify: reads pickles from files, directories and standard input, and says of each
 * whether a policy lets it be loaded.  Offline; nothing is executed. */
#ifndef BRINE_CLIENT_VERIFY_H
#define BRINE_CLIENT_VERIFY_H

/* argv[0] is the word "verify".  Returns the exit code: 0 all were accepted, 1 some were refused,
 * 2 wrong usage, or something could not be read (whatever the rest was). */
int verify_main(int argc, char **argv);

#endif
