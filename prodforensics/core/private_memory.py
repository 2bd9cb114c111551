"""The memory that a process had for itself: where its strings and its secrets are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from prodforensics.core.image import Image
    from prodforensics.core.memory import Segment

__all__ = ["Places", "private_segments"]


def private_segments(image: Image) -> Iterator[Segment]:
    """Yield the segments that the core holds and that are no file's read-only pages.

    What a process reads from a file without changing it stands in the file, too.

    Parameters
    ----------
    image : Image
    """
    for segment in image.memory.segments:
        if segment.offset < 0 or not segment.file_size or segment.kind in ("vdso", "vvar"):
            continue
        if segment.path and "w" not in segment.permissions:
            continue
        yield segment


class Places:
    """Places in segments, gathered piece by piece, as the columns of a frame."""

    def __init__(self) -> None:
        self._parts: list[tuple[Segment, np.ndarray]] = []

    def add(self, segment: Segment, where: np.ndarray) -> None:
        """Add places: int64[n], bytes from the start of the segment."""
        self._parts.append((segment, where))

    def columns(self) -> dict[str, Any]:
        """Return ``offset``, ``address`` and ``segment``."""
        parts = [(segment, where) for segment, where in self._parts if len(where)]
        starts = np.array([segment.start for segment, _ in parts], np.uint64)
        offsets = np.array([segment.offset for segment, _ in parts], np.int64)
        counts = [len(where) for _, where in parts]
        every = np.concatenate([where for _, where in parts]) if parts else np.empty(0, np.int64)
        names = [segment.path or segment.kind for segment, _ in parts]
        return {
            "offset": every + np.repeat(offsets, counts),
            "address": every.astype(np.uint64) + np.repeat(starts, counts),
            "segment": _category(names, counts),
        }


def _category(names: Sequence[str], counts: Sequence[int]) -> pd.Categorical:
    codes, unique = pd.factorize(np.array(names, dtype=object))
    return pd.Categorical.from_codes(np.repeat(codes, counts), pd.Index(unique, dtype="str"))
