"""The objects of V8's heap that stacks are made of: functions, scripts and their positions."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.core.javascript.properties import own_value
from prodforensics.core.javascript.scopes import scope_name
from prodforensics.core.javascript.words import BadObject, Words, smi

if TYPE_CHECKING:
    from prodforensics.core.javascript.constants import Constants
    from prodforensics.core.javascript.words import Readable

__all__ = ["Heap", "Script"]

_LONGEST_SOURCE = 100_000_000
_LONGEST_NAME = 2000
_MOST_SCRIPTS = 10_000


@dataclass(frozen=True)
class Script:
    """One script, as V8 compiled it.

    Attributes
    ----------
    address : int
        The Script object, tagged.
    name : str
        Its path or URL; empty where it has none.
    id : int
        Its number in the process.
    line_offset, column_offset : int
        Where it begins in the file that it came from.
    """

    address: int
    name: str
    id: int
    line_offset: int
    column_offset: int


class Heap(Words):
    """The heap of V8 in a core.

    Parameters
    ----------
    memory : Memory
        Unreadable addresses raise `LookupError`; callers make gaps of them.
    constants : Constants

    Raises
    ------
    BadOption
        The version of V8 is not known.
    """

    def __init__(self, memory: Readable, constants: Constants) -> None:
        super().__init__(memory, constants)
        self._scripts: dict[int, Script] = {}
        self._line_ends: dict[int, np.ndarray] = {}

    # -- functions ----------------------------------------------------------------------------

    def shared(self, function: int) -> int:
        """Return the SharedFunctionInfo of a function."""
        if not self.is_function(function):
            raise BadObject(f"{function:#x} is not a function")
        found = self.field(function, self.layout.function_shared)
        if not self.is_type(found, "SharedFunctionInfo"):
            raise BadObject(f"the function at {function:#x} has no SharedFunctionInfo")
        return found

    def context(self, function: int) -> int:
        """Return the context that a function closes over."""
        return self.field(function, self.layout.function_context)

    def function_name(self, function: int) -> str:
        """Return the name of a function as V8 prints it in stacks; empty for none.

        V8 prefers the function's own property ``name`` over the name in its source.
        """
        shared = self.shared(function)
        try:
            own = own_value(self, function, "name")
            if own is not None and self.is_string(own):
                name = self.string(own, _LONGEST_NAME)
                if name:
                    return name
        except LookupError:
            # The properties may be damaged or not in the core where the code's own name is.
            pass
        return self.shared_name(shared)

    def shared_name(self, shared: int) -> str:
        """Return the name of a SharedFunctionInfo: its own or an inferred one; empty for none."""
        named = self.field(shared, self.layout.shared_name)
        if not self.is_object(named):
            return ""
        if self.is_string(named):
            return self.string(named, _LONGEST_NAME)
        return self.scope_name(named) if self.is_type(named, "ScopeInfo") else ""

    def scope_name(self, scope: int) -> str:
        """Return the name of the function of a ScopeInfo; empty for none."""
        return scope_name(self, scope)

    # -- scripts ------------------------------------------------------------------------------

    def script(self, shared: int) -> Script | None:
        """Return the script of a SharedFunctionInfo; None for functions of V8 itself."""
        value = self.field(shared, self.layout.shared_script)
        if self.is_type(value, "DebugInfo"):
            value = self._script_of_debug_info(value)
        if not self.is_type(value, "Script"):
            return None
        found = self._scripts.get(value)
        if found is None:
            if len(self._scripts) >= _MOST_SCRIPTS:
                self._scripts.clear()
            layout = self.layout
            name = self.field(value, self.constants.offset("Script", "name"))
            found = self._scripts[value] = Script(
                value,
                self.string(name, _LONGEST_NAME) if self.is_string(name) else "",
                smi(self.field(value, layout.script_id)),
                smi(self.field(value, layout.script_line_offset)),
                smi(self.field(value, layout.script_column_offset)),
            )
        return found

    def _script_of_debug_info(self, info: int) -> int:
        # With the inspector attached, the Script stands in one of the first fields.
        for offset in range(8, 64, 8):
            value = self.field(info, offset)
            if self.is_type(value, "Script"):
                return value
            if self.is_type(value, "SharedFunctionInfo"):
                inner = self.field(value, self.layout.shared_script)
                if self.is_type(inner, "Script"):
                    return inner
        return 0

    def source(self, script: Script) -> str | None:
        """Return the source of a script; None where it has none or is not in the core."""
        value = self.field(script.address, self.constants.offset("Script", "source"))
        if not self.is_string(value):
            return None
        try:
            return self.string(value, _LONGEST_SOURCE)
        except LookupError:
            return None

    def line_ends(self, script: Script) -> np.ndarray | None:
        """Return where the lines of a script end.

        Returns
        -------
        int64[n] or None
            UTF-16 offsets of the newlines, and the length of the source at the end; None where the
            source is not in the core.
        """
        if script.address in self._line_ends:
            return self._line_ends[script.address]
        source = self.source(script)
        if source is None:
            return None
        units = np.frombuffer(source.encode("utf-16-le", "surrogatepass"), "<u2")
        # V8 ends lines at \n, \r not followed by \n, and the two separators of Unicode.
        ends = (units == 0x0A) | (units == 0x2028) | (units == 0x2029)
        alone = units == 0x0D
        alone[:-1] &= units[1:] != 0x0A
        found = np.append(np.flatnonzero(ends | alone), units.size).astype(np.int64)
        if len(self._line_ends) >= _MOST_SCRIPTS:
            self._line_ends.clear()
        self._line_ends[script.address] = found
        return found

    def position(self, script: Script, offset: int) -> tuple[int, int] | None:
        """Return the line and the column of a place in a script, as Node.js prints them.

        Parameters
        ----------
        script : Script
        offset : int
            UTF-16 units from the start of the source.

        Returns
        -------
        (int, int) or None
            Both count from 1; None where the source is not in the core, or the offset not in it.
        """
        ends = self.line_ends(script)
        if ends is None or not 0 <= offset <= int(ends[-1]):
            return None
        line = bisect_left(ends, offset)
        start = int(ends[line - 1]) + 1 if line else 0
        column = offset - start + (script.column_offset if line == 0 else 0)
        return line + 1 + script.line_offset, column + 1
