"""Several profiles of one file made one: each has its own tree of stacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from prodforensics.kernels.event_stacks import stacks_between
from prodforensics.profile.building import stacks_from_tree
from prodforensics.profile.data import Samples, Stacks

__all__ = ["Part", "evented", "join"]


@dataclass
class Part:
    """The samples of one profile.

    Attributes
    ----------
    parent, call : integer[n]
        Its stacks as a tree; a call of -1 is left out.
    node : integer[m]
        The innermost node of each sample; -1 for none.
    values : tuple of int64[m] or float64[m]
        One for each value type of the whole.
    thread : int32[m]
    time : int64[m] or None
    """

    parent: np.ndarray
    call: np.ndarray
    node: np.ndarray
    values: tuple[np.ndarray, ...]
    thread: np.ndarray
    time: np.ndarray | None = None


def join(parts: Sequence[Part], value_types: int) -> tuple[Stacks, Samples]:
    """Put the parts behind each other, their stacks into one tree.

    Parameters
    ----------
    parts : sequence of Part
    value_types : int
        How many values each sample has.

    Returns
    -------
    stacks : Stacks
    samples : Samples
        With times if every part that has samples has them.
    """
    starts = np.cumsum([0, *(len(one.parent) for one in parts)])
    parents = [_shifted(one.parent, start) for one, start in zip(parts, starts, strict=False)]
    stacks, place = stacks_from_tree(_row(parents), _row([one.call for one in parts]))
    nodes = [_shifted(one.node, start) for one, start in zip(parts, starts, strict=False)]
    node = np.append(place, np.int32(-1))[_row(nodes)]  # the last one answers -1
    values = tuple(_row([one.values[k] for one in parts]) for k in range(value_types))
    times = [one.time for one in parts if len(one.node)]
    time = _row(times) if times and all(one is not None for one in times) else None
    thread = _row([one.thread for one in parts]).astype(np.int32)
    return stacks, Samples(node, values, time, thread)


def _shifted(node: np.ndarray, start: int) -> np.ndarray:
    return np.where(node < 0, -1, node.astype(np.int64) + start)


def _row(arrays: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(arrays) if arrays else np.empty(0, np.int64)


def evented(
    thread: np.ndarray, time: np.ndarray, opens: np.ndarray, name: np.ndarray, call: np.ndarray
) -> tuple[Part, int, int]:
    """Make samples of the times between events that open and close functions.

    Parameters
    ----------
    thread : integer[n]
        Events of one thread stand together.
    time : int64[n]
        In order within a thread.
    opens : bool[n]
    name, call : integer[n]
        See `prodforensics.kernels.event_stacks.stacks_between`.

    Returns
    -------
    part : Part
        Its only value is how long a stack was open.
    unopened, unclosed : int
        Events without a partner.
    """
    given = (thread.astype(np.int32), time, opens, name.astype(np.int32), call.astype(np.int32))
    parent, item, event, node, length, unopened, unclosed = stacks_between(*given)
    part = Part(parent, item, node, (length,), given[0][event], time[event])
    return part, unopened, unclosed
