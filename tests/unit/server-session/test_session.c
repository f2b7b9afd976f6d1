/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "session/session.h"
#include "support/failing.h"

#include <criterion/criterion.h>

Test(session, names_are_bounded_replaced_and_taken_away) {
    static char name[SESSION_NAME_BYTES_MAX + 1];
    struct failing_allocator mem;
    struct session session;
    failing_init(&mem, SIZE_MAX);
    session_init(&session, &(struct session_options){.id = 1, .mem = &mem.allocator});
    memset(name, 'n', sizeof name);
    cr_expect(session_set_text(&session, &session.name, BYTES("a")) == BRINE_OK);
    cr_expect(session_set_text(&session, &session.name, bytes_view(name, sizeof name)) ==
              BRINE_TOO_BIG);
    cr_expect(bytes_equal(session_text_view(&session.name), BYTES("a")));
    cr_expect(session_set_text(&session, &session.name, bytes_view(name, sizeof name - 1)) ==
              BRINE_OK);
    cr_expect(session_set_text(&session, &session.name, BYTES("bc")) == BRINE_OK);
    cr_expect(bytes_equal(session_text_view(&session.name), BYTES("bc")));
    cr_expect(mem.taken_bytes < 100, "room for a name that is gone is given back");
    cr_expect(session_set_text(&session, &session.name, BYTES("")) == BRINE_OK);
    cr_expect(!session.name.counted && mem.taken_bytes == 0);
    session_deinit(&session);
}

Test(session, a_refused_allocation_keeps_the_old_name) {
    struct failing_allocator mem;
    struct session session;
    failing_init(&mem, SIZE_MAX);
    session_init(&session, &(struct session_options){.id = 1, .mem = &mem.allocator});
    cr_expect(session_set_text(&session, &session.name, BYTES("old")) == BRINE_OK);
    mem.fail_at = mem.requests;
    static char longer[500] = {'x'};
    cr_expect(session_set_text(&session, &session.name, bytes_view(longer, sizeof longer)) ==
              BRINE_NO_MEMORY);
    cr_expect(bytes_equal(session_text_view(&session.name), BYTES("old")));
    session_deinit(&session);
    cr_expect(mem.taken_bytes == 0);
}

Test(session, reset_makes_it_as_it_was_but_for_the_library) {
    struct session session;
    session_init(&session, &(struct session_options){.id = 1, .mem = mem_system()});
    session.db = 5;
    session.resp_version = 3;
    session.authenticated = true;
    cr_expect(session_set_text(&session, &session.name, BYTES("me")) == BRINE_OK);
    cr_expect(session_set_text(&session, &session.library_name, BYTES("lib")) == BRINE_OK);
    session_reset(&session, false);
    cr_expect(session.db == 0 && session.resp_version == 2 && !session.authenticated);
    cr_expect(!session.name.counted && session_text_view(&session.library_name).len == 3);
    session_deinit(&session);
}

Test(session, addresses_that_are_not_given_are_empty) {
    struct session session;
    session_init(&session, &(struct session_options){.id = 1, .mem = mem_system(), .peer = "p:1"});
    cr_expect_str_eq(session.peer, "p:1");
    cr_expect_str_eq(session.local, "");
    session_deinit(&session);
}
