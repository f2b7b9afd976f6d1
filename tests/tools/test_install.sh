#!/bin/sh
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
# A program outside the tree is built against what `make install` has put into an empty folder, with pkg-config
# and nothing else, linked both ways, and verifies pickles.  Usage: BRINE_BUILD=build/release sh test_install.sh
set -u
build=$(dirname "$(realpath "${BRINE_BUILD:-build/release}")")
tree=$(pwd)
cc=${CC:-gcc}
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
passed=0
failed=0

check() { # what command...
    what=$1
    shift
    if "$@" >"$folder/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $what"
        cat "$folder/log"
    fi
}

says() { # expected program argument...
    expected=$1
    shift
    got=$("$@" 2>&1)
    [ "$got" = "$expected" ] || { echo "said '$got', not '$expected'"; return 1; }
}

cat >"$folder/shop.c" <<'END'
#include <brine.h>
#include <stdio.h>

void refuse(void); /* names inside the library are no names of the program's */
void refuse(void) {}

int main(int argc, char **argv) {
    static uint8_t input[4096];
    struct policy_book *book;
    struct policy_compiled policy;
    struct brine_error err;
    struct bytes names[] = {bytes_view(argv[1], strlen(argv[1]))};
    if (argc != 2 || policy_book_create(mem_system(), true, &book, &err) != BRINE_OK) return 2;
    if (policy_compile(book, names, 1, &policy, &err) != BRINE_OK) {
        puts(err.text);
        return 2;
    }
    policy_book_destroy(book);
    struct pickle_scratch scratch;
    struct pickle_report report;
    char line[256];
    pickle_scratch_init(&scratch, mem_system(), 1 << 30);
    size_t len = fread(input, 1, sizeof input, stdin);
    enum brine_status status = pickle_verify(bytes_view(input, len), &policy.policy, &PICKLE_LIMITS_DEFAULT,
                                             &scratch, &report);
    puts(pickle_report_message(&report, line, sizeof line));
    pickle_scratch_deinit(&scratch);
    policy_compiled_deinit(&policy);
    return status != BRINE_OK;
}
END

verify() { # program policy bytes
    printf '%b' "$3" | "$1" "$2"
}

run_both() { # program
    check "$1 accepts" says "accepted" verify "$1" stdlib '\0200\0004}\0224.'
    check "$1 refuses" says "offset 0: GLOBAL: the policy does not list the global: os.system" \
        verify "$1" stdlib 'cos\nsystem\n.'
    check "$1 knows its policies" says "there is no policy 'shop'" verify "$1" shop N.
}

check "make install" env MAKEFLAGS= make --no-print-directory BUILD="$build" PREFIX=/opt/brine DESTDIR="$folder/root" install
root=$folder/root/opt/brine
sed -i "s,/opt/brine,$root,g" "$root/lib/pkgconfig/brine.pc"
export PKG_CONFIG_PATH="$root/lib/pkgconfig"
flags="$(pkg-config --cflags brine)"
libs="$(pkg-config --libs brine)"
below="$(pkg-config --static --libs-only-l brine | sed 's/-lbrine//')"
check "brine.pc has the version of the tree" test "$(pkg-config --modversion brine)" = \
    "$(sed -n 's/^#define BRINE_VERSION "\(.*\)"/\1/p' proto/base/version.h)"
cd "$folder" || exit 1
# The flags are lists of words.
# shellcheck disable=SC2086
check "a program links the shared library" $cc -std=gnu11 -Wall -Wextra -Werror $flags shop.c -o shared $libs
# shellcheck disable=SC2086
check "a program links the archive" $cc -std=gnu11 -Wall -Wextra -Werror $flags shop.c -o archived "$root/lib/libbrine.a" $below
# shellcheck disable=SC2086
check "a C++ program includes it" sh -c "printf '#include <brine.h>\nint main() { return BRINE_OK; }\n' |
    ${CXX:-g++} -std=c++17 -Wall -Werror $flags -x c++ - -o cxx $libs"
export LD_LIBRARY_PATH="$root/lib"
run_both ./shared
run_both ./archived
check "the shared program needs the soname" sh -c "readelf -d shared | grep -q 'NEEDED.*libbrine.so.'"
for header in $(cd "$root/include/brine" && find . -name '*.h'); do
    # shellcheck disable=SC2086
    check "$header compiles alone" sh -c "echo '#include \"$header\"' | $cc -std=gnu11 -Wall -Werror $flags -x c -c -o header.o -"
done
foreign=$( (nm -D --defined-only "$root/lib/libbrine.so"; nm -g --defined-only "$root/lib/libbrine.a") |
    awk 'NF == 3 { print $3 }' | grep -Ev '^(brine|frame|pickle|policy|mem|arena|buf)_|^(PICKLE_LIMITS|FRAME_OPTIONS)_DEFAULT$')
check "only brine's names are exported: $foreign" test -z "$foreign"

# libbrine-client: its examples, linked both ways, against a server that was installed with it.
sed -i "s,/opt/brine,$root,g" "$root/lib/pkgconfig/brine-client.pc"
flags="$(pkg-config --cflags brine-client libuv)"
libs="$(pkg-config --libs brine-client libuv)"
below="$(pkg-config --static --libs-only-l brine-client | sed 's/-lbrine-client//')"
for example in store pipeline async; do
    # shellcheck disable=SC2086
    check "$example links the shared library" $cc -std=c99 -D_DEFAULT_SOURCE -Wall -Wextra -Werror $flags \
        "$tree/client/examples/$example.c" -o "$example" $libs
    # shellcheck disable=SC2086
    check "$example links the archive" $cc -std=c99 -D_DEFAULT_SOURCE -Wall -Wextra -Werror $flags \
        "$tree/client/examples/$example.c" -o "$example-archived" "$root/lib/libbrine-client.a" $below
done
# shellcheck disable=SC2086
check "an example in C++ links" ${CXX:-g++} -std=c++17 -Wall -Wextra -Werror $flags "$tree/client/examples/inspect.cc" -o inspect $libs
# shellcheck disable=SC2086
check "both libraries go into one program" sh -c "printf '#include <brine.h>\n#include <brine_client.h>\nint main(void) {
    brine_close(NULL); return pickle_kind_name(PICKLE_KIND_INT) == NULL; }\n' | $cc -std=gnu11 -Wall -Werror $flags -x c - -o both \
    -L$root/lib -lbrine -lbrine-client && ./both"
foreign=$( (nm -D --defined-only "$root/lib/libbrine-client.so"; nm -g --defined-only "$root/lib/libbrine-client.a") |
    awk 'NF == 3 { print $3 }' | sort -u | grep -v '^brine_' )
check "only the client's names are exported: $foreign" test -z "$foreign"
socket=$folder/socket
env -i "$root/bin/brine-server" --server.port=0 --server.unix_socket="$socket" >server.log 2>&1 &
server=$!
check "the server answers" "$root/bin/brine-cli" ping --wait 30s -s "$socket"
printf '\200\004}\224.' >good.pkl
printf 'cos\nsystem\n.' >bad.pkl
for way in "" -archived; do
    check "store$way stores" says "stored for an hour" "./store$way" "unix://$socket" good good.pkl
    check "store$way says why not" sh -c "./store$way unix://$socket bad bad.pkl | grep -q 'GLOBAL names os.system'"
done
head -c 1048577 /dev/zero >big
: >none
says_and_fails() { # expected program argument...
    says "$@" && ! "$2" "$3" "$4" "$5" 2>/dev/null
}
check "store stores no part of a file" says_and_fails "big: more than 1048576 bytes" ./store "unix://$socket" big big
check "store takes no directory for an empty file" says_and_fails "$folder: Is a directory" ./store "unix://$socket" folder "$folder"
check "store stores an empty file" says "stored for an hour" ./store "unix://$socket" none none
check "pipeline counts" says "visits is 1000" ./pipeline "unix://$socket" visits
check "pipeline counts on" says "visits is 2000" ./pipeline-archived "unix://$socket" visits
check "async reads what it wrote" says "100 stored, 100 read, 0 failed" ./async "unix://$socket"
check "async does so in the archive" says "100 stored, 100 read, 0 failed" ./async-archived "unix://$socket"
memcheck() { # program argument...
    valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,possible "$@"
}
check "store leaks nothing" says "stored for an hour" memcheck ./store-archived "unix://$socket" good good.pkl
check "pipeline leaks nothing" says "visits is 3000" memcheck ./pipeline-archived "unix://$socket" visits
check "async leaks nothing" says "100 stored, 100 read, 0 failed" memcheck ./async-archived "unix://$socket"
check "async says that nobody is there" sh -c "! ./async unix://$socket.none 2>&1 | grep -q '100 read'"
check "inspect says what it is" says "a pickle, 5 bytes, dict, protocol 4" ./inspect "unix://$socket" good
kill "$server"
wait "$server"
check "brine-cli's manual page is one" sh -c "man -l $root/share/man/man1/brine-cli.1 | grep -q 'brine-cli verify PATH'"
check "brine-server's is" sh -c "man -l $root/share/man/man8/brine-server.8 | grep -q 'SIGHUP'"
check "brine.toml's is" sh -c "man -l $root/share/man/man5/brine.toml.5 | grep -q 'unix_socket_mode = \"0770\"'"
check "the unit runs what was installed" grep -qx "ExecStart=/opt/brine/bin/brine-server --config /opt/brine/etc/brine/brine.toml" \
    "$root/lib/systemd/system/brine.service"
check "it may rewrite its configuration" grep -qx "ReadWritePaths=-/opt/brine/etc/brine" "$root/lib/systemd/system/brine.service"
check "logrotate has its file" grep -q "brine.service" "$root/etc/logrotate.d/brine"
check "the configuration is taken" env -i "$root/bin/brine-server" --config "$root/etc/brine/brine.toml" --check-config
check "a restart keeps the data" grep -qx "on_stop = true" "$root/etc/brine/brine.toml"
check "nobody else reads the configuration" test "$(stat -c %a "$root/etc/brine/brine.toml")" = 640
check "make install-strip" env MAKEFLAGS= make --no-print-directory -C "$tree" BUILD="$build" PREFIX=/opt/brine DESTDIR="$folder/bare" install-strip
for file in bin/brine-server bin/brine-cli lib/libbrine.so; do
    check "$file has no symbols for debuggers" sh -c "! readelf -S '$folder/bare/opt/brine/$file' | grep -q debug_info"
done
echo "# its owner's" >"$root/etc/brine/brine.toml"
check "make install again" env MAKEFLAGS= make --no-print-directory -C "$tree" BUILD="$build" PREFIX=/opt/brine DESTDIR="$folder/root" install
check "it keeps a configuration that is there" grep -qx "# its owner's" "$root/etc/brine/brine.toml"
links=$(grep -o '](\([^)#:]*\))' "$root/share/doc/brine/README.md" | tr -d '()]')
check "what README.md shows was found" sh -c "echo '$links' | grep -q '[.]svg$'"
for link in $links; do check "README.md's $link is there" test -s "$root/share/doc/brine/$link"; done
for program in brine-cli brine-server; do
    check "bash takes the completion of $program" bash -n "$root/share/bash-completion/completions/$program"
    check "it has $program for zsh and fish too" test -s "$root/share/zsh/site-functions/_$program" -a \
        -s "$root/share/fish/vendor_completions.d/$program.fish"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
