"""Runs inside gdb: walks all threads, and tells values as JSON.

gdb sources this file; it leaves functions behind whose names begin with ``pf_``.
"""

from __future__ import annotations

import json
import sys
from typing import Any

__all__ = ["pf_evaluate", "pf_frame_pointers", "pf_stacks", "pf_start", "pf_text"]

_FORMAT: dict[str, Any] = {"max_elements": 64, "repeat_threshold": 10, "max_depth": 4}


def pf_start(folder: str) -> None:
    """Find the modules beside this one, and the printers of the C++ library of this system."""
    sys.path.insert(0, folder)
    import gdb

    for one in ("/usr/share/gcc/python", "/usr/share/gcc-12/python"):
        sys.path.append(one)
    try:
        from libstdcxx.v6.printers import register_libstdcxx_printers

        register_libstdcxx_printers(None)
    except (ImportError, gdb.error):
        pass  # Values of the C++ library are shown as they lie in memory.


def pf_frame_pointers(
    parts: tuple[tuple[int, int], ...], entries: tuple[tuple[int, int], ...]
) -> None:
    """Walk through code without unwind tables by its frame pointers."""
    import gdb
    from gdb.unwinder import register_unwinder
    from pf_frame_pointers import unwinder

    register_unwinder(None, unwinder(gdb, parts, entries), replace=True)


def _write(path: str, told: Any) -> None:
    with open(path, "w", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
        json.dump(told, file)


class _Walker:
    """Walks stacks; what depends on the place in the code alone is asked once a place."""

    def __init__(self, variables: bool) -> None:
        import gdb
        from pf_columns import MOST_FRAMES, MOST_FRAMES_WITH_VARIABLES, Columns, shortened

        self.gdb = gdb
        self.columns = Columns()
        self.shortened = shortened
        self.most = MOST_FRAMES
        self.most_with_variables = MOST_FRAMES_WITH_VARIABLES if variables else 0
        self.places: dict[tuple[int, int, bool], tuple[int, int, int, int, int]] = {}
        self.symbols: dict[tuple[int, int, bool], list[tuple[Any, bool, int, int]]] = {}

    def thread(self, thread: Any) -> None:
        """Walk one thread."""
        before, name, end = self.columns.rows(), None, "complete"
        try:
            thread.switch()
            name = thread.name
            end = self.walk(self.gdb.newest_frame())
        except (self.gdb.error, RuntimeError, UnicodeError) as error:
            end = str(error)
        self.columns.thread(thread.ptid[1] or thread.ptid[0], name, before, end)

    def walk(self, frame: Any) -> str:
        """Walk from a frame outwards, and return why the stack ended."""
        gdb, columns, level, exact = self.gdb, self.columns, 0, True
        for depth in range(self.most):
            key = (frame.pc(), level, exact)
            place = self.places.get(key)
            if place is None:
                place = self.places[key] = self.place(frame)
            columns.frame(key[0], place)
            if depth < self.most_with_variables:
                self.variables(frame, key)
            # An inline frame shares the address with its caller; so may a recursive call.
            level = level + 1 if place[4] == 1 else 0
            exact = place[4] == 2 or (exact and place[4] == 1)
            older = frame.older()
            if older is None:
                reason = frame.unwind_stop_reason()
                if reason in (gdb.FRAME_UNWIND_NO_REASON, gdb.FRAME_UNWIND_OUTERMOST):
                    return "complete"
                return gdb.frame_stop_reason_string(reason)
            frame = older
        return f"cut: more than {self.most:,} frames"

    def place(self, frame: Any) -> tuple[int, int, int, int, int]:
        """Tell function, file, line, column and kind of a frame."""
        number = self.columns.number
        gdb = self.gdb
        kinds = {gdb.INLINE_FRAME: 1, gdb.SIGTRAMP_FRAME: 2, gdb.TAILCALL_FRAME: 3}
        kind = kinds.get(frame.type(), 0)
        where = frame.find_sal()
        file = ""
        if where.symtab:
            file = where.symtab.filename
            if not file.startswith("/"):
                file = where.symtab.fullname()
        return number(frame.name()), number(file), where.line if file else -1, -1, kind

    def variables(self, frame: Any, key: tuple[int, int, bool]) -> None:
        """Add the variables of a frame."""
        symbols = self.symbols.get(key)
        if symbols is None:
            symbols = self.symbols[key] = self.named(frame)
        for symbol, argument, name, kind in symbols:
            self.columns.variable(argument, name, kind, self.value(symbol, frame))

    def named(self, frame: Any) -> list[tuple[Any, bool, int, int]]:
        """Tell the variables in sight: symbol, whether it is an argument, name and type."""
        if frame.function() is None:
            return []
        try:
            block = frame.block()
        except RuntimeError:
            return []
        found, seen, number = [], set(), self.columns.number
        while block is not None and not block.is_global and not block.is_static:
            for symbol in block:
                if (symbol.is_argument or symbol.is_variable) and symbol.name not in seen:
                    seen.add(symbol.name)
                    kind = number(str(symbol.type))
                    found.append((symbol, symbol.is_argument, number(symbol.name), kind))
            if block.function is not None:
                break
            block = block.superblock
        return found

    def value(self, symbol: Any, frame: Any) -> str:
        """Write the value of a variable."""
        try:
            return self.shortened(symbol.value(frame).format_string(**_FORMAT))
        except (self.gdb.error, RuntimeError, ValueError, TypeError, UnicodeError) as error:
            # Printers of the C++ library read memory that may hold anything.
            return f"<{error}>"


def pf_stacks(path: str, variables: bool) -> None:
    """Walk every thread, and write what `interface.Stacks` describes to a file."""
    import gdb

    walker = _Walker(variables)
    for thread in sorted(gdb.selected_inferior().threads(), key=lambda one: one.num):
        walker.thread(thread)
    _write(path, walker.columns.result())


def _select(tid: int, number: int) -> None:
    import gdb

    for thread in gdb.selected_inferior().threads():
        if tid == (thread.ptid[1] or thread.ptid[0]):
            thread.switch()
            break
    else:
        raise gdb.error(f"no thread {tid}")
    frame = gdb.newest_frame()
    for _ in range(number):
        frame = frame.older() if frame else None
    if frame is None:
        raise gdb.error(f"no frame {number}")
    frame.select()


def pf_evaluate(path: str, expression: str, tid: int, number: int) -> None:
    """Write type and value of an expression to a file."""
    import gdb

    try:
        _select(tid, number)
        value = gdb.parse_and_eval(expression)
        told = {"type": str(value.type), "value": value.format_string(**_FORMAT)}
    except (gdb.error, RuntimeError, ValueError, TypeError, UnicodeError) as error:
        told = {"error": str(error)}
    _write(path, told)


def pf_text(path: str, command: str, tid: int, number: int) -> None:
    """Write what a command of gdb prints to a file."""
    import gdb

    try:
        _select(tid, number)
        told = {"text": gdb.execute(command, to_string=True)}
    except (gdb.error, RuntimeError, UnicodeError) as error:
        told = {"error": str(error)}
    _write(path, told)
