"""What a function belongs to: its module, package or file, for colours and summaries."""

from __future__ import annotations

import re

import numpy as np

from prodforensics.kernels.stack_sums import sum_by
from prodforensics.profile.data import Functions

__all__ = ["OTHER", "Groups", "group_of", "groups"]

OTHER = 7
"""Number of the group of what is in none of the largest."""

_MOST = 0.8

_PACKAGE = re.compile(r".*[/\\](?:site-packages|dist-packages|node_modules|gems)[/\\](@?[^/\\]+)")
_SCOPE = re.compile(r"(.+?)::")


class Groups:
    """The largest groups of a profile, and the group of each function.

    Attributes
    ----------
    names : list of str
        The largest by what their functions did themselves, at most `OTHER` of them.
    of : uint8[f]
        Place in `names`; `OTHER` for the rest.
    """

    def __init__(self, names: list[str], of: np.ndarray) -> None:
        self.names, self.of = names, of


def groups(functions: Functions, own: np.ndarray) -> Groups:
    """Group the functions of a profile.

    Parameters
    ----------
    functions : Functions
    own : number[f]
        What each function did itself.
    """
    columns = (functions.name, functions.file, functions.module)
    words = [group_of(*row) for row in zip(*columns, strict=True)]
    of, weight, labels = _weighed(words, own)
    if len(words) and weight.max() > _MOST * weight.sum():
        # One program and little else: its packages tell more.
        single = list(labels)[int(weight.argmax())]
        for place, row in enumerate(zip(*columns, strict=True)):
            if words[place] == single:
                words[place] = group_of(row[0]) or group_of(*row[:2]) or single
        of, weight, labels = _weighed(words, own)
    largest = np.argsort(-weight, kind="stable")[:OTHER]
    rank = np.full(len(labels), OTHER, np.uint8)
    rank[largest] = np.arange(largest.size)
    names = list(labels)
    return Groups([names[place] or "no module" for place in largest], rank[of])


def _weighed(words: list[str], own: np.ndarray) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """Return the number of each word, sums of what its functions did, and the words."""
    labels: dict[str, int] = {}
    of = np.fromiter((labels.setdefault(word, len(labels)) for word in words), np.int64, len(words))
    return of, sum_by(of, np.asarray(own), len(labels)).astype(np.float64), labels


def group_of(name: str, file: str = "", module: str = "") -> str:
    """Say what a function belongs to, as far as its name, file and module tell.

    Examples
    --------
    >>> group_of("read", module="/usr/lib/libc.so.6"), group_of("dumps", "/srv/app/orders.py")
    ('libc.so.6', 'orders.py')
    >>> group_of("encoding/json.(*decodeState).object"), group_of("std::vector<int>::push_back")
    ('encoding/json', 'std')
    >>> group_of("java/util/HashMap.get"), group_of("java.util.HashMap.get"), group_of("main")
    ('java/util', 'java.util', '')
    """
    if module:
        if module.startswith(("[kernel", "[guest.kernel")):
            return "kernel"
        return re.split(r"[/\\]", module.rstrip("/\\"))[-1]
    if file:
        package = _PACKAGE.match(file)
        return package[1] if package else re.split(r"[/\\]", file.rstrip("/\\"))[-1]
    name = name[:200]
    folder, slash, last = name.rpartition("/")
    if slash and " " not in folder and "(" not in folder:
        head = last.partition(".")[0]
        # A class begins with a capital, a Go package does not.
        return folder if head[:1].isupper() else f"{folder}/{head}"
    if scope := _SCOPE.match(name):
        return scope[1].partition("<")[0]
    parts = name.partition("(")[0].split(".")
    if len(parts) >= 3:
        return ".".join(parts[:-2])
    return parts[0] if len(parts) == 2 and parts[0].isidentifier() else ""
