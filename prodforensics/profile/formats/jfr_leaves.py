"""Classes as calls: what is allocated stands below who allocates it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from prodforensics.profile.building import CallTable
from prodforensics.profile.data import Samples, Stacks
from prodforensics.profile.formats.java_names import package_of

__all__ = ["with_class_leaves"]


def with_class_leaves(
    stacks: Stacks, samples: Samples, calls: CallTable, classes: Sequence[str], label: np.ndarray
) -> tuple[Stacks, Samples]:
    """Put the class of each sample below its innermost call.

    Parameters
    ----------
    stacks : Stacks
    samples : Samples
    calls : CallTable
        Gets a call for each class.
    classes : sequence of str
    label : int32[n]
        Class of each sample; -1 for none, which leaves its stack as it is.

    Returns
    -------
    stacks : Stacks
    samples : Samples
    """
    if not len(classes):
        return stacks, samples
    numbers = np.array([calls.call(one, module=package_of(one)) for one in classes], np.int32)
    rows = np.flatnonzero(label >= 0)
    pairs = (samples.stack[rows].astype(np.int64) + 1) * len(classes) + label[rows]
    unique, inverse = np.unique(pairs, return_inverse=True)
    above = (unique // len(classes) - 1).astype(np.int32)
    stack = samples.stack.copy()
    stack[rows] = len(stacks) + inverse.reshape(-1)
    parent = np.concatenate([stacks.parent, above])
    call = np.concatenate([stacks.call, numbers[unique % len(classes)]])
    return Stacks(parent, call), replace(samples, stack=stack)
