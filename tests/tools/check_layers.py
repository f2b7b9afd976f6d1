#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""A layer that reaches upward is a defect: by #include, and by symbol in what was built.

Usage: check_layers.py [--build build/release]
"""
import argparse
import os
import re
import subprocess

import tree

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.M)

# Headers of the system and of libraries that only some folders may know, as the promises have it.
ONLY_IN = {
    "uv.h": ("server/net/", "server/http/", "server/main.c", "server/server.h", "client/lib/"),
    "hiredis/": ("client/lib/",),
    "openssl/": ("server/auth/", "server/net/", "server/observe/", "server/script/", "server/upstream/", "client/lib/"),
    "store/store_write.h": ("server/store/", "server/keyspace/"),
    "store/shard.h": ("server/store/",),  # it includes the former
}
NOT_IN_PROTO = ("time.h", "sys/time.h", "pthread.h", "threads.h", "sys/socket.h", "netinet/", "unistd.h", "fcntl.h", "signal.h")


def layer_of_header(path, layers):
    """proto/base for base/bytes.h; None for what is no layer's."""
    for folder in ("proto/", "server/", ""):
        candidate = os.path.dirname(folder + path)
        if candidate in layers and os.path.exists(folder + path):
            return candidate
    return None


def check_includes(layers):
    for path in tree.files():
        if not path.endswith(tree.SOURCE) or not path.startswith(tree.LIBRARY_FOLDERS):
            continue
        if path == "proto/brine.h" or path.startswith("client/examples/"):
            continue  # the library's front page, and programs outside, which include what is installed
        own = os.path.dirname(path)
        if own != "server" and own not in layers:
            yield f"{path}: folder {own} has no row in tests/tools/layers.mk"
            continue
        text = tree.read(path)
        for match in INCLUDE.finditer(text):
            header = match.group(1) or match.group(2)
            where = f"{path}:{text.count(chr(10), 0, match.start()) + 1}"
            for name, places in ONLY_IN.items():
                if header.startswith(name) and not path.startswith(places):
                    yield f"{where}: {header} is for {', '.join(places)} alone"
            if match.group(2):
                if path.startswith("proto/") and header.startswith(NOT_IN_PROTO):
                    yield f"{where}: proto knows no clock, socket, thread: <{header}>"
                continue
            layer = layer_of_header(header, layers)
            if header in ("server.h", "server/server.h"):
                layer = "server"
            if layer is None:
                yield f"{where}: \"{header}\" is no header of a layer"
            elif own != "server" and layer != own and layer not in layers[own]:
                yield f"{where}: {own} may not include {layer} (\"{header}\")"


def symbols(library):
    """(defined, undefined) global names of a static library."""
    text = subprocess.run(["nm", "--format=posix", library], stdout=subprocess.PIPE, check=True).stdout.decode()
    defined, undefined = set(), set()
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and words[1] in "UTDBRVWC":
            (undefined if words[1] == "U" else defined).add(words[0])
    return defined, undefined - defined


def check_symbols(layers, build):
    found = {}
    for layer in layers:
        library = os.path.join(build, "lib", layer.replace("/", "-") + ".a")
        if os.path.exists(library):
            found[layer] = symbols(library)
    owner = {name: layer for layer, (defined, _) in found.items() for name in defined}
    for layer, (_, undefined) in found.items():
        for name in sorted(undefined):
            if name in owner and owner[name] not in layers[layer] and owner[name] != layer:
                yield f"{layer}: uses {name} of {owner[name]}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build")
    args = parser.parse_args()
    layers = tree.layers()
    found = list(check_includes(layers))
    if args.build:
        found += check_symbols(layers, args.build)
    tree.finish(found)


main()
