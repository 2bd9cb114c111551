"""Two stacks side by side: which frames are the same, and where they part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from prodforensics.core.comparison.crash_stacks import ComparedFrame

__all__ = ["Pair", "align", "first_difference"]


@dataclass(frozen=True)
class Pair:
    """A frame of the base and of the other stack; None where one of them has none."""

    base: ComparedFrame | None
    other: ComparedFrame | None

    @property
    def change(self) -> str:
        """``same``, ``line`` (the same function at another line), ``base``, ``other``."""
        if self.base is None:
            return "other"
        if self.other is None:
            return "base"
        return "same" if self.base.place == self.other.place else "line"


def align(base: Sequence[ComparedFrame], other: Sequence[ComparedFrame]) -> list[Pair]:
    """Put two stacks side by side by the names of their frames, innermost first.

    Parameters
    ----------
    base, other : sequence of ComparedFrame
    """
    return list(_pairs(base, other))


def _pairs(base: Sequence[ComparedFrame], other: Sequence[ComparedFrame]) -> Iterator[Pair]:
    names = [one.name for one in base], [one.name for one in other]
    matcher = SequenceMatcher(None, *names, autojunk=False)
    for kind, start, end, begin, stop in matcher.get_opcodes():
        if kind == "equal":
            for mine, its in zip(base[start:end], other[begin:stop], strict=True):
                yield Pair(mine, its)
            continue
        for mine in base[start:end]:
            yield Pair(mine, None)
        for its in other[begin:stop]:
            yield Pair(None, its)


def first_difference(pairs: Sequence[Pair]) -> int | None:
    """Return the place of the innermost pair that is not of one function; None for none."""
    return next((at for at, pair in enumerate(pairs) if not (pair.base and pair.other)), None)
