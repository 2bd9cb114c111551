"""What the explorer asks of connections: pages of the table, and of the packets of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from prodforensics._text import plain
from prodforensics.display.paging import table_page, whole_number, window
from prodforensics.errors import BadOption, UnknownName
from prodforensics.network.explorer.connection_names import ConnectionNames
from prodforensics.network.explorer.ladder import Exchange, draw_ladder
from prodforensics.network.explorer.packet_notes import packet_notes
from prodforensics.network.explorer.page_values import frame_number, pixels, span
from prodforensics.network.explorer.sequence_graph import busier_side, draw_sequence
from prodforensics.network.explorer.timeline import LEFT, RIGHT
from prodforensics.network.explorer.troubles import FILTERS, troubled

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.findings import Finding
    from prodforensics.network.model import Capture
    from prodforensics.network.protocols.conversation import Turn

__all__ = ["ConnectionPages"]

Answer = dict[str, Any]
_BEFORE = 12
"""Packets that a ladder shows before the one that was asked for."""
_KEPT = 4
_RESETS = {
    "refused": "refused",
    "cancelled": "cancelled",
    "aborted": "aborted",
    "after_fin": "after FIN",
    "midstream": "midstream",
}
_MOST_TEXT = 64_000_000
_LONGEST = 20_000
# Frames that findings point into, and the columns that name a packet of theirs, the best first.
_PROOFS = {
    "http": ("request_frame", "response_frame"),
    "tls": ("alert_frame", "client_hello_frame", "server_hello_frame"),
    "dns": ("request_frame", "response_frame"),
}
_PROOFS_SHOWN = 6


class ConnectionPages:
    """The questions about connections. A connection is named by its place in the frame.

    Parameters
    ----------
    capture : Capture
    """

    def __init__(self, capture: Capture) -> None:
        self.capture = capture
        self._tcp = len(capture.streams)
        self._exchanges: dict[int, Exchange] = {}
        self._notes: tuple[tuple[str, int], dict[int, str]] = (("", -1), {})
        self._sequence: tuple[int, pd.DataFrame | None] = (-1, None)
        self._said: tuple[int, list[tuple[Turn, str, str]]] = (-1, [])

    def __len__(self) -> int:
        return self._tcp + len(self.capture.udp_streams)

    @property
    def questions(self) -> Mapping[str, Callable[..., Answer]]:
        """The questions by the name that the page uses."""
        names = ("connections", "connection", "ladder", "flagged", "sequence", "follow")
        return {name: getattr(self, name) for name in names}

    # -- the table ----------------------------------------------------------------------------

    @cached_property
    def names(self) -> ConnectionNames:
        """How connections are called."""
        return ConnectionNames(self.capture)

    @cached_property
    def _columns(self) -> dict[str, Any]:
        """What the table is sorted by; ``names`` is what is searched."""
        frame, names = self.capture.frames["connections"], self.names
        start = frame["start"].to_numpy("datetime64[ns]").astype(np.int64)
        begin = int(self.capture.packets.time.min()) if len(self.capture.packets) else 0
        columns = {
            name: frame[f"orig_{name}"].to_numpy() + frame[f"resp_{name}"].to_numpy()
            for name in ("bytes", "packets", "retransmissions")
        }
        rtt = frame["irtt_ns"].to_numpy()
        return columns | {
            "names": names,
            "start": start - begin,
            "duration": frame["duration_ns"].to_numpy(),
            "rtt": np.where(rtt >= 0, rtt, frame["client_rtt_ns"].to_numpy()),
            "service": names.rank("service"),
            "client": names.rank("client"),
            "server": names.rank("server"),
            "state": frame["conn_state"].cat.codes.to_numpy(),
            "reset": frame["rst_kind"].cat.codes.to_numpy(),
        }

    def connections(
        self,
        sort: str = "start",
        descending: bool = False,
        text: str = "",
        only: str = "",
        start: float | None = None,
        end: float | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> Answer:
        """One page of the connections.

        Parameters
        ----------
        sort : str
            A column.
        descending : bool
        text : str
            What service, ends or state must hold.
        only : str
            One of `prodforensics.network.explorer.troubles.FILTERS`; empty for all.
        start, end : float, optional
            Only connections with a packet in this part, ns from the first packet.
        offset, limit : int
        """
        if only and only not in FILTERS:
            raise UnknownName("filter", plain(only, 40), FILTERS)
        begin, stop = span(start, end)
        table = self._columns
        if only == "findings":
            wanted = self.names.named.copy()
        else:
            wanted = troubled(self.capture.frames["connections"], only)
        if begin or stop is not None:
            wanted &= table["start"] + table["duration"] >= begin
            wanted &= table["start"] < (2**62 if stop is None else stop)
        chosen = np.flatnonzero(wanted)
        part: dict[str, Any] = {
            name: column[chosen] for name, column in table.items() if name != "names"
        }
        part["names"] = self.names.searched(chosen) if text else ()
        total, places = table_page(part, sort, descending, text, offset, limit)
        return {"total": total, "rows": [self.row(int(chosen[place])) for place in places]}

    def row(self, place: int) -> Answer:
        """Return one row of the table."""
        table, names = self._columns, self.names
        frame = self.capture.frames["connections"]
        known = {
            name: _known(table[name][place])
            for name in ("start", "duration", "bytes", "packets", "retransmissions", "rtt")
        }
        protocol, stream = self._stream(place)
        reset = _RESETS.get(str(frame["rst_kind"].iloc[place]), "")
        by = "client" if frame["rst_from"].iloc[place] == "orig" else "server"
        return known | {
            "connection": place,
            "protocol": protocol,
            "stream": stream,
            "service": plain(names.text("service", place), 120),
            "client": names.text("client", place),
            "server": plain(names.text("server", place), 160),
            "state": str(frame["conn_state"].iloc[place]),
            "reset": f"{reset} by {by}" if reset else "",
            "troubled": bool(names.troubled[place]),
        }

    def _stream(self, place: int) -> tuple[str, int]:
        return ("tcp", place) if place < self._tcp else ("udp", place - self._tcp)

    # -- one of them --------------------------------------------------------------------------

    def connection(self, connection: int = 0) -> Answer:
        """Tell about one connection: its row, and the words of its states."""
        place = self._place(connection)
        exchange = self.exchange(place)
        frame = self.capture.frames["connections"]
        return self.row(place) | {
            "history": str(frame["history"].iloc[place]),
            "packets": len(exchange),
            "flagged": len(exchange.flagged()),
        }

    def ladder(
        self,
        connection: int = 0,
        offset: int = 0,
        limit: int = 100,
        width: int = 900,
        frame: int | None = None,
    ) -> Answer:
        """Draw one page of the packets of a connection.

        Parameters
        ----------
        connection : int
        offset, limit : int
            The page.
        width : int
            Pixels.
        frame : int, optional
            A frame number: the page shall hold it.
        """
        exchange = self.exchange(self._place(connection))
        first, most = window(offset, limit)
        wanted = frame_number(frame)
        if wanted:
            at = int(np.searchsorted(exchange.rows, wanted - 1))
            first = max(0, min(at - _BEFORE, len(exchange) - most))
        first = min(first, max(0, len(exchange) - 1))
        drawn = draw_ladder(exchange, first, most, pixels(width), self.notes(exchange))
        return drawn.answer() | {"offset": first, "total": len(exchange)}

    def flagged(self, connection: int = 0, frame: int = 0, step: int = 1) -> Answer:
        """Find the next packet that something is wrong with.

        Parameters
        ----------
        connection : int
        frame : int
            Where to begin, a frame number.
        step : int
            1 forward, -1 backward; from the end again at the beginning.
        """
        exchange = self.exchange(self._place(connection))
        found = exchange.rows[exchange.flagged()] + 1
        if not len(found):
            return {"frame": None}
        here = frame_number(frame)
        if whole_number(step, "step") > 0:
            at = int(np.searchsorted(found, here, "right")) % len(found)
        else:
            at = int(np.searchsorted(found, here, "left")) - 1
        return {"frame": int(found[at]), "place": at % len(found) + 1, "total": len(found)}

    def notes(self, exchange: Exchange) -> dict[int, str]:
        """Return what protocols say of the packets of a connection."""
        kept, notes = self._notes
        if kept != (exchange.protocol, exchange.stream):
            notes = packet_notes(self.capture, exchange.stream, exchange.protocol)
            self._notes = ((exchange.protocol, exchange.stream), notes)
        return notes

    def sequence(
        self,
        connection: int = 0,
        side: int = -1,
        start: float | None = None,
        end: float | None = None,
        width: int = 900,
        height: int = 360,
    ) -> Answer:
        """Draw the time-sequence graph of one direction of a TCP connection.

        Parameters
        ----------
        connection : int
        side : int
            Who sends: 0 the client, 1 the server, -1 whoever sent more.
        start, end : float, optional
            Nanoseconds from the connection's first packet: only this part.
        width, height : int
            Pixels.
        """
        place = self._place(connection)
        protocol, stream = self._stream(place)
        if protocol != "tcp":
            raise BadOption("only TCP numbers its bytes", hint="choose a connection of TCP")
        kept, frame = self._sequence
        if kept != place or frame is None:
            frame = self.capture.sequence(stream)
            self._sequence = (place, frame)
        whose = whole_number(side, "side")
        whose = busier_side(frame) if whose < 0 else min(whose, 1)
        begin, stop = span(start, end)
        high = max(200, min(1000, whole_number(height, "height")))
        drawn, axis = draw_sequence(frame, whose, pixels(width), high, begin, stop)
        return drawn.answer() | {
            "side": whose,
            "start": axis[0],
            "end": axis[1],
            "left": LEFT,
            "right": RIGHT,
        }

    def follow(self, connection: int = 0, offset: int = 0, limit: int = 50) -> Answer:
        """Give what both sides said, by turns; secrets are masked.

        Parameters
        ----------
        connection : int
        offset, limit : int
            The page, turns.
        """
        place = self._place(connection)
        first, most = window(offset, limit)
        kept, said = self._said
        if kept != place:
            protocol, stream = self._stream(place)
            frame = self.capture.frames["connections"].iloc[place]
            size = int(frame["orig_payload_bytes"]) + int(frame["resp_payload_bytes"])
            if size > _MOST_TEXT:
                raise BadOption(
                    f"{size:,} bytes are too many to show",
                    hint=f"capture.follow({stream}, {protocol!r}) gives them",
                )
            said = list(self.capture.follow(stream, protocol).said())
            self._said = (place, said)
        rows = [
            {
                "side": turn.side,
                "frame": turn.packet + 1,
                "bytes": turn.end - turn.begin,
                "text": words[:_LONGEST],
                "cut": max(0, len(words) - _LONGEST),
            }
            for turn, _, words in said[first : first + most]
        ]
        return {"rows": rows, "offset": first, "total": len(said)}

    def _place(self, connection: object) -> int:
        place = whole_number(connection, "connection")
        if not 0 <= place < len(self):
            raise BadOption(f"no connection {place}", hint="choose one of the table")
        return place

    def exchange(self, place: int) -> Exchange:
        """Return the packets of a connection."""
        if place not in self._exchanges:
            if len(self._exchanges) >= _KEPT:
                self._exchanges.pop(next(iter(self._exchanges)))
            protocol, stream = self._stream(place)
            self._exchanges[place] = Exchange.of(self.capture, stream, protocol)
        return self._exchanges[place]

    # -- from elsewhere -----------------------------------------------------------------------

    def of_frame(self, frame: int) -> int | None:
        """Return the connection that a packet belongs to; None for none."""
        packets, place = self.capture.packets, frame - 1
        if not 0 <= place < len(packets) or packets.stream[place] < 0:
            return None
        stream = int(packets.stream[place])
        return {6: stream, 17: self._tcp + stream}.get(int(packets.ip_protocol[place]))

    def of_stream(self, udp: bool, stream: int) -> int:
        """Return the connection of a stream."""
        return self._tcp + stream if udp else stream

    def proof_of(self, finding: Finding) -> tuple[int | None, list[int]]:
        """Return the connection that a finding points at, and the frames in it."""
        frames = [int(one) for one in finding.rows.get("packets", ())[:_PROOFS_SHOWN]]
        for name, columns in _PROOFS.items():
            for label in finding.rows.get(name, ())[:_PROOFS_SHOWN]:
                if name in self.capture.frames and len(frames) < _PROOFS_SHOWN:
                    row = self.capture.frames[name].loc[label]
                    frames += [int(row[one]) for one in columns if row[one] > 0][:1]
        for frame in frames:
            connection = self.of_frame(frame)
            if connection is not None:
                return connection, [one for one in frames if self.of_frame(one) == connection]
        streams = [int(one) for one in finding.rows.get("connections", ())[:1]]
        known = [one for one in streams if 0 <= one < len(self)]
        return (known[0] if known else None), []


def _known(value: np.integer) -> int | None:
    return int(value) if value >= 0 else None
