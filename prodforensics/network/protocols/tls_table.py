"""The frame of TLS sessions, over TCP and in QUIC."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from prodforensics.categories import vocabulary
from prodforensics.network.protocols.certificates import Certificate
from prodforensics.network.protocols.quic import quic_sessions
from prodforensics.network.protocols.schemas_tls import TLS
from prodforensics.network.protocols.tls import tls_sessions
from prodforensics.network.protocols.tls_session import Session

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["tls"]

_NOTHING = np.iinfo(np.int64).min  # NaT
_OWN = (
    "stream", "protocol", "sni", "offered_versions", "offered_alpn", "ja3", "ja4", "version",
    "cipher", "group", "alpn", "ja3s", "hello_retry", "resumed", "early_data", "quic_version",
    "alert_level", "alert_code", "alert", "alert_from", "encrypted_alert_from", "plain_answer",
    "wrong_name", "client_certificate", "unread",
)  # fmt: skip
# Column -> the packet whose time it is, and whose frame number stands beside it.
_TIMES = {
    "client_hello_ts": "client_hello",
    "server_hello_ts": "server_hello",
    "first_app_ts": "first_app",
    "alert_ts": "alerted",
}
_FRAMES = {
    "client_hello_frame": "client_hello",
    "server_hello_frame": "server_hello",
    "certificate_frame": "certificate",
    "first_app_frame": "first_app",
    "alert_frame": "alerted",
    "encrypted_alert_frame": "alerted_encrypted",
}


def tls(capture: Capture) -> pd.DataFrame:
    """Return one row a handshake (`prodforensics.network.protocols.schemas_tls.TLS`)."""
    found = [*tls_sessions(capture), *quic_sessions(capture)]
    found.sort(key=_first_packet)
    columns: dict[str, object] = {name: _of(found, name) for name in _OWN}
    columns |= _ends(capture, found)
    places = {
        name: np.array(_of(found, name), np.int64) for name in {*_FRAMES.values(), "finished"}
    }
    time = np.append(capture.packets.time, _NOTHING)
    moments = {name: time[place] for name, place in places.items()}
    for name, packet in _TIMES.items():
        columns[name] = moments[packet]
    for name, packet in _FRAMES.items():
        columns[name] = places[packet] + 1
    known = (places["client_hello"] >= 0) & (places["finished"] >= 0)
    took = np.where(known, moments["finished"] - moments["client_hello"], -1)
    columns["handshake_ns"] = np.maximum(took, -1)
    columns |= _certificates(found, moments["certificate"])
    index = pd.RangeIndex(len(found), name="session")
    ordered = {one.name: _typed(columns[one.name], one.dtype) for one in TLS.columns}
    return pd.DataFrame(ordered, index=pd.Index(index, dtype="int64", name="session"), copy=False)


def _first_packet(session: Session) -> int:
    packets = (session.client_hello, session.server_hello, session.alerted)
    return min((packet for packet in packets if packet >= 0), default=-1)


def _of(sessions: Sequence[Session], name: str) -> list[object]:
    return list(map(attrgetter(name), sessions))


def _ends(capture: Capture, sessions: Sequence[Session]) -> dict[str, object]:
    """Return addresses and ports of the clients and of the servers."""
    stream, side = (np.array(_of(sessions, name), np.int64) for name in ("stream", "client_side"))
    quic = np.array([session.protocol == "quic" for session in sessions], np.bool_)
    address, port = np.full((2, len(stream), 2), -1, np.int64)
    for flows, mine in ((capture.streams, ~quic), (capture.udp_streams, quic)):
        address[mine], port[mine] = flows.address[stream[mine]], flows.port[stream[mine]]
    texts, rows = capture.packets.addresses.texts(), np.arange(len(stream))
    found: dict[str, object] = {}
    for name, which in (("client", side), ("server", 1 - side)):
        found[f"{name}_ip"] = vocabulary(texts, address[rows, which])
        found[f"{name}_port"] = port[rows, which]
    return found


def _certificates(sessions: Sequence[Session], sent: np.ndarray) -> dict[str, object]:
    """Return what the server's certificates say, judged at the time at which they were sent."""
    own = [session.chain[0] if session.chain else _NONE for session in sessions]
    rest = [session.chain[1:] for session in sessions]
    last = [min((one.not_after for one in chain), default=_NONE.not_after) for chain in rest]
    after, before = (np.array(_of(own, name), np.int64) for name in ("not_after", "not_before"))
    read = np.array([one is not _NONE and one.not_after != _NONE.not_after for one in own], bool)
    return {
        "certificates": [len(session.chain) for session in sessions],
        "subject": _of(own, "subject"),
        "issuer": _of(own, "issuer"),
        "san": [", ".join(one.names) for one in own],
        "not_before": np.where(read, before, _NOTHING),
        "not_after": np.where(read, after, _NOTHING),
        "expired_at_capture": read & (sent > after),
        "not_yet_valid": read & (sent < before),
        "self_signed": _of(own, "self_signed"),
        "chain_expired": np.array(last, np.int64) < sent,
        "key": _of(own, "key"),
    }


_NONE = Certificate()


def _typed(values: object, dtype: str) -> object:
    """Make a column of what its schema says."""
    if isinstance(values, pd.Categorical):
        return values
    if dtype == "category":
        words = [str(value) for value in values]
        return vocabulary(words, np.arange(len(words)))
    if dtype == "str":
        return pd.array([str(value) for value in values], "str")
    if dtype.startswith("datetime"):
        return pd.DatetimeIndex(np.asarray(values, np.int64).astype("datetime64[ns]"), tz="UTC")
    return np.asarray(values, dtype)
