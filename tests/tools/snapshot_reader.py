#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The brine authors
# SPDX-License-Identifier: Apache-2.0
"""Reads a snapshot as the head of proto/snapshot/format.h describes it, and by nothing else: it shows
that the description is enough, and holds brine's own reader to it (snapshot_format.py).

    tests/tools/snapshot_reader.py FILE      a line a record: database, flags, expiry, key, value

The checksum and the two packers are the C libraries that brine is built with."""
import ctypes
import struct
import sys
from collections import namedtuple

VERSION, DATABASES_MAX, PACKED_BYTES_MAX = 1, 1024, 256 * 1024
RECORDS, WRITERS, FOOTER = 1, 2, 3
PLAIN, LZ4, ZSTD = 0, 1, 2
EXPIRY, IDLE, FREQUENCY, ORIGIN, RESERVED = 0x08, 0x10, 0x20, 0x40, 0x80

XXHASH = ctypes.CDLL("libxxhash.so.0")
XXHASH.XXH3_64bits.restype = ctypes.c_uint64
XXHASH.XXH3_64bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
LIBLZ4 = ctypes.CDLL("liblz4.so.1")
LIBLZ4.LZ4_decompress_safe.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_int]
LIBZSTD = ctypes.CDLL("libzstd.so.1")
LIBZSTD.ZSTD_decompress.restype = LIBZSTD.ZSTD_findFrameCompressedSize.restype = ctypes.c_size_t
LIBZSTD.ZSTD_decompress.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
LIBZSTD.ZSTD_findFrameCompressedSize.argtypes = [ctypes.c_char_p, ctypes.c_size_t]

Header = namedtuple("Header", "magic version flags id taken_at entries databases reserved checksum")
Head = namedtuple("Head", "magic type codec reserved sequence records_before stored_bytes plain_bytes records shard payload_hash checksum")
Record = namedtuple("Record", "flags db expire_at_ms idle_s frequency stored_at_s writer key value")
HEADER, HEAD = struct.Struct("<8sII16sQQIIQ"), struct.Struct("<4sBBHQQQQIIQQ")
COUNTS = struct.Struct("<QQQQ")


class Damaged(Exception):
    """What is wrong, in words."""


def insist(condition, what):
    if not condition:
        raise Damaged(what)


def checksum(data):
    return XXHASH.XXH3_64bits(bytes(data), len(data))


def read_header(data):
    insist(len(data) >= HEADER.size, "too short for a header")
    header = Header(*HEADER.unpack_from(data))
    insist(header.magic == b"BRINESNP", "another magic")
    insist(header.checksum == checksum(data[:56]), "the header's checksum")
    insist(header.version == VERSION and header.flags == header.reserved == 0, "another version")
    insist(1 <= header.databases <= DATABASES_MAX, "a number of databases that cannot be")
    return header


def unpacked(head, payload):
    if head.codec == PLAIN:
        insist(len(payload) == head.plain_bytes, "a plain block of another length")
        return payload
    insist(head.type == RECORDS or head.codec == PLAIN, "a packed block that may not be")
    insist(head.plain_bytes <= PACKED_BYTES_MAX and len(payload) < head.plain_bytes, "a packed block of impossible length")
    target = ctypes.create_string_buffer(head.plain_bytes)
    if head.codec == LZ4:
        got = LIBLZ4.LZ4_decompress_safe(payload, target, len(payload), head.plain_bytes)
    else:
        insist(head.codec == ZSTD, "an unknown codec")
        insist(LIBZSTD.ZSTD_findFrameCompressedSize(payload, len(payload)) == len(payload), "not one frame")
        got = LIBZSTD.ZSTD_decompress(target, head.plain_bytes, payload, len(payload))
    insist(got == head.plain_bytes, "a block that cannot be unpacked")
    return target.raw


class Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        insist(size <= len(self.data) - self.at, "a record goes beyond its block's end")
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, kind):
        return struct.unpack("<" + kind, self.take(struct.calcsize(kind)))[0]


def read_record(cursor):
    flags, db = cursor.number("B"), cursor.number("H")
    key_len, value_len = cursor.number("H"), cursor.number("Q")
    insist(not flags & RESERVED, "a record of unknown kind")
    expire_at_ms = cursor.number("q") if flags & EXPIRY else 0
    insist(expire_at_ms or not flags & EXPIRY, "an expiry that is none")
    idle_s = cursor.number("I") if flags & IDLE else 0
    frequency = cursor.number("B") if flags & FREQUENCY else 0
    stored_at_s = cursor.number("I") if flags & ORIGIN else 0
    writer = cursor.number("H") if flags & ORIGIN else 0
    return Record(flags, db, expire_at_ms, idle_s, frequency, stored_at_s, writer, cursor.take(key_len), cursor.take(value_len))


def read_writers(payload):
    cursor, writers = Cursor(payload), {}
    while cursor.at < len(payload):
        number, length = cursor.number("H"), cursor.number("H")
        writers.setdefault(number, cursor.take(length))
    return writers


def read_records(head, payload):
    cursor, found = Cursor(payload), []
    while cursor.at < len(payload):
        found.append(read_record(cursor))
    insist(len(found) == head.records, "another number of records than the head says")
    return found


class Snapshot:
    """All of a file, or Damaged."""

    def __init__(self, data):
        self.header = read_header(data)
        self.records, self.writers, self.heads = [], {}, []
        self.offsets = [HEADER.size]  # where blocks begin, and the end
        at, folded, seen = HEADER.size, 0, 0
        while True:
            insist(len(data) - at >= HEAD.size, "no footer")
            head = Head(*HEAD.unpack_from(data, at))
            insist(head.magic == b"BRBK", "no block")
            insist(head.checksum == checksum(self.header.id + data[at:at + 56]), "a head's checksum")
            insist(head.reserved == 0 and RECORDS <= head.type <= FOOTER, "a block of another kind")
            insist(head.sequence == len(self.heads) and head.records_before == seen, "a block out of place")
            insist(head.stored_bytes <= len(data) - at - HEAD.size, "a block goes beyond the end")
            at += HEAD.size
            stored = data[at:at + head.stored_bytes]
            insist(checksum(stored) == head.payload_hash, "a payload's checksum")
            at += head.stored_bytes
            insist(head.type == RECORDS or head.records == 0, "records in a block of none")
            payload = unpacked(head, stored)
            if head.type == FOOTER:
                break
            if head.type == WRITERS:
                self.writers = {**read_writers(payload), **self.writers}
            else:
                self.records += read_records(head, payload)
            seen += head.records
            folded = checksum(struct.pack("<QQ", folded, head.checksum))
            self.heads.append(head)
            self.offsets.append(at)
        insist(len(payload) == HEADER.size + COUNTS.size, "a footer of another length")
        again = read_header(payload)
        insist((again.id, again.entries) == (self.header.id, self.header.entries), "another file's footer")
        insist(COUNTS.unpack_from(payload, HEADER.size) == (len(self.heads), seen, at, folded), "the footer's counts")
        insist(seen <= self.header.entries, "more records than entries")
        insist(at == len(data), "bytes behind the footer")
        self.offsets.append(at)


def main():
    with open(sys.argv[1], "rb") as file:
        snapshot = Snapshot(file.read())
    for record in snapshot.records:
        print(record.db, hex(record.flags), record.expire_at_ms, record.key, record.value)


if __name__ == "__main__":
    main()
