# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
#
# One Makefile for everything.  `make help` lists what it can do.
#   SAN=asan|tsan|cov   another variant, in a build folder of its own
#   BUILD=DIR           where objects go (default: build)
#   CC=clang            another compiler

include tests/tools/layers.mk

BUILD  ?= build
SAN    ?=
CC     := $(if $(filter default,$(origin CC)),gcc,$(CC))
PREFIX ?= /usr/local
V      := $(BUILD)/$(or $(SAN),release)
JOBS   ?= $(shell nproc)

PACKAGES_BUILD := gcc make pkg-config libc6-dev libuv1-dev libhiredis-dev libjemalloc-dev
PACKAGES_TEST  := libcriterion-dev redis-server redis-tools python3 python3-redis

CPPFLAGS := -D_GNU_SOURCE -Iproto -Iserver -Itests/unit -I.
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wswitch-enum -Wstrict-prototypes -Wmissing-prototypes \
            -Wpointer-arith -Wvla -Wformat=2 -Wundef
HARDEN   := -fPIE -fstack-protector-strong -fcf-protection -fno-plt
LDHARDEN := -pie -Wl,-z,relro,-z,now,-z,noexecstack
CFLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2 -fno-omit-frame-pointer
CFLAGS_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_tsan    := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
CFLAGS_cov     := -O0 -g --coverage
LDFLAGS_asan   := -fsanitize=address,undefined
LDFLAGS_tsan   := -fsanitize=thread
LDFLAGS_cov    := --coverage
LIBS_release   := -ljemalloc
VARIANT := $(or $(SAN),release)
CFLAGS  := -std=gnu11 $(WARNINGS) $(HARDEN) $(CFLAGS_$(VARIANT)) $(EXTRA_CFLAGS)
LDFLAGS := $(LDHARDEN) $(LDFLAGS_$(VARIANT))
LIBS_SERVER := -luv -lpthread -lm $(LIBS_$(VARIANT))

.PHONY: all
all: $(BUILD)/brine-server

# ---- layers: a folder is a static library -------------------------------------------------------
lib_of  = $(V)/lib/$(subst /,-,$(1)).a
libs_of = $(foreach l,$(1) $(LAYER_$(1)),$(call lib_of,$(l)))

define LAYER_RULE
$(call lib_of,$(1)): $(patsubst %.c,$(V)/obj/%.o,$(sort $(wildcard $(1)/*.c)))
	@mkdir -p $$(@D)
	@rm -f $$@
	@$(AR) rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call LAYER_RULE,$(l))))

$(V)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

-include $(shell find $(V)/obj -name '*.d' 2>/dev/null)

# ---- programs -----------------------------------------------------------------------------------
$(V)/brine-server: $(V)/obj/server/main.o $(call libs_of,server/net)
	@echo "  LD   $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(call libs_of,server/net) $(LIBS_SERVER)

$(BUILD)/brine-server: $(V)/brine-server
	@ln -sfn $(VARIANT)/brine-server $@

# ---- tests: tests/unit/<layer with - for />/test_*.c, one program each --------------------------
UNIT_SOURCES := $(sort $(wildcard tests/unit/*/test_*.c))
UNIT_TESTS   := $(patsubst tests/%.c,$(V)/tests/%,$(UNIT_SOURCES))
unit_layer    = $(subst -,/,$(notdir $(patsubst %/,%,$(dir $(1)))))

define UNIT_RULE
$(patsubst tests/%.c,$(V)/tests/%,$(1)): $(V)/obj/$(1:.c=.o) $(patsubst %.c,$(V)/obj/%.o,$(wildcard tests/unit/support/*.c)) $(call libs_of,$(call unit_layer,$(1)))
	@mkdir -p $$(@D)
	@echo "  LD   $$@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $$@ $$^ -lcriterion -luv -lpthread -lm
endef
$(foreach t,$(UNIT_SOURCES),$(eval $(call UNIT_RULE,$(t))))

.PHONY: unit
unit: $(UNIT_TESTS)
	@for t in $^; do echo "== $$t"; ASAN_OPTIONS=abort_on_error=1 $$t --short-filename || exit 1; done

.PHONY: clean
clean:
	rm -rf $(BUILD)
