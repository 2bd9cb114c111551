"""The stacks of several profiles as one tree by function, with the values of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from prodforensics.kernels.stack_sums import inclusive, outermost, sum_by
from prodforensics.profile.data import (
    Calls,
    Functions,
    ProfileData,
    Samples,
    Stacks,
    ValueType,
)
from prodforensics.profile.measures import Measures
from prodforensics.profile.uniting import join_functions, join_trees

__all__ = ["United", "unite"]


@dataclass(frozen=True)
class United:
    """One tree for several profiles: a node is a stack of functions, whatever their addresses.

    Attributes
    ----------
    functions : Functions
        Joined by name, file and module.
    parent, function : int32[k]
        The tree (see `prodforensics.profile.data.Stacks`).
    own, total : tuple of number[k]
        For each profile: self and total of each node.
    whole : tuple of number
        For each profile: all of it, samples without a stack included.
    """

    functions: Functions
    parent: np.ndarray
    function: np.ndarray
    own: tuple[np.ndarray, ...]
    total: tuple[np.ndarray, ...]
    whole: tuple[float, ...]

    def function_self(self, profile: int) -> np.ndarray:
        """Return what each function did itself, number[f]."""
        return sum_by(self.function, self.own[profile], len(self.functions))

    def function_total(self, profile: int) -> np.ndarray:
        """Return what each function and all below it did, once in a stack, number[f]."""
        return sum_by(self._outermost, self.total[profile], len(self.functions))

    @property
    def _outermost(self) -> np.ndarray:
        outer = outermost(self.parent, self.function, len(self.functions))
        return np.where(outer, self.function, -1)

    def difference(self, value_type: ValueType) -> ProfileData:
        """Return the last profile less the first: one sample a node that differs."""
        delta = self.own[-1] - self.own[0]
        node = np.flatnonzero(delta).astype(np.int32)
        count, none = len(self.functions), np.zeros(len(self.functions), np.int32)
        calls = Calls(
            np.arange(count, dtype=np.int32),
            none,
            none,
            none.astype(np.uint64),
            none.astype(np.bool_),
            none.astype(np.uint8),
        )
        stacks = Stacks(self.parent, self.function)
        samples = Samples(node, (delta[node],))
        return ProfileData((value_type,), self.functions, calls, stacks, samples)


def unite(measures: Sequence[Measures]) -> United:
    """Join the stacks of several profiles.

    Parameters
    ----------
    measures : sequence of Measures
        One for each profile, of the value type that is compared.
    """
    datas = [one.data for one in measures]
    functions, numbers = join_functions(datas)
    pairs = zip(datas, numbers, strict=True)
    tree = join_trees([(one.stacks.parent, n[one.stack_function]) for one, n in pairs])
    count = len(tree.parent)
    own = tuple(
        sum_by(place, one.stack_self, count)
        for place, one in zip(tree.place, measures, strict=True)
    )
    total = tuple(inclusive(tree.parent, each) for each in own)
    whole = tuple(one.total for one in measures)
    return United(functions, tree.parent, tree.item, own, total, whole)
