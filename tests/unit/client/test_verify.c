/* SPDX-FileCopyrightText: 2026 The brine authors */
/* SPDX-License-Identifier: Apache-2.0 */

#include "client/tools.h"

#include "base/bytes.h"
#include "base/mem.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OUTPUT_BYTES_MAX = 1 << 16, ARGUMENTS_MAX = 8 };

/* Runs `brine-cli verify ...` in this process; what it wrote to standard output and error. */
struct run {
    int code;
    char out[OUTPUT_BYTES_MAX], err[OUTPUT_BYTES_MAX];
};

static int divert(FILE *stream, FILE *target) {
    fflush(stream);
    int kept = dup(fileno(stream));
    cr_assert_geq(dup2(fileno(target), fileno(stream)), 0);
    return kept;
}

static void give_back(FILE *stream, int kept, FILE *target, char text[static OUTPUT_BYTES_MAX]) {
    fflush(stream);
    cr_assert_geq(dup2(kept, fileno(stream)), 0);
    close(kept);
    rewind(target);
    text[fread(text, 1, OUTPUT_BYTES_MAX - 1, target)] = 0;
    fclose(target);
}

static const struct run *verify(const char *const *words) {
    static struct run run;
    char *argv[ARGUMENTS_MAX + 2] = {(char *)(uintptr_t) "verify"};
    int argc = 1;
    while (*words) argv[argc++] = (char *)(uintptr_t)*words++;
    FILE *out = tmpfile(), *err = tmpfile();
    cr_assert(out && err);
    int kept_out = divert(stdout, out), kept_err = divert(stderr, err);
    run.code = tool_run(&verify_tool, argc, argv);
    give_back(stdout, kept_out, out, run.out);
    give_back(stderr, kept_err, err, run.err);
    return &run;
}
#define VERIFY(...) verify((const char *const[]){__VA_ARGS__, NULL})

static void write_file(const char *path, struct bytes bytes) {
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
    cr_assert_eq(fclose(file), 0);
}

static void enter_folder(void) {
    char folder[] = "/tmp/brine_test_verify_XXXXXX";
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
}

static void leave_folder(void) {
    char folder[512], command[600];
    cr_assert_not_null(getcwd(folder, sizeof folder));
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    cr_expect_eq(system(command), 0);
}

Test(verify, json_is_one_object_a_line_with_the_same_keys_in_the_same_order) {
    static const struct {
        struct bytes pickle;
        const char *line;
    } rows[] = {
        {BYTES("N."),
         "{\"file\":\"x\",\"verdict\":\"accept\",\"class\":null,\"offset\":null,\"opcode\":null,"
         "\"global\":null,\"danger\":null,\"rule\":null,\"message\":null,\"protocol\":0,\"type\":"
         "\"NoneType\","
         "\"globals\":[],\"framing\":\"pickle\"}\n"},
        {BYTES("\x80\x04\x8c\x08"
               "datetime\x8c\x04"
               "date\x93\x43\x04\x07\xea\x01\x02\x85R."),
         "{\"file\":\"x\",\"verdict\":\"accept\",\"class\":null,\"offset\":null,\"opcode\":null,"
         "\"global\":null,\"danger\":null,\"rule\":null,\"message\":null,\"protocol\":4,\"type\":"
         "\"datetime.date\","
         "\"globals\":[{\"name\":\"datetime.date\",\"use\":[\"call\"]}],\"framing\":\"pickle\"}\n"},
        {BYTES("cos\nsystem\n(Vid\ntR."),
         "{\"file\":\"x\",\"verdict\":\"refuse\",\"class\":\"forbidden\",\"offset\":0,"
         "\"opcode\":\"GLOBAL\",\"global\":\"os.system\",\"danger\":\"os.system reaches the "
         "operating system\",\"rule\":\"global\",\"message\":\"offset "
         "0: "
         "GLOBAL: the policy does not list the global: os.system\",\"protocol\":0,\"type\":null,"
         "\"globals\":[],\"framing\":\"pickle\"}\n"},
        {BYTES(""),
         "{\"file\":\"x\",\"verdict\":\"refuse\",\"class\":\"truncated\",\"offset\":0,"
         "\"opcode\":null,\"global\":null,\"danger\":null,\"rule\":\"end-at-opcode\",\"message\":"
         "\"offset 0: the "
         "bytes end where an opcode should "
         "stand\",\"protocol\":0,\"type\":null,\"globals\":[],\"framing\":\"pickle\"}\n"},
        {BYTES("\x80\x02\xff."),
         "{\"file\":\"x\",\"verdict\":\"refuse\",\"class\":\"malformed\",\"offset\":2,"
         "\"opcode\":\"0xff\",\"global\":null,\"danger\":null,\"rule\":\"opcode-unknown\","
         "\"message\":\"offset 2: "
         "no "
         "opcode has this "
         "byte\",\"protocol\":2,\"type\":null,\"globals\":[],\"framing\":\"pickle\"}\n"},
    };
    enter_folder();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        write_file("x", rows[i].pickle);
        const struct run *run = VERIFY("--json", "x");
        cr_expect_str_eq(run->out, rows[i].line, "row %zu: %s", i, run->out);
        cr_expect_str_eq(run->err, "");
        cr_expect_eq(run->code, strstr(rows[i].line, "\"accept\"") ? 0 : 1);
    }
    leave_folder();
}

Test(verify, text_names_the_refused_and_counts_all) {
    enter_folder();
    write_file("good", BYTES("N."));
    write_file("bad", BYTES("(."));
    const struct run *run = VERIFY("good", "bad");
    cr_expect_eq(run->code, 1);
    cr_expect_str_eq(run->out, "bad:1: refused: STOP: the stack holds too little for the opcode\n"
                               "2 pickles: 1 accepted, 1 refused\n");
    run = VERIFY("-v", "good");
    cr_expect_eq(run->code, 0);
    cr_expect_str_eq(run->out, "good: accepted: NoneType, protocol 0, globals 0\n"
                               "1 pickle: 1 accepted, 0 refused\n");
    leave_folder();
}

Test(verify, folders_are_walked_in_order_and_links_inside_are_counted) {
    enter_folder();
    cr_assert_eq(mkdir("d", 0700), 0);
    write_file("d/b", BYTES("N."));
    write_file("d/a\n", BYTES("0."));
    cr_assert_eq(symlink("b", "d/link"), 0);
    const struct run *run = VERIFY("d");
    cr_expect_eq(run->code, 1);
    cr_expect_str_eq(run->out,
                     "d/a\\x0a:0: refused: POP: the stack holds too little for the opcode\n"
                     "2 pickles: 1 accepted, 1 refused, 1 link not followed\n");
    run = VERIFY("d/link");
    cr_expect_eq(run->code, 0, "a link that was asked for is read: %s", run->out);
    leave_folder();
}

Test(verify, what_cannot_be_read_is_exit_code_2_unless_a_refusal_makes_it_1) {
    enter_folder();
    write_file("bad", BYTES("("));
    const struct run *run = VERIFY("--json", "nosuch", "bad");
    cr_expect_eq(run->code, 1, "a refusal comes first");
    cr_expect_str_eq(run->err, "brine-cli: nosuch: No such file or directory\n");
    cr_expect_not_null(strstr(run->out, "\"file\":\"bad\""), "the rest is read all the same");
    cr_expect_null(strstr(run->out, "nosuch"));
    write_file("good", BYTES("N."));
    cr_expect_eq(VERIFY("nosuch", "good")->code, 2);
    leave_folder();
}

Test(verify, wrong_usage_is_exit_code_2_and_help_is_0) {
    static const char *const wrong[][ARGUMENTS_MAX] = {
        {NULL}, {"--nosuch", "x"}, {"--policy"}, {"--policy", "nosuch", "x"}, {"--json"}};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        const struct run *run = verify(wrong[i]);
        cr_expect_eq(run->code, 2, "row %zu", i);
        cr_expect_str_eq(run->out, "", "row %zu", i);
        cr_expect_str_neq(run->err, "", "row %zu", i);
    }
    const struct run *run = VERIFY("--help");
    cr_expect_eq(run->code, 0);
    cr_expect_eq(strncmp(run->out, "usage: ", 7), 0, "%s", run->out);
}

Test(verify, the_policy_asked_for_is_the_one_that_judges) {
    enter_folder();
    write_file("date", BYTES("cdatetime\ndate\n."));
    cr_expect_eq(VERIFY("date")->code, 0);
    cr_expect_eq(VERIFY("--policy", "data", "date")->code, 1);
    leave_folder();
}
