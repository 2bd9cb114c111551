"""Whose allocation is it: the frame of a stack that a person should look at first.

The innermost frames of an allocation stack are the allocator (``malloc``, ``operator new``, the
interceptors of a sanitizer) and the library that called it (``std::vector``). The code to look at
is the first frame after them that belongs to the program.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import PurePosixPath

from prodforensics.heap.leak_records import Stack, StackFrame

__all__ = ["culprit", "place"]

_ALLOCATORS = re.compile(
    r"""(?x)
    (__(interceptor|interposer|wrap|libc|gi)_)? (trampoline_)?
    (malloc|calloc|c?free|v?realloc|reallocarray|p?valloc|memalign|posix_memalign|aligned_alloc
     |w?c?strn?dup(\(.*)?|v?asprintf|getline|getdelim|tc_\w+|je_\w+|mi_\w+|dlmalloc\w*)
    | operator\ new(\[\])?(\(.*)?
    | _Zn[wa]\w+
    | g_(try_)?(s?malloc|slice_alloc|slice_new|realloc|memdup|strn?dup|strdup_v?printf)\w*
    | (xmalloc|xcalloc|xrealloc|xstrn?dup|xmemdup)\w*
    | Py(Mem|Object|DataMem)_(Raw)?(Malloc|Calloc|Realloc) | _PyMem_\w+ | _PyObject_\w*lloc\w*
    | __rust_\w*alloc\w* | __rdl_alloc\w* | (alloc::alloc|<?alloc::)::?\w+
    """
)
_LIBRARY_FUNCTIONS = re.compile(
    r"(.*? )??(std::|__gnu_cxx::|__cxxabiv1::|__sanitizer::|__[alm]san::|<?alloc::|<?core::)"
)
_RUNTIME_FUNCTIONS = re.compile(
    r"\(below main\)|_start|__libc_\w+|start_thread|clone3?|call_init|_dl_\w+|dl_\w+|_IO_\w+"
)
_SYSTEM = re.compile(
    r"/(usr/)?lib(32|64|exec)?/|/usr/include/|/nix/store/[^/]*-(glibc|gcc)|(\.\./)+sysdeps"
    r"|.*/(libsanitizer|compiler-rt|vg_replace_malloc\.c)|csu/|vg_replace_malloc\.c"
)
_UNKNOWN = ("", "???", "<null>", "<unknown module>")


@lru_cache(maxsize=65536)
def _rank(function: str, file: str, module: str) -> int:
    """0 for the program's own code, 1 for a library, 2 for code without a name, 3 for the rest."""
    if _ALLOCATORS.fullmatch(function) or _RUNTIME_FUNCTIONS.fullmatch(function):
        return 3
    system = _SYSTEM.match(file or module)
    if function in _UNKNOWN:
        return 3 if system or not module else 2
    return 1 if system or _LIBRARY_FUNCTIONS.match(function) else 0


def culprit(stack: Stack) -> StackFrame:
    """Return the frame that allocates on behalf of the program.

    The innermost frame of the program's own code; where there is none, of a library; where there
    is none, the innermost frame at all.

    Examples
    --------
    >>> stack = (StackFrame("malloc"), StackFrame("parse", "a.c", 3), StackFrame("main", "a.c", 9))
    >>> culprit(stack).function
    'parse'
    """
    if not stack:
        return StackFrame()
    ranks = [_rank(frame.function, frame.file, frame.module) for frame in stack]
    best = min(ranks)
    # Among libraries main() or a thread's entry is no better guess than the one that allocated.
    return stack[ranks.index(best)]


def place(frame: StackFrame) -> str:
    """Write where a frame is: file and line, or the module.

    Examples
    --------
    >>> place(StackFrame("main", "/srv/app/leaky.c", 12)), place(StackFrame(module="/opt/libx.so"))
    ('leaky.c:12', 'libx.so')
    """
    if frame.file:
        name = PurePosixPath(frame.file).name
        return f"{name}:{frame.line}" if frame.line is not None else name
    return PurePosixPath(frame.module).name
