"""Answers questions about one core with drgn, as lines of JSON; run as a program.

Arguments: the core, and the folders of debug information.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

# The outermost functions of a thread: a stack that ends elsewhere was not walked to its end.
_OUTERMOST = ("_start", "clone", "clone3", "thread_start")


def _demangler() -> Callable[[str], str]:
    """Return a function that reads the names of C++ symbols; where there is none, they stay."""
    try:
        library = ctypes.CDLL("libstdc++.so.6")
        libc = ctypes.CDLL(None)
    except OSError:
        return str
    demangle = library.__cxa_demangle
    demangle.restype = ctypes.c_void_p
    libc.free.argtypes = [ctypes.c_void_p]

    def readable(name: str) -> str:
        status = ctypes.c_int()
        found = demangle(name.encode(), None, None, ctypes.byref(status))
        if not found:
            return name
        text = ctypes.string_at(found).decode(errors="replace")
        libc.free(found)
        return text

    return readable


def _unreadable() -> tuple[type[Exception], ...]:
    """Return what drgn raises where memory or debug information is not as it should be."""
    import drgn

    return LookupError, drgn.FaultError, drgn.BadDataError


class _Walker:
    """Walks stacks; what depends on the place in the code alone is asked once a place."""

    def __init__(self, program: Any, variables: bool) -> None:
        from pf_columns import MOST_FRAMES, MOST_FRAMES_WITH_VARIABLES, Columns

        self.program = program
        self.columns = Columns()
        self.most = MOST_FRAMES
        self.most_with_variables = MOST_FRAMES_WITH_VARIABLES if variables else 0
        self.readable = _demangler()
        self.arguments: dict[str, frozenset[str]] = {}
        self.places: dict[tuple[int, str, bool], tuple[int, int, int, int, int]] = {}
        self.variables_of: dict[tuple[int, str, bool], dict[str, tuple[bool, int, int, Any]]] = {}

    def thread(self, thread: Any) -> None:
        """Walk one thread."""
        columns, before = self.columns, self.columns.rows()
        end = "no symbol of a function that begins a thread"
        try:
            trace = thread.stack_trace()
            for depth, frame in enumerate(trace):
                if depth == self.most:
                    end = f"cut: more than {self.most:,} frames"
                    break
                try:
                    address = frame.pc
                except LookupError:
                    break  # drgn adds a frame behind the outermost one.
                if not address:
                    break
                name = frame.name
                key = (address, name, frame.interrupted)
                place = self.places.get(key)
                if place is None:
                    place = self.places[key] = self.place(frame, name)
                columns.frame(address, place)
                if depth < self.most_with_variables:
                    self.variables(frame, key)
                if name and name.lstrip("_") in [one.lstrip("_") for one in _OUTERMOST]:
                    end = "complete"
                    break
        except (*_unreadable(), ValueError, RuntimeError, MemoryError) as error:
            end = f"{type(error).__name__}: {error}"
        columns.thread(thread.tid, _name(thread), before, end)

    def place(self, frame: Any, name: str) -> tuple[int, int, int, int, int]:
        """Tell function, file, line, column and whether a frame is inline."""
        number = self.columns.number
        try:
            file, line, column = frame.source()
        except LookupError:
            file, line, column = "", -1, -1
        if not frame.is_inline:
            try:
                symbol = frame.symbol().name
            except LookupError:
                symbol = ""
            # Debug information names a method alone; its symbol knows of which class it is.
            if symbol.startswith(("_Z", "_R")):
                name = self.readable(symbol)
            elif not frame.function_name:
                name = symbol
        return number(name), number(file), line or -1, column or -1, int(frame.is_inline)

    def variables(self, frame: Any, key: tuple[int, str, bool]) -> None:
        """Add the variables of a frame."""
        known = self.variables_of.get(key)
        if known is None:
            names = frame.locals()
            arguments = self.arguments_of(frame.function_name) if names else ()
            known = self.variables_of[key] = {
                name: (name in arguments, self.columns.number(name), -1, _written) for name in names
            }
        for name, (argument, number, kind, written) in known.items():
            try:
                value = frame[name]
            except (*_unreadable(), ValueError, NotImplementedError) as error:
                self.columns.variable(argument, number, 0, f"<{error}>")
                continue
            if kind < 0:
                # A variable has one type wherever its frame is at this place in the code.
                kind = self.columns.number(value.type_.type_name())
                written = _writer(value.type_)
                known[name] = argument, number, kind, written
            self.columns.variable(argument, number, kind, written(value))

    def arguments_of(self, function: str | None) -> frozenset[str]:
        """Tell the names of a function's parameters."""
        found = self.arguments.get(function or "")
        if found is None:
            try:
                kind = self.program.function(function or "").type_
                found = frozenset(one.name for one in kind.parameters if one.name)
            except (*_unreadable(), ValueError, TypeError):
                found = frozenset()
            self.arguments[function or ""] = found
        return found


def _name(thread: Any) -> str:
    try:
        return thread.name or ""
    except (LookupError, ValueError):
        return ""


_MOST_BYTES = 4096
_MOST_CHARACTERS = 200


def _writer(kind: Any) -> Callable[[Any], str]:
    """Return the function that writes values of a type: whole numbers need no more than Python."""
    import drgn

    while kind.kind == drgn.TypeKind.TYPEDEF:
        kind = kind.type
    return _number if kind.kind == drgn.TypeKind.INT and kind.size > 1 else _written


def _number(value: Any) -> str:
    import drgn

    try:
        return str(value.value_())
    except drgn.ObjectAbsentError:
        return "<optimized out>"
    except drgn.FaultError as error:
        return f"<error: Cannot access memory at address {error.address:#x}>"


def _written(value: Any) -> str:
    """Write a value nearly as gdb does."""
    import drgn
    from pf_columns import shortened

    try:
        kind = value.type_
        while kind.kind == drgn.TypeKind.TYPEDEF:
            kind = kind.type
        if kind.kind == drgn.TypeKind.POINTER:
            return _pointer(value, kind)
        if kind.is_complete() and drgn.sizeof(kind) > _MOST_BYTES:
            return f"<{drgn.sizeof(kind):,} bytes>"
        return shortened(value.format_(columns=10**6, dereference=False, **_PLAIN))
    except drgn.ObjectAbsentError:
        return "<optimized out>"
    except drgn.FaultError as error:
        return f"<error: Cannot access memory at address {error.address:#x}>"
    except (*_unreadable(), ValueError, TypeError, NotImplementedError, OverflowError) as error:
        return f"<{error}>"


_PLAIN = {"type_name": False, "member_type_names": False, "element_type_names": False}
_PLAIN |= {"members_same_line": True, "elements_same_line": True, "string": False}


def _pointer(value: Any, kind: Any) -> str:
    import drgn

    address = value.value_()
    to = kind.type
    while to.kind == drgn.TypeKind.TYPEDEF:
        to = to.type
    if to.kind != drgn.TypeKind.INT or to.size != 1 or not address:
        return f"{address:#x}"
    try:
        text = value.prog_.read_c_string(address, max_size=_MOST_CHARACTERS)
    except drgn.FaultError:
        return f"{address:#x} <error: Cannot access memory at address {address:#x}>"
    more = "..." if len(text) == _MOST_CHARACTERS else ""
    quoted = text.decode("utf-8", "backslashreplace").replace("\\", "\\\\").replace('"', '\\"')
    return f'{address:#x} "{quoted}"{more}'


def main(arguments: list[str]) -> None:
    """Open the core, and answer until the input ends."""
    sys.path.insert(0, str(Path(__file__).parent))
    import drgn
    from pf_columns import answer

    core, *folders = arguments
    program = drgn.Program()
    program.set_core_dump(core)
    program.set_enabled_debug_info_finders(["standard"])
    options = program.debug_info_options
    options.directories = (*folders, *options.directories)

    def begin(files: list[str]) -> None:
        # drgn takes no file of another build; it finds separate debug information by build-id.
        with suppress(drgn.MissingDebugInfoError):
            program.load_debug_info(files, default=True)

    def stacks(variables: bool, part: int, parts: int) -> dict[str, Any]:
        walker = _Walker(program, variables)
        threads = list(program.threads())
        for thread in threads[len(threads) * part // parts : len(threads) * (part + 1) // parts]:
            walker.thread(thread)
        return walker.columns.result()

    refused = (*_unreadable(), ValueError, TypeError, OSError, RuntimeError)
    answer({"begin": begin, "stacks": stacks}, refused)


if __name__ == "__main__":
    main(sys.argv[1:])
