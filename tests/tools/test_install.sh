#!/bin/sh
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
# A program outside the tree is built against what `make install` has put into an empty folder, with pkg-config
# and nothing else, linked both ways, and verifies pickles.  Usage: BRINE_BUILD=build/release sh test_install.sh
set -u
build=$(dirname "$(realpath "${BRINE_BUILD:-build/release}")")
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
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
