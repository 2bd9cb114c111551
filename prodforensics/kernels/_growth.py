"""Arrays that grow while a kernel fills them."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["doubled"]


@kernel
def doubled(array):
    """Return a copy of twice the size; what lies behind the old end is undefined.

    ``numpy.append`` would do, but takes numba half a second to compile wherever it is used.
    """
    grown = np.empty(2 * array.size, array.dtype)
    for i in range(array.size):
        grown[i] = array[i]
    return grown
