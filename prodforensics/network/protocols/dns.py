"""The frame of DNS: questions to name servers with their answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from prodforensics.categories import vocabulary
from prodforensics.network.connections import TCP, UDP
from prodforensics.network.protocols.dns_messages import RCODES, TYPES, Message, read_message
from prodforensics.network.protocols.reassembly import byte_streams

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["dns"]

PORT = 53
_OTHERS = (137, 5353, 5355)
"""Ports of name services that look alike: NetBIOS, multicast DNS, LLMNR."""
_PATIENCE = 1_000_000_000
"""ns that the capture must go on without an answer: resolvers ask again after a second or more."""
_KEPT = 2**16
"""Messages that are remembered: busy services ask for the same names again and again."""


_Said = tuple[int, int, int, int, Message]
"""Packet, protocol, stream, the transaction's number, and what was said."""


@dataclass(slots=True)
class _Exchange:
    """A question with its answer."""

    protocol: int
    stream: int
    id: int
    asked: Message | None
    said: Message | None
    first: int
    last: int
    response: int
    attempts: int


def dns(capture: Capture) -> pd.DataFrame:
    """Return one row a question (`schemas_dns.DNS`)."""
    with capture.payloads.open() as data:
        messages = [*_datagrams(capture, data), *_over_tcp(capture, data)]
    messages.sort(key=lambda one: one[0])
    return _frame(capture, _paired(messages))


def _datagrams(capture: Capture, data: np.ndarray) -> Iterator[_Said]:
    """Give the messages over UDP."""
    packets, flows = capture.packets, capture.udp_streams
    on_port = (flows.port == PORT).any(axis=1)
    possible = ~on_port & ~np.isin(flows.port, _OTHERS).any(axis=1)
    streams = np.flatnonzero(possible)
    on_port[streams[_looks_like_query(capture, data, flows.first[streams])]] = True
    rows = np.flatnonzero((packets.ip_protocol == UDP) & (packets.stream >= 0))
    rows = rows[on_port[packets.stream[rows]]]
    start, size = packets.payload[rows], packets.payload_captured[rows]
    whole = memoryview(data)
    known: dict[bytes, Message | None] = {}
    for packet, stream, begin, count in zip(
        rows.tolist(), packets.stream[rows].tolist(), start.tolist(), size.tolist(), strict=True
    ):
        payload = (
            bytes(whole[begin : begin + count])
            if begin >= 0
            else packets.reassembled.get(packet, b"")
        )
        message = _remembered(payload, known)
        if message is not None:
            yield packet, UDP, stream, payload[0] << 8 | payload[1], message


def _remembered(payload: bytes, known: dict[bytes, Message | None]) -> Message | None:
    """Read a message, or return one with the same rest, whatever its number."""
    rest = payload[2:]
    if rest in known:
        message = known[rest]
    else:
        message = read_message(payload)
        if len(known) < _KEPT:
            known[rest] = message
    return message


def _looks_like_query(capture: Capture, data: np.ndarray, packet: np.ndarray) -> np.ndarray:
    """Tell whether packets are a query and nothing else, on whatever port, bool[k]."""
    packets = capture.packets
    start, size = packets.payload[packet], packets.payload_captured[packet]
    found = (start >= 0) & (size >= 17) & (size == packets.payload_length[packet])
    rows = np.flatnonzero(found)
    # One question, no answers, no authority, at most one additional record (EDNS); no code.
    for place, low, high in (
        (2, 0, 1), (3, 0, 0x3F), (4, 0, 0), (5, 1, 1), (6, 0, 0), (7, 0, 0), (8, 0, 0), (9, 0, 0),
        (10, 0, 0), (11, 0, 1), (12, 1, 63),
    ):  # fmt: skip
        octet = data[start[rows] + place]
        rows = rows[(octet >= low) & (octet <= high)]
    found[:] = False
    for row in rows.tolist():
        payload = data[start[row] : start[row] + size[row]].tobytes()
        found[row] = _is_query(payload)
    return found


def _is_query(payload: bytes) -> bool:
    message = read_message(payload)
    if message is None or message.response or message.qtype not in TYPES:
        return False
    edns = payload[11] == 1
    of_the_internet = payload[message.end - 2 : message.end] == b"\0\1"
    rest = payload[message.end :]
    return of_the_internet and (rest[:3] == b"\0\0\x29" if edns else not rest)


def _over_tcp(capture: Capture, data: np.ndarray) -> Iterator[_Said]:
    """Give the messages over TCP."""
    flows = capture.streams
    wanted = np.flatnonzero((flows.port == PORT).any(axis=1))
    if not len(wanted):
        return
    streams = byte_streams(capture, wanted)
    for number, size in enumerate(streams.sizes().tolist()):
        if size < 14:
            continue
        flow, at = streams.flow(data, number), 0
        # After a hole nobody knows where the next message begins.
        stop = int(flow.holes[0, 0]) if len(flow.holes) else len(flow)
        if not flow.begun and number % 2 == 0 and not _is_framed(flow.bytes):
            continue
        while at + 2 <= stop:
            length = flow.bytes[at] << 8 | flow.bytes[at + 1]
            message = read_message(flow.bytes[at + 2 : min(at + 2 + length, stop)])
            at += 2 + length
            if message is None:
                break
            last = min(at, stop) - 1
            ready = flow.packets[: np.searchsorted(flow.offsets, last, side="right")].max()
            yield int(ready), TCP, int(streams.streams[number // 2]), message.id, message


def _is_framed(said: bytes) -> bool:
    length = said[0] << 8 | said[1]
    return 2 + length <= len(said) and read_message(said[2 : 2 + length]) is not None


def _paired(messages: list[_Said]) -> list[_Exchange]:
    """Join questions with the answers to them."""
    found: list[_Exchange] = []
    open_: dict[tuple[object, ...], _Exchange] = {}
    answered: dict[tuple[object, ...], _Exchange] = {}
    latest: dict[tuple[object, ...], tuple[object, ...]] = {}
    for packet, protocol, stream, number, message in messages:
        key = (protocol, stream, number, message.query.lower(), message.qtype)
        if not message.response:
            exchange = open_.get(key)
            if exchange is None:
                exchange = _Exchange(protocol, stream, number, message, None, packet, packet, -1, 0)
                open_[key] = exchange
                latest[key[:3]] = key
                found.append(exchange)
            exchange.attempts += 1
            exchange.last = packet
            continue
        exchange = open_.pop(key, None)
        if exchange is None and not message.qtype:
            # An answer to what the server could not read may leave out the question.
            key = latest.get(key[:3], key)
            exchange = open_.pop(key, None)
        if exchange is None:
            if key in answered:
                continue  # the answer once more
            exchange = _Exchange(protocol, stream, number, None, None, -1, -1, -1, 0)
            found.append(exchange)
        exchange.said, exchange.response = message, packet
        answered[key] = exchange
    return found


def _frame(capture: Capture, exchanges: list[_Exchange]) -> pd.DataFrame:
    packets, time = capture.packets, capture.packets.time
    first, last, response = (
        np.array([getattr(one, name) for one in exchanges], np.int64)
        for name in ("first", "last", "response")
    )
    protocol = np.array([one.protocol for one in exchanges], np.int64)
    asked = first >= 0
    shown = np.where(asked, first, response)
    answered = response >= 0
    texts = packets.addresses.texts()
    ends = {
        "ip": (packets.source[shown], packets.destination[shown]),
        "port": (packets.source_port[shown], packets.destination_port[shown]),
    }
    client_ip, server_ip = (np.where(asked, *pair) for pair in (ends["ip"], ends["ip"][::-1]))
    client_port, server_port = (
        np.where(asked, *pair) for pair in (ends["port"], ends["port"][::-1])
    )
    said = [one.said for one in exchanges]
    known = [one.asked or one.said for one in exchanges]
    end = int(time.max()) if len(time) else 0
    columns = {
        "ts": pd.DatetimeIndex(time[shown], tz="UTC"),
        "client_ip": vocabulary(texts, client_ip),
        "client_port": client_port,
        "server_ip": vocabulary(texts, server_ip),
        "server_port": server_port,
        "protocol": vocabulary(("udp", "tcp"), (protocol == TCP).astype(np.int8)),
        "stream": np.array([one.stream for one in exchanges], np.int64),
        "trans_id": np.array([one.id for one in exchanges], np.int32),
        "query": _words([one.query for one in known]),
        "qtype": _words(
            [TYPES.get(one.qtype, f"TYPE{one.qtype}") if one.qtype else "" for one in known]
        ),
        "rcode": _words(["" if one is None else RCODES[one.rcode] for one in said]),
        "answers": pd.array(["" if one is None else one.answers for one in said], "str"),
        "answer_count": np.array([-1 if one is None else one.count for one in said], np.int32),
        "ttl_s": np.array([-1 if one is None else one.ttl for one in said], np.int64),
        "truncated": np.array([one is not None and one.truncated for one in said], np.bool_),
        "rtt_ns": np.where(asked & answered, time[response] - time[first], -1),
        "attempts": np.array([one.attempts for one in exchanges], np.int32),
        "timed_out": ~answered & (end - time[last] >= _PATIENCE),
        "request_frame": np.where(asked, first + 1, -1),
        "last_request_frame": np.where(asked, last + 1, -1),
        "response_frame": np.where(answered, response + 1, -1),
    }
    return pd.DataFrame(columns).set_axis(pd.RangeIndex(len(exchanges), name="exchange"))


def _words(words: list[str]) -> pd.Categorical:
    return vocabulary(words, np.arange(len(words)))
