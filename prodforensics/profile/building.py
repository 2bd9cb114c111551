"""What readers build a `ProfileData` with: calls numbered as they are met, stacks from lists."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prodforensics.kernels.prefix_tree import build, merge
from prodforensics.kernels.tree_order import levels
from prodforensics.profile.data import KINDS, Calls, Functions, Stacks, Threads

__all__ = ["CallTable", "ThreadTable", "objects", "stacks_from_lists", "stacks_from_tree"]

_KINDS = {kind: place for place, kind in enumerate(KINDS)}


class CallTable:
    """Functions and calls, each different one numbered once.

    For the unique frames of a file: there are thousands, where samples are millions.

    Examples
    --------
    >>> table = CallTable()
    >>> table.call("main", "app.go", line=3), table.call("main", "app.go", line=5)
    (0, 1)
    >>> table.call("main", "app.go", line=3)
    0
    >>> len(table.functions()), table.calls().line.tolist()
    (1, [3, 5])
    """

    def __init__(self) -> None:
        self._functions: dict[tuple[str, str, str], int] = {}
        self._start_lines: list[int] = []
        self._calls: dict[tuple[int, int, int, int, bool, int], int] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def function(self, name: str, file: str = "", module: str = "", start_line: int = 0) -> int:
        """Return the number of a function."""
        number = self._functions.setdefault((name, file, module), len(self._functions))
        if number == len(self._start_lines):
            self._start_lines.append(start_line)
        return number

    def call(
        self,
        name: str,
        file: str = "",
        module: str = "",
        *,
        line: int = 0,
        column: int = 0,
        address: int = 0,
        inlined: bool = False,
        kind: str = "",
        start_line: int = 0,
    ) -> int:
        """Return the number of a call of the function of this name, file and module."""
        function = self.function(name, file, module, start_line)
        # A hostile file may hold any number.
        where = (_fit(line, 2**31), _fit(column, 2**31), _fit(address, 2**64))
        return self._calls.setdefault(
            (function, *where, bool(inlined), _KINDS[kind]), len(self._calls)
        )

    def functions(self) -> Functions:
        """Return the functions as arrays."""
        columns = zip(*self._functions, strict=True) if self._functions else ((), (), ())
        names, files, modules = (objects(column) for column in columns)
        return Functions(names, files, modules, np.array(self._start_lines, np.int32))

    def calls(self) -> Calls:
        """Return the calls as arrays."""
        columns = list(zip(*self._calls, strict=True)) if self._calls else [()] * 6
        dtypes = (np.int32, np.int32, np.int32, np.uint64, np.bool_, np.uint8)
        return Calls(*(np.array(c, d) for c, d in zip(columns, dtypes, strict=True)))


class ThreadTable:
    """Threads, each different one numbered once.

    Examples
    --------
    >>> table = ThreadTable()
    >>> table.thread(7, 9, "app", "worker"), table.thread(7, 9, "app", "worker")
    (0, 0)
    """

    def __init__(self) -> None:
        self._threads: dict[tuple[int, int, str, str], int] = {}

    def thread(
        self, process_id: int = -1, thread_id: int = -1, process_name: str = "", name: str = ""
    ) -> int:
        """Return the number of a thread."""
        key = (process_id, thread_id, process_name, name)
        return self._threads.setdefault(key, len(self._threads))

    def threads(self) -> Threads:
        """Return the threads as arrays."""
        columns = list(zip(*self._threads, strict=True)) if self._threads else [()] * 4
        ids = [np.array(column, np.int64) for column in columns[:2]]
        return Threads(*ids, *(objects(column) for column in columns[2:]))


def objects(values: Sequence[str]) -> np.ndarray:
    """Return strings as an array of objects.

    Examples
    --------
    >>> objects(["main", "idle"])[np.array([1, 1])].tolist()
    ['idle', 'idle']
    """
    array = np.empty(len(values), object)
    array[:] = values
    return array


def stacks_from_lists(
    first: np.ndarray, call: np.ndarray, *, leaf_first: bool
) -> tuple[Stacks, np.ndarray]:
    """Build the prefix tree of stacks that are given as lists of calls.

    Parameters
    ----------
    first : int64[k + 1]
        Bounds: stack ``s`` is ``call[first[s]:first[s + 1]]``.
    call : integer[m]
    leaf_first : bool
        Whether a stack begins with its innermost call.

    Returns
    -------
    stacks : Stacks
    node : int32[k]
        The innermost node of each stack; -1 for an empty one.

    Examples
    --------
    >>> stacks, node = stacks_from_lists(
    ...     np.array([0, 2, 4]), np.array([1, 0, 2, 0]), leaf_first=True
    ... )
    >>> stacks.parent.tolist(), stacks.call.tolist(), node.tolist()
    ([-1, 0, 0], [0, 1, 2], [1, 2])
    """
    parent, item, node = build(np.asarray(first, np.int64), np.asarray(call), leaf_first)
    return Stacks(parent, item), node


def stacks_from_tree(parent: np.ndarray, call: np.ndarray) -> tuple[Stacks, np.ndarray]:
    """Build the prefix tree of stacks that are given as a tree, in any order.

    Parameters
    ----------
    parent : integer[n]
        Place of the caller's node; -1 for an outermost one. It may stand behind its children.
    call : integer[n]
        -1 for a node that is left out, such as a root that is no function: its children hang from
        its parent instead. Equal siblings become one.

    Returns
    -------
    stacks : Stacks
    node : int32[n]
        Where each went; -1 for one that is left out and has nothing above, or whose ancestors go
        in a circle.

    Examples
    --------
    >>> stacks, node = stacks_from_tree(np.array([2, 0, -1, 1]), np.array([7, 8, -1, 8]))
    >>> stacks.parent.tolist(), stacks.call.tolist(), node.tolist()
    ([-1, 0, 1], [7, 8, 8], [0, 1, -1, 2])
    """
    level = levels(np.asarray(parent, np.int64))
    order = np.argsort(level, kind="stable")[np.count_nonzero(level < 0) :]
    place = np.full(len(level) + 1, -1, np.int32)  # the last one answers -1
    place[order] = np.arange(len(order), dtype=np.int32)
    item = np.asarray(call, np.int32)[order]
    above, item, merged = merge(place[parent[order]], item, item >= 0)
    node = np.full(len(level), -1, np.int32)
    node[order] = merged
    return Stacks(above, item), node


def _fit(number: int, limit: int) -> int:
    return number if 0 <= number < limit else 0
