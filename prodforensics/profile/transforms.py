"""Other profiles made from one: samples chosen by their stacks, stacks changed.

`focus`, `ignore`, `hide` and `show_from` answer as the options of ``go tool pprof`` do. As there, a
sample without any call left is dropped.
"""

from __future__ import annotations

import re
from dataclasses import fields, replace

import numpy as np

from prodforensics.errors import BadOption
from prodforensics.kernels.prefix_tree import (
    below,
    erase_loops,
    merge,
    reverse,
    still_inlined,
    used,
)
from prodforensics.kernels.stack_sums import depths
from prodforensics.profile.data import Calls, ProfileData, Stacks
from prodforensics.profile.matching import functions_matching, functions_named
from prodforensics.profile.numbering import number_rows

__all__ = [
    "choose",
    "collapse_recursion",
    "focus",
    "hide",
    "ignore",
    "invert",
    "root_at",
    "show_from",
    "turned",
]

_MOST_CALLS = 300_000_000
"""Calls in all different stacks; a few gigabytes where they have nothing in common."""


def focus(data: ProfileData, regex: str | re.Pattern[str]) -> ProfileData:
    """Keep the samples with a matching call anywhere in the stack."""
    return choose(data, _stacks_with(data, functions_matching(data, regex)))


def ignore(data: ProfileData, regex: str | re.Pattern[str]) -> ProfileData:
    """Drop the samples with a matching call anywhere in the stack, and those without a stack."""
    with_stack = data.samples.stack >= 0
    return choose(data, with_stack & ~_stacks_with(data, functions_matching(data, regex)))


def hide(data: ProfileData, regex: str | re.Pattern[str]) -> ProfileData:
    """Take matching calls out of all stacks; their callers do what they did."""
    keep = ~functions_matching(data, regex)
    return _with_a_stack(_with_calls(data, keep[data.stack_function]))


def show_from(data: ProfileData, regex: str | re.Pattern[str]) -> ProfileData:
    """Drop what is above the outermost matching call, and samples without such a call.

    Nothing below it is dropped. (pprof also drops calls further down, where a matching call was
    inlined into them.)
    """
    hit = functions_matching(data, regex)
    keep = below(data.stacks.parent, hit[data.stack_function])
    return _with_a_stack(_with_calls(data, keep))


def root_at(data: ProfileData, function: str) -> ProfileData:
    """Drop what is above the outermost call of a function, and samples without it."""
    hit = functions_named(data, function)
    keep = below(data.stacks.parent, hit[data.stack_function])
    return _with_a_stack(_with_calls(data, keep))


def collapse_recursion(data: ProfileData, *, indirect: bool = False) -> ProfileData:
    """Join calls of a function from itself with the outermost of them."""
    parent, function = data.stacks.parent, data.stack_function
    if indirect:
        tree = erase_loops(parent, data.stacks.call, function)
        return _with_tree(data, *tree)
    direct = (parent >= 0) & (function == function[np.maximum(parent, 0)])
    return _with_calls(data, ~direct)


def invert(data: ProfileData) -> ProfileData:
    """Turn every stack upside down: the innermost call becomes the outermost."""
    # What was inlined stands above its caller now, which no reader of the flag expects.
    if data.calls.inlined.any():
        data = _recalled(data, replace(data.calls, inlined=np.zeros(len(data.calls), np.bool_)))
    leaf = np.unique(data.samples.stack[data.samples.stack >= 0])
    return _with_tree(data, *turned(data.stacks.parent, data.stacks.call, leaf))


def turned(
    parent: np.ndarray, item: np.ndarray, leaf: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Turn the stacks of a tree upside down.

    Parameters
    ----------
    parent, item : int32[s]
    leaf : int32[k]
        Where stacks end.

    Returns
    -------
    parent, item : int32[m]
        The new tree.
    place : int32[s]
        Where the stack that ended at a node ends now; -1 for a node that was no leaf.

    Raises
    ------
    BadOption
        The stacks are so deep and many that no machine holds what they begin with this way round.
    """
    if (depths(parent)[leaf] + 1).sum(dtype=np.int64) > _MOST_CALLS:
        raise BadOption(
            "these stacks are too deep to be turned upside down",
            hint="cut them first: profile.show_from(regex) or profile.collapse_recursion()",
        )
    place = np.full(len(parent), -1, np.int32)
    new_parent, new_item, place[leaf] = reverse(parent, item, leaf)
    return new_parent, new_item, place


def choose(data: ProfileData, chosen: np.ndarray) -> ProfileData:
    """Return the profile of the chosen samples, without the stacks of the others.

    Parameters
    ----------
    chosen : bool[n]
    """
    data = data.with_samples(chosen)
    keep = used(data.stacks.parent, data.samples.stack)
    if keep.all():
        return data
    return _with_tree(data, *merge(data.stacks.parent, data.stacks.call, keep))


def _stacks_with(data: ProfileData, hit: np.ndarray) -> np.ndarray:
    """Tell which samples have one of these functions in their stack, bool[n]."""
    found = below(data.stacks.parent, hit[data.stack_function])
    return np.append(found, False)[data.samples.stack]


def _with_calls(data: ProfileData, keep: np.ndarray) -> ProfileData:
    """Take all other nodes out of the stacks."""
    data = _outlined(data, keep)
    return _with_tree(data, *merge(data.stacks.parent, data.stacks.call, keep))


def _with_a_stack(data: ProfileData) -> ProfileData:
    return choose(data, data.samples.stack >= 0)


def _with_tree(
    data: ProfileData, parent: np.ndarray, call: np.ndarray, place: np.ndarray
) -> ProfileData:
    """Replace the stacks.

    Parameters
    ----------
    parent, call : int32[k]
    place : int32[s]
        Where each node went; -1 for one that is gone.
    """
    stack = np.append(place, np.int32(-1))[data.samples.stack]
    return replace(data, stacks=Stacks(parent, call), samples=replace(data.samples, stack=stack))


def _outlined(data: ProfileData, keep: np.ndarray) -> ProfileData:
    """Clear the flag of inlined calls that lose all calls they were inlined into."""
    parent, inlined = data.stacks.parent, data.calls.inlined[data.stacks.call]
    lost = inlined & keep & ~still_inlined(parent, inlined, keep)
    if not lost.any():
        return data
    changed, calls = data.stacks.call[lost], data.calls
    columns = {
        one.name: np.append(getattr(calls, one.name), getattr(calls, one.name)[changed])
        for one in fields(calls)
    }
    columns["inlined"][len(calls) :] = False
    call = data.stacks.call.copy()
    call[lost] = np.arange(len(calls), len(calls) + len(changed), dtype=np.int32)
    return _recalled(replace(data, stacks=Stacks(parent, call)), Calls(**columns))


def _recalled(data: ProfileData, calls: Calls) -> ProfileData:
    """Replace the calls by others, of which some may be equal; equal stacks stay apart."""
    columns = [getattr(calls, one.name) for one in fields(calls)]
    first, number = number_rows(*columns)
    calls = Calls(*(column[first] for column in columns))
    return replace(data, calls=calls, stacks=Stacks(data.stacks.parent, number[data.stacks.call]))
