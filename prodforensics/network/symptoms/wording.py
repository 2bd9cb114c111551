"""What the rules of this room share: names of ends and streams, proof, and what a capture lacks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.display.tables import human_count
from prodforensics.findings import Verdict
from prodforensics.statistics import Share, share

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.network.connections import Flows
    from prodforensics.network.model import Capture

__all__ = [
    "SHOWN", "address", "among", "caveats", "counted", "end", "in_wireshark", "judge", "listed",
    "named", "proof", "proof_of", "seconds", "server_of", "services",
]  # fmt: skip

SHOWN = 50
"""Rows of a frame that a finding names at the most."""
_NAMED = 4
_LACKS = {
    "dropped": "the capture itself lost packets ({})",
    "missed_bytes": "bytes that were acknowledged are not in the capture, which lost packets ({})",
    "one_sided": "connections were captured in one direction only ({})",
    "missing_handshake": "connections began before the capture ({})",
    "snap_length": "packets were cut by the snap length ({})",
    "offload": "packets are larger than a segment ({}): captured before the network card cuts them "
    "or after it joins them, so that several segments count as one",
    "duplicates": "packets were captured twice and are not counted ({})",
    "clock_jumps": "the clock ran backwards ({})",
}


def address(capture: Capture, place: int) -> str:
    """Write an address."""
    known = capture.packets.addresses
    octets = known.octets[place, : 4 if known.version[place] == 4 else 16]
    return str(ip_address(octets.tobytes()))


def end(capture: Capture, place: int, port: int) -> str:
    """Write an address with its port, as Wireshark does."""
    text = address(capture, place)
    return f"[{text}]:{port}" if ":" in text else f"{text}:{port}"


def services(flows: Flows, side: int = 1) -> np.ndarray:
    """Return a number for the service that each stream asks, the same for equal ones, int64[n].

    Parameters
    ----------
    flows : Flows
    side : int
        1 for responders, 0 for originators without their port.
    """
    key = flows.address[:, side].astype(np.int64)
    return key << 16 | flows.port[:, side] if side else key


def named(streams: Sequence[int] | np.ndarray) -> str:
    """Name streams as Wireshark does.

    Examples
    --------
    >>> named([3]), named(range(9))
    ('tcp.stream 3', 'tcp.stream 0, 1, 2, 3 and 5 more')
    """
    first = ", ".join(str(one) for one in streams[:_NAMED])
    rest = len(streams) - _NAMED
    return f"tcp.stream {first}" + (f" and {human_count(rest)} more" if rest > 0 else "")


def in_wireshark(streams: Sequence[int] | np.ndarray, more: str = "") -> str:
    """Return a display filter that shows some of the streams.

    Examples
    --------
    >>> in_wireshark([3], "tcp.flags.reset == 1")
    'In Wireshark: tcp.stream eq 3 && tcp.flags.reset == 1'
    >>> in_wireshark([3, 7])
    'In Wireshark: tcp.stream eq 3 || tcp.stream eq 7'
    """
    chosen = " || ".join(f"tcp.stream eq {one}" for one in streams[:_NAMED])
    if more and len(streams) > 1:
        chosen = f"({chosen})"
    if "||" in more:
        more = f"({more})"
    return "In Wireshark: " + " && ".join(filter(None, (chosen, more)))


def proof(streams: Iterable[int], packets: Iterable[int] = ()) -> dict[str, list[int]]:
    """Return the rows that prove a finding.

    Parameters
    ----------
    streams : iterable of int
        TCP streams.
    packets : iterable of int
        Places of packets, from 0; the rows are their frame numbers.
    """
    frames = sorted({int(one) + 1 for one in packets if one >= 0})
    rows = {"connections": [int(one) for one in streams][:SHOWN], "packets": frames[:SHOWN]}
    return {name: labels for name, labels in rows.items() if labels}


def proof_of(frame: str, rows: pd.DataFrame, frames: Sequence[str]) -> dict[str, list[int]]:
    """Return the rows of a protocol's frame that prove a finding, with their streams and packets.

    Parameters
    ----------
    frame : str
        Name of the frame.
    rows : DataFrame
        Its rows, with a column ``stream``; of those over UDP (by ``protocol``) it is no
        ``tcp.stream``.
    frames : sequence of str
        Columns of frame numbers.
    """
    numbers = rows[list(frames)].to_numpy().ravel()
    streams = rows["stream"]
    if "protocol" in rows:
        streams = streams[~rows["protocol"].isin(["udp", "quic"])]
    found = {
        frame: list(dict.fromkeys(rows.index))[:SHOWN],
        "connections": streams.unique()[:SHOWN].tolist(),
        "packets": np.unique(numbers[numbers > 0])[:SHOWN].tolist(),
    }
    return {name: labels for name, labels in found.items() if labels}


def server_of(rows: pd.DataFrame) -> str:
    """Write the address and port of the server that the first row of a protocol's frame asks."""
    ip, port = str(rows["server_ip"].iloc[0]), int(rows["server_port"].iloc[0])
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def counted(count: int, word: str) -> str:
    """Write a number with what it counts.

    Examples
    --------
    >>> counted(1, "connection"), counted(1200, "connection")
    ('1 connection', '1,200 connections')
    """
    return f"{human_count(count)} {word}{'' if count == 1 else 's'}"


def listed(words: Iterable[str]) -> str:
    """Join words as a sentence does.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    *first, last = [*words] or [""]
    return f"{', '.join(first)} and {last}" if first else last


def among(count: int, whole: int) -> Share:
    """Return a share that was counted."""
    return share(count / whole if whole else 0.0, whole)


def judge(found: Share, *, likely: float) -> Verdict:
    """Judge by the lower end of the interval: what the share is at least."""
    return Verdict.LIKELY if found.low >= likely else Verdict.POSSIBLE


def seconds(capture: Capture, packet: int) -> str:
    """Write when a packet came, as Wireshark's first column does: since the first packet.

    Examples
    --------
    ``"3.386 s"``
    """
    time = capture.packets.time
    return f"{(int(time[packet]) - int(time[0])) / 1e9:.3f} s"


def caveats(capture: Capture, *checks: str) -> str:
    """Say what the capture lacks that matters to a finding; empty where it lacks nothing.

    Parameters
    ----------
    checks : str
        Rows of ``frames["quality"]``.
    """
    count = capture.frames["quality"]["count"]
    lacks = [_LACKS[one].format(human_count(int(count[one]))) for one in checks if count[one] > 0]
    return f" What the capture cannot tell: {'; '.join(lacks)}." if lacks else ""
