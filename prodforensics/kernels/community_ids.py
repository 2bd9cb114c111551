"""Community IDs of flows: the same identifier in every tool that knows them.

Version 1 of the specification (github.com/corelight/community-id-spec): SHA-1 over seed, both ends
in order, protocol and ports, in Base64 behind ``1:``.
"""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["LENGTH", "community_ids"]

LENGTH = 30
"""Characters of an identifier."""
ALPHABET = np.frombuffer(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", np.uint8
)


@kernel
def rotated(value, bits):
    return ((value << bits) | (value >> (32 - bits))) & 0xFFFFFFFF


@kernel
def sha1(block, words, digest):
    """Write the SHA-1 digest of one padded block of 64 bytes."""
    for k in range(16):
        words[k] = (
            np.int64(block[4 * k]) << 24
            | np.int64(block[4 * k + 1]) << 16
            | np.int64(block[4 * k + 2]) << 8
            | np.int64(block[4 * k + 3])
        )
    for k in range(16, 80):
        words[k] = rotated(words[k - 3] ^ words[k - 8] ^ words[k - 14] ^ words[k - 16], 1)
    a, b, c, d, e = 0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0
    for k in range(80):
        if k < 20:
            mixed, constant = (b & c) | (~b & 0xFFFFFFFF & d), 0x5A827999
        elif k < 40:
            mixed, constant = b ^ c ^ d, 0x6ED9EBA1
        elif k < 60:
            mixed, constant = (b & c) | (b & d) | (c & d), 0x8F1BBCDC
        else:
            mixed, constant = b ^ c ^ d, 0xCA62C1D6
        first = (rotated(a, 5) + mixed + e + constant + words[k]) & 0xFFFFFFFF
        a, b, c, d, e = first, a, rotated(b, 30), c, d
    words[0] = (0x67452301 + a) & 0xFFFFFFFF
    words[1] = (0xEFCDAB89 + b) & 0xFFFFFFFF
    words[2] = (0x98BADCFE + c) & 0xFFFFFFFF
    words[3] = (0x10325476 + d) & 0xFFFFFFFF
    words[4] = (0xC3D2E1F0 + e) & 0xFFFFFFFF
    for k in range(20):
        digest[k] = words[k // 4] >> (24 - 8 * (k % 4)) & 0xFF


@kernel
def community_ids(octets, version, protocol, source, destination, source_port, destination_port):
    """Return the identifiers of flows.

    Parameters
    ----------
    octets : uint8[a, 16]
    version : uint8[a]
        The addresses: `prodforensics.network.packets.Addresses`.
    protocol : uint8[n]
    source, destination, source_port, destination_port : int32[n]

    Returns
    -------
    uint8[n, LENGTH]
        Text in ASCII.
    """
    texts = np.empty((source.size, LENGTH), np.uint8)
    block = np.empty(64, np.uint8)
    words = np.empty(80, np.int64)
    digest = np.empty(21, np.uint8)
    digest[20] = 0
    for i in range(source.size):
        a, b = source[i], destination[i]
        x, y = source_port[i], destination_port[i]
        size = 4 if version[a] == 4 else 16
        order = 0
        for k in range(size):
            if octets[a, k] != octets[b, k]:
                order = -1 if octets[a, k] < octets[b, k] else 1
                break
        if order > 0 or (order == 0 and x > y):
            a, b, x, y = b, a, y, x
        block[:] = 0
        for k in range(size):
            block[2 + k] = octets[a, k]
            block[2 + size + k] = octets[b, k]
        at = 2 + 2 * size
        block[at] = protocol[i]
        block[at + 2], block[at + 3] = x >> 8 & 0xFF, x & 0xFF
        block[at + 4], block[at + 5] = y >> 8 & 0xFF, y & 0xFF
        at += 6
        block[at] = 0x80
        block[62], block[63] = 8 * at >> 8, 8 * at & 0xFF
        sha1(block, words, digest)
        texts[i, 0], texts[i, 1] = 49, 58  # "1:"
        for k in range(7):
            three = (
                np.int64(digest[3 * k]) << 16
                | np.int64(digest[3 * k + 1]) << 8
                | np.int64(digest[3 * k + 2])
            )
            for j in range(4):
                texts[i, 2 + 4 * k + j] = ALPHABET[three >> (18 - 6 * j) & 63]
        texts[i, LENGTH - 1] = 61  # "=": twenty bytes are two short of seven groups
    return texts
