"""HTTP/2 in clear text: frames of both flows of a stream, headers unpacked by hpack (RFC 9113).

Both flows are read on their own: header compression keeps a state that follows from all headers
before, so that reading ends where bytes of one are missing. Missing bytes of DATA are counted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from prodforensics.network.protocols.reassembly import Flow

__all__ = ["PREFACE", "Exchange", "read_connection"]

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _PUSH_PROMISE, _CONTINUATION = 0, 1, 3, 5, 9
_END_STREAM, _END_HEADERS, _PADDED, _PRIORITY = 0x1, 0x4, 0x8, 0x20
_MOST_HEADERS = 2**20
_KEPT = 2**14
Headers = list[tuple[str, str]]
Known = dict[tuple[int, bytes], tuple[Headers | None, int]]
"""What blocks of headers mean after others: by a number of what came before and the block, the
headers and the number of what has come now."""


@dataclass
class Exchange:
    """A request and its response in one stream of a connection; packets are -1 for none.

    Attributes
    ----------
    number : int
        The stream's number within the connection.
    request, response : list of (str, str)
        Headers, those of trailers after them.
    request_first, request_last, response_first, response_last : int
        Packets of the first and of the last byte.
    request_body, response_body, gap : int
        Bytes of DATA, and those of the response that are missing.
    request_complete, complete : bool
        Whether the request and the response ended.
    reset_code : int
        Of RST_STREAM; -1 for none.
    """

    number: int
    request: Headers = field(default_factory=list)
    response: Headers = field(default_factory=list)
    request_first: int = -1
    request_last: int = -1
    response_first: int = -1
    response_last: int = -1
    request_body: int = 0
    response_body: int = 0
    gap: int = 0
    request_complete: bool = False
    complete: bool = False
    reset_code: int = -1


class _Frame(NamedTuple):
    kind: int
    flags: int
    stream: int
    payload: bytes
    lost: int
    whole: bool
    first: int
    last: int


def read_connection(
    flows: tuple[Flow, Flow], begin: tuple[int, int], known: Known | None = None
) -> list[Exchange]:
    """Read the exchanges of a connection.

    Parameters
    ----------
    flows : tuple of Flow
        The originator's and the responder's.
    begin : tuple of int
        Where each of them is HTTP/2 in its bytes; -1 where it is not.
    known : dict, optional
        Remembers blocks of headers from one connection to the next.

    Returns
    -------
    list of Exchange
        By their number.
    """
    found: dict[int, Exchange] = {}
    for side, (flow, at) in enumerate(zip(flows, begin, strict=True)):
        if at >= 0:
            _read_flow(flow, at, side, found, _Headers({} if known is None else known))
    return [found[number] for number in sorted(found)]


def _read_flow(
    flow: Flow, at: int, side: int, found: dict[int, Exchange], compressed: _Headers
) -> None:
    block, kind, number, first, ends = b"", 0, 0, -1, False
    for frame in _frames(flow, at):
        if frame.kind in (_HEADERS, _PUSH_PROMISE):
            block, promised = _fragment(frame)
            kind, first = frame.kind, frame.first
            number = promised if frame.kind == _PUSH_PROMISE else frame.stream
            ends = frame.kind == _HEADERS and bool(frame.flags & _END_STREAM)
        elif frame.kind == _CONTINUATION and kind:
            block += frame.payload
        elif frame.kind == _DATA and frame.stream:
            _data(found.setdefault(frame.stream, Exchange(frame.stream)), frame, side)
            continue
        elif frame.kind == _RST_STREAM and frame.stream in found:
            found[frame.stream].reset_code = int.from_bytes(frame.payload[:4], "big") & 0x7FFFFFFF
            continue
        else:
            continue
        if frame.lost or not frame.whole or len(block) > _MOST_HEADERS:
            return
        if frame.flags & _END_HEADERS:
            headers = compressed.unpacked(block)
            if headers is None:
                return
            if number:  # 0 is the connection, which has no headers
                exchange = found.setdefault(number, Exchange(number))
                of_request = side == 0 or kind == _PUSH_PROMISE
                _headers(exchange, headers, of_request, first, frame.last, ends)
            kind = 0


class _Headers:
    """The headers of one flow, block by block.

    What a block means depends on all blocks before it. Clients begin their connections alike, so
    what is known of the same blocks in the same order is not unpacked again.
    """

    def __init__(self, known: Known) -> None:
        self._known, self._state = known, 0
        self._waiting: list[bytes] = []
        self._decoder: object = None

    def unpacked(self, block: bytes) -> Headers | None:
        """Return the headers of the next block; None where it makes no sense."""
        key = (self._state, block)
        self._waiting.append(block)
        if key in self._known:
            headers, self._state = self._known[key]
            return headers
        headers = self._decoded()
        if len(self._known) < _KEPT and self._state >= 0:
            self._known[key] = headers, len(self._known) + 1
            self._state = len(self._known)
        else:
            self._state = -1  # nothing that follows is known
        return headers

    def _decoded(self) -> Headers | None:
        """Unpack all blocks that wait, and return the headers of the last one."""
        from hpack import Decoder

        if self._decoder is None:
            self._decoder = Decoder(max_header_list_size=_MOST_HEADERS)
        found: Headers | None = None
        try:
            for block in self._waiting:
                found = [
                    (name.decode("utf-8", "replace"), value.decode("utf-8", "replace"))
                    for name, value in self._decoder.decode(block, raw=True)
                ]
        except Exception:  # whatever a library raises of hostile bytes
            return None
        finally:
            self._waiting = []
        return found


class _Positions:
    """Places in a flow with its holes counted, and in its captured bytes."""

    def __init__(self, flow: Flow) -> None:
        offsets, self._lost = flow.holes[:, 0], flow.holes[:, 1].tolist()
        before = np.cumsum(flow.holes[:, 1]) - flow.holes[:, 1]
        self._begin, self._before = (offsets + before).tolist(), before.tolist()
        self.end = len(flow) + sum(self._lost)

    def captured(self, place: int) -> int:
        """Return how many bytes before a place were captured."""
        hole = bisect_left(self._begin, place) - 1
        if hole < 0:
            return place
        return place - self._before[hole] - min(place - self._begin[hole], self._lost[hole])


def _frames(flow: Flow, at: int) -> Iterator[_Frame]:
    """Give the frames of a flow, up to where the head of one is not whole."""
    said, places = flow.bytes, _Positions(flow)
    ready = np.maximum.accumulate(flow.packets)
    if said.startswith(PREFACE, at):
        at += len(PREFACE)
    place = at + flow.lost(0, at + 1)
    while place + 9 <= places.end:
        start, body = places.captured(place), places.captured(place + 9)
        if body - start != 9:
            return
        size = int.from_bytes(said[start : start + 3], "big")
        following = place + 9 + size
        stop = places.captured(min(following, places.end))
        first, last = np.searchsorted(flow.offsets, (start, stop - 1), side="right") - 1
        yield _Frame(
            said[start + 3],
            said[start + 4],
            int.from_bytes(said[start + 5 : start + 9], "big") & 0x7FFFFFFF,
            said[body:stop],
            min(following, places.end) - place - 9 - (stop - body),
            following <= places.end,
            int(flow.packets[first]),
            int(ready[last]),
        )
        place = following


def _fragment(frame: _Frame) -> tuple[bytes, int]:
    """Return the part of a header block in a frame, and the stream that it promises."""
    payload, promised = frame.payload, 0
    if frame.flags & _PADDED and payload:
        padding = payload[0]
        payload = payload[1 : max(len(payload) - padding, 1)]
    if frame.kind == _PUSH_PROMISE:
        promised = int.from_bytes(payload[:4], "big") & 0x7FFFFFFF
        payload = payload[4:]
    elif frame.flags & _PRIORITY:
        payload = payload[5:]
    return payload, promised


def _headers(
    exchange: Exchange, headers: Headers, of_request: bool, first: int, last: int, ends: bool
) -> None:
    if of_request:
        exchange.request += headers
        exchange.request_first = first if exchange.request_first < 0 else exchange.request_first
        exchange.request_last = max(exchange.request_last, last)
        exchange.request_complete |= ends
        return
    status = dict(headers).get(":status", "")
    if status.startswith("1"):
        return  # interim; the response follows
    exchange.response += headers
    exchange.response_first = first if exchange.response_first < 0 else exchange.response_first
    exchange.response_last = max(exchange.response_last, last)
    exchange.complete |= ends


def _data(exchange: Exchange, frame: _Frame, side: int) -> None:
    size = len(frame.payload)
    if frame.flags & _PADDED and size:
        size = max(size - 1 - frame.payload[0], 0)
    if side == 0:
        exchange.request_body += size
        exchange.request_last = max(exchange.request_last, frame.last)
        exchange.request_complete |= frame.whole and bool(frame.flags & _END_STREAM)
        return
    exchange.response_body += size
    exchange.gap += frame.lost
    exchange.response_last = max(exchange.response_last, frame.last)
    exchange.complete |= frame.whole and bool(frame.flags & _END_STREAM)
