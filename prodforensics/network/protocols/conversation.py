"""What the two sides of a stream said to each other, in turns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from prodforensics._text import MASK, is_secret_name, mask_secrets
from prodforensics.categories import vocabulary
from prodforensics.network.connection_table import SIDES
from prodforensics.network.protocols.reassembly import Flow, byte_streams
from prodforensics.network.questions import rows_of

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["Conversation", "Turn", "follow", "mask_headers"]

_HEADER = re.compile(r"^([\w-]{1,100})(:[ \t]*)(?=[^\s])[^\r\n]*", re.MULTILINE)
_UNSEEN = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]|[\u2028-\u202e\u2060-\u2069]")
_ARROWS = (">>>", "<<<")
_WIDTH = 16


def mask_headers(text: str) -> str:
    r"""Put `MASK` in the place of secrets, and of all that a header of a secret's name holds.

    Examples
    --------
    >>> mask_headers("Cookie: a=1234; b=5678\r\nHost: shop\r\n\r\npin=1&password=hunter2")
    'Cookie: ••••••\r\nHost: shop\r\n\r\npin=1&password=••••••'
    """
    hidden = _HEADER.sub(
        lambda found: f"{found[1]}{found[2]}{MASK}" if is_secret_name(found[1]) else found[0], text
    )
    return mask_secrets(hidden)


@dataclass(frozen=True)
class Turn:
    """What one side sent before the other one answered.

    Attributes
    ----------
    side : int
        0 the originator, 1 the responder.
    packet : int
        The first packet, from 0.
    begin, end : int
        Where it stands in what the side sent.
    """

    side: int
    packet: int
    begin: int
    end: int


@dataclass(frozen=True)
class Conversation:
    """A stream as its two sides read it: in order, nothing twice.

    Attributes
    ----------
    stream : int
    protocol : str
        tcp or udp.
    ends : tuple of str
        Address and port of the originator, and of the responder.
    flows : tuple of Flow
        What each of them sent.
    segments : DataFrame
        ``side``, ``begin`` and ``end`` in what the side sent, and ``lost_bytes`` before it that
        were not captured; a row a piece, by ``frame_number``, in the order in which the other side
        could read them.
    """

    stream: int
    protocol: str
    ends: tuple[str, str]
    flows: tuple[Flow, Flow]
    segments: pd.DataFrame

    @property
    def client(self) -> bytes:
        """All that the originator sent."""
        return self.flows[0].bytes

    @property
    def server(self) -> bytes:
        """All that the responder sent."""
        return self.flows[1].bytes

    @property
    def holes(self) -> pd.DataFrame:
        """What was not captured: ``side``, ``offset`` in what the side sent, ``lost_bytes``."""
        parts = [(side, *hole) for side in (0, 1) for hole in self.flows[side].holes.tolist()]
        side, offset, lost = np.array(parts, np.int64).reshape(-1, 3).T
        return pd.DataFrame({"side": vocabulary(SIDES, side), "offset": offset, "lost_bytes": lost})

    def turns(self) -> Iterator[Turn]:
        """Give what each side sent before the other one answered."""
        rows = zip(
            self.segments["side"].cat.codes,
            self.segments.index,
            self.segments["begin"],
            self.segments["end"],
            strict=True,
        )
        for side, group in groupby(rows, key=lambda row: row[0]):
            pieces = list(group)
            yield Turn(int(side), int(pieces[0][1]) - 1, int(pieces[0][2]), int(pieces[-1][3]))

    def text(self, *, redact: bool = True) -> str:
        """Return the turns as text.

        What cannot be shown becomes a dot, and what was not captured is named.

        Parameters
        ----------
        redact : bool
            Whether secrets (authorisation, cookies, passwords, keys) are masked.
        """
        return "\n".join(
            f"{_ARROWS[turn.side]} {title}\n{said}\n"
            for turn, title, said in self.said(redact=redact)
        )

    def said(self, *, redact: bool = True) -> Iterator[tuple[Turn, str, str]]:
        """Give each turn with its title and its text (see `text`)."""
        for turn, title, pieces in self._titled():
            said = "".join(
                f"[{piece} bytes are not in the capture]"
                if isinstance(piece, int)
                else piece.decode("utf-8", "replace")
                for piece in pieces
            )
            said = said.replace("\r\n", "\n")
            said = mask_headers(said) if redact else said
            yield turn, title, _UNSEEN.sub(".", said)

    def hex(self) -> str:
        """Return the turns as bytes in hexadecimal beside their characters; nothing is masked."""
        parts = []
        for turn, title, pieces in self._titled():
            lines, at = [f"{_ARROWS[turn.side]} {title}"], turn.begin
            for piece in pieces:
                if isinstance(piece, int):
                    lines.append(f"[{piece} bytes are not in the capture]")
                    continue
                for start in range(0, len(piece), _WIDTH):
                    row = piece[start : start + _WIDTH]
                    shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
                    lines.append(f"{at:08x}  {row.hex(' '):<47}  {shown}")
                    at += len(row)
            parts.append("\n".join(lines) + "\n")
        return "\n".join(parts)

    def _titled(self) -> Iterator[tuple[Turn, str, list[bytes | int]]]:
        """Give turns with a title and their pieces; a number stands for what is missing."""
        for turn in self.turns():
            flow = self.flows[turn.side]
            # What is missing at the end of a flow is told after its last turn.
            stop = turn.end + (turn.end == len(flow))
            pieces: list[bytes | int] = []
            at = turn.begin
            for offset, lost in flow.holes.tolist():
                if turn.begin <= offset < stop:
                    pieces += [flow.bytes[at:offset], lost]
                    at = offset
            pieces.append(flow.bytes[at : turn.end])
            title = f"{self.ends[turn.side]}, frame {turn.packet + 1}"
            yield turn, title, [piece for piece in pieces if piece != b""]

    def __repr__(self) -> str:
        one, other = self.ends
        return (
            f"<Conversation {self.protocol} {self.stream}: {one} sent {len(self.client):,} bytes, "
            f"{other} {len(self.server):,} bytes>"
        )


def follow(capture: Capture, stream: int, protocol: str = "tcp") -> Conversation:
    """Return what both sides of a stream said.

    Parameters
    ----------
    capture : Capture
    stream : int
    protocol : {"tcp", "udp"}

    Raises
    ------
    UnknownName
        There is no such stream.
    """
    rows = rows_of(capture, stream, protocol)
    if protocol == "tcp":
        streams = byte_streams(capture, [stream])
        with capture.payloads.open() as data:
            flows = streams.flow(data, 0), streams.flow(data, 1)
        known = capture.streams
    else:
        known = capture.udp_streams
        side = capture.packets.direction[rows] ^ known.flipped[stream]
        flows = _datagrams(capture, rows[side == 0]), _datagrams(capture, rows[side == 1])
    texts = capture.packets.addresses.texts()
    ends = tuple(
        f"[{text}]:{port}" if ":" in text else f"{text}:{port}"
        for text, port in zip(
            [texts[place] for place in known.address[stream]], known.port[stream], strict=True
        )
    )
    return Conversation(int(stream), protocol, ends, flows, _segments(flows))


def _datagrams(capture: Capture, rows: np.ndarray) -> Flow:
    """Return datagrams one after the other; what was not captured of them is missing."""
    packets = capture.packets
    with capture.payloads.open():
        parts = [capture.payloads.of(packet) for packet in rows.tolist()]
    size = np.array([len(part) for part in parts], np.int64)
    ends = np.cumsum(size)
    lost = np.maximum(packets.payload_length[rows].astype(np.int64) - size, 0)
    cut = np.flatnonzero(lost)
    holes = np.stack([ends[cut], lost[cut]], axis=1)
    having = size > 0
    return Flow(b"".join(parts), (ends - size)[having], rows[having], holes, begun=True)


def _segments(flows: tuple[Flow, Flow]) -> pd.DataFrame:
    side = np.repeat([0, 1], [len(flow.offsets) for flow in flows])
    packet = np.concatenate([flow.packets for flow in flows])
    begin = np.concatenate([flow.offsets for flow in flows])
    end = np.concatenate([np.append(flow.offsets[1:], len(flow)) for flow in flows if len(flow)]
                         or [begin])  # fmt: skip
    lost = np.concatenate([_lost_before(flow) for flow in flows])
    # What came early waits for what is before it.
    readable = np.concatenate([np.maximum.accumulate(flow.packets) for flow in flows])
    order = np.argsort(readable, kind="stable")
    columns = {
        "side": vocabulary(SIDES, side[order]),
        "begin": begin[order],
        "end": end[order],
        "lost_bytes": lost[order],
    }
    return pd.DataFrame(columns).set_axis(pd.Index(packet[order] + 1, name="frame_number"))


def _lost_before(flow: Flow) -> np.ndarray:
    lost = np.zeros(len(flow.offsets), np.int64)
    inside = flow.holes[flow.holes[:, 0] < len(flow)]
    lost[np.searchsorted(flow.offsets, inside[:, 0])] = inside[:, 1]
    return lost
