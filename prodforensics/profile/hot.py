"""Where the work is: the plateau at the top of the flame graph, and who calls it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prodforensics.kernels.owners import owners
from prodforensics.kernels.prefix_tree import below
from prodforensics.kernels.stack_sums import outermost, sum_by
from prodforensics.profile.data import ProfileData
from prodforensics.profile.frame_texts import UNNAMED_C
from prodforensics.profile.measures import Measures
from prodforensics.profile.names import function_names
from prodforensics.profile.roles import COLLECTING, IDLE, matching, owned

__all__ = ["Plateau", "Work", "callers_of", "plateaus", "said"]


@dataclass(frozen=True)
class Plateau:
    """Work that is done in one place.

    Parameters
    ----------
    function : int
        The function at the top, or the library's function that the program calls.
    owner : int
        The program's own function that calls it; -1 where it is itself the one to be named.
    value : float
        In the unit of the value type.
    """

    function: int
    owner: int
    value: float


class Work:
    """The part of a profile in which something was done: neither idle nor collecting garbage.

    Attributes
    ----------
    stack_self : number[s]
        As `Measures.stack_self`; 0 where a stack is idle or collects garbage.
    total : number
        Of the work.
    """

    def __init__(self, data: ProfileData, measures: Measures) -> None:
        self.data = data
        function = data.stack_function
        idle = matching(data, IDLE)[function]
        collecting = matching(data, COLLECTING)[function]
        self.stack_self = measures.stack_self.copy()
        self.stack_self[idle | below(data.stacks.parent, collecting)] = 0
        self.total = self.stack_self.sum().item() if len(self.stack_self) else 0


def plateaus(work: Work, most: int = 50) -> list[Plateau]:
    """List the places where work is done, most first.

    A place is a function that works itself, or a library's function with all below it as one of
    the program's own calls it: a service that parses JSON all day has its plateau in the parser,
    but the line to change is where the program calls it.

    Parameters
    ----------
    work : Work
    most : int
        Functions and calls into libraries at the most, each.
    """
    if not len(work.data.stacks):
        return []
    owner, entry = owned(work.data)
    count = len(work.data.functions)
    keys = (owner.astype(np.int64) + 1) * count + entry
    own = sum_by(_named(work.data), work.stack_self, count)
    unique, place = np.unique(keys, return_inverse=True)
    value = sum_by(place.astype(np.int64), work.stack_self, len(unique))
    # A stack without an owner is counted at its innermost function.
    called = (unique // count > 0) & (unique // count - 1 != unique % count)
    called &= work.data.functions.name[unique % count] != UNNAMED_C
    found = [Plateau(int(f), -1, own[f].item()) for f in _largest(own, most)]
    found += [
        Plateau(int(unique[k] % count), int(unique[k] // count - 1), value[k].item())
        for k in _largest(np.where(called, value, 0), most)
    ]
    return sorted(found, key=lambda one: (-one.value, one.owner >= 0))


def callers_of(data: ProfileData, measures: Measures, function: int) -> list[tuple[int, float]]:
    """List who calls a function, with what it does for each, most first.

    Recursive calls are not counted again; -1 stands for no caller.
    """
    key = np.where(data.stack_function == function, 0, 1).astype(np.int32)
    nodes = np.flatnonzero(outermost(data.stacks.parent, key, 2) & (key == 0))
    above = data.stacks.parent[nodes]
    caller = np.where(above < 0, -1, data.stack_function[above])
    unique, place = np.unique(caller, return_inverse=True)
    value = sum_by(place.astype(np.int64), measures.stack_total[nodes], len(unique))
    pairs = zip(unique.tolist(), value.tolist(), strict=True)
    return sorted(pairs, key=lambda pair: -pair[1])


def said(data: ProfileData, place: Plateau) -> str:
    """Name a place: the function, and the program's own that calls it where that is to be asked."""
    names = function_names(data)
    called = f", called by {names[place.owner]}," if place.owner >= 0 else ""
    return f"{names[place.function]}{called}"


def _named(data: ProfileData) -> np.ndarray:
    """Return the function of each stack node; of a call that says nothing, that of its caller."""
    function = data.stack_function
    silent = data.functions.name == UNNAMED_C
    if not silent.any():
        return function
    caller = owners(data.stacks.parent, ~silent[function])[0]
    return np.where(caller < 0, function, function[caller])


def _largest(value: np.ndarray, most: int) -> np.ndarray:
    order = np.argsort(-value, kind="stable")[:most]
    return order[value[order] > 0]
