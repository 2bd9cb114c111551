"""What the explorer of a capture asks: bins of time, pages of rows, and pictures of both.

Whatever the capture's size, an answer holds a few hundred spans, rows or packets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from prodforensics._text import plain
from prodforensics.display.paging import table_page
from prodforensics.network.explorer.connection_pages import ConnectionPages
from prodforensics.network.explorer.page_values import pixels, span
from prodforensics.network.explorer.service_map import draw_map
from prodforensics.network.explorer.services import edges
from prodforensics.network.explorer.timeline import LEFT, RIGHT, Timeline, draw_timeline, timeline
from prodforensics.network.explorer.waterfall_pages import WaterfallPages
from prodforensics.network.ports import service_of

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["CapturePages"]

Answer = dict[str, Any]
_OWN = ("about", "findings", "overview", "services", "map")
_SERVICE_COLUMNS = ("connections", "failed", "resets", "asked", "refused", "again", "bytes")


class CapturePages:
    """The questions that the explorer of a capture asks.

    Parameters
    ----------
    capture : Capture
    """

    def __init__(self, capture: Capture) -> None:
        self.capture = capture
        self.connections = ConnectionPages(capture)
        self.waterfalls = WaterfallPages(capture, self.connections.of_stream)
        self._timeline: tuple[object, Timeline | None] = (None, None)

    @property
    def questions(self) -> Mapping[str, Callable[..., Answer]]:
        """The questions by the name that the page uses."""
        own = {name: getattr(self, name) for name in _OWN}
        return own | dict(self.connections.questions) | dict(self.waterfalls.questions)

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
            **self.waterfalls.counts(),
        }

    def findings(self) -> Answer:
        """List the findings, each with the connection and the frames to look at."""
        rows = []
        for finding in self.capture.findings():
            connection, frames = self.connections.proof_of(finding)
            rows.append(
                {
                    "verdict": str(finding.verdict),
                    "title": plain(finding.title),
                    "why": plain(finding.why, 2000),
                    "next_step": plain(finding.next_step, 1000),
                    "rule": finding.rule,
                    "connection": connection,
                    "frames": frames,
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
            "end": given.start_ns + given.span_ns * len(given),
            "spans": len(given),
            "left": LEFT,
            "right": RIGHT,
        }

    def services(
        self,
        sort: str = "bytes",
        descending: bool = True,
        start: float | None = None,
        end: float | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> Answer:
        """One page of the services that were asked.

        Parameters
        ----------
        sort : str
            A column.
        descending : bool
        start, end : float, optional
            Only connections with a packet in this part, ns from the first packet.
        offset, limit : int
        """
        found = edges(self.capture, *span(start, end))
        by_service = found.by_service()
        table = {name: getattr(by_service, name) for name in _SERVICE_COLUMNS}
        table["trouble"] = by_service.grade()
        total, places = table_page(table | {"names": ()}, sort, descending, "", offset, limit)
        rows = []
        for place in places.tolist():
            server = found.hosts[by_service.server[place]]
            port = int(by_service.port[place])
            name = self.capture.packets.addresses.names.get(server, "")
            end_ = f"[{server}]:{port}" if ":" in server else f"{server}:{port}"
            row = {column: int(values[place]) for column, values in table.items()}
            service = service_of(port, "udp" if by_service.udp[place] else "tcp")
            row |= {"service": service, "server": f"{end_} ({plain(name, 80)})" if name else end_}
            row["search"] = f"{server}:{port} "
            rows.append(row)
        return {"total": total, "rows": rows}

    def map(self, width: int = 900, start: float | None = None, end: float | None = None) -> Answer:
        """Draw who talks to whom.

        Parameters
        ----------
        width : int
            Pixels.
        start, end : float, optional
            Only connections with a packet in this part, ns from the first packet.
        """
        found = edges(self.capture, *span(start, end))
        names = self.capture.packets.addresses.names
        return draw_map(found, pixels(width), names).answer()

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
