"""How connections are called: their service, their ends, what their packets say."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from prodforensics._text import plain
from prodforensics.findings import Verdict
from prodforensics.network.explorer.troubles import rows_of_frame, troubled
from prodforensics.network.ports import service_of

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["ConnectionNames"]

_RANKED = {"service": (), "client": ("orig_ip", "orig_port"), "server": ("resp_ip", "resp_port")}


class ConnectionNames:
    """The words for the connections of a capture, by their place in the frame.

    Parameters
    ----------
    capture : Capture
    """

    def __init__(self, capture: Capture) -> None:
        self._capture = capture
        self._frame = capture.frames["connections"]
        self._hosts = capture.packets.addresses.names

    @cached_property
    def troubled(self) -> np.ndarray:
        """Which connections something went wrong in, bool[n]."""
        return troubled(self._frame, "trouble") | self.named

    @cached_property
    def named(self) -> np.ndarray:
        """Which connections a finding names that is not cleared, bool[n]."""
        found = np.zeros(len(self._frame), np.bool_)
        tcp = len(self._capture.streams)
        for finding in self._capture.findings():
            if finding.verdict == Verdict.CLEARED:
                continue
            streams = np.array(finding.rows.get("connections", ()), np.int64)
            # The number of a stream of UDP may be one of TCP, too: the packets tell.
            udp = _of_udp(self._capture, finding.rows.get("packets", ()))
            places = streams + tcp * udp
            found[places[(places >= 0) & (places < len(found))]] = True
        return found

    @cached_property
    def _services(self) -> tuple[np.ndarray, list[str]]:
        """Return the number of each connection's service, and the services."""
        frame = self._frame
        key = frame["resp_port"].to_numpy().astype(np.int64) * 2
        key += frame["protocol"].cat.codes.to_numpy()
        known, number = np.unique(key, return_inverse=True)
        names = [service_of(int(k) >> 1, "udp" if k & 1 else "tcp") for k in known.tolist()]
        return number, names

    @cached_property
    def _asked(self) -> dict[int, str]:
        """Return by TCP stream the host that TLS or HTTP names."""
        found: dict[int, str] = {}
        for name, column in (("http", "host"), ("tls", "sni")):
            frame = rows_of_frame(self._capture, name)
            if frame is None:
                continue
            if name == "tls":
                frame = frame[frame["protocol"] == "tls"]
            rows = frame.drop_duplicates("stream")
            pairs = zip(rows["stream"].tolist(), rows[column].tolist(), strict=True)
            found |= {int(stream): host for stream, host in pairs if host}
        return found

    def rank(self, what: str) -> np.ndarray:
        """Return numbers that order connections by one of their names, int64[n]."""
        if what == "service":
            number, names = self._services
            order = np.argsort(np.array(names, object), kind="stable")
            rank = np.empty(len(names), np.int64)
            rank[order] = np.arange(len(names))
            return rank[number] if len(names) else np.empty(0, np.int64)
        address, port = _RANKED[what]
        hosts = self._frame[address].cat
        rank = np.empty(len(hosts.categories) + 1, np.int64)
        rank[-1] = -1
        rank[pd.Index(hosts.categories).argsort()] = np.arange(len(hosts.categories))
        return rank[hosts.codes.to_numpy()] * 65536 + self._frame[port].to_numpy()

    def text(self, what: str, place: int) -> str:
        """Return one name of one connection."""
        if what == "service":
            number, names = self._services
            return names[number[place]]
        address, port = _RANKED[what]
        ip = str(self._frame[address].iloc[place])
        number = int(self._frame[port].iloc[place])
        end = f"[{ip}]:{number}" if ":" in ip else f"{ip}:{number}"
        name = self._hosts.get(ip, "")
        if what == "server":
            name = self._asked.get(place, name)
        # Who asks by address says nothing new.
        return f"{end} ({plain(name, 80)})" if name and not name.startswith(ip) else end

    def searched(self, places: np.ndarray) -> list[str]:
        """Return the text of each connection in which a search looks."""
        frame = self._frame.iloc[places]
        number, names = self._services
        columns = (
            np.array(names, object)[number[places]] if len(names) else (),
            frame["orig_ip"].astype(object),
            frame["orig_port"].tolist(),
            frame["resp_ip"].astype(object),
            frame["resp_port"].tolist(),
            frame["conn_state"].astype(object),
            frame["uid"].tolist(),
            frame["rst_kind"].astype(object),
            [self._asked.get(place, "") for place in places.tolist()],
        )
        return [
            f"{service} {client}:{one} {server}:{two} {state} {uid} {reset} {host} "
            f"{self._hosts.get(client, '')} {self._hosts.get(server, '')}"
            for service, client, one, server, two, state, uid, reset, host in zip(
                *columns, strict=True
            )
        ]


def _of_udp(capture: Capture, frames: Sequence[int]) -> bool:
    """Whether packets, by their frame numbers, are of UDP."""
    places = np.array(frames, np.int64) - 1
    places = places[(places >= 0) & (places < len(capture.packets))]
    return bool(len(places)) and bool((capture.packets.ip_protocol[places] == 17).all())
