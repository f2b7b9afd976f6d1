# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
#
# Who may use whom: LAYER_<folder> lists every layer that the folder may include and link, lower
# ones last.  The Makefile links by these rows and `make lint` checks includes and symbols by them.
LAYERS := proto/base proto/text proto/resp proto/policy proto/pickle proto/frame proto/rdb proto/snapshot \
          server/observe server/config server/auth server/store server/gate server/keyspace server/snapshot server/session \
          server/script \
          server/cmd server/net server/http client/lib client

LAYER_proto/base      :=
LAYER_proto/text      := proto/base
LAYER_proto/resp      := proto/text proto/base
LAYER_proto/policy    := proto/text proto/base
LAYER_proto/pickle    := proto/policy proto/text proto/base
LAYER_proto/frame     := proto/text proto/base
LAYER_proto/rdb       := proto/base
LAYER_proto/snapshot  := proto/base
LAYER_server/observe  := proto/text proto/base
LAYER_server/config   := server/observe proto/text proto/base
LAYER_server/auth     := server/config server/observe proto/text proto/base
LAYER_server/store    := server/observe proto/base
LAYER_server/gate     := proto/frame proto/pickle proto/policy server/config server/observe proto/text proto/base
LAYER_server/keyspace := server/gate server/store $(LAYER_server/gate)
LAYER_server/snapshot := proto/snapshot server/keyspace $(LAYER_server/keyspace)
LAYER_server/session  := server/auth server/keyspace proto/resp $(LAYER_server/keyspace)
LAYER_server/script   := proto/base
LAYER_server/cmd      := server/script server/session proto/rdb server/snapshot proto/snapshot $(LAYER_server/session)
LAYER_server/net      := server/cmd $(LAYER_server/cmd)
LAYER_server/http     := server/cmd $(LAYER_server/cmd)
LAYER_client/lib      := proto/resp proto/text proto/base
LAYER_client          := client/lib proto/snapshot proto/frame proto/pickle proto/policy proto/resp proto/text proto/base
