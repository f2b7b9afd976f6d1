# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Writes the traces of `make bench-evict`: lines of "time_ms key value_bytes ttl_ms" (ttl 0: none).

    evict_traces.py DIRECTORY [WORKLOAD ...] [--scale 1.0]

Each is drawn from its own seed and is the same every time.  A line is a read by a cache's user: who
misses computes the value and stores it, with that size and that time to live.
"""
import argparse
import itertools
import math
import pathlib
import random

KEYS = 300_000
REQUESTS = 800_000
VALUE_BYTES = 1200
PER_SECOND = 50_000  # of the trace's own clock
WARM_SHARE = 5  # as bench_evict has it: the first fifth of the reads is not counted


def zipf_weights(keys, alpha):
    return list(itertools.accumulate(1 / (rank + 1) ** alpha for rank in range(keys)))


def zipf_ranks(rng, keys, alpha, count):
    return rng.choices(range(keys), cum_weights=zipf_weights(keys, alpha), k=count)


def plain(alpha, value_bytes=VALUE_BYTES):
    def workload(rng, scale):
        names = list(range(KEYS))
        rng.shuffle(names)
        for rank in zipf_ranks(rng, KEYS, alpha, int(REQUESTS * scale)):
            yield f"k{names[rank]:07}", value_bytes, 0
    return workload


def with_scans(rng, scale):
    """Zipf 1.0, and every 50,000 requests somebody reads 20,000 keys one after the other, once."""
    ranks = iter(zipf_ranks(rng, KEYS, 1.0, int(REQUESTS * scale)))
    fresh = itertools.count()
    for number, rank in enumerate(ranks):
        yield f"k{rank:07}", VALUE_BYTES, 0
        if number % 50_000 == 49_999:
            for _ in range(20_000):
                yield f"s{next(fresh):07}", VALUE_BYTES, 0


def shifting(rng, scale):
    """Zipf 0.9 over 100,000 keys, of which a tenth is replaced by new ones every 50,000 requests."""
    width = 100_000
    names = list(range(width))
    rng.shuffle(names)
    fresh = itertools.count(width)
    for number, rank in enumerate(zipf_ranks(rng, width, 0.9, int(REQUESTS * scale))):
        if number % 50_000 == 49_999:
            for place in rng.sample(range(width), width // 10):
                names[place] = next(fresh)
        yield f"k{names[rank]:07}", VALUE_BYTES, 0


def repeated(rng, scale):
    """Zipf 1.0, and every 50,000 requests somebody reads the same 20,000 keys one after the other."""
    ranks = iter(zipf_ranks(rng, KEYS, 1.0, int(REQUESTS * scale)))
    for number, rank in enumerate(ranks):
        yield f"k{rank:07}", VALUE_BYTES, 0
        if number % 50_000 == 49_999:
            for other in range(20_000):
                yield f"s{other:07}", VALUE_BYTES, 0


def mixed(rng, scale, lives=(0, 0, 1_000, 3_000, 10_000)):
    """Sizes from 100 B to 1 MB, lognormal, and four kinds of time to live, each fixed by the key."""
    keys = 30_000
    sizes, ttls = [], []
    for _ in range(keys):
        size = int(rng.lognormvariate(math.log(1500), 1.6))
        sizes.append(min(max(size, 100), 1 << 20))
        ttls.append(rng.choice(lives))
    for rank in zipf_ranks(rng, keys, 0.9, int(REQUESTS * scale / 4)):
        yield f"k{rank:07}", sizes[rank], ttls[rank]


def sizes(rng, scale):
    """As mixed, but all live on."""
    return mixed(rng, scale, lives=(0,))


WORKLOADS = {
    "zipf08": (plain(0.8), 1),
    "zipf10": (plain(1.0), 2),
    "zipf12": (plain(1.2, 3 * VALUE_BYTES), 3),
    "scans": (with_scans, 4),
    "shifting": (shifting, 5),
    "mixed": (mixed, 6),
    "repeated": (repeated, 7),
    "sizes": (sizes, 8),
}


def write(directory, name, scale):
    workload, seed = WORKLOADS[name]
    path = pathlib.Path(directory, f"{name}.trace")
    per_second = PER_SECOND // (4 if name in ("mixed", "sizes") else 1)
    with path.open("w") as file:
        for number, (key, size, ttl) in enumerate(workload(random.Random(seed), scale)):
            file.write(f"{number * 1000 // per_second} {key} {size} {ttl}\n")
    return path


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory")
    parser.add_argument("workloads", nargs="*", default=list(WORKLOADS))
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args()
    for name in options.workloads:
        print(write(options.directory, name, options.scale))


if __name__ == "__main__":
    main()
