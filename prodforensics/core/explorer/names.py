"""Names of functions and files cut so that what tells them apart stays."""

from __future__ import annotations

import re

from prodforensics._text import plain

__all__ = ["file_name", "hex_address", "short_name"]

_RUST_HASH = re.compile(r"::h[0-9a-f]{16}$")
_PAIRS = {"<": ">", "(": ")"}
# Signs of operators are no brackets.
_OPERATORS = re.compile(r"operator\s*(?:<=>|<<=?|>>=?|<=?|>=?|->\*?|\(\))|->|=>")
_LONGEST = 2000


def short_name(name: object, room: int) -> str:
    """Cut the name of a function to a number of characters, its own last part the longest kept.

    First go the hash of Rust, then what stands in brackets, the innermost first, then the
    outermost namespaces.

    Parameters
    ----------
    name : str
        As the debugger writes it.
    room : int
        Characters.

    Examples
    --------
    >>> short_name("orders::parse::h0123456789abcdef", 60)
    'orders::parse'
    >>> short_name("std::vector<std::string, std::allocator<std::string> >::at(unsigned long)", 30)
    'std::vector<…>::at(…)'
    >>> short_name("a_very_long_namespace::another_one::Class::method(int)", 24)
    '…Class::method(…)'
    """
    words = _RUST_HASH.sub("", plain(name, _LONGEST))
    if len(words) <= room:
        return words
    words = _without_brackets(words)
    if len(words) <= room:
        return words
    parts = words.split("::")
    while len(parts) > 2 and len("::".join(parts)) + 1 > room:
        parts.pop(0)
    kept = "::".join(parts)
    kept = kept if kept == words else f"…{kept}"
    return kept if len(kept) <= room else kept[: max(room - 1, 0)] + "…"


def _without_brackets(words: str) -> str:
    """Put an ellipsis in the place of everything in brackets."""
    signs = {at for found in _OPERATORS.finditer(words) for at in range(*found.span())}
    kept: list[str] = []
    waiting: list[str] = []
    for place, letter in enumerate(words):
        if place not in signs and letter in _PAIRS:
            if not waiting:
                kept += [letter, "…"]
            waiting.append(_PAIRS[letter])
        elif place not in signs and waiting and letter == waiting[-1]:
            waiting.pop()
            if not waiting:
                if kept[-2:] == ["(", "…"] and words[place - 1] == "(":
                    kept.pop()
                kept.append(letter)
        elif not waiting:
            kept.append(letter)
    return "".join(kept) if not waiting else words


def file_name(path: object) -> str:
    """Return the last part of a path.

    Examples
    --------
    >>> file_name("/usr/src/app/main.c"), file_name(""), file_name("node:internal/timers")
    ('main.c', '', 'node:internal/timers')
    >>> file_name("eval at work (/srv/app/calls.js:13:32)")
    '(eval at calls.js:13:32)'
    """
    words = plain(path, _LONGEST)
    if words.startswith("eval at "):
        return f"(eval at {words.rpartition('/')[2].rstrip(')')})"
    return words if words.startswith("node:") else words.rpartition("/")[2]


def hex_address(value: object) -> str:
    """Write an address, as text: JSON's numbers cannot hold it.

    Examples
    --------
    >>> hex_address(2**47), hex_address(None)
    ('0x800000000000', '')
    """
    import pandas as pd

    return "" if value is None or value is pd.NA else f"{int(value):#x}"  # type: ignore[call-overload]
