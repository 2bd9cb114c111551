"""The time-sequence graph of one direction of a TCP connection, as tcptrace draws it.

Segments stand where they are sent, from their first byte to their last. Below them runs what the
receiver has acknowledged, above them how far it lets the sender go. A slope is throughput, a
step back a retransmission, a flat line a wait: for an acknowledgment, or, where the upper line is
reached, for the receiver.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prodforensics.display.drawing import Drawing, line, path, rect, text
from prodforensics.display.svg import round_step
from prodforensics.display.tables import human_bytes
from prodforensics.network.explorer.ladder import marked
from prodforensics.network.explorer.timeline import LEFT, RIGHT, seconds, time_ticks
from prodforensics.network.packets import RST

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["busier_side", "draw_sequence"]

_TOP, _BOTTOM = 26, 20
_SENT_AGAIN = 1 | 1024 | 16384
_OUT_OF_ORDER = 512
_ALONE = 600
"""Segments that are parts of their own; of more only those with trouble are."""
_MOST_TROUBLE = 1500
_SIDES = ("orig", "resp")


def busier_side(sequence: pd.DataFrame) -> int:
    """Return who sent more: 0 the originator, 1 the responder."""
    size = (sequence["end"] - sequence["begin"]).to_numpy()
    answered = (sequence["side"] == "resp").to_numpy()
    return int(size[answered].sum() > size[~answered].sum())


def draw_sequence(
    sequence: pd.DataFrame,
    side: int,
    width: float = 900,
    height: float = 360,
    start: int = 0,
    end: int | None = None,
) -> tuple[Drawing, tuple[int, int]]:
    """Draw the flow of one side over time.

    Parameters
    ----------
    sequence : DataFrame
        As `Capture.sequence` returns it.
    side : {0, 1}
        Whose flow: the originator's or the responder's.
    width, height : float
        Pixels.
    start, end : int
        Nanoseconds from the connection's first packet; all of it by default.

    Returns
    -------
    Drawing
        Segments are parts; their keys are frame numbers.
    tuple of int
        Where its axis of time begins and ends, ns.
    """
    graph = _Graph(sequence, side, width, height, start, end)
    return graph.draw(), (graph.start, graph.end)


class _Graph:
    """A flow of bytes over time, on pixels."""

    def __init__(
        self,
        frame: pd.DataFrame,
        side: int,
        width: float,
        height: float,
        start: int,
        end: int | None,
    ) -> None:
        time = frame["ts"].to_numpy("datetime64[ns]").astype(np.int64)
        time = time - time[0] if len(time) else time
        last = int(time.max(initial=0))
        self.start = min(start, last)
        self.end = max(last if end is None else min(end, last), self.start + 1)
        inside = (time >= self.start) & (time <= self.end)
        # What was known before still holds where the picture begins.
        own = (frame["side"] == _SIDES[side]).to_numpy()
        self.data = {
            name: frame[name].to_numpy()
            for name in (
                "begin",
                "end",
                "acknowledged",
                "window_end",
                "analysis",
                "tcp_flags",
                "sacked",
            )
        }
        self.time, self.frames = time, frame.index.to_numpy()
        data = self.data
        sends = (data["end"] > data["begin"]) | (data["tcp_flags"] & 7 != 0)
        self.sent = np.flatnonzero(inside & own & sends)
        self.acks = np.flatnonzero(inside & ~own & (data["acknowledged"] >= 0))
        highest = [data["end"][self.sent], data["acknowledged"][self.acks]]
        lowest = [data["begin"][self.sent], data["acknowledged"][self.acks]]
        self.low = int(min((part.min() for part in lowest if part.size), default=0))
        if start <= 0:
            self.low = min(self.low, 0)
        top = int(max((part.max() for part in highest if part.size), default=1))
        windows = data["window_end"][self.acks]
        # An open window far above would press the flow flat.
        near = windows[(windows >= 0) & (windows <= top + 1.2 * max(top - self.low, 1))]
        self.high = max(top, int(near.max(initial=0)), self.low + 1)
        self.width, self.height = width, height
        words = "originator to responder" if not side else "responder to originator"
        self.drawing = Drawing(width, height, f"Bytes from {words} over time")

    def x(self, time: np.ndarray | float) -> np.ndarray:
        share = (np.asarray(time, float) - self.start) / (self.end - self.start)
        return np.round(LEFT + (self.width - LEFT - RIGHT) * share, 1)

    def y(self, value: np.ndarray | float) -> np.ndarray:
        share = (np.asarray(value, float) - self.low) / (self.high - self.low)
        floor = self.height - _BOTTOM
        return np.round(np.clip(floor - (floor - _TOP) * share, _TOP - 6, floor), 1)

    def draw(self) -> Drawing:
        self.axes()
        self.steps("window_end", "c5", "6 3")
        self.steps("acknowledged", "c3", "none")
        self.sacks()
        self.segments()
        return self.drawing

    def axes(self) -> None:
        """Draw the scales and say what the colours are."""
        step = round_step(max((self.high - self.low) * 0.9, 4))
        floor = self.height - _BOTTOM
        for value in np.arange(np.ceil(self.low / step) * step, self.high + 1, step):
            y = float(self.y(value))
            self.drawing.add(
                line(LEFT, y, self.width - RIGHT, y, "line"),
                text(LEFT - 8, y + 4, human_bytes(value), LEFT - 10, "pf-soft", "end"),
            )
        for tick in time_ticks(self.start, self.end):
            x = float(self.x(tick))
            anchor = "end" if x > self.width - RIGHT - 30 else "middle"
            self.drawing.add(
                line(x, floor, x, floor + 4, "soft"),
                text(x, floor + 16, seconds(tick), 90, "pf-soft", anchor),
            )
        legend = [
            ("segments", "c1"), ("sent again", "bad"), ("out of order", "warn"),
            ("acknowledged", "c3"), ("selectively (SACK)", "c4"), ("end of the window", "c5"),
        ]  # fmt: skip
        x = float(LEFT)
        for words, colour in legend:
            self.drawing.add(rect(x, 6, 10, 10, colour), text(x + 15, 15, words, 300, "pf-soft"))
            x += 34 + 6.7 * len(words)

    def steps(self, name: str, colour: str, dash: str) -> None:
        """Draw what acknowledgments say as a line of steps, one a pixel at the most."""
        values = self.data[name][self.acks]
        # A window that ends far above is not told: nothing waits for it.
        known = (values >= 0) & (values <= self.high)
        if not known.any():
            return
        x, y = self.x(self.time[self.acks]), self.y(values)
        column = np.round(x).astype(np.int64)
        last = np.append(np.flatnonzero(np.diff(column)), len(column) - 1)
        x, y, known = x[last], y[last], known[last]
        d, drawing, height = [], False, -1.0
        for at in range(len(x)):
            if not known[at]:
                d.append(f"H{x[at]:g}" if drawing else "")
            elif not drawing:
                d.append(f"M{x[at]:g} {y[at]:g}")
            elif y[at] != height:
                d.append(f"H{x[at]:g}V{y[at]:g}")
            drawing, height = bool(known[at]), y[at]
        if drawing:
            d.append(f"H{max(x[-1], float(self.x(self.end))):g}")
        self.drawing.add(path("".join(d), colour, stroke_width=1.6, stroke_dasharray=dash))

    def sacks(self) -> None:
        """Draw the ranges that came although something before them did not."""
        pieces = {
            (float(self.x(self.time[at])), float(self.y(one)), float(self.y(other)))
            for at in self.acks.tolist()
            for one, other in self.data["sacked"][at]
        }
        d = "".join(f"M{x:g} {one:g}V{other:g}" for x, one, other in sorted(pieces))
        if d:
            self.drawing.add(path(d, "c4", stroke_width=2.2))

    def segments(self) -> None:
        """Draw the segments: those with trouble each for itself, the others in bulk if many."""
        data, sent = self.data, self.sent
        mask, flags = data["analysis"][sent], data["tcp_flags"][sent]
        bad = (mask & _SENT_AGAIN != 0) | (flags & RST != 0)
        warned = ~bad & (mask & _OUT_OF_ORDER != 0)
        plain = sent[~bad & ~warned]
        if len(plain) > _ALONE:
            x, top, floor = self.marks(plain)
            marks = np.unique(np.stack([np.round(x), np.round(top), np.round(floor)], 1), axis=0)
            d = "".join(f"M{a:g} {b:g}V{c:g}" for a, b, c in marks.tolist())
            self.drawing.add(path(d, "c1", stroke_width=1.8), title=f"{len(plain):,} segments")
            plain = plain[:0]
        trouble = sent[bad | warned][:_MOST_TROUBLE]
        colours = dict.fromkeys(sent[bad].tolist(), "bad") | dict.fromkeys(
            sent[warned].tolist(), "warn"
        )
        for at in np.sort(np.concatenate([plain, trouble])).tolist():
            self.segment(at, colours.get(at, "c1"))

    def marks(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return where segments are drawn; none is smaller than two pixels."""
        begin, end = self.y(self.data["begin"][places]), self.y(self.data["end"][places])
        return self.x(self.time[places]), np.minimum(end, begin - 2), begin

    def segment(self, at: int, colour: str) -> None:
        """Draw one segment."""
        x, top, floor = (float(one[0]) for one in self.marks(np.array([at])))
        data = self.data
        begin, end, flags = (int(data[name][at]) for name in ("begin", "end", "tcp_flags"))
        said = [words for _, words in marked(int(data["analysis"][at]), flags)]
        signs = [sign for bit, sign in ((2, "SYN"), (1, "FIN")) if flags & bit]
        words = f"Frame {int(self.frames[at])} at {seconds(int(self.time[at]))}: "
        words += f"bytes {begin:,} to {end:,}" if end > begin else "no bytes"
        wide = 3 if colour != "c1" else 1.8
        d = f"M{x:g} {top:g}V{floor:g}"
        if flags & RST:
            d += f"M{x - 4:g} {top - 4:g}l8 8m0 -8l-8 8"
        self.drawing.add(
            path(d, "none", stroke_width=9, class_="pf-hit-line", pointer_events="stroke"),
            path(d, colour, stroke_width=wide),
            title=", ".join([words, *signs, *said]),
            key=int(self.frames[at]),
        )
