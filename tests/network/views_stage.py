"""Captures made by hand for the tests of what a person sees."""

from __future__ import annotations

import prodforensics as pf
from prodforensics import samples
from tests.network.wire import ACK, FIN, PSH, RST, SYN, pcap, tcp, udp

MS = 1_000_000
START = 1_700_000_000_000 * MS
CLIENT, SERVER = "10.0.0.1:40000", "10.0.0.2:80"


def capture_of(folder, packets):
    """Load packets of (milliseconds since the first, bytes)."""
    file = folder / "made.pcap"
    file.write_bytes(pcap([(START + round(ms * MS), data) for ms, data in packets]))
    return pf.load(file, progress=False)


def sample(name):
    """Load a sample by the beginning of its name."""
    paths = [one["path"] for one in samples.entries()]
    (path,) = [one for one in paths if one.startswith(f"network/{name}.")]
    return pf.load(samples.path(path), progress=False)


def talk():
    """A connection in which a segment is sent again after a pause, and that is reset; one query."""
    return [
        (0, tcp(CLIENT, SERVER, SYN, 100)),
        (10, tcp(SERVER, CLIENT, SYN | ACK, 500, 101)),
        (20, tcp(CLIENT, SERVER, ACK, 101, 501)),
        (21, tcp(CLIENT, SERVER, ACK | PSH, 101, 501, b"GET / HTTP/1.1\r\n\r\n")),
        (25, udp("10.0.0.1:5000", "10.0.0.9:53", b"?")),
        (621, tcp(CLIENT, SERVER, ACK | PSH, 101, 501, b"GET / HTTP/1.1\r\n\r\n")),
        (640, tcp(SERVER, CLIENT, ACK | PSH, 501, 119, b"no")),
        (650, tcp(SERVER, CLIENT, RST | ACK, 503, 119)),
    ]


def many(connections=250):
    """Short connections, one after the other, each to a port of its own from 1000 on."""
    packets = []
    for number in range(connections):
        one, other = f"10.0.0.{number % 200 + 1}:40000", f"10.1.0.1:{1000 + number}"
        at = 10 * number
        packets += [
            (at, tcp(one, other, SYN, 1)),
            (at + 1, tcp(other, one, SYN | ACK, 1, 2)),
            (at + 2, tcp(one, other, ACK, 2, 2)),
            (at + 3, tcp(one, other, ACK | FIN, 2, 2)),
            (at + 4, tcp(other, one, ACK | FIN, 2, 3)),
            (at + 5, tcp(one, other, ACK, 3, 3)),
        ]
    return packets


def long_talk(packets=450):
    """One connection of many packets; segment 300 is sent again."""
    made = [
        (0, tcp(CLIENT, SERVER, SYN, 0)),
        (1, tcp(SERVER, CLIENT, SYN | ACK, 0, 1)),
        (2, tcp(CLIENT, SERVER, ACK, 1, 1)),
    ]
    for number in range(packets - 3):
        begin = 1 + 10 * (number if number != 300 else 290)
        made.append((3 + number, tcp(CLIENT, SERVER, ACK, begin, 1, b"x" * 10)))
    return made
