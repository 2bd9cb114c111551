"""What went on over time: bytes, errors and round trips of equal spans, and their picture."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.display.drawing import Drawing, line, path, rect, text
from prodforensics.display.svg import round_step
from prodforensics.display.tables import human_bytes, human_count, human_ns
from prodforensics.network.explorer.troubles import dns_troubles, http_troubles
from prodforensics.network.packets import RST
from prodforensics.network.questions import sides

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["Timeline", "draw_timeline", "seconds", "time_ticks", "timeline"]

_SENT_AGAIN = 1 | 1024 | 16384
LEFT, RIGHT = 84, 14
"""Pixels beside a chart: its scale, and what keeps the last mark whole."""


@dataclass(frozen=True)
class Timeline:
    """Sums of equal spans of time.

    Attributes
    ----------
    start_ns, span_ns : int
        Where the first span begins, from the first packet; how long one is.
    packets : int64[n]
    bytes : int64[n, 2]
        From originators of connections (and of what belongs to none), from responders.
    errors : dict of str to int64[n]
        Retransmissions, resets, DNS errors, HTTP errors.
    rtt : float64[n, 3]
        Round trips, ns: median and 95th percentile of those to servers, median of those to clients;
        not a number where there is none.
    """

    start_ns: int
    span_ns: int
    packets: np.ndarray
    bytes: np.ndarray
    errors: dict[str, np.ndarray]
    rtt: np.ndarray

    def __len__(self) -> int:
        return len(self.packets)


def timeline(capture: Capture, start: int = 0, end: int | None = None, most: int = 240) -> Timeline:
    """Sum up a capture, or a part of it, over equal spans of time.

    Parameters
    ----------
    capture : Capture
    start, end : int
        Nanoseconds from the first packet; the whole capture by default.
    most : int
        Spans.

    Returns
    -------
    Timeline
    """
    packets, tcp = capture.packets, capture.tcp
    begin = int(packets.time.min()) if len(packets) else 0
    stop = capture.duration_ns + 1 if end is None else end
    step = max(1, -(-(stop - start) // most))
    count = max(1, -(-(stop - start) // step))
    whole = start <= 0 and end is None
    since = packets.time - (begin + start)
    rows = slice(None) if whole else np.flatnonzero((since >= 0) & (since < count * step))
    place = since[rows] // step

    def sums(places: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(places, weights, count)[:count].astype(np.int64)

    length = packets.length[rows]
    answered = sides(capture, rows) == 1
    analysis, flags = tcp.analysis[rows], packets.tcp_flags[rows]
    errors = {
        "retransmissions": sums(place[(analysis & _SENT_AGAIN) != 0]),
        "resets": sums(place[(flags & RST) != 0]),
    }
    for name, times in (("DNS errors", dns_troubles), ("HTTP errors", http_troubles)):
        at = times(capture) - (begin + start)
        errors[name] = sums(at[(at >= 0) & (at < count * step)] // step)
    rtt = tcp.ack_rtt_ns[rows]
    whose = [np.flatnonzero((rtt >= 0) & (answered == server)) for server in (True, False)]
    quantiles = [_quantiles(place[one], rtt[one], count) for one in whose]
    return Timeline(
        start,
        step,
        sums(place),
        np.stack([sums(place[one], length[one]) for one in (~answered, answered)], axis=1),
        errors,
        np.column_stack([quantiles[0], quantiles[1][:, 0]]),
    )


def _quantiles(place: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """Return median and 95th percentile of the values of each place."""
    found = np.full((count, 2), np.nan)
    values = values[np.lexsort((values, place))]
    sizes = np.bincount(place, minlength=count)
    having = np.flatnonzero(sizes)
    first = (np.cumsum(sizes) - sizes)[having]
    for column, share in enumerate((0.5, 0.95)):
        at = np.round((sizes[having] - 1) * share).astype(np.int64)
        found[having, column] = values[first + at]
    return found


def seconds(ns: float) -> str:
    """Write a time since the first packet.

    Examples
    --------
    >>> seconds(1_250_000_000), seconds(0)
    ('1.25 s', '0 s')
    """
    return human_ns(ns) if ns else "0 s"


def time_ticks(start: float, end: float) -> list[float]:
    """Choose round times between two, about six."""
    step = round_step(max(end - start, 4) * 0.8)
    first = math.ceil(start / step) * step
    return [first + step * n for n in range(int((end - first) / step) + 1)] if end >= first else []


def draw_timeline(given: Timeline, width: float = 900) -> Drawing:
    """Draw throughput, errors and round trips below each other, over one axis of time.

    Parameters
    ----------
    given : Timeline
    width : float
        Pixels.

    Returns
    -------
    Drawing
        Every span is a part; its key is its place.
    """
    chart = _Charts(given, width)
    chart.throughput()
    chart.errors()
    chart.round_trips()
    return chart.finish()


class _Charts:
    """The charts of a timeline, from the top down."""

    def __init__(self, given: Timeline, width: float) -> None:
        self.given = given
        self.drawing = Drawing(width, 0, "Throughput, errors and round trips over time")
        self.across = width - LEFT - RIGHT
        self.wide = self.across / len(given)
        self.top = 0.0
        self.end = given.start_ns + given.span_ns * len(given)

    def x(self, place: float) -> float:
        return LEFT + self.wide * place

    def head(self, title: str, legend: list[tuple[str, str]]) -> None:
        """Write what a chart shows, and what its colours are."""
        self.top += 8
        room = self.across * (0.45 if legend else 1)
        self.drawing.add(text(LEFT, self.top + 11, title, room, "pf-strong"))
        right = self.drawing.width - RIGHT
        for words, colour in reversed(legend):
            right -= 6.7 * len(words)
            self.drawing.add(
                rect(right - 14, self.top + 2, 10, 10, colour),
                text(right, self.top + 11, words, 400, "pf-soft"),
            )
            right -= 26
        self.top += 18

    def scale(self, height: float, ticks: list[tuple[float, str]]) -> None:
        """Draw lines at shares of the height, from the bottom, with what they stand for."""
        for share, words in ticks:
            y = self.top + height * (1 - share)
            self.drawing.add(
                line(LEFT, y, LEFT + self.across, y, "line"),
                text(LEFT - 8, y + 4, words, LEFT - 10, "pf-soft", "end"),
            )

    def stacked(
        self,
        height: float,
        layers: list[np.ndarray],
        colours: list[str],
        write: Callable[[float], str],
    ) -> None:
        """Draw bars on top of each other."""
        whole = np.sum(layers, axis=0)
        # Counts and bytes are whole.
        step = max(round_step(max(float(whole.max(initial=0)), 1.0) * 2), 1.0)
        most = step * math.ceil(max(float(whole.max(initial=0)), 1e-9) / step)
        ticks = round(most / step)
        self.scale(height, [(n / ticks, write(n * step)) for n in range(ticks + 1)])
        below = np.zeros(len(whole))
        for layer, colour in zip(layers, colours, strict=True):
            d = "".join(
                f"M{self.x(at):.1f} {self.top + height * (1 - below[at] / most):.1f}"
                f"v{-max(height * layer[at] / most, 0.8):.1f}h{max(self.wide - self.gap, 0.8):.1f}"
                f"V{self.top + height * (1 - below[at] / most):.1f}z"
                for at in np.flatnonzero(layer).tolist()
            )
            if d:
                self.drawing.add(path(d, fill=colour))
            below = below + layer
        self.top += height

    @property
    def gap(self) -> float:
        return 1 if self.wide > 4 else 0

    def throughput(self) -> None:
        per_second = 1e9 / self.given.span_ns
        self.head("Bytes per second", [("from clients", "c1"), ("from servers", "c3")])
        layers = [self.given.bytes[:, side] * per_second for side in (0, 1)]
        self.stacked(110, layers, ["c1", "c3"], lambda rate: f"{human_bytes(rate)}/s")

    def errors(self) -> None:
        found = {name: of for name, of in self.given.errors.items() if of.any()}
        colours = dict(zip(self.given.errors, ("c2", "c7", "c4", "c5"), strict=True))
        if not found:
            self.head("Errors: no segment sent again, no reset, no failed query or request", [])
            return
        legend = [(_counted(int(of.sum()), name), colours[name]) for name, of in found.items()]
        self.head("Errors", legend)
        self.stacked(70, list(found.values()), [colours[name] for name in found], human_count)

    def round_trips(self) -> None:
        rtt = self.given.rtt
        if np.isnan(rtt).all():
            return
        kinds = [(2, "to clients, median", "c3", "2 4"), (1, "95 of 100 below", "c2", "6 4")]
        kinds += [(0, "to servers, median", "c1", "none")]
        kinds = [kind for kind in kinds if not np.isnan(rtt[:, kind[0]]).all()]
        legend = [(words, colour) for _, words, colour, _ in kinds]
        self.head("Round trips (logarithmic)", legend[::-1])
        low = math.floor(math.log10(max(float(np.nanmin(rtt)), 100.0)))
        high = max(low + 1, math.ceil(math.log10(max(float(np.nanmax(rtt)), 1.0)) - 1e-9))
        height = 100
        ticks = [((n - low) / (high - low), human_ns(10.0**n)) for n in range(low, high + 1)]
        self.scale(height, ticks)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = (np.log10(np.maximum(rtt, 10.0**low)) - low) / (high - low)
        y = self.top + height * (1 - share)
        for column, _, colour, dash in kinds:
            # A line over spans that are near each other, a dot where one stands alone.
            d, last = [], -9
            for at in np.flatnonzero(~np.isnan(rtt[:, column])).tolist():
                point = f"{self.x(at + 0.5):.1f} {y[at, column]:.1f}"
                d.append(f"L{point}" if at <= last + 4 else f"M{point}h.1")
                last = at
            pen = {"stroke_width": 2.4, "stroke_linecap": "round", "stroke_dasharray": dash}
            self.drawing.add(path("".join(d), colour, **pen))
        self.top += height

    def finish(self) -> Drawing:
        given, floor = self.given, self.top + 6
        for tick in time_ticks(given.start_ns, self.end):
            x = LEFT + self.across * (tick - given.start_ns) / (self.end - given.start_ns)
            near_end = x > LEFT + self.across - 30
            self.drawing.add(
                line(x, floor - 4, x, floor, "soft"),
                text(x, floor + 12, seconds(tick), 90, "pf-soft", "end" if near_end else "middle"),
            )
        for place in range(len(given)):
            hit = rect(self.x(place), 0, self.wide, floor, "none", pointer_events="all")
            self.drawing.add(hit, title=self.words(place), key=place)
        self.drawing.height = floor + 18
        return self.drawing

    def words(self, place: int) -> str:
        """Say what a span holds."""
        given = self.given
        since = given.start_ns + place * given.span_ns
        rate = given.bytes[place].sum() * 1e9 / given.span_ns
        parts = [
            f"{seconds(since)} to {seconds(since + given.span_ns)}: {human_bytes(rate)}/s",
            f"{human_count(int(given.packets[place]))} packets",
        ]
        parts += [_counted(int(of[place]), name) for name, of in given.errors.items() if of[place]]
        middle, high, back = given.rtt[place]
        if not np.isnan(middle):
            parts.append(f"round trip to servers {human_ns(middle)}")
            parts.append(f"95 of 100 below {human_ns(high)}")
        if not np.isnan(back):
            parts.append(f"to clients {human_ns(back)}")
        return ", ".join(parts)


def _counted(count: int, name: str) -> str:
    """Write a number of what is named in the plural."""
    return f"{human_count(count)} {name.removesuffix('s') if count == 1 else name}"
