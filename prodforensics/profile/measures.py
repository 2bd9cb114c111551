"""The sums of a profile for one value type: by stack, by function."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from prodforensics.kernels.stack_sums import inclusive, outermost, sum_by
from prodforensics.profile.data import ProfileData

__all__ = ["Measures"]


class Measures:
    """Self and total of every stack and function, for one value type; computed on first use.

    Parameters
    ----------
    data : ProfileData
    value : int
        Place of the value type.

    Attributes
    ----------
    weight : number[n]
        Value of each sample.
    total : number
        Of the whole profile, samples without a stack included.
    """

    def __init__(self, data: ProfileData, value: int) -> None:
        self.data = data
        self.weight = data.samples.values[value]
        self.total = self.weight.sum().item() if len(self.weight) else 0

    @cached_property
    def stack_self(self) -> np.ndarray:
        """Value of the samples whose innermost call a stack node is, number[s]."""
        return sum_by(self.data.samples.stack, self.weight, len(self.data.stacks))

    @cached_property
    def stack_total(self) -> np.ndarray:
        """Value of the samples whose stacks pass through a node, number[s]."""
        return inclusive(self.data.stacks.parent, self.stack_self)

    @cached_property
    def function_self(self) -> np.ndarray:
        """What each function did itself, number[f]."""
        return sum_by(self.data.stack_function, self.stack_self, len(self.data.functions))

    @cached_property
    def function_total(self) -> np.ndarray:
        """What each function and all below it did, counted once in a stack, number[f]."""
        return self.total_by(self.data.stack_function, len(self.data.functions))

    def total_by(self, key: np.ndarray, count: int) -> np.ndarray:
        """Sum totals by any property of stack nodes, counted once in a stack.

        Parameters
        ----------
        key : int32[s]
            Below ``count``.
        count : int

        Returns
        -------
        number[count]
        """
        outer = outermost(self.data.stacks.parent, key, count)
        return sum_by(np.where(outer, key, -1), self.stack_total, count)
