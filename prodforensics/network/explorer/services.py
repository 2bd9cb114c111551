"""Who talks to which service: connections summed up by client and service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.network.explorer.troubles import (
    dns_failed,
    http_failed,
    rows_of_frame,
    tls_failed,
    troubled,
)

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.network.model import Capture

__all__ = ["Edges", "edges"]

_SUMS = ("connections", "failed", "resets", "again", "packets", "bytes", "asked", "refused")
_HALF = 0.05
_SOME = 0.01


@dataclass(frozen=True)
class Edges:
    """Sums by client, server and port.

    Attributes
    ----------
    client, server : int32[n]
        Places in `hosts`.
    port : int32[n]
    udp : bool[n]
    connections, failed, resets : int64[n]
        How many there were; how many were never established; how many were broken off.
    again, packets, bytes : int64[n]
        Segments sent again, of all packets; bytes on the wire.
    asked, refused : int64[n]
        Queries, requests and handshakes, and those that failed.
    hosts : list of str
    """

    client: np.ndarray
    server: np.ndarray
    port: np.ndarray
    udp: np.ndarray
    connections: np.ndarray
    failed: np.ndarray
    resets: np.ndarray
    again: np.ndarray
    packets: np.ndarray
    bytes: np.ndarray
    asked: np.ndarray
    refused: np.ndarray
    hosts: list[str]

    def __len__(self) -> int:
        return len(self.client)

    def joined(self, key: np.ndarray) -> tuple[np.ndarray, Edges]:
        """Sum up edges of equal keys; of each the first client, server and port are kept.

        Returns
        -------
        array
            The group of each edge.
        Edges
        """
        _, first, group = np.unique(key, return_index=True, return_inverse=True)
        sums = {
            name: np.bincount(group, getattr(self, name), len(first)).astype(np.int64)
            for name in _SUMS
        }
        names = ("client", "server", "port", "udp")
        ends = {name: getattr(self, name)[first] for name in names}
        return group, Edges(**ends, **sums, hosts=self.hosts)

    def by_service(self) -> Edges:
        """Sum up by server and port, whoever asks."""
        return self.joined((self.server.astype(np.int64) * 65536 + self.port) * 2 + self.udp)[1]

    def grade(self) -> np.ndarray:
        """Return how bad each is: 0 good, 1 something is wrong, 2 much is; int64[n]."""
        wrong = self.failed + self.resets + self.refused
        share = wrong / np.maximum(np.maximum(self.connections, self.asked), 1)
        again = self.again / np.maximum(self.packets, 1)
        bad = (share >= _HALF) | (again >= _HALF)
        return np.where(bad, 2, np.where((wrong > 0) | (again >= _SOME), 1, 0))


def edges(capture: Capture, start: int = 0, end: int | None = None) -> Edges:
    """Sum up the connections of a capture, or of a part of it.

    Parameters
    ----------
    capture : Capture
    start, end : int
        Nanoseconds from the first packet: connections with a packet in this part.

    Returns
    -------
    Edges
    """
    frame = capture.frames["connections"]
    chosen = _active(capture, frame, start, end)
    client, server = (frame[name].cat.codes.to_numpy() for name in ("orig_ip", "resp_ip"))
    port = frame["resp_port"].to_numpy()
    udp = (frame["protocol"] == "udp").to_numpy()
    asked, refused = _requests(capture, len(frame))
    values = {
        "connections": np.ones(len(frame), np.int64),
        "failed": troubled(frame, "failed"),
        "resets": troubled(frame, "reset") & ~troubled(frame, "failed"),
        "asked": asked,
        "refused": refused,
        "again": _both(frame, "retransmissions"),
        "packets": _both(frame, "packets"),
        "bytes": _both(frame, "bytes"),
    }
    ends = {"client": client, "server": server, "port": port, "udp": udp}
    single = Edges(
        **{name: column[chosen] for name, column in (ends | values).items()},
        hosts=[str(host) for host in frame["orig_ip"].cat.categories],
    )
    # Numbers of pairs, so that the key fits.
    hosts = max(len(single.hosts), 1)
    pair = np.unique(single.client.astype(np.int64) * hosts + single.server, return_inverse=True)[1]
    return single.joined((pair * 65536 + single.port) * 2 + single.udp)[1]


def _active(capture: Capture, frame: pd.DataFrame, start: int, end: int | None) -> np.ndarray:
    begin = int(capture.packets.time.min()) if len(capture.packets) else 0
    since = frame["start"].to_numpy("datetime64[ns]").astype(np.int64) - begin
    wanted = since + frame["duration_ns"].to_numpy() >= start
    return np.flatnonzero(wanted if end is None else wanted & (since < end))


def _both(frame: pd.DataFrame, name: str) -> np.ndarray:
    return (frame[f"orig_{name}"] + frame[f"resp_{name}"]).to_numpy().astype(np.int64)


def _requests(capture: Capture, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return of each connection how many requests it carried, and how many failed."""
    asked, refused = np.zeros(count, np.int64), np.zeros(count, np.int64)
    tcp = len(capture.streams)
    for name, failed in (("dns", dns_failed), ("http", http_failed), ("tls", tls_failed)):
        frame = rows_of_frame(capture, name)
        if frame is None:
            continue
        udp = frame["protocol"].isin(("udp", "quic")).to_numpy()
        place = frame["stream"].to_numpy() + np.where(udp, tcp, 0)
        known = (frame["stream"].to_numpy() >= 0) & (place < count)
        asked += np.bincount(place[known], minlength=count)
        refused += np.bincount(place[known & failed(frame)], minlength=count)
    return asked, refused
