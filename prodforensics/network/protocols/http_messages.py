"""HTTP/1.x messages of a capture: found in bulk, their heads read again on use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from prodforensics.kernels.http_heads import FIELDS, SPANS
from prodforensics.kernels.http_messages import http_messages
from prodforensics.kernels.span_texts import span_texts
from prodforensics.network.protocols.reassembly import ByteStreams

__all__ = ["TEXTS", "Messages", "find_messages", "texts_of"]

TEXTS = (
    "host", "content_length", "transfer_encoding", "user_agent", "server", "request_id",
    "correlation_id", "traceparent", "authorization", "cookie", "set_cookie",
    "proxy_authorization", "api_key",
)  # fmt: skip
"""Headers that are found in every message."""
_NAMES = {
    "host": 0, "content-length": 1, "transfer-encoding": 2, "user-agent": 3, "server": 4,
    "x-request-id": 5, "request-id": 5, "x-correlation-id": 6, "correlation-id": 6,
    "traceparent": 7, "authorization": 8, "cookie": 9, "set-cookie": 10, "proxy-authorization": 11,
    "x-api-key": 12, "api-key": 12, "x-auth-token": 12,
}  # fmt: skip
_PLACE = {name: place for place, name in enumerate(FIELDS)}


@dataclass(frozen=True)
class Messages:
    """The HTTP/1.x messages of some streams.

    Attributes
    ----------
    rows : int64[m, c]
        See `prodforensics.kernels.http_heads`.
    heads : uint8[:]
        What the spans of the rows are parts of.
    other_at : int64[2 * s]
        Where in its bytes a flow goes on as HTTP/2; -1 for those that do not.
    """

    rows: np.ndarray
    heads: np.ndarray
    other_at: np.ndarray

    def __getitem__(self, field: str) -> np.ndarray:
        """Return a column of numbers."""
        return self.rows[:, _PLACE[field]]

    def having(self, flag: int) -> np.ndarray:
        """Tell which messages have a flag, bool[m]."""
        return self["flags"] & flag != 0

    def span(self, name: str) -> np.ndarray:
        """Return where a text begins in the heads, and its size, int64[m, 2]."""
        place = SPANS + 2 * (("method", "uri", *TEXTS).index(name))
        return self.rows[:, place : place + 2]


def find_messages(data: np.ndarray, streams: ByteStreams) -> Messages:
    """Find the messages of streams.

    Parameters
    ----------
    data : uint8[:]
        The unpacked file.
    streams : ByteStreams
    """
    names = [name.encode() for name in _NAMES]
    other_at = np.full(len(streams), -1, np.int64)
    rows, heads = http_messages(
        data, streams.extra, streams.first, streams.packet, streams.start, streams.size,
        streams.lost, streams.lost_after, streams.begun, streams.finished,
        np.frombuffer(b"".join(names), np.uint8), np.cumsum([len(name) for name in names]),
        np.array(list(_NAMES.values()), np.int64), len(TEXTS), other_at,
    )  # fmt: skip
    return Messages(rows, heads, other_at)


def texts_of(messages: Messages, name: str, rows: np.ndarray) -> pa.Array:
    """Return a text of some messages; empty where a row is below zero or has none.

    Parameters
    ----------
    messages : Messages
    name : str
        ``method``, ``uri`` or one of `TEXTS`.
    rows : int64[k]
    """
    start = np.full(len(rows), -1, np.int64)
    size = np.zeros(len(rows), np.int64)
    known = rows >= 0
    start[known], size[known] = messages.span(name)[rows[known]].T
    offsets, texts = span_texts(messages.heads, start, size)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(texts)]
    return pa.Array.from_buffers(pa.large_string(), len(rows), buffers)
