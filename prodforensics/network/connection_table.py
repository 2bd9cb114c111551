"""The frame of connections: a row a stream of TCP or UDP."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from prodforensics.categories import vocabulary
from prodforensics.kernels.community_ids import community_ids
from prodforensics.kernels.tcp_states import CONNECTION_STATES, HISTORY, RESETS
from prodforensics.network.connections import TCP, UDP, Flows, Streams
from prodforensics.network.packets import Packets

__all__ = ["SIDES", "connections"]

SIDES = ("orig", "resp")
"""What columns of the originator and of the responder begin with."""


def connections(packets: Packets, tcp: Streams, udp: Flows) -> pd.DataFrame:
    """Return one row a connection (`schemas.CONNECTIONS`): first those of TCP, then of UDP."""
    texts = packets.addresses.texts()

    def both(name: str) -> np.ndarray:
        return np.concatenate([getattr(tcp, name), getattr(udp, name)])

    def or_none(values: np.ndarray, none: int = -1) -> np.ndarray:
        rest = np.full((len(udp), *values.shape[1:]), none, values.dtype)
        return np.concatenate([values, rest])

    protocol = np.repeat(np.array([TCP, UDP], np.uint8), [len(tcp), len(udp)])
    stream = np.concatenate([np.arange(len(tcp)), np.arange(len(udp))])
    address, port = both("address"), both("port")
    columns: dict[str, object] = {
        "uid": _uids(protocol, stream),
        "protocol": vocabulary(("tcp", "udp"), (protocol == UDP).astype(np.int8)),
        "community_id": _community_ids(packets, protocol, address, port),
        "start": pd.DatetimeIndex(both("start_ns"), tz="UTC"),
        "duration_ns": both("stop_ns") - both("start_ns"),
    }
    for side, name in enumerate(SIDES):
        columns[f"{name}_ip"] = vocabulary(texts, address[:, side])
        columns[f"{name}_port"] = port[:, side]
    for name in ("packets", "bytes", "payload_bytes"):
        columns |= _sides(name, both(name))
    silent, answered = (udp.packets[:, side] > 0 for side in (0, 1))
    columns["conn_state"] = _states(tcp, silent, answered)
    columns["history"] = _histories(tcp, udp)
    columns["completeness"] = or_none(tcp.completeness, 0)
    columns["client_rtt_ns"] = or_none(_between(tcp.syn_ns, tcp.syn_ack_ns))
    columns["server_rtt_ns"] = or_none(_between(tcp.syn_ack_ns, tcp.ack_ns))
    columns["irtt_ns"] = or_none(np.where(tcp.first_rtt_ns > 0, tcp.first_rtt_ns, -1))
    columns |= _sides("mss", or_none(tcp.mss))
    columns |= _sides("wscale", or_none(tcp.window_scale))
    columns |= _sides("retransmissions", or_none(tcp.retransmissions, 0))
    columns |= _sides("out_of_order", or_none(tcp.out_of_order, 0))
    columns |= _sides("dup_ack", or_none(tcp.duplicate_acks, 0))
    columns |= _sides("zero_window", or_none(tcp.zero_windows, 0))
    columns |= _sides("missed_bytes", or_none(tcp.missed_bytes, 0))
    columns["rst_kind"] = vocabulary(RESETS, or_none(tcp.reset_kind, 0))
    columns["rst_from"] = vocabulary(SIDES, or_none(tcp.reset_side))
    columns["rst_frame"] = or_none(tcp.reset) + 1
    columns["first_frame"], columns["last_frame"] = both("first") + 1, both("last") + 1
    return pd.DataFrame(columns, index=pd.Index(stream, name="stream"), copy=False)


def _sides(name: str, values: np.ndarray) -> dict[str, np.ndarray]:
    return {f"{side}_{name}": values[:, place] for place, side in enumerate(SIDES)}


def _between(begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    return np.where((begin >= 0) & (end >= begin), end - begin, -1)


def _states(tcp: Streams, asked: np.ndarray, answered: np.ndarray) -> pd.Categorical:
    place = {state: number for number, state in enumerate(CONNECTION_STATES)}
    udp = np.select(
        [asked & answered, asked, answered], [place["SF"], place["S0"], place["SHR"]], place["OTH"]
    )
    return vocabulary(CONNECTION_STATES, np.concatenate([tcp.conn_state, udp]).astype(np.int8))


def _histories(tcp: Streams, udp: Flows) -> pd.Categorical:
    texts = np.zeros((len(tcp) + len(udp), HISTORY), np.uint8)
    texts[: len(tcp)] = tcp.history
    own = texts[len(tcp) :]
    own[:, 0] = np.where(udp.flipped, ord("^"), ord(" "))
    for place, letter in ((1, "D"), (2, "d")):
        own[:, place] = np.where(udp.packets[:, place - 1] > 0, ord(letter), ord(" "))
    # Who sent the first packet of UDP comes first in its history.
    own[:, 1:3] = np.where(udp.flipped[:, None], own[:, 2:0:-1], own[:, 1:3])
    texts[texts == ord(" ")] = 0
    words = _strings(texts)
    return vocabulary(words, np.arange(len(words)))


def _strings(texts: np.ndarray) -> pa.Array:
    """Return rows of ASCII, zeros left out, as strings."""
    offsets = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(np.count_nonzero(texts, axis=1), out=offsets[1:])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(texts[texts != 0])]
    return pa.Array.from_buffers(pa.large_string(), len(texts), buffers)


def _uids(protocol: np.ndarray, stream: np.ndarray) -> pd.arrays.ArrowStringArray:
    names = pa.array(["tcp", "udp"], pa.large_string()).take(pa.array(protocol == UDP, pa.int8()))
    numbers = pa.array(stream).cast(pa.large_string())
    return _text(pc.binary_join_element_wise(names, numbers, pa.scalar("", pa.large_string())))


def _community_ids(
    packets: Packets, protocol: np.ndarray, address: np.ndarray, port: np.ndarray
) -> pd.arrays.ArrowStringArray:
    known = packets.addresses
    one, other = (np.ascontiguousarray(address[:, side]) for side in (0, 1))
    here, there = (np.ascontiguousarray(port[:, side]) for side in (0, 1))
    texts = community_ids(known.octets, known.version, protocol, one, other, here, there)
    return _text(_strings(texts))


def _text(array: pa.Array) -> pd.arrays.ArrowStringArray:
    return pd.StringDtype(na_value=np.nan).__from_arrow__(array)
