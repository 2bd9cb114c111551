"""What Valgrind's text and XML share: the sentence of a loss record, the kinds of error."""

from __future__ import annotations

import re
from typing import NamedTuple

from prodforensics.heap.leak_records import count_of

__all__ = ["Loss", "error_kind", "loss"]

# "134,400 (19,200 direct, 115,200 indirect) bytes in 1,200 blocks are definitely lost in loss
# record 6 of 6"; a repeated search of a running program adds what changed: "48 (+16) bytes in ...".
_LOSS = re.compile(
    r"(?P<bytes>[\d,]{1,26})(?: \([+-][\d,]+\))? "
    r"(?:\((?P<direct>[\d,]{1,26})(?: \([+-][\d,]+\))? direct, "
    r"(?P<indirect>[\d,]{1,26})(?: \([+-][\d,]+\))? indirect\) )?"
    r"bytes in (?P<blocks>[\d,]{1,26})(?: \([+-][\d,]+\))? blocks? are "
    r"(?P<kind>definitely lost|indirectly lost|possibly lost|still reachable)\b"
)
# The first words of the text, and the name of the same error in XML.
_ERRORS = {
    "Invalid read": "InvalidRead",
    "Invalid write": "InvalidWrite",
    "Invalid free": "InvalidFree",
    "Mismatched free": "MismatchedFree",
    "Mismatched new": "MismatchedAllocateDeallocateSize",
    "Conditional jump": "UninitCondition",
    "Use of uninitialised": "UninitValue",
    "Syscall param": "SyscallParam",
    "Source and destination overlap": "Overlap",
    "Jump to the invalid": "InvalidJump",
    "Argument ": "FishyValue",
    "Illegal memory pool": "InvalidMemPool",
    "Process terminating": "FatalSignal",
}


class Loss(NamedTuple):
    """The numbers of a loss record; ``size_bytes`` without what is lost indirectly."""

    kind: str
    size_bytes: int
    indirect_bytes: int
    blocks: int


def loss(sentence: str) -> Loss | None:
    """Read the first line of a loss record, or return None for anything else.

    Raises
    ------
    ValueError
        A number is more than an address space holds.

    Examples
    --------
    >>> loss("48 bytes in 2 blocks are possibly lost in loss record 1 of 6").blocks
    2
    """
    found = _LOSS.match(sentence)
    if not found:
        return None
    return Loss(
        found["kind"],
        count_of(found["direct"] or found["bytes"]),
        count_of(found["indirect"] or "0"),
        count_of(found["blocks"]),
    )


def error_kind(what: str) -> str:
    """Return the name that the XML gives to an error, from the words of the text.

    Examples
    --------
    >>> error_kind("Invalid read of size 1")
    'InvalidRead'
    """
    for words, kind in _ERRORS.items():
        if what.startswith(words):
            return kind
    return "Other"
