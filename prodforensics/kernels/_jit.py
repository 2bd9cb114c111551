"""How every kernel is compiled."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import blake2b
from pathlib import Path

from numba import njit
from numba.core import event
from numba.core.dispatcher import Dispatcher

__all__ = ["kernel", "loaded_kernels", "watch_compiling"]

_PACKAGE = __name__.rpartition(".")[0]


@cache
def _stamp() -> str:
    """Digest the sources of all kernels."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return blake2b(b"".join(source.read_bytes() for source in sources)).hexdigest()


def kernel(function: Callable) -> Dispatcher:
    """Compile a function on its first call and keep the machine code for later processes.

    No signatures: the same kernel must take read-only and writable arrays, and 32- and 64-bit
    ones. ``nogil`` lets two kernels run side by side. Where the package's own folder is read-only,
    numba caches in the user's.
    """
    compiled = njit(cache=True, nogil=True, error_model="numpy")(function)
    # Numba throws a cached kernel away when its own file changes, but the machine code holds what
    # it calls in other files, too: a cache that outlives a change there would mix two versions.
    file = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if file is not None:
        file._source_stamp = _stamp()
    return compiled


class _Listener(event.Listener):
    def __init__(self, compiled: Callable[[str], object]) -> None:
        self._compiled = compiled

    def on_start(self, event: event.Event) -> None:
        """Nothing is finished yet."""

    def on_end(self, event: event.Event) -> None:
        function = event.data["dispatcher"].py_func
        # Numba compiles parts of numpy in the same way.
        if function.__module__.startswith(_PACKAGE):
            self._compiled(function.__name__)


@contextmanager
def watch_compiling(compiled: Callable[[str], object]) -> Iterator[None]:
    """Call back with a kernel's name whenever one has been compiled.

    Kernels are compiled on their first use ever; later processes read them from the cache, which
    is not reported.
    """
    with event.install_listener("numba:compile", _Listener(compiled)):
        yield


def loaded_kernels() -> int:
    """Return how many kernels the imported modules of this package hold."""
    return sum(
        isinstance(value, Dispatcher) and value.py_func.__module__ == name
        for name, module in list(sys.modules.items())
        if name.startswith(_PACKAGE)
        for value in vars(module).values()
    )
