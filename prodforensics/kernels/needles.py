"""Which packets hold a name before a colon or an equals sign, in upper or lower case."""

from __future__ import annotations

from prodforensics.kernels._jit import kernel

__all__ = ["first_bytes", "holds_named"]

COLON, EQUALS, QUOTE = 58, 61, 34


@kernel
def first_bytes(data, start, size, out):
    """Copy the first bytes of pieces of a file.

    Parameters
    ----------
    data : uint8[:]
        The file.
    start, size : int64[k]
        Where each piece begins, and how long it is; pieces that begin before the file are empty.
    out : uint8[k, :]
        Zeros; receives as many bytes as fit.
    """
    for k in range(start.size):
        begin = start[k]
        if begin < 0:
            continue
        count = min(min(size[k], out.shape[1]), data.size - begin)
        for i in range(count):
            out[k, i] = data[begin + i]


@kernel
def holds_named(data, start, size, words, lengths, found):
    """Look for names that end with one of some words, before ``:``, ``=`` or ``":``.

    Parameters
    ----------
    data : uint8[:]
        The file.
    start, size : int64[k]
        Where each piece begins, and how many bytes of it are looked at.
    words : uint8[w, :]
        The words in lower case, filled up with zeros.
    lengths : int64[w]
    found : bool[k]
        Falses; receives whether a piece holds such a name.
    """
    for k in range(start.size):
        begin = start[k]
        if begin < 0:
            continue
        stop = min(begin + size[k], data.size)
        for i in range(begin + 1, stop):
            if data[i] != COLON and data[i] != EQUALS:
                continue
            last = i - 1
            if data[last] == QUOTE and last > begin:
                last -= 1
            for w in range(lengths.size):
                length = lengths[w]
                if last - begin + 1 < length:
                    continue
                left = length
                while left > 0:
                    byte = data[last - length + left]
                    if 65 <= byte <= 90:
                        byte += 32
                    if byte != words[w, left - 1]:
                        break
                    left -= 1
                if left == 0:
                    found[k] = True
                    break
            if found[k]:
                break
