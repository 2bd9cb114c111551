"""Captures made by hand: packets of Ethernet, IPv4 or IPv6, TCP or UDP in the bytes of a pcap."""

from ipaddress import ip_address
from struct import pack

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16

_ETHERNET = bytes.fromhex("020000000002 020000000001")


def tcp(
    source="10.0.0.1:40000", destination="10.0.0.2:80", flags=ACK, sequence=0, acknowledgment=0,
    payload=b"", window=1000, options=b"", ip_id=0, ttl=64,
):  # fmt: skip
    """Write a packet of TCP in Ethernet."""
    (one, here), (other, there) = _end(source), _end(destination)
    options += bytes(-len(options) % 4)
    numbers = (here, there, sequence % 2**32, acknowledgment % 2**32)
    words = (5 + len(options) // 4) << 12 | flags
    header = pack(">HHIIHHHH", *numbers, words, window, 0, 0) + options
    return _ip(one, other, 6, header + payload, ip_id, ttl)


def udp(source="10.0.0.1:40000", destination="10.0.0.2:53", payload=b"", ip_id=0):
    """Write a packet of UDP in Ethernet."""
    (one, here), (other, there) = _end(source), _end(destination)
    return _ip(one, other, 17, pack(">HHHH", here, there, 8 + len(payload), 0) + payload, ip_id, 64)


def mss(size):
    """Write the option of the largest segment."""
    return pack(">BBH", 2, 4, size)


def scale(shift):
    """Write the option of window scaling."""
    return pack(">BBBB", 1, 3, 3, shift)


def sack(*ranges):
    """Write the option of selective acknowledgment."""
    edges = b"".join(pack(">II", left % 2**32, right % 2**32) for left, right in ranges)
    return pack(">BBBB", 1, 1, 5, 2 + len(edges)) + edges


def pcap(packets, step=1_000_000, link=1, snap=262144):
    """Write a capture.

    Parameters
    ----------
    packets : sequence of bytes or (int, bytes)
        Each with its time in ns; without, they come one step after the other.
    link : int
        Type of link: 1 is Ethernet.
    snap : int
        Bytes that are kept of each.
    """
    parts = [pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, snap, link)]
    time = 1_700_000_000_000_000_000
    for one in packets:
        when, data = one if isinstance(one, tuple) else (time + step, one)
        time = when
        kept = data[:snap]
        parts.append(pack("<IIII", *divmod(when, 1_000_000_000), len(kept), len(data)) + kept)
    return b"".join(parts)


def _end(text):
    address, _, port = text.rpartition(":")
    return ip_address(address.strip("[]")), int(port)


def _ip(source, destination, protocol, payload, ip_id, ttl):
    if source.version == 4:
        size = 20 + len(payload)
        head = pack(">BBHHHBBH", 0x45, 0, size, ip_id, 0x4000, ttl, protocol, 0)
        kind = b"\x08\x00"
    else:
        head = pack(">IHBB", 6 << 28, len(payload), protocol, ttl)
        kind = b"\x86\xdd"
    return _ETHERNET + kind + head + source.packed + destination.packed + payload
