"""What the verbs of a core dump answer: values that print as a debugger prints them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FrameView", "Hexdump", "Registers", "Text", "ThreadView", "Value"]

_ROW = 16
_MOST_ROWS = 64


class Text(str):
    r"""A text that a notebook shows as it is, line by line.

    Examples
    --------
    >>> Text("#0  main ()\n#1  _start ()")
    #0  main ()
    #1  _start ()
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Value:
    """The value of an expression.

    Parameters
    ----------
    expression, type, text : str
        As asked, and as the debugger writes them.
    masked : str
        Why the value is masked; empty: it is not.
    """

    expression: str
    type: str
    text: str
    masked: str = ""

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        why = f"  ({self.masked})" if self.masked else ""
        return f"({self.type}) {self.text}{why}"


class Hexdump(bytes):
    r"""Bytes of memory that print as addresses, hexadecimal and characters.

    Examples
    --------
    >>> Hexdump(b"order 42\0", 0x1000)
    0x1000: 6f 72 64 65 72 20 34 32 00                       order 42.
    """

    address: int

    def __new__(cls, data: bytes, address: int) -> Hexdump:
        """Keep where the bytes are."""
        made = super().__new__(cls, data)
        made.address = address
        return made

    def __getnewargs__(self) -> tuple[bytes, int]:
        return bytes(self), self.address

    def __repr__(self) -> str:
        rows = [
            _row(self.address + at, self[at : at + _ROW])
            for at in range(0, min(len(self), _ROW * _MOST_ROWS), _ROW)
        ]
        if len(self) > _ROW * _MOST_ROWS:
            rows.append(f"... ({len(self):,} bytes)")
        return "\n".join(rows)


def _row(address: int, data: bytes) -> str:
    shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data)
    return f"{address:#x}: {data.hex(' '):<{_ROW * 3}} {shown}"


class Registers(Mapping[str, int]):
    """The registers of a thread by gdb's names; prints as ``info registers``.

    Examples
    --------
    >>> Registers({"rax": 0, "rip": 0x401136})
    rax            0x0                 0
    rip            0x401136            4198710
    """

    def __init__(self, values: Mapping[str, int]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> int:
        return self._values[name.removeprefix("$")]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        if not self:
            return "no registers: the core does not tell them of this machine"
        return "\n".join(f"{name:<14} {one:<#18x} {one}" for name, one in self._values.items())


@dataclass(frozen=True)
class FrameView:
    """One frame of a thread.

    Parameters
    ----------
    thread_id, number : int
    row : Series
        As in ``frames``.
    locals : DataFrame
        Its arguments and local variables, as in ``locals``.
    text : str
        As ``frame N`` and ``info locals`` print it.
    """

    thread_id: int
    number: int
    row: pd.Series
    locals: pd.DataFrame
    text: str

    @property
    def function(self) -> str:
        """Name of its function; empty where no symbol is trusted."""
        return str(self.row["function"])

    @property
    def file(self) -> str:
        """Source file; empty where it is unknown."""
        return str(self.row["file"])

    @property
    def line(self) -> int:
        """Line in it; -1 where it is unknown."""
        return int(self.row["line"])

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True)
class ThreadView:
    """One thread with its stack.

    Parameters
    ----------
    thread_id, os_tid : int
    name, state : str
    is_crashed : bool
    frames : DataFrame
        Its rows of ``frames``.
    text : str
        As ``thread N`` and ``bt`` print it.
    """

    thread_id: int
    os_tid: int
    name: str
    state: str
    is_crashed: bool
    frames: pd.DataFrame
    text: str

    def __repr__(self) -> str:
        return self.text
