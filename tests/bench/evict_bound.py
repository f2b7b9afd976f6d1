# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""What a cache could hold that knows the future: how few misses are possible on a trace of evict_traces.py.

    evict_bound.py [--counts] TRACE MEGABYTES [MEGABYTES ...]

Two figures, in misses of reads as evict.py counts them; what the best policy can do lies between them.

`least` no policy undercuts, whatever it knows.  To hit at a read a cache must have kept the value since the
key's read before, so a hit costs the value's bytes times the reads between; the cache has its bytes times all
reads to spend, and the cheapest hits are taken first.  Source: Berger, Beckmann, Harchol-Balter, "Practical
bounds on optimal caching with variable object sizes", SIGMETRICS'18 (PFOO-L), with the cap that a time to
live puts on each key's hits.

`seer` is a policy that can be run, if one knew: of GROUP entries the one gives way whose bytes times reads
until its next use is most; a value that is worse than all of them is not stored.

With --counts a third instead, of what can be run without the future, though not in a few bytes an entry: every read of
every key is counted for ever; what was read least often gives way, and what was read less often than that is not stored.
For traces of one size without times to live.

Only keys and values take memory here; what a server needs beside them is not counted.
"""
import argparse
import collections
import heapq
import random

from evict_traces import WARM_SHARE

GROUP = 32
NEVER = 1 << 60


def read_trace(path):
    """Columns: when, key, bytes with the key, when its life ends if it is stored now."""
    times, keys, sizes, ends, numbers = [], [], [], [], {}
    with open(path, encoding="ascii") as file:
        for line in file:
            at_ms, key, size, ttl_ms = line.split()
            times.append(int(at_ms))
            keys.append(numbers.setdefault(key, len(numbers)))
            sizes.append(int(size) + len(key))
            ends.append(int(at_ms) + int(ttl_ms) if ttl_ms != "0" else NEVER)
    return times, keys, sizes, ends


def hits_a_key(trace, warm):
    """The most hits that each key can have after the warm-up, in a cache of any size.  No life that began before
    lasts longer than one that began with the last read of the warm-up, and who stores later misses later."""
    stored_until, hits = {}, collections.Counter()
    for number, (at_ms, key, _, end_ms) in enumerate(zip(*trace)):
        if number < warm or stored_until.get(key, -1) < at_ms:
            stored_until[key] = end_ms
        else:
            hits[key] += 1
    return hits


def least_misses(trace, limit_bytes):
    times, keys, sizes, ends = trace
    warm = len(keys) // WARM_SHARE
    before, prices = {}, []
    for number, key in enumerate(keys):
        last = before.get(key)
        before[key] = number
        if number >= warm and last is not None and times[number] <= ends[last]:
            prices.append((sizes[number] * (number - max(last, warm)), key))
    left, hits, spare = hits_a_key(trace, warm), 0, limit_bytes * (len(keys) - warm)
    for price, key in sorted(prices):
        if price > spare:
            break
        if left[key] > 0:
            left[key] -= 1
            spare -= price
            hits += 1
    return 1 - hits / (len(keys) - warm)


def next_uses(keys):
    following, uses = {}, [NEVER] * len(keys)
    for number in range(len(keys) - 1, -1, -1):
        uses[number] = following.get(keys[number], NEVER)
        following[keys[number]] = number
    return uses


class Seer:
    """A cache that is told when each entry is used next."""

    def __init__(self, limit_bytes):
        self.room, self.rng = limit_bytes, random.Random(1)
        self.entries, self.places, self.order = {}, {}, []  # key: (bytes, next use, end of life)

    def badness(self, key, number):
        size, use, _ = self.entries[key]
        return size * (use - number)

    def put(self, key, entry):
        if key not in self.entries:
            self.places[key] = len(self.order)
            self.order.append(key)
            self.room -= entry[0]
        self.entries[key] = entry

    def drop(self, key):
        self.room += self.entries.pop(key)[0]
        last, place = self.order.pop(), self.places.pop(key)
        if last != key:
            self.order[place], self.places[last] = last, place

    def store(self, key, entry, number):
        self.put(key, entry)
        while self.room < 0:
            group = {self.order[int(self.rng.random() * len(self.order))] for _ in range(GROUP)} | {key}
            if key not in self.entries:
                group.remove(key)
            self.drop(max(group, key=lambda one: self.badness(one, number)))


def seer_misses(trace, limit_bytes):
    times, keys, sizes, ends = trace
    uses, warm, misses = next_uses(keys), len(keys) // WARM_SHARE, 0
    cache = Seer(limit_bytes)
    for number, key in enumerate(keys):
        entry, use = cache.entries.get(key), uses[number]
        hit = entry is not None and entry[2] >= times[number]
        misses += number >= warm and not hit
        end = entry[2] if hit else ends[number]
        if use != NEVER and times[use] > end:
            use = NEVER
        if hit:
            cache.put(key, (entry[0], use, end))
        else:
            if entry:
                cache.drop(key)
            cache.store(key, (sizes[number], use, end), number)
    return misses / (len(keys) - warm)


def counts_misses(trace, limit_bytes):
    """Careful: the heap holds an item for each read; those that were read again since are passed over."""
    _, keys, sizes, _ = trace
    counts, read_last, heap = collections.Counter(), {}, []
    warm, misses, room = len(keys) // WARM_SHARE, 0, limit_bytes
    for number, (key, size) in enumerate(zip(keys, sizes)):
        counts[key] += 1
        if key not in read_last:
            misses += number >= warm
            if room < size:
                while read_last.get(heap[0][2]) != heap[0][1]:
                    heapq.heappop(heap)
                if heap[0][0] > counts[key]:
                    continue
                del read_last[heapq.heappop(heap)[2]]
            else:
                room -= size
        read_last[key] = number
        heapq.heappush(heap, (counts[key], number, key))
    return misses / (len(keys) - warm)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", action="store_true")
    parser.add_argument("trace")
    parser.add_argument("megabytes", type=float, nargs="+")
    options = parser.parse_args()
    trace = read_trace(options.trace)
    for megabytes in options.megabytes:
        limit = int(megabytes * 2**20)
        if options.counts:
            figures = f"counts {counts_misses(trace, limit):.4f}"
        else:
            figures = f"least {least_misses(trace, limit):.4f}, seer {seer_misses(trace, limit):.4f}"
        print(f"{options.trace} {megabytes:g} MB: {figures}", flush=True)


if __name__ == "__main__":
    main()
