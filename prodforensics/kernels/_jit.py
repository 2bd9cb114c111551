"""How every kernel is compiled."""

from __future__ import annotations

from functools import partial

from numba import njit

__all__ = ["kernel"]

# No signatures: the same kernel must take read-only and writable arrays, and 32- and 64-bit ones.
# `nogil` lets two kernels run side by side; `cache` keeps machine code between processes (numba
# falls back to the user's cache folder where the package's own is read-only).
kernel = partial(njit, cache=True, nogil=True, error_model="numpy")
