"""The frames that a pprof profile asks to leave out: allocators, signal handlers, the profiler."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from prodforensics.profile.formats.pprof_places import Places

__all__ = ["BadPattern", "Drops", "find_drops"]

# C++ puts parentheses into names that are no list of arguments.
_ARGUMENTS = re.compile(r"\(anonymous namespace\)|operator\(\)|(\()")


class BadPattern(Exception):
    """A pattern that is no regular expression."""


@dataclass(frozen=True)
class Drops:
    """What is dropped of each location.

    Attributes
    ----------
    what : int8[k]
        0 for nothing, 1 for it and all below it, 2 for what is below it.
    first : int64[k + 1]
    call : int32[m]
        The calls that are left of each location, as in `Places`.
    """

    what: np.ndarray
    first: np.ndarray
    call: np.ndarray


def find_drops(places: Places, drop: str, keep: str) -> Drops | None:
    """Return what the patterns drop; None if nothing.

    Parameters
    ----------
    places : Places
    drop, keep : str
        Regular expressions (RE2, as Go's) for whole names without arguments; of what matches
        ``drop``, ``keep`` stays.

    Raises
    ------
    BadPattern
    """
    names = [simple_name(name) for name in places.functions.name]
    dropped = _matches(names, drop)
    if keep:
        dropped &= ~_matches(names, keep)
    dropped &= places.functions.name != ""
    hit = dropped[places.calls.function[places.call]]
    if not hit.any():
        return None
    # Of each location the outermost call that is dropped; -1 for none.
    at = np.where(hit, np.arange(len(hit)), -1)
    last = np.maximum.reduceat(at, places.first[:-1])
    end = places.first[1:] - 1
    what = np.where(last < 0, 0, np.where(last == end, 1, 2)).astype(np.int8)
    # A location that is dropped as a whole stays whole where nothing of the program is above it.
    start = np.where(what == 2, last + 1, places.first[:-1])
    row = np.repeat(np.arange(len(start)), np.diff(places.first))
    left = np.arange(len(hit)) >= start[row]
    first = np.concatenate([[0], np.cumsum(end + 1 - start)]).astype(np.int64)
    return Drops(what, first, places.call[left])


def simple_name(name: str) -> str:
    """Return a name without the list of its arguments.

    Examples
    --------
    >>> simple_name("std::sort(int*)"), simple_name("(anonymous namespace)::f(int)")
    ('std::sort', '(anonymous namespace)::f')
    """
    name = name.removeprefix(".")
    for found in _ARGUMENTS.finditer(name):
        if found[1]:
            return name[: found.start()]
    return name


def _matches(names: list[str], pattern: str) -> np.ndarray:
    # RE2 takes time in proportion to the name, whatever the pattern; `re` may take for ever.
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        found = pc.match_substring_regex(pa.array(names, pa.large_string()), rf"^(?:{pattern})$")
    except (pa.ArrowException, UnicodeError) as error:
        raise BadPattern(str(error)) from error
    return found.to_numpy(zero_copy_only=False)
