"""Which functions a regular expression or a name means."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from prodforensics.errors import BadOption, UnknownName
from prodforensics.profile.data import ProfileData
from prodforensics.profile.names import function_names

__all__ = ["compiled", "functions_matching", "functions_named", "matches"]

_LISTED = 2000  # names among which a similar one is looked for: difflib takes its time


def compiled(regex: str | re.Pattern[str]) -> re.Pattern[str]:
    """Compile a regular expression.

    Raises
    ------
    BadOption
        It is not one.
    """
    if isinstance(regex, re.Pattern) and isinstance(regex.pattern, str):
        return regex
    try:
        return re.compile(regex)
    except (re.error, TypeError, RecursionError, OverflowError) as error:
        raise BadOption(
            f"{regex!r} is not a regular expression: {error}",
            hint=r"put a backslash before characters that are meant as they are: r'\(\*Server\)'",
        ) from error


def matches(pattern: re.Pattern[str], words: Iterable[str]) -> np.ndarray:
    """Search every word, equal ones once; bool[k]."""
    known: dict[str, bool] = {}
    found = []
    for word in words:
        if word not in known:
            known[word] = pattern.search(word) is not None
        found.append(known[word])
    return np.array(found, np.bool_)


def functions_matching(data: ProfileData, regex: str | re.Pattern[str]) -> np.ndarray:
    """Tell which functions a regular expression finds, in the manner of ``go tool pprof``.

    It is searched for in the name, the source file and the module (pprof: the mapping).

    Returns
    -------
    bool[f]
    """
    pattern, functions = compiled(regex), data.functions
    found = matches(pattern, functions.name)
    found |= matches(pattern, functions.file)
    return found | matches(pattern, functions.module)


def functions_named(data: ProfileData, name: str) -> np.ndarray:
    """Tell which functions have a name, as it stands in ``frames["functions"]``.

    Several may: in different files or modules.

    Returns
    -------
    bool[f]

    Raises
    ------
    UnknownName
        There is none; the hint names similar ones.
    """
    names = function_names(data)
    found = names == name
    if not found.any():
        word = str(name).lower()
        similar = sorted({one for one in names if word in one.lower()})
        every = similar[:20] or sorted(set(names))
        raise UnknownName("function", name, every[:_LISTED])
    return found
