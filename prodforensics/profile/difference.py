"""Arithmetic of profiles as pprof does it: equal samples combined, scaled, subtracted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from prodforensics.kernels.prefix_tree import build
from prodforensics.kernels.stack_sums import sum_by
from prodforensics.profile.data import Labels, ProfileData, Samples, Threads
from prodforensics.profile.numbering import number_rows
from prodforensics.profile.uniting import merged

__all__ = ["combined", "scaled", "subtracted"]


def combined(data: ProfileData) -> ProfileData:
    """Join the samples of one stack with the same labels; when and where they ran is lost."""
    given = data.samples
    first, number = number_rows(given.stack, _label_sets(data.labels, len(given)))
    chosen = np.zeros(len(given), np.bool_)
    chosen[first] = True
    values = tuple(sum_by(number, value, len(first)) for value in given.values)
    return replace(
        data,
        samples=Samples(given.stack[first], values),
        labels=data.labels.take(chosen) if data.labels else None,
        threads=Threads.none(),
    )


def scaled(data: ProfileData, factors: Sequence[float]) -> ProfileData:
    """Multiply the values of all samples, each type by its factor (pprof: ``-normalize``).

    Whole numbers are rounded, halves away from zero; samples of which nothing is left are dropped.
    """
    values = []
    for value, factor in zip(data.samples.values, factors, strict=True):
        product = value * factor
        if value.dtype.kind != "f" and factor != 1:
            product = np.copysign(np.floor(np.abs(product) + 0.5), product)
        values.append(product.astype(value.dtype))
    return _without_zeros(replace(data, samples=replace(data.samples, values=tuple(values))))


def subtracted(base: ProfileData, other: ProfileData) -> ProfileData:
    """Return the other profile less the base (pprof: ``-base``).

    Raises
    ------
    NotComparable
        Their value types differ.
    """
    negative = tuple(-value for value in base.samples.values)
    base = replace(base, samples=replace(base.samples, values=negative))
    return _without_zeros(combined(merged([other, base])))


def _without_zeros(data: ProfileData) -> ProfileData:
    seen = np.zeros(len(data.samples), np.bool_)
    for value in data.samples.values:
        seen |= value != 0
    return data.with_samples(seen)


def _label_sets(labels: Labels | None, count: int) -> np.ndarray:
    """Give numbers to the labels of samples, equal ones the same, int32[n]."""
    if labels is None or not len(labels.key):
        return np.full(count, -1, np.int32)
    _, number = number_rows(labels.key, labels.text, labels.number, labels.unit)
    sample = np.repeat(np.arange(count), np.diff(labels.first))
    order = np.lexsort((number, sample))  # their order in a sample says nothing
    return build(labels.first, number[order], False)[2]
