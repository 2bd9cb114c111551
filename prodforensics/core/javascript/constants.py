"""The constants that V8 writes into its program for debuggers: the ``v8dbg_`` symbols."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from prodforensics.core.javascript.binary import Binary
from prodforensics.core.javascript.versions import Layout, layout_of
from prodforensics.errors import BadOption, UnknownName

__all__ = ["Constants", "read_constants"]

_PREFIX = "v8dbg_"


@dataclass(frozen=True)
class Constants:
    """What one build of V8 tells of itself.

    Parameters
    ----------
    values : mapping of str to int
        The constants, without ``v8dbg_``.
    v8_version, node_version : str
        Empty where the program does not tell them.
    path : Path
        The program or library.

    Examples
    --------
    >>> few = Constants({"class_JSDate__value__Object": 24, "type_Map__MAP_TYPE": 255}, "9.4.1.1")
    >>> few["type_Map__MAP_TYPE"], few.offset("JSDate", "value"), few.type_of("Map")
    (255, 24, 255)
    >>> few.layout is None
    True
    """

    values: Mapping[str, int]
    v8_version: str = ""
    node_version: str = ""
    path: Path = field(default_factory=Path)

    def __getitem__(self, name: str) -> int:
        """Return a constant; `UnknownName` where this V8 does not have it."""
        try:
            return self.values[name]
        except KeyError:
            raise UnknownName("constant of V8", name, self.values) from None

    def get(self, name: str, default: int) -> int:
        """Return a constant, or the default where this V8 does not have it."""
        return self.values.get(name, default)

    @cached_property
    def layout(self) -> Layout | None:
        """What the constants do not tell; None for a version that is not known."""
        return layout_of(self.v8_version)

    @cached_property
    def _offsets(self) -> dict[str, int]:
        # class_JSFunction__shared__SharedFunctionInfo: later versions write other types behind.
        out = {}
        for name, value in self.values.items():
            kind, _, rest = name.partition("_")
            words = rest.split("__")
            if kind == "class" and len(words) > 1:
                out[f"{words[0]}.{words[1]}"] = value
        return out

    def offset(self, holder: str, name: str, default: int | None = None) -> int:
        """Return where a field is in an object, in bytes from its Map.

        Raises
        ------
        UnknownName
            This V8 does not tell, and there is no default.
        """
        found = self._offsets.get(f"{holder}.{name}", default)
        if found is None:
            raise UnknownName("field of V8", f"{holder}.{name}", self._offsets)
        return found

    @cached_property
    def _types(self) -> dict[str, int]:
        out: dict[str, int] = {}
        for name, value in self.values.items():
            if name.startswith("type_"):
                out.setdefault(name[5:].partition("__")[0], value)
        return out

    def type_of(self, name: str) -> int:
        """Return the instance type of a class of V8, such as ``"JSArray"``; -1 where it has none.

        Of classes with several types it is the first; strings are told apart by their bits.
        """
        return self._types.get(name, -1)

    @cached_property
    def type_names(self) -> dict[int, str]:
        """Class of V8 by instance type."""
        return {value: name for name, value in reversed(self._types.items())}

    def class_of(self, type_: int) -> str:
        """Return V8's class of an instance type; ``"type 12"`` where it tells no name."""
        if type_ < self.get("FirstNonstringType", 0):
            return "String"
        if type_ in self.function_types:
            return "JSFunction"
        found = self.type_names.get(type_)
        if found is None and self.layout and type_ == self.layout.bigint_type:
            return "BigInt"
        if found is None and type_ >= self.get("SpecialAPIObjectType", 1 << 16):
            # Objects of an embedder, prototypes of V8's own classes: objects like others.
            return "JSObject"
        return found or f"type {type_}"

    @cached_property
    def function_types(self) -> range:
        """The instance types of functions."""
        first = self.type_of("JSFunction")
        last = self.values.get("LastJSFunctionType")
        if last is None:
            last = first + (self.layout.last_function_type if self.layout else 0)
        return range(first, last + 1)

    @cached_property
    def context_types(self) -> range:
        """The instance types of contexts."""
        return range(self.get("FirstContextType", 0), self.get("LastContextType", -1) + 1)

    @cached_property
    def frame_types(self) -> dict[int, str]:
        """Kind of a frame, such as ``"InterpretedFrame"``, by its marker shifted right by one."""
        head = "frametype_"
        return {v: name[len(head) :] for name, v in self.values.items() if name.startswith(head)}


def read_constants(path: Path) -> Constants:
    """Read the constants of a program that holds V8, in about a tenth of a second.

    Raises
    ------
    BadOption
        It is an ELF file, and V8's constants are not in it.
    SourceError, Corrupt
        It cannot be read, or is no 64-bit ELF file.
    """
    binary = Binary(path)
    symbols = {
        name.removeprefix(_PREFIX): symbol for name, symbol in binary.symbols(_PREFIX).items()
    }
    if not symbols:
        raise BadOption(
            f"{path} holds no v8dbg_ constants: it is not a build of Node.js that can be read",
            hint="pf.load(core, executable='the node binary that ran, of the same build')",
        )
    return Constants(binary.integers(symbols), binary.v8_version, binary.node_version, Path(path))
