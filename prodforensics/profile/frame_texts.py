"""The frames of folded stacks: texts in which profilers put function, file, line and kind.

===================  ===========================================================================
FlameGraph, inferno  ``name_[k]`` (kernel), ``_[j]`` (compiled by a JIT), ``_[i]`` (inlined),
                     ``_[w]`` (of the thread that woke this one); ``[unknown]``, ``[libc.so.6]``
async-profiler       the same, and ``_[0]`` (interpreted), ``_[1]`` (compiled by C1)
py-spy               ``name (file:line)``, ``name (file)``, ``name (library.so)``, and
                     ``0x7f... (library.so)`` where there is no symbol
rbspy                ``name - file:line``, ``sleep [c function] - (unknown)``
Pyroscope            ``file:line - name``
===================  ===========================================================================

Threads and processes stand before the outermost call: ``[name tid=7]`` (async-profiler),
``thread (7): name`` and ``process 7:"command"`` (py-spy), ``command-7/8`` (stackcollapse-perf
``--tid``).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from prodforensics.profile.building import CallTable

__all__ = ["UNNAMED_C", "Owner", "add_call", "owner_of"]

UNNAMED_C = "(unknown) [c function]"
"""How rbspy writes a function in C whose name it cannot find, as of a Ruby without symbols."""

_KINDS = {"k": "kernel", "j": "jit", "0": "interpreted", "1": "jit", "i": "", "w": ""}
_ANNOTATION = re.compile(r"_\[([kji01w])\]")
_FILE = re.compile(r"<.*>|[^<>,]*\.(?:py|pyx|pxd|rb|js|c|cc|cpp|h|rs|go)", re.DOTALL)
_LIBRARY = re.compile(r"/.*|[^<>,&* ]*\.(?:so|dll|dylib|exe)[.\d]*", re.DOTALL)
_RUBY_FILE = re.compile(r"\(unknown\)|.*/.*|.*\.rb", re.DOTALL)
_MODULE = re.compile(r"\[((?:guest\.)?(?:kernel|vdso|vsyscall)[\w.]*|[^\]]*\.so[.\d]*)\]")
_ADDRESS = re.compile(r"0x([0-9a-f]{1,16})")
# No profiler writes a name as long; to look for a file in a hostile one would take for ever.
_LONGEST = 4096

_TID = re.compile(r"\[(?:(.*) )?tid=(\d{1,18})\]", re.DOTALL)
_PY_SPY_THREAD = re.compile(r"thread \((0x[0-9A-F]{1,15}|\d{1,18})\)(?:: (.*))?", re.DOTALL)
_PY_SPY_PROCESS = re.compile(r'process (\d{1,18}):"(.*)"', re.DOTALL)
_COMMAND = re.compile(r"(.+)-(\d{1,18})/(\d{1,18})", re.DOTALL)


class Owner(NamedTuple):
    """The thread or process that a frame names."""

    process_id: int = -1
    thread_id: int = -1
    process_name: str = ""
    thread_name: str = ""

    def below(self, above: Owner) -> Owner:
        """Return what is known when this stands below another: a thread below its process."""
        known = (
            own if own not in (-1, "") else more for own, more in zip(self, above, strict=True)
        )
        return Owner(*known)


def owner_of(text: str) -> Owner | None:
    """Return the thread or process that a frame before the outermost call names.

    Examples
    --------
    >>> owner_of("thread (1732): MainThread")
    Owner(process_id=-1, thread_id=1732, process_name='', thread_name='MainThread')
    >>> owner_of("main") is None
    True
    """
    if found := _TID.fullmatch(text):
        return Owner(thread_id=int(found[2]), thread_name=found[1] or "")
    if found := _PY_SPY_THREAD.fullmatch(text):
        return Owner(thread_id=int(found[1], 0), thread_name=found[2] or "")
    if found := _PY_SPY_PROCESS.fullmatch(text):
        return Owner(process_id=int(found[1]), process_name=found[2])
    if found := _COMMAND.fullmatch(text):
        return Owner(int(found[2]), int(found[3]), thread_name=found[1])
    return None


def add_call(table: CallTable, text: str) -> int:
    """Put the call that a frame stands for into a table and return its number.

    Parameters
    ----------
    table : CallTable
    text : str
        The frame.

    Returns
    -------
    int

    Examples
    --------
    >>> table = CallTable()
    >>> for text in ("parse (app.py:7)", "parse - lib/app.rb:7", "schedule_[k]", "[libc.so.6]"):
    ...     _ = add_call(table, text)
    >>> table.functions().name.tolist(), table.functions().file.tolist()
    (['parse', 'parse', 'schedule', ''], ['app.py', 'lib/app.rb', '', ''])
    >>> table.calls().line.tolist()
    [7, 7, 0, 0]
    """
    if len(text) > _LONGEST:
        return table.call(text)
    if found := _ANNOTATION.fullmatch(text, max(len(text) - 4, 1)):
        return table.call(text[:-4], kind=_KINDS[found[1]], inlined=found[1] == "i")
    if text.endswith(")") and (at := text.rfind(" (")) > 0:
        name, place = text[:at], text[at + 2 : -1]
        file, line = _split(place)
        # A file is told from a function's arguments by its line, or by its ending.
        if line or _FILE.fullmatch(place):
            return table.call(name, file, line=line)
        if _LIBRARY.fullmatch(place):
            found = _ADDRESS.fullmatch(name)
            address = int(found[1], 16) if found else 0
            name = "" if found else name
            return table.call(name, module=place, address=address, kind="native")
    if text.startswith(("[", "0x")):
        return _unnamed(table, text)
    name, _, place = text.rpartition(" - ")
    file, line = _split(place)
    if name and not line:
        before, number = _split(name)
        if number:
            return table.call(place, before, line=number)
    if name and (line or _RUBY_FILE.fullmatch(place)):
        kind = "builtin" if name.endswith("[c function]") else ""
        return table.call(name, "" if file == "(unknown)" else file, line=line, kind=kind)
    return table.call(text)


def _unnamed(table: CallTable, text: str) -> int:
    """Put a call without a symbol into a table; what only looks like one keeps its name."""
    if text == "[unknown]":
        return table.call("")
    if found := _MODULE.fullmatch(text):
        kind = "kernel" if "kernel" in found[1] else "native"
        return table.call("", module=found[1], kind=kind)
    if found := _ADDRESS.fullmatch(text):
        return table.call("", address=int(found[1], 16))
    return table.call(text)


def _split(place: str) -> tuple[str, int]:
    """Part ``file:line``; the line is 0 where there is none."""
    file, _, line = place.rpartition(":")
    if file and line.isdecimal() and len(line) < 10:
        return file, int(line)
    return place, 0
