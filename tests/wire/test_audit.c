/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

/* The audit trail and PICKLE.POLICY, as an operator meets them. */

#include "support.h"

#include <criterion/criterion.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVIL "\"cos\\nsystem\\n(S'id'\\ntR.\""
#define CART "\"cshop.models\\nCart\\n)\\x81}(X\\x01\\x00\\x00\\x00aK\\x01ub.\""

enum { FILE_BYTES = 1 << 20, PATH_BYTES = 128 };

static const char *read_file(const char *path) {
    static char text[FILE_BYTES];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
    if (fd >= 0) close(fd);
    text[len > 0 ? len : 0] = 0;
    return text;
}

static size_t count_of(const char *text, const char *part) {
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part)) count++;
    return count;
}

/* Waits until the file holds the text so many times. */
static bool await_file(const char *path, const char *part, size_t times) {
    long long deadline = wire_now_ms() + WIRE_DEADLINE_MS;
    while (count_of(read_file(path), part) < times && wire_now_ms() < deadline) poll(NULL, 0, 2);
    return count_of(read_file(path), part) == times;
}

static struct wire *open_with_file(char path[PATH_BYTES]) {
    struct wire *wire =
        wire_open((const char *[]){"audit.file=audit.log", "audit.fsync=everysec", NULL});
    wire_only_for(wire, BRINE_ONLY);
    snprintf(path, PATH_BYTES, "%s/audit.log", wire->dir);
    return wire;
}

Test(audit, a_refusal_is_recorded_with_who_what_and_why) {
    char path[PATH_BYTES];
    struct wire *wire = open_with_file(path);
    PLAY(wire, {"CLIENT SETNAME web-7", "+OK"}, {"CLIENT SETINFO LIB-NAME redis-py", "+OK"},
         {"SELECT 3", "+OK"}, {"SET session:9 " EVIL, "~-PICKLEDENIED *os.system*dangerous*"},
         {"SET session:9 plain", "+OK"},
         {"PICKLE.AUDIT COUNT 1",
          "~*\"event*:*\"refused*\"address*:*\"127.0.0.1:*client_name*web-7*library*redis-py*"
          "\"command*set*\"db*:3,*\"key*session:9*policy*stdlib*verdict*error*class*forbidden*"
          "\"module*os*name*system*\"size*:*digest*"},
         {"PICKLE.AUDIT COUNT 0", "[]"}, {"PICKLE.AUDIT SINCE 99999999999", "[]"},
         {"PICKLE.AUDIT SINCE 1", "~[*session:9*]"}, {"PICKLE.AUDIT COUNT", "-ERR syntax error"},
         {"PICKLE.AUDIT LAST 3", "-ERR syntax error"},
         {"PICKLE.AUDIT COUNT x", "-ERR value is not an integer or out of range"},
         {"PICKLE.AUDIT COUNT -1", "-ERR value is out of range, must be positive"});
    cr_expect(await_file(path, "\"event\":\"refused\"", 1), "%s", read_file(path));
    struct stat about;
    cr_expect(stat(path, &about) == 0 && (about.st_mode & 0777) == 0600);
    wire_close(wire);
}

Test(audit, what_a_new_policy_denies_is_recorded_when_it_is_met) {
    struct wire *wire = wire_open((const char *[]){"gate.mode=learn", NULL});
    wire_only_for(wire, BRINE_ONLY);
    PLAY(wire, {"SELECT 3", "+OK"}, {"SET a " CART, "+OK"}, {"SET b " CART, "+OK"},
         {"SET c text", "+OK"}, {"CONFIG SET gate.mode enforce", "+OK"}, {"GET a", "nil"},
         {"PICKLE.AUDIT COUNT 1",
          "~*\"event*:*\"rechecked*\"address*127.0.0.1:*\"command*get*\"db*:3,*\"key*a*"
          "class*forbidden*\"module*shop.models*name*Cart*\"size*:33,*"},
         /* What passes again leaves no record, and what is gone leaves one. */
         {"GET c", "\"text\""}, {"GET a", "nil"},
         {"PICKLE.AUDIT COUNT 1", "~*\"rechecked*\"key*a*"},
         {"CONFIG SET gate.recheck sweep", "+OK"});
    /* A sweep is nobody's command. */
    wire_await(wire, 0, "DBSIZE", "1");
    PLAY(wire, {"PICKLE.AUDIT COUNT 1", "~*\"event*:*\"rechecked*\"db*:3,*\"key*b*"});
    cr_expect(!strstr(wire_ask(wire, 0, "PICKLE.AUDIT COUNT 1"), "address"), "%s", wire->text);
    wire_close(wire);
}

Test(audit, keys_that_are_no_text_stay_valid_json) {
    char path[PATH_BYTES];
    struct wire *wire = open_with_file(path);
    PLAY(wire, {"SET \"\\xff\\\\\\n\" " EVIL, "~-PICKLEDENIED *"});
    cr_expect(await_file(path, "\"key\":\"\\\\xff\\\\\\\\\\\\x0a\",\"key_escaped\":true", 1), "%s",
              read_file(path));
    wire_close(wire);
}

Test(audit, a_file_that_was_moved_away_is_opened_anew_on_SIGHUP) {
    char path[PATH_BYTES], moved[PATH_BYTES + 8];
    struct wire *wire = open_with_file(path);
    snprintf(moved, sizeof moved, "%s.1", path);
    for (int round = 0; round < 5; round++) {
        PLAY(wire, {"SET a " EVIL, "~-PICKLEDENIED *"}, {"SET b " EVIL, "~-PICKLEDENIED *"});
        cr_expect(await_file(path, "\"event\":\"refused\"", 2), "%s", read_file(path));
        cr_assert(rename(path, moved) == 0);
        cr_assert(kill(wire->pid, SIGHUP) == 0);
        cr_expect(await_file(path, "\"event\":\"policy\"", 1), "the new file tells of the reload");
        cr_expect(count_of(read_file(moved), "\"event\":\"refused\"") == 2);
    }
    wire_close(wire);
}

Test(audit, a_clean_stop_leaves_no_record_unwritten) {
    char path[PATH_BYTES], kept[PATH_BYTES];
    struct wire *wire = open_with_file(path);
    snprintf(kept, sizeof kept, "/tmp/brine-audit-%d", (int)getpid());
    cr_assert(link(path, kept) == 0);
    for (int i = 0; i < 300; i++) (void)wire_ask(wire, 0, "SET a " EVIL);
    wire_close(wire);
    cr_expect(count_of(read_file(kept), "\"event\":\"refused\"") == 300);
    unlink(kept);
}

Test(audit, a_full_disk_costs_no_client_anything_and_is_counted) {
    struct wire *wire =
        wire_open((const char *[]){"audit.file=/dev/full", "audit.queue_bytes=65536", NULL});
    wire_only_for(wire, BRINE_ONLY);
    for (int i = 0; i < 500; i++) {
        const char *reply = wire_ask(wire, 0, "SET a " EVIL);
        cr_expect(strstr(reply, "PICKLEDENIED"), "%s", reply);
    }
    PLAY(wire, {"INFO brine", "~*audit_records:1*audit_dropped:3*audit_queue_bytes:6*"},
         {"SET a plain", "+OK"}, {"PICKLE.AUDIT COUNT 1", "~*refused*"});
    wire_close(wire);
}

Test(policy, policies_are_listed_shown_and_tried) {
    struct wire *wire = wire_open(NULL);
    wire_only_for(wire, BRINE_ONLY);
    PLAY(wire, {"PICKLE.POLICY LIST", "~*\"name\", \"stdlib\", \"doc\", *\"used\", \"yes\"*"},
         {"PICKLE.POLICY SHOW stdlib", "~*policy.stdlib*collections.OrderedDict*"},
         {"PICKLE.POLICY SHOW nothing", "-ERR there is no policy 'nothing'"},
         {"SET k \"\\x80\\x04}.\"", "+OK"}, {"SET l plain", "+OK"},
         {"SET m \"\\x80\\x02ccollections\\nOrderedDict\\n)R.\"", "+OK"},
         {"PICKLE.POLICY TEST data KEYS *",
          "~*\"values\", 3, \"admitted\", 2, \"refused\", 1, \"because of\", "
          "[\"collections.OrderedDict\", 1]*\"examples\"*key 'm'*"},
         {"PICKLE.POLICY TEST data,stdlib KEYS *", "~*\"values\", 3, \"admitted\", 3, *"},
         {"PICKLE.POLICY TEST stdlib VALUE " CART, "~*\"refused\", 1, *shop.models.Cart*"},
         {"PICKLE.POLICY TEST stdlib VALUE " CART " KEY cart:1", "~*key 'cart:1'*"},
         {"PICKLE.POLICY TEST nothing KEYS *", "-ERR there is no policy 'nothing'"},
         {"PICKLE.POLICY TEST stdlib VALUES x", "-ERR syntax error"},
         {"PICKLE.POLICY TEST stdlib KEYS * x", "-ERR syntax error"},
         {"PICKLE.POLICY LEARNED x", "-ERR syntax error"}, {"PICKLE.POLICY RELOAD", "+OK"},
         {"PICKLE.POLICY HELP", "~*PICKLE.POLICY <subcommand>*LEARNED*TEST*"},
         {"PICKLE.AUDIT COUNT 1", "~*policy*loaded*"}, {"DBSIZE", "3"});
    wire_close(wire);
}

Test(policy, learn_admits_and_remembers_what_enforce_refuses) {
    struct wire *wire = wire_open((const char *[]){"gate.mode=learn", NULL});
    wire_only_for(wire, BRINE_ONLY);
    PLAY(wire, {"SET cart:1 " CART, "+OK"}, {"SET cart:22 " CART, "+OK"},
         {"SET cart:3 " EVIL, "~-PICKLEDENIED *os.system*dangerous*"},
         {"SET cart:3 \"cshop.models\\nCart\\n)R\"", "~-PICKLETRUNCATED *"},
         {"PICKLE.POLICY LEARNED",
          "~*2 values; keys: cart:*{ name = *shop.models.Cart*, may = [*new*, *build*] }*"},
         {"CONFIG SET gate.mode enforce", "+OK"}, {"SET cart:4 " CART, "~-PICKLEDENIED *"},
         {"PICKLE.POLICY LEARNED RESET", "+OK"},
         {"PICKLE.POLICY LEARNED", "~*Learned from 0 values*"});
    wire_close(wire);
}
