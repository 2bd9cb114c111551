"""The TLS handshakes of a capture: who asked whom for what, and how it went.

Only packets that begin with a hello are looked at, and the first bytes that both sides of their
streams sent: a capture of millions of packets takes little longer than one of its handshakes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.kernels.byte_streams import gather
from prodforensics.kernels.tls_hellos import find_hellos
from prodforensics.network.protocols.certificates import Certificates
from prodforensics.network.protocols.reassembly import ByteStreams, byte_streams
from prodforensics.network.protocols.tls_records import Head, read_records
from prodforensics.network.protocols.tls_session import Session, session_of

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["tls_sessions"]

_HEAD, _LONG_HEAD = 2**14, 2**18
"""Bytes of each side that are read first, and where those tell too little."""
_BLOCK = 2**10
_HANDSHAKE = 22


@dataclass(frozen=True)
class _Begins:
    """Where TLS begins: a row a stream, each with two sides.

    Attributes
    ----------
    stream : int64[s]
    client : int64[s]
        0 where the originator of the stream sent the ClientHello, else 1.
    packet : int64[s, 2]
        The packet in which the client's and the server's bytes begin; -1 where no hello tells.
    """

    stream: np.ndarray
    client: np.ndarray
    packet: np.ndarray


def tls_sessions(capture: Capture) -> list[Session]:
    """Read the handshakes over TCP, in the order of their first packets.

    Parameters
    ----------
    capture : Capture

    Returns
    -------
    list of Session
        One a stream. TLS may begin later than the stream: behind a proxy's CONNECT, or STARTTLS.
    """
    known = Certificates()
    sessions: list[Session] = []
    with capture.payloads.open() as data:
        begins = _begins(capture, data)
        if not len(begins.stream):
            return []
        streams = byte_streams(capture, begins.stream)
        count = len(begins.stream)
        for start in range(0, count, _BLOCK):
            rows = np.arange(start, min(start + _BLOCK, count))
            heads = _heads(streams, data, begins, rows, _HEAD)
            for row, head in zip(rows.tolist(), heads, strict=True):
                client, server = read_records(head[0]), read_records(head[1])
                if client.wants_more or server.wants_more:
                    (head,) = _heads(streams, data, begins, np.array([row]), _LONG_HEAD)
                    client, server = read_records(head[0]), read_records(head[1])
                found = session_of(client, server, known)
                if found is None:
                    continue
                found.stream, found.client_side = (
                    int(begins.stream[row]), int(begins.client[row]),
                )  # fmt: skip
                found.plain_answer = (
                    found.client_hello >= 0
                    and bool(head[1].bytes)
                    and not server.tls
                    and not server.problem
                )
                sessions.append(found)
    return sessions


def _begins(capture: Capture, data: np.ndarray) -> _Begins:
    packets, known = capture.packets, capture.streams
    flows = 2 * len(known)
    hello, answer = np.full(flows, -1, np.int64), np.full(flows, -1, np.int64)
    find_hellos(
        data, packets.ip_protocol, packets.stream, packets.direction, packets.payload,
        packets.payload_captured, hello, answer,
    )  # fmt: skip
    hello, answer = hello.reshape(-1, 2), answer.reshape(-1, 2)
    streams = np.flatnonzero((hello >= 0).any(axis=1) | (answer >= 0).any(axis=1))
    hello, answer = hello[streams], answer[streams]
    # Who sent the first ClientHello; without one who did not send a ServerHello.
    first = np.where(hello >= 0, hello, len(packets))
    asks = np.argmin(first, axis=1)
    answers = (answer >= 0) & (data[packets.payload[np.maximum(answer, 0)]] == _HANDSHAKE)
    unasked = (hello < 0).all(axis=1)
    flipped = known.flipped[streams].astype(np.int64)
    other = np.where(answers.any(axis=1), 1 - answers.argmax(axis=1), flipped)
    asks = np.where(unasked, other, asks)
    rows = np.arange(len(streams))
    begin = np.stack([hello[rows, asks], answer[rows, 1 - asks]], axis=1)
    return _Begins(streams, asks ^ flipped, begin)


def _heads(
    streams: ByteStreams, data: np.ndarray, begins: _Begins, rows: np.ndarray, limit: int
) -> Iterator[tuple[Head, Head]]:
    """Give the first bytes of the client and of the server, from where TLS begins."""
    flows = (2 * rows[:, None] + begins.client[rows, None] ^ np.array([0, 1])).reshape(-1)
    first, stop = streams.first[flows], streams.first[flows + 1]
    flow = np.repeat(np.arange(len(flows)), stop - first)
    piece = _ranges(first, stop)
    place = np.arange(len(piece))
    packet = streams.packet[piece]
    begin = begins.packet[rows]
    # The server answers after the hello, where its own first bytes are no hello.
    after = np.where(begin[:, 1] < 0, begin[:, 0], -1)
    own, later = begin.reshape(-1)[flow], after[flow // 2]
    begins_here = (packet == own) | ((flow % 2 == 1) & (own < 0) & (packet > later))
    start = np.full(len(flows), len(piece))
    marked = np.flatnonzero(begins_here)[::-1]
    start[flow[marked]] = marked
    size, lost = streams.size[piece], streams.lost[piece].copy()
    lost[start[start < len(piece)]] = 0
    # Holes count, too: zeros will stand in their place.
    reached = np.cumsum(size + lost)
    base = np.concatenate([[0], reached])[np.minimum(start, len(piece))]
    wanted = (place >= start[flow]) & (reached - size - base[flow] < limit)
    more = np.bincount(flow[(place >= start[flow]) & ~wanted], minlength=len(flows)) > 0
    out = np.empty(int(size[wanted].sum()), np.uint8)
    gather(data, streams.extra, streams.start[piece[wanted]], size[wanted], out)
    yield from _split(out.tobytes(), flow[wanted], size[wanted], packet[wanted], lost[wanted], more)


def _split(
    text: bytes, flow: np.ndarray, size: np.ndarray, packet: np.ndarray, lost: np.ndarray,
    more: np.ndarray,
) -> Iterator[tuple[Head, Head]]:  # fmt: skip
    """Cut the bytes of many flows into heads, and give those of each stream."""
    bounds = np.searchsorted(flow, np.arange(len(more) + 1)).tolist()
    ends = [0, *np.cumsum(size).tolist()]
    packets, gone, longer = packet.tolist(), lost.tolist(), more.tolist()
    heads: list[Head] = []
    for place, another in enumerate(longer):
        first, stop = bounds[place], bounds[place + 1]
        pieces = [text[ends[k] : ends[k + 1]] for k in range(first, stop)]
        heads.append(Head(pieces, packets[first:stop], gone[first:stop], another))
        if place % 2:
            yield heads[-2], heads[-1]


def _ranges(first: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Return the numbers from each first to before its stop, one range after the other."""
    size = stop - first
    shift = np.repeat(first - np.cumsum(size) + size, size)
    return np.arange(int(size.sum())) + shift
