"""Pages of long columns: what a kernel needs to answer a view without sending whole frames."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from prodforensics.display.tables import plain
from prodforensics.errors import BadOption, UnknownName

MAX_ROWS = 500
"""Rows of one answer at the most, whatever the page asks for."""

_TEXT = 200


def page_order(keys: np.ndarray, offset: int, limit: int, *, descending: bool = True) -> np.ndarray:
    """Order one page of a long column without sorting all of it.

    Parameters
    ----------
    keys : ndarray, shape (n,)
        Numbers to order by; equal ones stay in their order, so that pages never overlap.
    offset, limit : int
        The page.
    descending : bool
        Largest first.

    Returns
    -------
    ndarray of int64
        Positions in ``keys``.

    Examples
    --------
    >>> page_order(np.array([3, 9, 3, 7]), 1, 2).tolist()
    [3, 0]
    >>> page_order(np.array([3, 9, 3, 7]), 1, 2, descending=False).tolist()
    [2, 3]
    """
    size, stop = keys.size, min(offset + limit, keys.size)
    if stop <= offset:
        return np.empty(0, np.int64)
    rows = np.arange(size)
    if stop < size // 4:
        place = size - stop if descending else stop - 1
        pivot = np.partition(keys, place)[place]
        before = np.flatnonzero(keys > pivot if descending else keys < pivot)
        rows = np.concatenate([before, np.flatnonzero(keys == pivot)[: stop - before.size]])
        rows.sort()
    if descending:
        order = np.argsort(keys[rows][::-1], kind="stable")[::-1]
        rows = rows[rows.size - 1 - order]
    else:
        rows = rows[np.argsort(keys[rows], kind="stable")]
    return rows[offset:stop]


def matching(names: Sequence[str], text: str) -> np.ndarray:
    """Find the names that hold a text, or match a regular expression written ``/like this/``.

    Returns
    -------
    ndarray of int64
        Positions in ``names``.

    Examples
    --------
    >>> matching(["Array", "Map", "ArrayBuffer"], "array").tolist()
    [0, 2]
    >>> matching(["Array", "Map", "ArrayBuffer"], "/^m/").tolist()
    [1]
    """
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        try:
            test: Callable[[str], object] = re.compile(text[1:-1], re.IGNORECASE).search
        except re.error as error:
            raise BadOption(
                f"{text} is no regular expression: {error}", hint="write part of a name instead"
            ) from error
        # A hostile name must not keep a careless expression busy.
        found = [place for place, name in enumerate(names) if test(name[:_TEXT])]
    else:
        wanted = text.casefold()
        found = [place for place, name in enumerate(names) if wanted in name.casefold()]
    return np.array(found, np.int64)


def table_page(
    table: Mapping[str, Any], sort: str, descending: bool, text: str, offset: object, limit: object
) -> tuple[int, np.ndarray]:
    """Choose the rows of one page of a table.

    Parameters
    ----------
    table : mapping
        Columns to sort by, as arrays, and ``names``, a list of str.
    sort : str
        The column.
    descending : bool
        Largest first.
    text : str
        What the names must match (see `matching`); empty for all rows.
    offset, limit : object
        As they came from the page (see `window`).

    Returns
    -------
    total : int
        Rows on all pages.
    rows : ndarray of int64
        Places in the table.

    Examples
    --------
    >>> table = {"names": ["Array", "Map", "ArrayBuffer"], "count": np.array([3, 9, 7])}
    >>> table_page(table, "count", True, "array", 0, 10)
    (2, array([2, 0]))
    """
    first, most = window(offset, limit)
    keys = column(table, sort)
    chosen = matching(table["names"], text) if text else np.arange(keys.size)
    return chosen.size, chosen[page_order(keys[chosen], first, most, descending=bool(descending))]


def whole_number(value: object, what: str) -> int:
    """Read a whole number that came from the page."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadOption(f"{what} must be a whole number", hint="send the number of a row")
    return value


def window(offset: object, limit: object) -> tuple[int, int]:
    """Bound what a page may ask for."""
    return max(0, whole_number(offset, "offset")), min(
        MAX_ROWS, max(1, whole_number(limit, "limit"))
    )


def column(columns: Mapping[str, Any], name: str) -> np.ndarray:
    """Return the keys of a column that can be sorted by."""
    keys = columns.get(name)
    if not isinstance(keys, np.ndarray):
        raise UnknownName("column", plain(name, 40), columns)
    return keys


def alphabetical(names: Sequence[str]) -> np.ndarray:
    """Rank names in alphabetical order, so that they sort as numbers do."""
    rank = np.empty(len(names), np.int64)
    rank[sorted(range(len(names)), key=lambda place: names[place].casefold())] = np.arange(
        len(names)
    )
    return rank
