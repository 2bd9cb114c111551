"""Which packets hold one of some words, in upper or lower case."""

from __future__ import annotations

from prodforensics.kernels._jit import kernel

__all__ = ["holds_any"]


@kernel
def holds_any(data, start, size, words, lengths, leads, found):
    """Look for words in pieces of a file.

    Parameters
    ----------
    data : uint8[:]
        The file.
    start, size : int64[k]
        Where each piece begins, and how many bytes of it are looked at.
    words : uint8[w, :]
        The words in lower case, filled up with zeros.
    lengths : int64[w]
    leads : bool[256]
        True for the bytes that a word begins with, in both cases.
    found : bool[k]
        Falses; receives whether a piece holds a word.
    """
    for k in range(start.size):
        begin = start[k]
        if begin < 0:
            continue
        stop = min(begin + size[k], data.size)
        for i in range(begin, stop):
            if not leads[data[i]]:
                continue
            for w in range(lengths.size):
                length = lengths[w]
                if i + length > stop:
                    continue
                same = 0
                while same < length:
                    byte = data[i + same]
                    if 65 <= byte <= 90:
                        byte += 32
                    if byte != words[w, same]:
                        break
                    same += 1
                if same == length:
                    found[k] = True
                    break
            if found[k]:
                break
