"""Parts of an array of bytes as texts."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["span_texts"]


@kernel
def span_texts(data, start, size):
    """Collect texts of Latin-1, in which every byte is a character, as UTF-8.

    Parameters
    ----------
    data : uint8[:]
    start, size : int64[k]
        A start below zero stands for an empty text.

    Returns
    -------
    offsets : int64[k + 1]
        Where each text begins in the second result.
    texts : uint8[:]
    """
    offsets = np.zeros(start.size + 1, np.int64)
    for k in range(start.size):
        count = 0
        if start[k] >= 0:
            for i in range(start[k], min(start[k] + size[k], data.size)):
                count += 2 if data[i] >= 128 else 1
        offsets[k + 1] = offsets[k] + count
    texts = np.empty(offsets[start.size], np.uint8)
    at = 0
    for k in range(start.size):
        if start[k] >= 0:
            for i in range(start[k], min(start[k] + size[k], data.size)):
                c = data[i]
                if c >= 128:
                    texts[at] = 0xC0 | c >> 6
                    texts[at + 1] = 0x80 | c & 0x3F
                    at += 2
                else:
                    texts[at] = c
                    at += 1
    return offsets, texts
