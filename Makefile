# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
#
# One Makefile for everything.  `make help` lists what it can do; `make run` and `make test` need
# nothing but make and a Debian 12: they install the rest.
#   SAN=asan|tsan|cov   another variant, in a folder of its own under $(BUILD)
#   BUILD=DIR           where objects go (default: build)
#   CC=clang            another compiler
#   EXTRA_CFLAGS=...    appended last

include tests/tools/layers.mk

BUILD  ?= build
SAN    ?=
CC     := $(if $(filter default,$(origin CC)),gcc,$(CC))
CLANG  ?= $(or $(shell command -v clang-14),clang)
PREFIX ?= /usr/local
JOBS   ?= $(shell nproc)
VARIANT := $(or $(SAN),release)
V      := $(BUILD)/$(VARIANT)

# The only lists of Debian packages; everything else, .ci/run too, installs by them.
PACKAGES_RUN  := gcc libc6-dev libuv1-dev libhiredis-dev libedit-dev libjemalloc-dev libssl-dev \
                 zlib1g-dev libbz2-dev liblzma-dev liblz4-dev libzstd-dev liblzf-dev libxxhash-dev
PACKAGES_TEST := $(PACKAGES_RUN) g++ libcriterion-dev redis-tools openssl tmux zsh fish python3 python3-redis binutils pkgconf man-db valgrind curl prometheus-redis-exporter \
                 python3-django python3-django-redis python3-flask-caching python3-cachelib python3-dogpile.cache python3-celery \
                 python3-joblib python3-numpy python3-lz4 python3-rq
PACKAGES_PRESETS := $(PACKAGES_RUN) python3 python3-numpy python3-pandas python3-scipy python3-sklearn python3-joblib \
                 python3-django python3-celery python3-flask python3-werkzeug
PACKAGES_FRAMES := python3-django-redis python3-cachelib python3-flask-caching python3-dogpile.cache python3-kombu \
                 python3-beaker python3-joblib python3-rq python3-itsdangerous python3-lz4 python3-zstandard \
                 python3-flask-session python3-requests-cache python3-celery python3-pandas
PACKAGES_LINT := $(PACKAGES_TEST) $(PACKAGES_FRAMES) clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev \
                 cppcheck shellcheck codespell pyflakes3 gcovr docker-compose

CPPFLAGS := -D_GNU_SOURCE -Iproto -Iserver -I. -Iclient/lib -Itests/unit
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wswitch-enum -Wstrict-prototypes -Wmissing-prototypes \
            -Wpointer-arith -Wvla -Wformat=2 -Wundef
HARDEN   := -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -fno-plt
LDHARDEN := -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed
# -Wmaybe-uninitialized is judged by the release alone: elsewhere gcc sees less and warns wrongly.
CFLAGS_release := -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fno-omit-frame-pointer
CFLAGS_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -Wno-maybe-uninitialized
CFLAGS_tsan    := -O1 -g -fsanitize=thread -fno-omit-frame-pointer -Wno-maybe-uninitialized
CFLAGS_cov     := -O0 -g --coverage -fprofile-update=atomic -Wno-maybe-uninitialized
CFLAGS_fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
                  -fno-omit-frame-pointer -DBRINE_FUZZING
LDFLAGS_asan   := -fsanitize=address,undefined
LDFLAGS_tsan   := -fsanitize=thread
LDFLAGS_cov    := --coverage
LDFLAGS_fuzz   := -fsanitize=address,undefined
LIBS_release   := -ljemalloc
ifeq ($(SAN),fuzz)
CC := $(CLANG)
endif
ifeq ($(filter $(VARIANT),release asan tsan cov fuzz),)
$(error SAN=$(SAN) is not a variant: asan, tsan, cov or nothing)
endif
CFLAGS  := -std=gnu11 $(WARNINGS) $(HARDEN) $(CFLAGS_$(VARIANT)) $(EXTRA_CFLAGS)
LDFLAGS := $(LDHARDEN) $(LDFLAGS_$(VARIANT))
LIBS_UNPACK := -lz -lbz2 -llzma -llz4 -lzstd -llzf
LIBS_SYSTEM := -luv -lhiredis -ledit -lssl -lcrypto $(LIBS_UNPACK) -lpthread -lm

.PHONY: all
all: $(V)/brine-server $(V)/brine-cli $(if $(SAN),,$(BUILD)/brine-server $(BUILD)/brine-cli)

# ---- what objects were made of: another compiler, flag or set of files rebuilds ------------------
# A list is rewritten only when it differs, so that its time says when it last changed.
.PHONY: FORCE
FORCE:
write_if_changed = mkdir -p $(dir $(1)); printf '%s\n' "$(2)" | cmp -s - $(1) || printf '%s\n' "$(2)" >$(1)

$(V)/flags.list: FORCE
	@$(call write_if_changed,$@,$(CC) $(subst ",\",$(CPPFLAGS) $(CFLAGS)))

# ---- layers: a folder is a static library -------------------------------------------------------
lib_of  = $(V)/lib/$(subst /,-,$(1)).a
libs_of = $(foreach l,$(1) $(LAYER_$(1)),$(call lib_of,$(l)))

define LAYER_RULE
$(call lib_of,$(1)): $(patsubst %.c,$(V)/obj/%.o,$(sort $(wildcard $(1)/*.c))) $(V)/lib/$(subst /,-,$(1)).list
	@rm -f $$@
	@$(AR) rcs $$@ $$(filter %.o,$$^)
$(V)/lib/$(subst /,-,$(1)).list: FORCE
	@$$(call write_if_changed,$$@,$(sort $(wildcard $(1)/*.c)))
endef
$(foreach l,$(LAYERS),$(eval $(call LAYER_RULE,$(l))))

$(V)/obj/%.o: %.c $(V)/flags.list
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# The presets are embedded by the assembler, which names no dependencies.
$(V)/obj/proto/policy/presets.o: $(wildcard proto/policy/presets/*.toml)

# The entry point of a fuzz target is declared by nobody's header.
$(V)/obj/tests/fuzz/%.o: CFLAGS += -Wno-missing-prototypes

# So are the files of the HTTP page.
$(V)/obj/server/http/routes.o: $(wildcard server/http/page/*)

-include $(shell find $(V)/obj -name '*.d' 2>/dev/null)

# ---- programs -----------------------------------------------------------------------------------
SERVER_OBJECTS := $(patsubst %.c,$(V)/obj/%.o,$(sort $(wildcard server/*.c)))
SERVER_LIBS := $(call lib_of,server/http) $(call libs_of,server/net)
$(V)/brine-server: $(SERVER_OBJECTS) $(SERVER_LIBS)
	@echo "  LD   $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(SERVER_OBJECTS) $(SERVER_LIBS) $(LIBS_SYSTEM) $(LIBS_$(VARIANT))

$(V)/brine-cli: $(call libs_of,client)
	@echo "  LD   $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ -Wl,--whole-archive $(call lib_of,client) -Wl,--no-whole-archive \
		$(filter-out $(call lib_of,client),$^) $(LIBS_SYSTEM)

# The names that people use are those of the release.
ifeq ($(SAN),)
$(BUILD)/brine-%: $(V)/brine-% FORCE
	@[ "$$(readlink $@)" = release/$(@F) ] || ln -sfn release/$(@F) $@
endif

# ---- the library --------------------------------------------------------------------------------
# Its own objects, for they are position independent; what is exported stands in proto/brine.map, and
# the archive is one object whose other names are made local, so that none collides with a program's.
LIBRARY_VERSION := $(shell sed -n 's/^\#define BRINE_VERSION "\(.*\)"/\1/p' proto/base/version.h)
LIBRARY_SONAME  := libbrine.so.$(LIBRARY_VERSION)
# What its headers offer and what that needs: not the formats that server and tools alone read.
LIBRARY_OBJECTS := $(patsubst %.c,$(V)/pic/%.o,$(sort $(filter-out proto/rdb/% proto/snapshot/%,$(wildcard proto/*/*.c))))
LIBRARY_HEADERS := proto/brine.h $(addprefix proto/base/,base.h bytes.h mem.h arena.h buf.h status.h version.h) \
    $(addprefix proto/policy/,policy.h match.h dangerous.h presets.h models.def) \
    $(addprefix proto/pickle/,verify.h view.h disasm.h harmless.h reasons.def opcodes.h opcodes.def) \
    $(addprefix proto/frame/,frame.h frames.def)
LIBRARY_EXPORTS := $(shell sed -n 's/;//g; /PICKLE_LIMITS_DEFAULT/p' proto/brine.map)

$(V)/pic/%.o: %.c $(V)/flags.list
	@mkdir -p $(@D)
	@echo "  PIC  $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -MMD -MP -c $< -o $@
$(V)/pic/proto/policy/presets.o: $(wildcard proto/policy/presets/*.toml)
-include $(shell find $(V)/pic -name '*.d' 2>/dev/null)

$(V)/pic/objects.list: FORCE
	@$(call write_if_changed,$@,$(LIBRARY_OBJECTS))
$(V)/libbrine.a: $(LIBRARY_OBJECTS) $(V)/pic/objects.list proto/brine.map
	@echo "  AR   $@"
	@$(LD) -r -o $(V)/pic/brine.o $(LIBRARY_OBJECTS)
	@objcopy --wildcard $(foreach e,$(LIBRARY_EXPORTS),--keep-global-symbol='$(e)') $(V)/pic/brine.o
	@rm -f $@
	@$(AR) rcs $@ $(V)/pic/brine.o
$(V)/libbrine.so: $(LIBRARY_OBJECTS) $(V)/pic/objects.list proto/brine.map
	@echo "  LD   $@"
	@$(CC) $(CFLAGS) $(LDFLAGS_$(VARIANT)) -shared -Wl,-soname,$(LIBRARY_SONAME) -Wl,--version-script=proto/brine.map \
		-Wl,-z,relro,-z,now,-z,noexecstack,-z,defs -o $@ $(LIBRARY_OBJECTS) $(LIBS_UNPACK)

# libbrine-client in the same way.
CLIENT_SONAME  := libbrine-client.so.$(LIBRARY_VERSION)
CLIENT_OBJECTS := $(patsubst %.c,$(V)/pic/%.o,$(sort $(wildcard client/lib/*.c proto/resp/*.c proto/text/*.c proto/base/*.c)))
CLIENT_HEADERS := client/lib/brine_client.h client/lib/brine_client_uv.h
CLIENT_EXPORTS := $(shell sed -n 's/;//g; /^ *brine_/p' client/lib/brine-client.map)
LIBS_CLIENT    := -lhiredis -luv -lssl -lcrypto -lpthread -lm
$(V)/pic/client.list: FORCE
	@$(call write_if_changed,$@,$(CLIENT_OBJECTS))
$(V)/libbrine-client.a: $(CLIENT_OBJECTS) $(V)/pic/client.list client/lib/brine-client.map
	@echo "  AR   $@"
	@$(LD) -r -o $(V)/pic/brine-client.o $(CLIENT_OBJECTS)
	@objcopy --wildcard $(foreach e,$(CLIENT_EXPORTS),--keep-global-symbol='$(e)') $(V)/pic/brine-client.o
	@rm -f $@
	@$(AR) rcs $@ $(V)/pic/brine-client.o
$(V)/libbrine-client.so: $(CLIENT_OBJECTS) $(V)/pic/client.list client/lib/brine-client.map
	@echo "  LD   $@"
	@$(CC) $(CFLAGS) $(LDFLAGS_$(VARIANT)) -shared -Wl,-soname,$(CLIENT_SONAME) -Wl,--version-script=client/lib/brine-client.map \
		-Wl,-z,relro,-z,now,-z,noexecstack,-z,defs -Wl,--as-needed -o $@ $(CLIENT_OBJECTS) $(LIBS_CLIENT)
.PHONY: library
library: $(V)/libbrine.a $(V)/libbrine.so $(V)/libbrine-client.a $(V)/libbrine-client.so

# ---- test programs ------------------------------------------------------------------------------
# tests/unit/<layer with - for />/test_*.c   Criterion, linked with the layer and what is below it
# tests/wire/test_*.c                        Criterion + hiredis, drives the server at $$BRINE_SERVER
# tests/stress/*.c, tests/sim/*.c            a main() each; run under TSan too
# tests/bench/*.c                            a main() each: the load generator, and measurements
# tests/fuzz/fuzz_*.c                        LLVMFuzzerTestOneInput; replayed over its corpus
# The other .c files of wire, stress, sim and fuzz (and support/*.c in each) are linked to all there,
# tests/support/*.c to all of wire and stress.
# All but unit tests are linked with the layers whose headers they and their helpers include.
UNIT_SOURCES   := $(sort $(wildcard tests/unit/*/test_*.c))
WIRE_SOURCES   := $(sort $(wildcard tests/wire/test_*.c))
STRESS_SOURCES := $(sort $(wildcard tests/stress/*.c))
SIM_SOURCES    := $(sort $(wildcard tests/sim/*.c))
BENCH_SOURCES  := $(sort $(wildcard tests/bench/*.c))
TABLE_SOURCES  := tests/tools/opcode_tables.c
FUZZ_SOURCES   := $(sort $(wildcard tests/fuzz/fuzz_*.c))
program_of = $(patsubst tests/%.c,$(V)/tests/%,$(1))
replay_of  = $(patsubst tests/fuzz/fuzz_%.c,$(V)/tests/replay/replay_%,$(1))
fuzzer_of  = $(patsubst tests/fuzz/%.c,$(V)/tests/fuzz/%,$(1))
objects_of = $(patsubst %.c,$(V)/obj/%.o,$(1))

UNIT_SUPPORT   := $(wildcard tests/unit/support/*.c)
WIRE_SUPPORT   := $(filter-out $(WIRE_SOURCES),$(wildcard tests/wire/*.c tests/wire/support/*.c tests/support/*.c))
STRESS_SUPPORT := $(wildcard tests/stress/support/*.c tests/support/*.c)
SIM_SUPPORT    := $(wildcard tests/sim/support/*.c)
FUZZ_SUPPORT   := $(filter-out $(FUZZ_SOURCES) tests/fuzz/replay_main.c,$(wildcard tests/fuzz/*.c tests/fuzz/support/*.c))

# "tests/fuzz/fuzz_glob.c:base" for each folder whose headers a test includes.
INCLUDED := $(shell grep -Ho '^\#include "[a-z_]*/' $(WIRE_SOURCES) $(WIRE_SUPPORT) $(STRESS_SOURCES) \
    $(STRESS_SUPPORT) $(SIM_SOURCES) $(SIM_SUPPORT) $(FUZZ_SOURCES) $(FUZZ_SUPPORT) $(wildcard tests/fuzz/replay_main.c) $(BENCH_SOURCES) $(TABLE_SOURCES) /dev/null | \
    sed 's/\#include "//; s,/$$,,' | sort -u)
layers_included = $(sort $(foreach f,$(1),$(foreach i,$(patsubst $(f):%,%,$(filter $(f):%,$(INCLUDED))),\
    $(filter proto/$(i) server/$(i) $(i),$(LAYERS)))))
libs_included = $(sort $(foreach l,$(call layers_included,$(1)),$(call libs_of,$(l))))

link_program = mkdir -p $(@D); echo "  LD   $@"; $(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) \
    $(LINK_FIRST) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group

# Criterion's main() comes before a layer that has one, the client.
define UNIT_RULE
$(call program_of,$(1)): LINK_FIRST := -lcriterion
$(call program_of,$(1)): $(call objects_of,$(1) $(UNIT_SUPPORT)) $(call libs_of,$(subst -,/,$(notdir $(patsubst %/,%,$(dir $(1))))))
	@$$(link_program) $(LIBS_SYSTEM)
endef
define WIRE_RULE
$(call program_of,$(1)): $(call objects_of,$(1) $(WIRE_SUPPORT)) $(call libs_included,$(1) $(WIRE_SUPPORT))
	@$$(link_program) -lcriterion $(LIBS_SYSTEM)
endef
define MAIN_RULE
$(call program_of,$(1)): $(call objects_of,$(1) $(2)) $(call libs_included,$(1) $(2))
	@$$(link_program) $(LIBS_SYSTEM)
endef
define FUZZ_RULE
$(call replay_of,$(1)): $(call objects_of,$(1) $(FUZZ_SUPPORT) tests/fuzz/replay_main.c) $(call libs_included,$(1) $(FUZZ_SUPPORT) tests/fuzz/replay_main.c)
	@$$(link_program) $(LIBS_SYSTEM)
$(call fuzzer_of,$(1)): $(call objects_of,$(1) $(FUZZ_SUPPORT)) $(call libs_included,$(1) $(FUZZ_SUPPORT))
	@$$(link_program) -fsanitize=fuzzer $(LIBS_SYSTEM)
endef
$(foreach t,$(UNIT_SOURCES),$(eval $(call UNIT_RULE,$(t))))
$(foreach t,$(WIRE_SOURCES),$(eval $(call WIRE_RULE,$(t))))
$(foreach t,$(STRESS_SOURCES),$(eval $(call MAIN_RULE,$(t),$(STRESS_SUPPORT))))
$(foreach t,$(SIM_SOURCES),$(eval $(call MAIN_RULE,$(t),$(SIM_SUPPORT))))
$(foreach t,$(BENCH_SOURCES) $(TABLE_SOURCES),$(eval $(call MAIN_RULE,$(t))))
$(foreach t,$(FUZZ_SOURCES),$(eval $(call FUZZ_RULE,$(t))))

# The verifier's loop once more, under another name: it hands each step to this program.
$(V)/checked/verify.o: proto/pickle/verify.c $(V)/flags.list Makefile
	@mkdir -p $(@D)
	@echo "  CC   $< (checked)"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -DBRINE_CHECK_MACHINE=1 -Dpickle_verify=pickle_verify_checked \
		-DPICKLE_LIMITS_DEFAULT=PICKLE_LIMITS_CHECKED -MMD -MP -c $< -o $@
	@objcopy --weaken $@
-include $(V)/checked/verify.d
$(V)/tests/stress/exhaustive_step: $(V)/checked/verify.o

UNIT_TESTS   := $(call program_of,$(UNIT_SOURCES))
WIRE_TESTS   := $(call program_of,$(WIRE_SOURCES))
STRESS_TESTS := $(call program_of,$(STRESS_SOURCES))
SIM_TESTS    := $(call program_of,$(SIM_SOURCES))
TABLES       := $(call program_of,$(TABLE_SOURCES))
BENCHES      := $(filter-out %/load %/instr %/delay %/bench_evict,$(call program_of,$(BENCH_SOURCES)))
REPLAYS      := $(call replay_of,$(FUZZ_SOURCES))
FUZZERS      := $(call fuzzer_of,$(FUZZ_SOURCES))

# Criterion does not run under TSan: there the unit tests stay away and the wire tests, not
# instrumented themselves, drive the instrumented server.
ifeq ($(SAN),tsan)
UNIT_TESTS :=
# Programs of one thread race with nobody.
STRESS_TESTS := $(filter-out %/exhaustive_step %/failing_session %/hash_flood,$(STRESS_TESTS))
WIRE_TESTS := $(WIRE_TESTS:$(V)/%=$(BUILD)/release/%)
$(WIRE_TESTS): FORCE
	@+$(MAKE) --no-print-directory SAN= $@
endif

RUN_TESTS := python3 tests/tools/run_tests.py --build $(V) \
    --variant $(VARIANT) --jobs $(JOBS)

.PHONY: unit wire stress sim replay scripts
unit: $(UNIT_TESTS)
	@$(RUN_TESTS) --unit $^
wire: $(WIRE_TESTS) $(V)/brine-server $(V)/brine-cli
	@$(RUN_TESTS) --wire $(WIRE_TESTS)
stress: $(STRESS_TESTS) $(V)/brine-server
	@$(RUN_TESTS) --main $(STRESS_TESTS)
sim: $(SIM_TESTS)
	@$(RUN_TESTS) --main $^
replay: $(REPLAYS)
	@$(RUN_TESTS) --replay $^
scripts: $(V)/brine-server $(V)/brine-cli
	@$(RUN_TESTS) --suite tests/tools/suite.txt

# Everything, without installing anything; ONLY=unit,wire,main,replay,suite takes a part.
.PHONY: check check-programs
check-programs: all $(if $(SAN),,$(V)/tests/bench/instr) $(UNIT_TESTS) $(WIRE_TESTS) $(STRESS_TESTS) $(SIM_TESTS) $(REPLAYS)
run_check = $(RUN_TESTS) $(if $(ONLY),--only $(ONLY)) --unit $(UNIT_TESTS) --wire $(WIRE_TESTS) \
    --main $(STRESS_TESTS) $(SIM_TESTS) --replay $(REPLAYS) --suite tests/tools/suite.txt
check: check-programs
	@$(run_check)

# ---- what people type ---------------------------------------------------------------------------
install_packages = sh tests/tools/install_packages.sh

.PHONY: help deps deps-run deps-test run test lint fuzz fuzz-build coverage bench bench-verify bench-parts soak test-ecosystem
help:
	@sed -n 's/^#: //p' Makefile
#: make                    build/brine-server and build/brine-cli (release, hardened)
#: make run                install what is missing, build, serve on 127.0.0.1:6379 (ARGS='--server.port=7000')
#: make test               install what is missing, build, run every test; last line: N passed, N failed
#: make check              the same without installing; ONLY=unit,wire,main,replay,suite takes a part
#: make unit|wire|stress|sim|replay|scripts   one ring of tests
#: make SAN=asan|tsan|cov check   under ASan+UBSan, TSan, or with coverage
#: make coverage           tests of the cov variant, then the lines covered by folder
#: make coverage-corpus    lines and branches of the verifier that tests/corpus/pickle reaches
#: make lint               format, layers, sizes, banned calls, globals, spelling, static analysis
#: make generated          write config.example.toml anew
#: make fuzz FUZZ_S=60     each fuzz target for 60 seconds; FUZZ=resp takes one
#: make bench              compare with redis-server; BENCH_QUICK=1, BENCH_ROUNDS=, BENCH_PEER='NAME=COMMAND with {port}', BENCH_PLOTS=DIR, BENCH_ARGS='--only growth'
#: make bench-verify       the verifier beside CPython's pickle.loads and pickletools.genops; BENCH_ARGS='--only WORD'
#: make bench-snapshot     saving and loading beside redis-server's; BENCH_ARGS='--mb 200 --rounds 1'
#: make snapshot-soak      kills, failing disks, power failures and damaged files, in the thousands: some 40 minutes
#: make bench-evict        what is still held when memory is short, beside redis-server; EVICT_ARGS='--only zipf10'
#: make bench-instr        instructions a command beside those on record; INSTR_ARGS=--write renews them
#: make bench-parts        single parts in isolation, no sockets
#: make bench-delay        how long commands wait while a million keys end, or entries give way; idle cost; DELAY_ARGS=
#: make churn CHURN_S=600  mixed sizes at the memory limit: resident memory beside memory.max; CHURN_MB='100 256'
#: make unread             clients who do not read, or send halves: resident memory beside memory.max; UNREAD_ARGS='--memory-mb 48 128 512 --writer'
#: make soak SOAK_S=600    mixed load with expiry, eviction, snapshots and churn; checks memory, descriptors, errors
#: make abuse              clients that mean harm, and whether answers are those of some order; the long runs
#: make test-ecosystem     the Python libraries of today, from PyPI, in a venv
#: make test-recipes       README's recipes carried out in a copy of the tree
#: make install            PREFIX=/usr/local SYSCONFDIR=PREFIX/etc LIBDIR=PREFIX/lib UNITDIR=PREFIX/lib/systemd/system DOCDIR=PREFIX/share/doc/brine DESTDIR=
#: make install-strip      the same without debuggers' symbols
#: make library            libbrine.a and .so: the verifier for programs of your own (proto/brine.h); libbrine-client
#: make deb                Debian packages of it all, in build/deb (needs debhelper and the build's own packages)
#: make test-browser       the HTTP page in a headless Chromium, which it installs (SCREENSHOT=FILE keeps a picture)
#: make test-presets       the values of numpy, pandas, sklearn, Django ... under their presets (Debian's packages)
#: make deps               every Debian package that any target needs (deps-run: to build and serve)
#: make clean

deps:
	@$(install_packages) $(PACKAGES_LINT)
deps-run:
	@$(install_packages) $(PACKAGES_RUN)
deps-test:
	@$(install_packages) $(PACKAGES_TEST)

run: deps-run
	@+$(MAKE) --no-print-directory -j$(JOBS) all
	exec $(BUILD)/brine-server $(ARGS)

# The runner runs here and not in the make below, so that its counts are the last line but for what
# make itself has to say of a failure.
test: deps-test
	@+$(MAKE) --no-print-directory -j$(JOBS) check-programs || { echo "0 passed, 1 failed"; exit 1; }
	@$(run_check)

lint:
	@+$(MAKE) --no-print-directory -j$(JOBS) SAN= all tables
	@python3 tests/tools/lint.py --build $(BUILD)/release --jobs $(JOBS)

.PHONY: generated tables
tables: $(TABLES)
generated: $(BUILD)/release/brine-server tables
	@python3 tests/tools/check_generated.py $(BUILD)/release --write

FUZZ_S ?= 60
fuzz:
	@+$(MAKE) --no-print-directory -j$(JOBS) SAN=fuzz fuzz-build
	@python3 tests/tools/run_fuzz.py --seconds $(FUZZ_S) --jobs $(JOBS) --build $(BUILD)/fuzz $(if $(FUZZ),--only $(FUZZ)) $(if $(FUZZ_SEED),--seed $(FUZZ_SEED))
fuzz-build: $(if $(FUZZ),$(FUZZ:%=$(V)/tests/fuzz/fuzz_%),$(FUZZERS))

coverage:
	@find $(BUILD)/cov -name '*.gcda' -delete 2>/dev/null || true
	@+$(MAKE) --no-print-directory -j$(JOBS) SAN=cov check
	@python3 tests/tools/coverage.py --build $(BUILD)/cov

# The pickle corpus and nothing else: what it does not reach is not held by a named case.
CORPUS_PROGRAMS := unit/proto-pickle/test_corpus $(foreach p,verify disasm view,replay/replay_pickle_$(p))
.PHONY: coverage-corpus
coverage-corpus:
	@+$(MAKE) --no-print-directory -j$(JOBS) SAN=cov $(CORPUS_PROGRAMS:%=$(BUILD)/cov/tests/%)
	@find $(BUILD)/cov -name '*.gcda' -delete
	@python3 tests/tools/run_tests.py --build $(BUILD)/cov --variant cov --jobs $(JOBS) \
		--unit $(BUILD)/cov/tests/unit/proto-pickle/test_corpus --replay $(filter %_verify %_disasm %_view,$(CORPUS_PROGRAMS:%=$(BUILD)/cov/tests/%))
	@python3 tests/tools/coverage.py --build $(BUILD)/cov --corpus

BENCH_PLOTS ?= $(BUILD)/plots
bench:
	@+$(MAKE) --no-print-directory -j$(JOBS) SAN= all $(addprefix $(BUILD)/release/tests/bench/,load delay)
	@python3 tests/bench/bench.py --build $(BUILD)/release $(if $(BENCH_ROUNDS),--rounds $(BENCH_ROUNDS)) \
		$(if $(BENCH_QUICK),--quick) $(if $(BENCH_PEER),--peer '$(BENCH_PEER)') --json $(BUILD)/bench.json $(BENCH_ARGS)
	@python3 tests/bench/plot.py $(BUILD)/bench.json $(BENCH_PLOTS)

# Beside Debian's CPython, which has the libraries whose values are measured.
bench-verify:
	@$(install_packages) $(PACKAGES_PRESETS)
	@+$(MAKE) --no-print-directory -j$(JOBS) SAN= $(BUILD)/release/tests/bench/bench_verify
	@/usr/bin/python3 -W ignore tests/bench/bench_verify.py $(BUILD)/release/tests/bench/bench_verify $(BENCH_ARGS)

.PHONY: bench-snapshot
bench-snapshot:
	@+$(MAKE) --no-print-directory -j$(JOBS) SAN= all $(BUILD)/release/tests/bench/load
	@python3 tests/bench/snapshot.py --build $(BUILD)/release $(BENCH_ARGS)

# The long form of what `make test` runs of snapshots: FAULTS_PYTHON has redis-py.
FAULTS_PYTHON ?= /usr/bin/python3
.PHONY: snapshot-soak
snapshot-soak:
	@+$(MAKE) --no-print-directory -j$(JOBS) SAN= all
	@$(FAULTS_PYTHON) tests/tools/snapshot_faults.py --server $(BUILD)/release/brine-server --cycles 500 --flips 3000 --only kill,damage
	@$(FAULTS_PYTHON) tests/tools/snapshot_disk.py --server $(BUILD)/release/brine-server --cli $(BUILD)/release/brine-cli --states 10000
	@$(FAULTS_PYTHON) tests/tools/snapshot_format.py --server $(BUILD)/release/brine-server --cli $(BUILD)/release/brine-cli --damages 350

CHURN_S ?= 600
CHURN_MB ?= 128
.PHONY: churn
churn: $(V)/brine-server
	@python3 tests/bench/churn.py --server $(V)/brine-server --seconds $(CHURN_S) --memory-mb $(CHURN_MB) $(CHURN_ARGS)

.PHONY: unread
unread: $(V)/brine-server
	@python3 tests/bench/unread.py --server $(V)/brine-server $(UNREAD_ARGS)

# bench_pauses with the server's allocator and its settings: the C library's gives 100 MB back at once.
.PHONY: bench-delay
bench-delay:
	@+$(MAKE) --no-print-directory -j$(JOBS) SAN= all $(BUILD)/release/tests/bench/delay $(BUILD)/release/tests/bench/bench_pauses
	@MALLOC_CONF=$$(sed -n 's/^const char .const malloc_conf = "\(.*\)";/\1/p' server/main.c) \
		LD_PRELOAD=$$(ldd $(BUILD)/release/brine-server | awk '/jemalloc/ { print $$3 }') $(BUILD)/release/tests/bench/bench_pauses
	@python3 tests/bench/delay.py --build $(BUILD)/release $(DELAY_ARGS)

.PHONY: bench-evict
bench-evict:
	@+$(MAKE) --no-print-directory -j$(JOBS) SAN= all $(BUILD)/release/tests/bench/bench_evict
	@python3 tests/bench/evict.py --build $(BUILD)/release $(EVICT_ARGS)

# Beside Python's scanners from PyPI, which go into a venv.
.PHONY: bench-verify-peers
bench-verify-peers: $(BUILD)/release/brine-cli
	@[ -x $(BUILD)/peers/bin/python ] || { $(install_packages) python3-venv && python3 -m venv $(BUILD)/peers; }
	@$(BUILD)/peers/bin/pip install -q picklescan fickling typing_extensions
	@$(BUILD)/peers/bin/python tests/bench/verify_peers.py --cli $(BUILD)/release/brine-cli $(BENCH_ARGS)
ifneq ($(SAN),)
$(BUILD)/release/brine-cli: FORCE
	@+$(MAKE) --no-print-directory SAN= $@
endif

.PHONY: bench-instr
bench-instr:
	@+$(MAKE) --no-print-directory -j$(JOBS) SAN= $(BUILD)/release/tests/bench/instr
	@python3 tests/bench/instr.py --program $(BUILD)/release/tests/bench/instr $(INSTR_ARGS)

bench-parts: $(BENCHES)
	@for program in $^; do $$program || exit 1; done

SOAK_S ?= 60
soak: $(V)/brine-server $(BUILD)/release/tests/bench/load
	@python3 tests/bench/soak.py --seconds $(SOAK_S) --server $(V)/brine-server --load $(BUILD)/release/tests/bench/load
# A million requests each at two and four threads, and what fits into no quick test.
.PHONY: abuse
abuse: $(V)/brine-server $(V)/tests/stress/linearizable
	@BRINE_SERVER=$(V)/brine-server $(V)/tests/stress/linearizable 20000 2
	@BRINE_SERVER=$(V)/brine-server $(V)/tests/stress/linearizable 20000 4
	@python3 tests/tools/abuse.py --server $(V)/brine-server --full
	@python3 tests/tools/abuse.py --server $(V)/brine-server --full --tls
ifneq ($(SAN),)
$(BUILD)/release/tests/bench/load: FORCE
	@+$(MAKE) --no-print-directory SAN= $@
endif

test-ecosystem: $(V)/brine-server $(V)/brine-cli
	@BRINE_SERVER=$(abspath $(V)/brine-server) sh tests/ecosystem/run.sh $(abspath $(V)/brine-server) $(BUILD)

# README's recipes, in a copy of the tree.
.PHONY: test-recipes
test-recipes:
	@python3 tests/tools/readme_recipes.py --jobs $(JOBS)

# The HTTP page in a real browser; SCREENSHOT=FILE keeps a picture of it.
.PHONY: test-browser
test-browser:
	@$(install_packages) $(PACKAGES_TEST) chromium
	@+$(MAKE) --no-print-directory -j$(JOBS) $(V)/brine-server
	@/usr/bin/python3 tests/tools/http_browser.py --server $(V)/brine-server $(if $(SCREENSHOT),--screenshot $(SCREENSHOT))

# Values of every library that a preset is for, written by Debian's Python and verified offline.
.PHONY: test-presets
test-presets:
	@$(install_packages) $(PACKAGES_PRESETS)
	@+$(MAKE) --no-print-directory -j$(JOBS) $(V)/brine-cli
	@/usr/bin/python3 -W ignore tests/tools/preset_values.py --check $(V)/brine-cli
	@/usr/bin/python3 -W ignore tests/tools/pickle_joblib.py $(V)/brine-cli 20000
	@/usr/bin/python3 tests/tools/pickle_real.py --presets stdlib,numpy,pandas --count 10000

.PHONY: install clean
LIBDIR ?= $(PREFIX)/lib
SYSCONFDIR ?= $(PREFIX)/etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
DOCDIR  ?= $(PREFIX)/share/doc/brine
INSTALL_PROGRAM = install -m 755
# What README.md shows and points at (behind "](": make wants no single parenthesis), beside it as in the tree; LICENSE is one.
DOCS     = $(sort $(shell sed -n 's/^.*[]]\x28\([^\x29\x23:]*\)\x29.*$$/\1/p' README.md) $(wildcard tests/bench/plots/*.svg))
# brine.toml is its owner's once it is there.
install: all library
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(DOCDIR)
	$(INSTALL_PROGRAM) $(V)/brine-server $(V)/brine-cli $(DESTDIR)$(PREFIX)/bin
	for doc in README.md CHANGELOG.md $(DOCS); do install -D -m 644 $$doc $(DESTDIR)$(DOCDIR)/$$doc || exit 1; done
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig
	install -m 644 $(V)/libbrine.a $(DESTDIR)$(LIBDIR)
	$(INSTALL_PROGRAM) $(V)/libbrine.so $(DESTDIR)$(LIBDIR)/$(LIBRARY_SONAME)
	ln -sfn $(LIBRARY_SONAME) $(DESTDIR)$(LIBDIR)/libbrine.so
	for header in $(LIBRARY_HEADERS:proto/%=%); do \
		install -D -m 644 proto/$$header $(DESTDIR)$(PREFIX)/include/brine/$$header || exit 1; done
	sed 's,@PREFIX@,$(PREFIX),; s,@LIBDIR@,$(LIBDIR),; s,@VERSION@,$(LIBRARY_VERSION),' proto/brine.pc.in \
		>$(DESTDIR)$(LIBDIR)/pkgconfig/brine.pc
	install -m 644 $(V)/libbrine-client.a $(DESTDIR)$(LIBDIR)
	$(INSTALL_PROGRAM) $(V)/libbrine-client.so $(DESTDIR)$(LIBDIR)/$(CLIENT_SONAME)
	ln -sfn $(CLIENT_SONAME) $(DESTDIR)$(LIBDIR)/libbrine-client.so
	install -m 644 $(CLIENT_HEADERS) $(DESTDIR)$(PREFIX)/include/brine
	sed 's,@PREFIX@,$(PREFIX),; s,@LIBDIR@,$(LIBDIR),; s,@VERSION@,$(LIBRARY_VERSION),' client/lib/brine-client.pc.in \
		>$(DESTDIR)$(LIBDIR)/pkgconfig/brine-client.pc
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(PREFIX)/share/man/man8 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(V)/brine-cli man >$(DESTDIR)$(PREFIX)/share/man/man1/brine-cli.1
	$(V)/brine-server --print-manual >$(DESTDIR)$(PREFIX)/share/man/man8/brine-server.8
	$(V)/brine-server --print-file-manual >$(DESTDIR)$(PREFIX)/share/man/man5/brine.toml.5
	$(V)/brine-cli completion bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/brine-cli
	$(V)/brine-server --print-completion-bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/brine-server
	$(V)/brine-server --print-completion-zsh >$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_brine-server
	$(V)/brine-server --print-completion-fish >$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/brine-server.fish
	$(V)/brine-cli completion zsh >$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_brine-cli
	$(V)/brine-cli completion fish >$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/brine-cli.fish
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SYSCONFDIR)/logrotate.d $(DESTDIR)$(SYSCONFDIR)/brine
	sed 's,/usr/bin/,$(PREFIX)/bin/,; s,/etc/brine,$(SYSCONFDIR)/brine,' docker/brine.service >$(DESTDIR)$(UNITDIR)/brine.service
	install -m 644 docker/brine.logrotate $(DESTDIR)$(SYSCONFDIR)/logrotate.d/brine
	[ -e $(DESTDIR)$(SYSCONFDIR)/brine/brine.toml ] || { umask 027 && sed 's,^#on_stop = false,on_stop = true,' config.example.toml \
		>$(DESTDIR)$(SYSCONFDIR)/brine/brine.toml; }

# The same without symbols for debuggers: a fifth of the size.
.PHONY: install-strip
install-strip:
	+$(MAKE) INSTALL_PROGRAM='install -s -m 755' install

# The tree as version control sees it, with docker/debian where Debian's tools look for it.
DEB  := $(BUILD)/deb/brine-$(LIBRARY_VERSION)
DATE  = $(shell git log -1 --format=%cD)
.PHONY: deb
deb:
	@rm -rf $(BUILD)/deb
	@mkdir -p $(DEB)
	@git ls-files -z | tar -c --null -T - | tar -x -C $(DEB)
	@tar -C $(BUILD)/deb -cJf $(BUILD)/deb/brine_$(LIBRARY_VERSION).orig.tar.xz $(notdir $(DEB))
	@cp -r docker/debian $(DEB)/debian
	@cd $(DEB)/debian && for form in *.in; do \
		sed "s/@VERSION@/$(LIBRARY_VERSION)/g; s/@DATE@/$(DATE)/" $$form >$${form%.in} && rm $$form || exit 1; done
	@cd $(DEB)/debian && for library in libbrine libbrine-client; do mv $$library.install $${library}$(LIBRARY_VERSION).install || exit 1; done
	@mkdir $(DEB)/debian/source
	@echo '3.0 (quilt)' >$(DEB)/debian/source/format
	@cd $(DEB) && env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u BUILD -u SAN dpkg-buildpackage -us -uc
	@ls $(BUILD)/deb/*.deb $(BUILD)/deb/*.dsc

clean:
	rm -rf $(BUILD)
