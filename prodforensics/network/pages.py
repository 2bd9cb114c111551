"""What the explorer of a capture asks: bins of time, pages of rows, and pictures of both.

Whatever the capture's size, an answer holds a few hundred spans, rows or packets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from prodforensics._text import plain
from prodforensics.network.connection_pages import ConnectionPages
from prodforensics.network.page_values import pixels, span
from prodforensics.network.timeline import LEFT, RIGHT, Timeline, draw_timeline, timeline

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["CapturePages"]

Answer = dict[str, Any]


class CapturePages:
    """The questions that the explorer of a capture asks.

    Parameters
    ----------
    capture : Capture
    """

    def __init__(self, capture: Capture) -> None:
        self.capture = capture
        self.connections = ConnectionPages(capture)
        self._timeline: tuple[object, Timeline | None] = (None, None)

    @property
    def questions(self) -> Mapping[str, Callable[..., Answer]]:
        """The questions by the name that the page uses."""
        own = {name: getattr(self, name) for name in ("about", "findings", "overview")}
        return own | dict(self.connections.questions)

    def about(self) -> Answer:
        """Tell what there is to see."""
        capture = self.capture
        return {
            "name": plain(capture.title),
            "headline": plain(capture.headline()),
            "packets": len(capture.packets),
            "connections": len(self.connections),
            "duration": capture.duration_ns,
            "start": _first(capture.packets.time),
            "findings": len(capture.findings()),
        }

    def findings(self) -> Answer:
        """List the findings, each with the connection and the frame to look at."""
        rows = []
        for finding in self.capture.findings():
            connection, frame = self.connections.proof_of(finding)
            rows.append(
                {
                    "verdict": str(finding.verdict),
                    "title": plain(finding.title),
                    "why": plain(finding.why, 2000),
                    "next_step": plain(finding.next_step, 1000),
                    "rule": finding.rule,
                    "connection": connection,
                    "frame": frame,
                }
            )
        return {"rows": rows, "total": len(rows)}

    def overview(
        self, width: int = 900, start: float | None = None, end: float | None = None
    ) -> Answer:
        """Draw throughput, errors and round trips over time.

        Parameters
        ----------
        width : int
            Pixels.
        start, end : float, optional
            Nanoseconds from the first packet: only this part.
        """
        wide = pixels(width)
        begin, stop = span(start, end)
        # A bar of four pixels or more can be aimed at.
        most = max(40, min(240, (wide - LEFT - RIGHT) // 4))
        given = self._bins(begin, stop, most)
        return draw_timeline(given, wide).answer() | {
            "start": given.start_ns,
            "span": given.span_ns,
            "spans": len(given),
            "left": LEFT,
            "right": RIGHT,
        }

    def _bins(self, *key: int | None) -> Timeline:
        kept, given = self._timeline
        if given is None or kept != key:
            given = timeline(self.capture, *key)
            self._timeline = (key, given)
        return given


def _first(time: np.ndarray) -> str:
    """Write when the first packet came."""
    if not len(time):
        return ""
    return str(np.datetime64(int(time.min()), "ns").astype("datetime64[ms]")).replace("T", " ")
