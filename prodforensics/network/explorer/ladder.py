"""The ladder diagram of a connection: its packets as arrows between its two ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodforensics._text import plain
from prodforensics.display.drawing import CHARACTER, Drawing, line, path, rect, text
from prodforensics.display.tables import human_bytes, human_ns
from prodforensics.kernels.stream_positions import stream_positions
from prodforensics.network.explorer.timeline import seconds
from prodforensics.network.packets import RST
from prodforensics.network.questions import rows_of, sides
from prodforensics.network.tcp_analysis import FLAGS

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["Exchange", "draw_ladder", "flag_letters", "marked"]

_FLAG_NAMES = ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR")
_ROW = 30
_PAUSE = 22
_WIDE = "\N{NO-BREAK SPACE}" * 2
_LONG = 200_000_000
"""Nanoseconds between two packets from which the ladder shows a pause."""

_WORDS = {
    "retransmission": ("bad", "sent again"),
    "fast_retransmission": ("bad", "sent again (fast)"),
    "spurious_retransmission": ("warn", "sent again needlessly"),
    "out_of_order": ("warn", "out of order"),
    "lost_segment": ("warn", "a segment before is missing"),
    "ack_lost_segment": ("warn", "acknowledges what was not captured"),
    "duplicate_ack": ("warn", "repeated ACK"),
    "zero_window": ("bad", "window closed"),
    "zero_window_probe": ("warn", "probes the closed window"),
    "zero_window_probe_ack": ("warn", "window still closed"),
    "window_full": ("warn", "fills the window"),
    "window_update": ("good", "opens the window"),
    "keep_alive": ("soft", "keep-alive"),
    "keep_alive_ack": ("soft", "keep-alive answered"),
    "reused_ports": ("soft", "ports used before"),
}
_MARKS = {"bad": "\N{HEAVY MULTIPLICATION X}", "warn": "\N{BLACK UP-POINTING TRIANGLE}"}
_QUIET = sum(
    1 << FLAGS.index(name) for name, (colour, _) in _WORDS.items() if colour in ("soft", "good")
)


@dataclass(frozen=True)
class Exchange:
    """The packets of one stream, in the order of the capture.

    Attributes
    ----------
    stream : int
    protocol : str
    rows : int64[n]
        Their places in the capture, from 0.
    time : int64[n]
        Nanoseconds since the stream's first packet.
    side : int8[n]
        0 the originator sent it, 1 the responder.
    flags : uint16[n]
        Of TCP.
    begin, acknowledged : int64[n]
        In the flow of the sender, and of the other side; -1 for none. Zeros for UDP.
    payload : int32[n]
    window : int64[n]
    analysis : int32[n]
        Bits of `prodforensics.network.tcp_analysis.FLAGS`.
    ends : (str, str)
        Originator and responder, as address and port.
    """

    stream: int
    protocol: str
    rows: np.ndarray
    time: np.ndarray
    side: np.ndarray
    flags: np.ndarray
    begin: np.ndarray
    acknowledged: np.ndarray
    payload: np.ndarray
    window: np.ndarray
    analysis: np.ndarray
    ends: tuple[str, str]

    def __len__(self) -> int:
        return len(self.rows)

    @classmethod
    def of(cls, capture: Capture, stream: int, protocol: str = "tcp") -> Exchange:
        """Return the packets of a stream.

        Raises
        ------
        UnknownName
            There is no such stream.
        """
        rows = rows_of(capture, stream, protocol)
        part, tcp = capture.packets.take(rows), capture.tcp
        begin, acknowledged = np.zeros(len(rows), np.int64), np.full(len(rows), -1, np.int64)
        if protocol == "tcp":
            stream_positions(
                part.direction, part.tcp_flags, part.sequence, part.acknowledgment, begin,
                acknowledged, np.empty(2, np.int64),
            )  # fmt: skip
        flows = capture.streams if protocol == "tcp" else capture.udp_streams
        # Only the two that are needed: a large capture knows many addresses.
        known = capture.packets.addresses
        one, other = (_end(known, flows, stream, side) for side in (0, 1))
        return cls(
            stream,
            protocol,
            rows,
            part.time - int(part.time[0]) if len(rows) else part.time,
            sides(capture, rows),
            part.tcp_flags,
            begin,
            acknowledged,
            part.payload_length,
            tcp.scaled_window[rows],
            tcp.analysis[rows].astype(np.int32),
            (one, other),
        )

    def flagged(self) -> np.ndarray:
        """Return the places of packets that something is wrong with, int64[k]."""
        return np.flatnonzero((self.analysis & ~_QUIET != 0) | (self.flags & RST != 0))


def _end(known: object, flows: object, stream: int, side: int) -> str:
    from dataclasses import replace

    place = int(flows.address[stream, side])
    only = slice(place, place + 1)
    (address,) = replace(known, octets=known.octets[only], version=known.version[only]).texts()
    port = int(flows.port[stream, side])
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def flag_letters(flags: int) -> str:
    """Write the flags of TCP as Wireshark does.

    Examples
    --------
    >>> flag_letters(0x12), flag_letters(0)
    ('SYN, ACK', '')
    """
    return ", ".join(name for bit, name in enumerate(_FLAG_NAMES) if flags >> bit & 1)


def marked(mask: int, flags: int) -> list[tuple[str, str]]:
    """Return what the analysis says of a packet, each as colour and words.

    Examples
    --------
    >>> marked(0b10000, 0x10), marked(0, 0x14)
    ([('warn', 'repeated ACK')], [('bad', 'reset')])
    """
    said = [_WORDS[name] for bit, name in enumerate(FLAGS) if mask >> bit & 1]
    return [("bad", "reset"), *said] if flags & RST else said


def draw_ladder(
    exchange: Exchange,
    offset: int = 0,
    limit: int = 100,
    width: float = 900,
    notes: Mapping[int, str] | None = None,
) -> Drawing:
    """Draw some packets of a connection as arrows between its two ends.

    Parameters
    ----------
    exchange : Exchange
    offset, limit : int
        The first packet, and how many.
    width : float
        Pixels.
    notes : mapping of int to str, optional
        What a protocol says of a packet, by its place in the capture.

    Returns
    -------
    Drawing
        Every packet is a part; its key is its frame number.
    """
    ladder = _Ladder(exchange, width, notes or {})
    for place in range(offset, min(offset + limit, len(exchange))):
        ladder.pause(place)
        ladder.packet(place)
    return ladder.finish()


class _Ladder:
    """A ladder that grows downwards."""

    def __init__(self, exchange: Exchange, width: float, notes: Mapping[int, str]) -> None:
        self.exchange, self.notes, self.width = exchange, notes, width
        self.left = 206.0
        self.right = max(width - max(200.0, 0.26 * width), self.left + 180)
        self.drawing = Drawing(width, 0, f"Packets between {' and '.join(exchange.ends)}")
        client, server = exchange.ends
        half = (self.right - self.left) / 2
        self.drawing.add(
            text(self.left - 4, 13, client, half, "pf-strong"),
            text(self.right + 4, 13, server, half, "pf-strong", "end"),
            text(52, 13, "frame", 60, "pf-soft", "end"),
            text(118, 13, "time", 60, "pf-soft", "end"),
            text(190, 13, "since", 60, "pf-soft", "end"),
        )
        self.top = 20.0
        self.dashed: list[tuple[float, float]] = []

    def pause(self, place: int) -> None:
        """Leave room where nothing was sent for long."""
        times = self.exchange.time
        gap = int(times[place] - times[place - 1]) if place else 0
        if gap < _LONG:
            return
        middle = (self.left + self.right) / 2
        words = f"{human_ns(gap)} of silence"
        self.dashed.append((self.top, self.top + _PAUSE))
        self.drawing.add(text(middle, self.top + 15, words, 300, "pf-soft", "middle"))
        self.top += _PAUSE

    def packet(self, place: int) -> None:
        """Draw one packet."""
        one, top = self.exchange, self.top
        row, flags, mask = int(one.rows[place]), int(one.flags[place]), int(one.analysis[place])
        said = marked(mask, flags)
        colour = next((c for wanted in ("bad", "warn") for c, _ in said if c == wanted), "ink")
        if colour == "ink" and not one.payload[place] and one.protocol == "tcp" and not flags & 3:
            colour = "soft"
        since = int(one.time[place] - one.time[place - 1]) if place else 0
        y = top + 21
        begin, end = (self.left, self.right) if one.side[place] != 1 else (self.right, self.left)
        step = 1 if end > begin else -1
        tip = end - step * 2
        dash = "6 3" if colour == "bad" else "none"
        words = self.words(place)
        middle = (self.left + self.right) / 2
        note_width = self.width - self.right - 16
        note = self.notes.get(row, "")
        remarks = [f"{_MARKS.get(c, '')} {w}".strip() for c, w in said]
        strong = colour if colour in ("bad", "warn") else "soft"
        lines = [
            text(
                self.right + 14,
                y + (0 if note else 3),
                " · ".join(remarks),
                note_width,
                f"pf-{strong}",
            )
        ]
        if note:
            at = y - 8 if remarks else y + 3
            lines = [
                text(self.right + 14, at, note, note_width),
                text(self.right + 14, y + 6, " · ".join(remarks), note_width, f"pf-{strong}"),
            ]
        wide = 2.6 if flags & RST else 1.5
        self.drawing.add(
            rect(0, top, self.width, _ROW, "none", class_="pf-hit", pointer_events="all"),
            text(52, y + 3, str(row + 1), 50, "pf-soft", "end"),
            text(118, y + 3, seconds(int(one.time[place])), 66, "", "end"),
            text(190, y + 3, f"+{human_ns(since)}" if place else "", 66, "pf-soft", "end"),
            line(begin, y, tip - step * 5, y, colour, stroke_width=wide, stroke_dasharray=dash),
            path(f"M{tip} {y}l{-step * 9} -4.5v9z", fill=colour),
            text(middle, y - 5, words, self.right - self.left - 24, f"pf-{colour}", "middle"),
            *lines,
            title=self.title(place, remarks, note),
            key=row + 1,
        )
        self.top += _ROW

    def words(self, place: int) -> str:
        """Say what stands in the headers, as much as there is room for."""
        one = self.exchange
        payload = int(one.payload[place])
        if one.protocol != "tcp":
            return f"{payload:,} bytes"
        flags = int(one.flags[place])
        parts = [flag_letters(flags), f"len {payload:,}"]
        if payload or flags & 3:
            parts.append(f"seq {int(one.begin[place]):,}")
        if one.acknowledged[place] >= 0:
            parts.append(f"ack {int(one.acknowledged[place]):,}")
        parts.append(f"win {int(one.window[place]):,}")
        room = (self.right - self.left - 24) / CHARACTER
        while len(_WIDE.join(parts)) > room and len(parts) > 2:
            parts.pop()
        return _WIDE.join(parts)

    def title(self, place: int, remarks: list[str], note: str) -> str:
        """Say in words what a row shows."""
        one = self.exchange
        sender, receiver = one.ends if one.side[place] != 1 else one.ends[::-1]
        parts = [
            f"Frame {int(one.rows[place]) + 1} at {seconds(int(one.time[place]))}",
            f"{sender} to {receiver}",
            flag_letters(int(one.flags[place])),
            f"{human_bytes(int(one.payload[place]))} of payload",
        ]
        if one.protocol == "tcp":
            parts.append(f"sequence {int(one.begin[place])}")
            if one.acknowledged[place] >= 0:
                parts.append(f"acknowledges {int(one.acknowledged[place])}")
            parts.append(f"window {int(one.window[place])}")
        return ", ".join(filter(None, [*parts, plain(note), *remarks]))

    def finish(self) -> Drawing:
        """Draw the two lines of life behind the arrows."""
        lines, top = [], 20.0
        for begin, end in [*self.dashed, (self.top + 6, self.top + 6)]:
            for x in (self.left, self.right):
                if begin > top:
                    lines.append(line(x, top, x, begin, "soft", stroke_width=1.2))
                if end > begin:
                    lines.append(line(x, begin, x, end, "soft", stroke_dasharray="2 4"))
            top = end
        packets = list(self.drawing.parts)
        self.drawing.parts.clear()
        self.drawing.add(*lines)
        self.drawing.parts += packets
        self.drawing.height = self.top + 8
        return self.drawing
