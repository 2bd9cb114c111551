"""Two clocks: how far one is ahead of the other, by the quickest packets of both directions.

As with NTP: a packet cannot arrive before it is sent, so the quickest of each direction bound the
offset from both sides. Its middle is right where the quickest take equally long in both directions;
it is wrong by half of the shortest round trip at the most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Clock", "Windows", "estimated"]

_MOST_WINDOWS = 60
_OF_WINDOW = 20
_FEWEST_WINDOWS = 5
_SHORTEST = 10_000_000_000  # ns; over less, no drift of a computer's clock is seen
_ERRORS = 4


@dataclass(frozen=True)
class Windows:
    """The quickest packets of equal spans of time.

    Attributes
    ----------
    time : int64[w]
        Middle of the span by the base's clock, ns.
    earliest, latest : int64[w]
        Bounds of the offset, ns: the quickest packet to the base, and to the other end.
    """

    time: np.ndarray
    earliest: np.ndarray
    latest: np.ndarray


@dataclass(frozen=True)
class Clock:
    """The other end's clock, compared with the base's.

    Attributes
    ----------
    offset_ns : int
        How far it is ahead, in the middle of the capture.
    uncertainty_ns : int
        The offset is wrong by no more: half of the shortest round trip, and how far the clock
        jumped if it was set meanwhile; -1 where packets of one
        direction alone were seen, and the offset is that of the quickest.
    drift_ppm : float
        How much it gains, microseconds a second; 0 where none was found.
    reference_ns : int
        When the offset holds, by the base's clock.
    windows : Windows

    Examples
    --------
    >>> sent = np.arange(10) * 1_000_000
    >>> clock = estimated(sent, np.full(10, 7_000), sent, np.full(10, 3_000))
    >>> clock.offset_ns, clock.uncertainty_ns
    (5000, 2000)
    """

    offset_ns: int
    uncertainty_ns: int
    drift_ppm: float
    reference_ns: int
    windows: Windows

    def ahead(self, time: np.ndarray) -> np.ndarray:
        """Return how far the other clock is ahead at times of the base's, ns, int64[k]."""
        gained = np.rint((time - self.reference_ns) * (self.drift_ppm / 1e6)).astype(np.int64)
        return self.offset_ns + gained


def estimated(
    to_other: np.ndarray, later: np.ndarray, to_base: np.ndarray, earlier: np.ndarray
) -> Clock:
    """Estimate the offset of the other end's clock, and its drift.

    Parameters
    ----------
    to_other, to_base : int64[k], int64[m]
        When packets of each direction were captured by the base, ns.
    later, earlier : int64[k], int64[m]
        Their time at the other end less that at the base.
    """
    every = np.concatenate([to_other, to_base])
    begin, end = (int(every.min()), int(every.max())) if len(every) else (0, 0)
    reference = (begin + end) // 2
    windows = _windows(to_other, later, to_base, earlier, begin, end)
    if not len(later) or not len(earlier):
        # Of one direction nothing tells delay and offset apart.
        bound = int(later.min()) if len(later) else int(earlier.max(initial=0))
        return Clock(bound, -1, 0.0, reference, windows)
    drift = _drift(windows) if end - begin >= _SHORTEST else 0.0
    latest = int((later - np.rint((to_other - reference) * drift)).min())
    earliest = int((earlier - np.rint((to_base - reference) * drift)).max())
    offset, half = (latest + earliest) // 2, (latest - earliest) // 2
    if half < 0:
        # No one offset suits all packets: the clock was set meanwhile, or goes unevenly.
        middle = windows.earliest // 2 + windows.latest // 2
        offset = int(np.median(middle))
        wrong = np.maximum(np.abs(windows.latest - offset), np.abs(windows.earliest - offset))
        return Clock(offset, int(wrong.max()), 0.0, reference, windows)
    return Clock(offset, half, drift * 1e6, reference, windows)


def _windows(
    to_other: np.ndarray,
    later: np.ndarray,
    to_base: np.ndarray,
    earlier: np.ndarray,
    begin: int,
    end: int,
) -> Windows:
    count = min(len(later), len(earlier)) // _OF_WINDOW
    count = min(max(count, 1), _MOST_WINDOWS)
    width = (end - begin) // count + 1
    low, high = np.iinfo(np.int64).min, np.iinfo(np.int64).max
    latest, earliest = np.full(count, high), np.full(count, low)
    np.minimum.at(latest, (to_other - begin) // width, later)
    np.maximum.at(earliest, (to_base - begin) // width, earlier)
    both = (latest < high) & (earliest > low)
    middle = begin + width * np.arange(count) + width // 2
    return Windows(middle[both], earliest[both], latest[both])


def _drift(windows: Windows) -> float:
    """Fit a line to the offsets of quiet windows; 0 where its slope may be chance."""
    half = (windows.latest - windows.earliest) / 2
    if len(half) < _FEWEST_WINDOWS:
        return 0.0
    # Where packets queue, the bounds are wide and the middle is off.
    quiet = half <= np.median(half)
    time = (windows.time[quiet] - windows.time[0]).astype(np.float64)
    offset = (windows.latest[quiet] - windows.latest[0] + windows.earliest[quiet]) / 2
    if len(time) < _FEWEST_WINDOWS:
        return 0.0
    slope, level = np.polyfit(time, offset, 1)
    rest = offset - slope * time - level
    spread = ((time - time.mean()) ** 2).sum()
    error = np.sqrt((rest**2).sum() / (len(time) - 2) / spread)
    return float(slope) if abs(slope) > _ERRORS * error else 0.0
