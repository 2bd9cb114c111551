"""Ordinals that a caller gave, checked."""

from __future__ import annotations

import numpy as np

from prodforensics.errors import BadOption

__all__ = ["one_ordinal", "ordinals"]

_HINTS = {
    "node": 'find(id=...) and instances("Class") give ordinals; an id (@...) is none',
    "edge": "retainers(node).index and properties(node).index give ordinals of edges",
}


def ordinals(values: object, count: int, what: str) -> np.ndarray:
    """Return ordinals as an array.

    Parameters
    ----------
    values : int or sequence of int
        Of any whole number type; an index of a frame will do.
    count : int
        Nodes or edges that there are.
    what : str
        ``"node"`` or ``"edge"``.

    Returns
    -------
    int64[k]

    Raises
    ------
    BadOption
        Something else was given, or there is no such node or edge.

    Examples
    --------
    >>> ordinals(7, 10, "node"), ordinals(range(3), 10, "edge")
    (array([7]), array([0, 1, 2]))
    >>> ordinals(12, 10, "node")
    Traceback (most recent call last):
    ...
    prodforensics.errors.BadOption: there is no node 12: the snapshot has 10 of them
    Try: find(id=...) and instances("Class") give ordinals; an id (@...) is none
    """
    array = np.atleast_1d(np.asarray(values))
    if array.size == 0:
        return np.empty(0, np.int64)
    if array.ndim > 1 or array.dtype.kind not in "iu":
        raise BadOption(f"not the ordinal of a {what}: {values!r:.80}", hint=_HINTS[what])
    wrong = array[(array < 0) | (array >= count)]
    if wrong.size:
        raise BadOption(
            f"there is no {what} {int(wrong[0])}: the snapshot has {count:,} of them",
            hint=_HINTS[what],
        )
    return array.astype(np.int64)


def one_ordinal(value: object, count: int, what: str) -> int:
    """Return one ordinal; see `ordinals`."""
    chosen = ordinals(value, count, what)
    if np.ndim(value) or len(chosen) != 1:  # type: ignore[arg-type]
        raise BadOption(f"one {what} is wanted", hint=_HINTS[what])
    return int(chosen[0])
