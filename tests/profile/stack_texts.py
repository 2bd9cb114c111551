"""Profiles as folded stacks, for tests to compare with other tools'."""

from __future__ import annotations

from collections import Counter


def folded(profile, value_type=""):
    """Return the sum of a value type (by default, the profile's default) by stack, as a text."""
    data = profile.data
    names = [one.name for one in profile.value_types]
    column = names.index(value_type) if value_type else data.default
    function = data.functions.name[data.stack_function].tolist()
    parents, texts = data.stacks.parent.tolist(), []
    for node, parent in enumerate(parents):
        texts.append(function[node] if parent < 0 else f"{texts[parent]};{function[node]}")
    sums = Counter()
    rows = zip(data.samples.stack.tolist(), data.samples.values[column].tolist(), strict=True)
    for node, value in rows:
        if value:
            sums[texts[node] if node >= 0 else ""] += value
    return dict(sums)
