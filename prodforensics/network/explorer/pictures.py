"""Static pictures and tables of captures: what cards, reports and saved notebooks show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.display.cards import picture
from prodforensics.display.tables import table
from prodforensics.evidence import Section
from prodforensics.network.explorer.connection_pages import ConnectionPages
from prodforensics.network.explorer.ladder import Exchange, draw_ladder
from prodforensics.network.explorer.sequence_graph import busier_side, draw_sequence
from prodforensics.network.explorer.service_map import draw_map
from prodforensics.network.explorer.services import edges
from prodforensics.network.explorer.timeline import draw_timeline, timeline
from prodforensics.network.explorer.troubles import troubled
from prodforensics.network.explorer.waterfall_pages import WaterfallPages

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.network.model import Capture

__all__ = ["capture_card", "capture_sections", "ladder_picture"]

_ROWS = 20
_PACKETS = 40
_BEFORE = 8
_BARS = 40
_FEW = 20
_PROTOCOLS = {"dns": "DNS", "tls": "TLS", "http": "HTTP"}
_WIDTH = 1000
_COLUMNS = [
    "service", "client", "server", "state", "duration_ns", "bytes", "rtt_ns", "sent_again", "reset",
]  # fmt: skip


def capture_card(capture: Capture) -> str:
    """Draw what the card of a capture shows: what went on over time."""
    if not len(capture.packets):
        return ""
    return picture(draw_timeline(timeline(capture, most=160), 860).svg(), "Over time")


def capture_sections(capture: Capture) -> list[Section]:
    """Draw the static twin of the explorer."""
    if not len(capture.packets):
        return []
    pages = ConnectionPages(capture)
    drawn = draw_timeline(timeline(capture, most=200), _WIDTH)
    sections = [Section("Over time", picture(drawn.svg(), "Bytes, errors and round trips"))]
    if len(pages):
        chart = draw_map(edges(capture), _WIDTH, capture.packets.addresses.names).svg()
        sections.append(Section("Service map", picture(chart, "Who talks to whom")))
        worst = table(_worst(pages), limit=_ROWS, units={"bytes": "bytes"})
        sections.append(Section("Connections, the worst first", worst))
        sections += _one_connection(pages)
    return sections + _waterfalls(capture, pages)


def _waterfalls(capture: Capture, pages: ConnectionPages) -> list[Section]:
    """Draw the beginning of each protocol's waterfall."""
    found = []
    waterfalls = WaterfallPages(capture, pages.of_stream)
    for protocol, title in _PROTOCOLS.items():
        drawn, total = waterfalls.first(protocol, _BARS, _WIDTH)
        if not total:
            continue
        rest = total - _BARS
        words = f'<p class="pf-none">… {rest:,} more</p>' if rest > 0 else ""
        found.append(Section(title, picture(drawn.svg() + words, drawn.label)))
    return found


def _worst(pages: ConnectionPages) -> pd.DataFrame:
    """Return the connections that most is wrong with, then the largest."""
    import pandas as pd

    frame = pages.capture.frames["connections"]
    again = (frame["orig_retransmissions"] + frame["resp_retransmissions"]).to_numpy()
    size = (frame["orig_bytes"] + frame["resp_bytes"]).to_numpy()
    order = np.lexsort((-size, -again, ~troubled(frame, "trouble")))
    rows = [pages.row(place) for place in order[: _ROWS + 1].tolist()]
    renamed = [
        {
            **row,
            "duration_ns": row["duration"],
            "rtt_ns": row["rtt"],
            "sent_again": row["retransmissions"],
        }
        for row in rows
    ]
    shown = pd.DataFrame(renamed)[_COLUMNS]
    shown["rtt_ns"] = shown["rtt_ns"].astype("float64")
    return shown


def _one_connection(pages: ConnectionPages) -> list[Section]:
    """Draw the connection of the first finding, or of the worst one, around what matters."""
    capture = pages.capture
    for finding in capture.findings():
        connection, frames = pages.proof_of(finding)
        if connection is not None:
            caption = f"The connection of: {finding.title}"
            break
    else:
        flagged = np.flatnonzero(troubled(capture.frames["connections"], "trouble"))
        connection, frames = (int(flagged[0]) if len(flagged) else 0), []
        caption = "A connection with trouble" if len(flagged) else "The first connection"
    exchange = pages.exchange(connection)
    drawn = picture(ladder_picture(exchange, frames, pages.notes(exchange)), caption)
    if exchange.protocol == "tcp" and len(exchange) >= _FEW:
        sequence = capture.sequence(exchange.stream)
        graph, _ = draw_sequence(sequence, busier_side(sequence), _WIDTH, 300)
        drawn += picture(graph.svg(), graph.label)
    return [Section("Packets of one connection", drawn)]


def ladder_picture(
    exchange: Exchange, frames: Sequence[int] = (), notes: Mapping[int, str] | None = None
) -> str:
    """Draw the packets of a connection around some frames, or from the first trouble, as SVG."""
    if frames:
        places = np.searchsorted(exchange.rows, np.array(frames) - 1)
    else:
        places = exchange.flagged()
    first, last = (int(places[0]), int(places[-1])) if len(places) else (0, 0)
    if len(exchange) <= _PACKETS + _BEFORE:
        first, shown = 0, len(exchange)
    else:
        shown = _PACKETS
        first = 0 if last < _PACKETS else max(first - _BEFORE, 0)
    drawn = draw_ladder(exchange, first, shown, _WIDTH, notes).svg()
    rest = len(exchange) - first - shown
    words = [f"{first:,} packets before"] * (first > 0) + [f"{rest:,} packets behind"] * (rest > 0)
    return drawn + (f'<p class="pf-none">… {" and ".join(words)}</p>' if words else "")
