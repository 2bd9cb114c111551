"""Headers around and within packets of `wire`: links, tags, tunnels, extensions, fragments.

Each takes a packet in Ethernet, as `wire.tcp` writes it.
"""

from struct import pack

from tests.network.wire import udp

LINKS = 14
"""Bytes of the header of Ethernet."""


def tagged(frame, *tags):
    """Put VLAN tags (kind, number) into a packet."""
    words = b"".join(pack(">HH", kind, number) for kind, number in tags)
    return frame[:12] + words + frame[12:]


def bare(frame):
    """Return what Ethernet carries: LINKTYPE_RAW."""
    return frame[LINKS:]


def null(frame, order="<"):
    """Write for a loopback of BSD, in its byte order: LINKTYPE_NULL."""
    return pack(order + "I", 2 if frame[LINKS] >> 4 == 4 else 30) + bare(frame)


def sll(frame):
    """Write as of the device "any" of Linux: LINKTYPE_LINUX_SLL."""
    return pack(">HHH8s2s", 0, 1, 6, b"\2\0\0\0\0\1", frame[12:14]) + bare(frame)


def sll2(frame):
    """Write as of the device "any" of newer systems: LINKTYPE_LINUX_SLL2."""
    return pack(">2sHIHBB8s", frame[12:14], 0, 2, 1, 0, 6, b"\2\0\0\0\0\1") + bare(frame)


def ppp(frame, address=b"\xff\x03"):
    """Write for a serial line: LINKTYPE_PPP."""
    return address + pack(">H", 0x21 if frame[LINKS] >> 4 == 4 else 0x57) + bare(frame)


def vxlan(frame, **ends):
    """Put a packet into a tunnel of VXLAN."""
    return udp(payload=bytes((8, 0, 0, 0, 0, 0, 42, 0)) + frame, **_hosts(ends, 4789))


def geneve(frame, options=b"", **ends):
    """Put a packet into a tunnel of Geneve."""
    head = pack(">BBHI", len(options) // 4, 0, 0x6558, 42 << 8) + options
    return udp(payload=head + frame, **_hosts(ends, 6081))


def gre(frame, key=None):
    """Put what a packet's Ethernet carries into a tunnel of GRE."""
    head = pack(">H2s", 0x2000 if key is not None else 0, frame[12:14])
    return _in_ip(frame, 47, head + (b"" if key is None else pack(">I", key)) + bare(frame))


def in_ip(frame):
    """Put a packet of IPv4 into another one."""
    return _in_ip(frame, 4, bare(frame))


def extended(frame, *headers):
    """Put extension headers (number, body) before what an IPv6 packet carries."""
    start = LINKS + 40
    following, chain = frame[LINKS + 6], b""
    for number, body in reversed(headers):
        chain = bytes((following, *body)) + chain
        following = number
    size = len(frame) - start + len(chain)
    return (
        frame[: LINKS + 4] + pack(">HB", size, following) + frame[LINKS + 7 : start]
        + chain + frame[start:]
    )  # fmt: skip


def fragments(frame, size, number=7):
    """Cut a packet of IPv4 into parts with so many bytes of payload (a multiple of eight)."""
    head, rest = frame[: LINKS + 20], frame[LINKS + 20 :]
    parts = []
    for start in range(0, len(rest), size):
        part = rest[start : start + size]
        more = 0x2000 if start + size < len(rest) else 0
        words = pack(">HHH", 20 + len(part), number, more | start // 8)
        parts.append(head[: LINKS + 2] + words + head[LINKS + 8 :] + part)
    return parts


def fragments_of_6(frame, size, number=7):
    """Cut a packet of IPv6 into parts."""
    head, rest = frame[: LINKS + 40], frame[LINKS + 40 :]
    parts = []
    for start in range(0, len(rest), size):
        part = rest[start : start + size]
        more = 1 if start + size < len(rest) else 0
        own = pack(">BBHI", head[LINKS + 6], 0, start | more, number)
        outer = head[: LINKS + 4] + pack(">HB", len(own + part), 44) + head[LINKS + 7 :]
        parts.append(outer + own + part)
    return parts


def _hosts(ends, port):
    return {"source": "172.16.0.1:50000", "destination": f"172.16.0.2:{port}"} | ends


def _in_ip(frame, protocol, payload):
    head = pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0)
    return frame[:12] + b"\x08\x00" + head + bytes((172, 16, 0, 1, 172, 16, 0, 2)) + payload
