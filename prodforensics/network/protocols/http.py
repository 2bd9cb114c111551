"""The frame of HTTP: requests with their responses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from prodforensics._text import MASK, is_secret_name, mask_secrets
from prodforensics.categories import categorical, vocabulary
from prodforensics.errors import UnknownName
from prodforensics.kernels.http_messages import CHUNKED, COMPLETE
from prodforensics.network.protocols import http2
from prodforensics.network.protocols.http_messages import Messages, find_messages, texts_of
from prodforensics.network.protocols.reassembly import byte_stream, byte_streams

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["Exchanges", "find_exchanges", "headers", "http"]

_SECRETS = ("authorization", "cookie", "set_cookie", "proxy_authorization", "api_key")
_SHARED = ("request_id", "correlation_id", "traceparent")
_COLUMNS = (
    "stream", "version", "status", "length", "body", "gap", "request_body", "request_complete",
    "complete", "truncated", "request_first", "request_last", "response_first",
    "response_last", "request_at", "request_size", "response_at", "response_size", "http2_stream",
    "reset_code",
)  # fmt: skip
_WORDS = ("method", "uri", "host", "user_agent", "server", *_SHARED, *_SECRETS)
# What may make a URI hold a secret; only such ones are looked at closely.
_SUSPICIOUS = (
    r"(?i)pass|pwd|secret|token|credential|cookie|authorization|key|session|bearer|basic|"
    r"://[^/]*@|eyJ|AKIA|ASIA|gh[pousr]_|xox|AIza"
)
_TRACE = r"^[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-"


@dataclass(frozen=True)
class Exchanges:
    """Requests with their responses, by the time at which they began.

    Attributes
    ----------
    numbers : dict of str to int64[e]
        Packets count from 0; -1 stands for none. ``request_at`` and ``request_size`` tell where the
        head of a request of HTTP/1.x stands in its flow.
    words : dict of str to large_string[e]
        As they were sent.
    """

    numbers: dict[str, np.ndarray]
    words: dict[str, pa.Array]

    def __len__(self) -> int:
        return len(self.numbers["stream"])

    @property
    def nbytes(self) -> int:
        """Memory of the columns, bytes."""
        numbers = sum(array.nbytes for array in self.numbers.values())
        return numbers + sum(array.nbytes for array in self.words.values())


def find_exchanges(capture: Capture) -> Exchanges:
    """Find the requests and responses of a capture."""
    known = capture.streams
    streams = byte_streams(capture, np.flatnonzero(known.payload_bytes.sum(axis=1) > 0))
    known_headers: http2.Known = {}
    found: list[tuple[int, http2.Exchange]] = []
    with capture.payloads.open() as data:
        messages = find_messages(data, streams)
        parts = [_of_messages(capture, streams.streams, messages)]
        for place in np.flatnonzero(messages.other_at[::2] >= 0).tolist():
            flows = streams.flow(data, 2 * place), streams.flow(data, 2 * place + 1)
            begin = np.maximum(messages.other_at[2 * place : 2 * place + 2], 0).tolist()
            stream = int(streams.streams[place])
            read = http2.read_connection(flows, (begin[0], begin[1]), known_headers)
            found += [(stream, one) for one in read]
    if found:
        parts.append(_of_streams(capture, found))
    numbers = {name: np.concatenate([part[0][name] for part in parts]) for name in _COLUMNS}
    words = {name: pa.concat_arrays([part[1][name] for part in parts]) for name in _WORDS}
    order = np.argsort(_began(numbers), kind="stable")
    taken = pa.array(order)
    return Exchanges(
        {name: column[order] for name, column in numbers.items()},
        {name: column.take(taken) for name, column in words.items()},
    )


def _began(numbers: dict[str, np.ndarray]) -> np.ndarray:
    asked = numbers["request_first"]
    return np.where(asked >= 0, asked, numbers["response_first"])


def _ended(capture: Capture, stream: np.ndarray) -> np.ndarray:
    """Tell which connections ended by a FIN or a RST, bool[k]."""
    return ((capture.streams.flags[stream] & 0b101) != 0).any(axis=1)


def _of_messages(
    capture: Capture, streams: np.ndarray, messages: Messages
) -> tuple[dict[str, np.ndarray], dict[str, pa.Array]]:
    """Join the requests and responses of HTTP/1.x."""
    side, partner = messages["side"], messages["partner"]
    response = np.full(len(side), -1, np.int64)
    answered = np.flatnonzero(partner >= 0)
    response[partner[answered]] = answered
    asked = np.flatnonzero(side == 0)
    alone = np.flatnonzero((side == 1) & (partner < 0))
    request = np.concatenate([asked, np.full(len(alone), -1, np.int64)])
    response = np.concatenate([response[asked], alone])
    either = np.where(request >= 0, request, response)

    def of(rows: np.ndarray, name: str, none: int = -1) -> np.ndarray:
        return np.where(rows >= 0, messages[name][rows], none) if len(side) else rows

    flags = of(response, "flags", 0)
    complete = (response >= 0) & (flags & COMPLETE != 0)
    stream = streams[of(either, "stream")]
    body, gap, length = (of(response, name, none) for name, none in
                         (("body", -1), ("gap", 0), ("length", -1)))  # fmt: skip
    promised = (length >= 0) | (flags & CHUNKED != 0)
    # Where bytes of chunks are missing nobody knows whether the end was among them.
    unknown = (flags & CHUNKED != 0) & (gap > 0)
    numbers = {
        "stream": stream,
        "version": of(np.where(request >= 0, request, response), "version"),
        "status": of(response, "status"),
        "length": length,
        "body": body,
        "gap": gap,
        "request_body": of(request, "body"),
        "request_complete": of(request, "flags", 0) & COMPLETE != 0,
        "complete": complete,
        "truncated": (response >= 0) & ~complete & promised & ~unknown & _ended(capture, stream),
        "http2_stream": np.full(len(stream), -1, np.int64),
        "reset_code": np.full(len(stream), -1, np.int64),
    }
    for name, rows in (("request", request), ("response", response)):
        numbers |= {
            f"{name}_first": of(rows, "first"), f"{name}_last": of(rows, "last"),
            f"{name}_at": of(rows, "offset"), f"{name}_size": of(rows, "head_size"),
        }  # fmt: skip
    words = {name: texts_of(messages, name, request) for name in ("method", "uri", "host")}
    words["user_agent"] = texts_of(messages, "user_agent", request)
    words["server"] = texts_of(messages, "server", response)
    for name in (*_SHARED, *_SECRETS):
        one, other = texts_of(messages, name, request), texts_of(messages, name, response)
        words[name] = pc.if_else(pc.equal(one, ""), other, one)
    return numbers, words


def _of_streams(
    capture: Capture, given: list[tuple[int, http2.Exchange]]
) -> tuple[dict[str, np.ndarray], dict[str, pa.Array]]:
    """Return the exchanges of HTTP/2 connections, each given with its TCP stream."""
    given = [pair for pair in given if max(pair[1].request_first, pair[1].response_first) >= 0]
    streams, found = [stream for stream, _ in given], [one for _, one in given]
    over = _ended(capture, np.array(streams, np.int64)).tolist()
    sides = [(dict(reversed(one.request)), dict(reversed(one.response))) for one in found]
    rows = []
    for stream, ended, one, (_, said) in zip(streams, over, found, sides, strict=True):
        answered = one.response_first >= 0
        rows.append((
            stream, 20, _number(said.get(":status", ""), 999), _number(said.get("content-length")),
            one.response_body if answered else -1, one.gap,
            one.request_body if one.request_first >= 0 else -1, one.request_complete, one.complete,
            answered and not one.complete and not one.gap and (ended or one.reset_code >= 0),
            one.request_first, one.request_last, one.response_first, one.response_last,
            -1, -1, -1, -1, one.number, one.reset_code,
        ))  # fmt: skip
    table = np.array(rows, np.int64).reshape(-1, len(_COLUMNS))
    numbers = {name: table[:, place] for place, name in enumerate(_COLUMNS)}
    for name in ("request_complete", "complete", "truncated"):
        numbers[name] = numbers[name] != 0
    keys = {"method": ":method", "uri": ":path", "user_agent": "user-agent"}
    words = {name: [asked.get(key, "") for asked, _ in sides] for name, key in keys.items()}
    words["host"] = [asked.get(":authority", asked.get("host", "")) for asked, _ in sides]
    words["server"] = [said.get("server", "") for _, said in sides]
    for name, names in (
        ("request_id", ("x-request-id", "request-id")),
        ("correlation_id", ("x-correlation-id", "correlation-id")),
        ("api_key", ("x-api-key", "api-key", "x-auth-token")),
        *((key, (key.replace("_", "-"),)) for key in ("traceparent", *_SECRETS[:-1])),
    ):
        words[name] = [
            next((part[key] for part in side for key in names if part.get(key)), "")
            for side in sides
        ]
    return numbers, {name: pa.array(words[name], pa.large_string()) for name in _WORDS}


def _number(text: str | None, most: int = 2**62) -> int:
    if not text or not text.isascii() or not text.isdigit() or len(text) > 18:
        return -1
    return int(text) if int(text) <= most else -1


# -- the frame ------------------------------------------------------------------------------------


def http(capture: Capture) -> pd.DataFrame:
    """Return one row an exchange (`schemas_http.HTTP`)."""
    found, packets = capture.exchanges, capture.packets
    number, words, time = found.numbers, found.words, packets.time
    asked, answered = number["request_first"] >= 0, number["response_first"] >= 0
    both, stream = asked & answered, number["stream"]
    ttfb = time[number["response_first"]] - time[number["request_last"]]
    total = time[number["response_last"]] - time[number["request_first"]]
    texts = packets.addresses.texts()
    trace = pc.extract_regex(words["traceparent"], _TRACE)
    columns = {
        "request_ts": pd.DatetimeIndex(time[_began(number)], tz="UTC"),
        "stream": stream,
        "protocol": vocabulary(
            ("1.0", "1.1", "2"), np.where(number["version"] >= 20, 2, number["version"] > 10)
        ),
        "client_ip": vocabulary(texts, capture.streams.address[stream, 0]),
        "server_ip": vocabulary(texts, capture.streams.address[stream, 1]),
        "server_port": capture.streams.port[stream, 1],
        "method": _category(words["method"]),
        "host": _category(words["host"]),
        "uri": _str(_masked(words["uri"])),
        "status": number["status"].astype(np.int16),
        "ttfb_ns": np.where(both, np.maximum(ttfb, 0), -1),
        "total_ns": np.where(both, np.maximum(total, 0), -1),
        "request_bytes": number["request_body"],
        "request_complete": number["request_complete"],
        "content_length": number["length"],
        "body_seen": number["body"],
        "complete": number["complete"],
        "truncated": number["truncated"],
        "gap_bytes": number["gap"],
        "request_id": _str(words["request_id"]),
        "correlation_id": _str(words["correlation_id"]),
        "trace_id": _str(pc.fill_null(pc.struct_field(trace, "trace"), "")),
        "span_id": _str(pc.fill_null(pc.struct_field(trace, "span"), "")),
        "user_agent": _category(words["user_agent"]),
        "server": _category(words["server"]),
        "secrets": _secrets(words),
        "request_frame": np.where(asked, number["request_first"] + 1, -1),
        "response_frame": np.where(answered, number["response_first"] + 1, -1),
        "last_frame": np.maximum(number["request_last"], number["response_last"]) + 1,
        "http2_stream": number["http2_stream"],
        "reset_code": number["reset_code"].astype(np.int32),
    }
    index = pd.RangeIndex(len(found), name="exchange")
    return pd.DataFrame(columns, copy=False).set_axis(index)


def _category(words: pa.Array) -> pd.Categorical:
    encoded = words.dictionary_encode()
    return categorical(encoded.indices.to_numpy(), encoded.dictionary)


def _str(words: pa.Array) -> pd.arrays.ArrowStringArray:
    return pd.StringDtype(na_value=np.nan).__from_arrow__(words)


def _masked(words: pa.Array) -> pa.Array:
    """Mask secrets in texts."""
    encoded = words.dictionary_encode()
    unique = encoded.dictionary
    looks = pc.match_substring_regex(unique, _SUSPICIOUS).to_numpy(zero_copy_only=False)
    if not looks.any():
        return words
    texts = unique.to_pylist()
    for place in np.flatnonzero(looks).tolist():
        texts[place] = mask_secrets(texts[place])
    return pa.array(texts, pa.large_string()).take(encoded.indices)


def _secrets(words: dict[str, pa.Array]) -> pd.Categorical:
    """Name the headers that hold secrets."""
    bits = np.zeros(len(words["method"]), np.int64)
    for place, name in enumerate(_SECRETS):
        there = pc.not_equal(words[name], "").to_numpy(zero_copy_only=False)
        bits |= there.astype(np.int64) << place
    named = [
        ", ".join(
            name.replace("_", "-") for place, name in enumerate(_SECRETS) if mask >> place & 1
        )
        for mask in range(1 << len(_SECRETS))
    ]
    used, codes = np.unique(bits, return_inverse=True)
    return vocabulary([named[mask] for mask in used.tolist()], codes)


# -- one exchange ---------------------------------------------------------------------------------


def headers(capture: Capture, exchange: int, redact: bool) -> pd.DataFrame:
    """Return the headers of one exchange (`schemas_http.HEADERS`)."""
    found = capture.exchanges
    if not 0 <= exchange < len(found):
        raise UnknownName("exchange", str(exchange), [f"0 to {len(found) - 1}"])
    one = {name: int(column[exchange]) for name, column in found.numbers.items()}
    if one["http2_stream"] >= 0:
        parts = _compressed(capture, one)
    else:
        parts = [_head(capture, one, side) for side in (0, 1)]
    rows = [
        (place, name, _value(name, value) if redact else value)
        for place, part in enumerate(parts)
        for name, value in part
    ]
    columns = {
        "message": vocabulary(("request", "response"), np.array([row[0] for row in rows], np.int8)),
        "name": pd.array([row[1] for row in rows], "str"),
        "value": pd.array([row[2] for row in rows], "str"),
    }
    return pd.DataFrame(columns)


def _value(name: str, value: str) -> str:
    return MASK if is_secret_name(name) else mask_secrets(value)


def _head(capture: Capture, one: dict[str, int], side: int) -> list[tuple[str, str]]:
    name = ("request", "response")[side]
    at, size = one[f"{name}_at"], one[f"{name}_size"]
    if at < 0:
        return []
    text = byte_stream(capture, one["stream"], side).bytes[at : at + size].decode("latin-1")
    start, *lines = text.split("\n")
    words = start.strip("\r").split(" ", 2)
    names = (":method", ":path", ":version") if side == 0 else (":version", ":status", ":reason")
    found = list(zip(names, words, strict=False))
    for line in lines:
        key, colon, value = line.strip("\r").partition(":")
        if colon:
            found.append((key, value.strip(" \t")))
    return found


def _compressed(capture: Capture, one: dict[str, int]) -> list[list[tuple[str, str]]]:
    streams = byte_streams(capture, [one["stream"]])
    with capture.payloads.open() as data:
        begin = find_messages(data, streams).other_at.tolist()
        flows = streams.flow(data, 0), streams.flow(data, 1)
    found = http2.read_connection(flows, (max(begin[0], 0), max(begin[1], 0)))
    same = next(each for each in found if each.number == one["http2_stream"])
    return [same.request, same.response]
