"""Captures with a name in their lookups replaced by another one, of any characters."""

from struct import pack, unpack_from

from tests.conftest import HOSTILE
from tests.network.pcapng_files import packet

_RECORDS, _RECORD, _LINKS, _UDP, _DNS = 24, 16, 14, 34, 42
_PORT = b"\x00\x35"


def rename(data, old, new):
    """Ask for another name, in a capture (little endian) of lookups over UDP and IPv4."""
    parts = [data[:_RECORDS]]
    for head, frame in records(data):
        frame = renamed(frame, old, new)
        parts.append(pack("<IIII", *head[:2], len(frame), len(frame)) + frame)
    return b"".join(parts)


def records(data):
    """Give what stands before each packet, and the packet."""
    at = _RECORDS
    while at < len(data):
        head = unpack_from("<IIII", data, at)
        yield head, data[at + _RECORD : at + _RECORD + head[2]]
        at += _RECORD + head[2]


def ends_behind_a_record(data):
    """Whether these bytes of a pcap file are a whole one: nothing says how many records there are.

    In either byte order.
    """
    big = data[:1] == b"\xa1"
    at = _RECORDS
    while at + _RECORD <= len(data):
        at += _RECORD + int.from_bytes(data[at + 8 : at + 12], "big" if big else "little")
    return at == len(data)


def ends_behind_a_block(data):
    """Whether these bytes of a pcapng file (little endian) are a whole one."""
    at = 0
    while at + 12 <= len(data):
        at += int.from_bytes(data[at + 4 : at + 8], "little")
    return at == len(data) > 0


def renamed(frame, old, new):
    """Return a packet with another name in its question, and no records behind it."""
    question = labels(old.split("."))
    if _PORT not in (frame[_UDP : _UDP + 2], frame[_UDP + 2 : _UDP + 4]):
        return frame
    if frame[_DNS + 12 :][: len(question)] != question:
        return frame
    kind = frame[_DNS + 12 + len(question) :][:4]
    counts = pack(">HHHH", 1, 0, 0, 0)
    payload = frame[_DNS : _DNS + 4] + counts + labels(_pieces(new)) + kind
    ports = frame[_UDP : _UDP + 4]
    datagram = ports + pack(">HH", 8 + len(payload), 0) + payload
    size = pack(">H", 20 + len(datagram))
    return frame[: _LINKS + 2] + size + frame[_LINKS + 4 : _UDP] + datagram


def labels(parts):
    """Write a name as DNS does."""
    encoded = [part.encode() for part in parts]
    return b"".join(bytes((len(part),)) + part for part in encoded) + b"\0"


def _pieces(text):
    """Cut a text into labels: one for each hostile string, as a label has 63 bytes at the most."""
    return [one for one in HOSTILE if one in text]


def rename_in_blocks(lookups, question):
    """Return what renames a host of a pcapng file, and lets it look that name up.

    Parameters
    ----------
    lookups : bytes
        A capture of lookups, whose packets come behind those of the file.
    question : str
        The name in them that is replaced, too.
    """

    def replace(data, old, new):
        at = data.index(old.encode())
        start = data.rindex(b"\4\0\0\0", 0, at)
        size = int.from_bytes(data[start + 4 : start + 8], "little")
        block = _names_renamed(data[start : start + size], old, new)
        last = int.from_bytes(data[-4:], "little")  # the size of the last block stands at its end
        assert last < len(data)
        asked = b"".join(
            packet(renamed(frame, question, new), (head[0] * 10**6 + head[1]) * 1000)("<")
            for head, frame in records(lookups)
        )
        return data[:start] + block + data[start + size :] + asked

    return replace


def _names_renamed(block, old, new):
    at, parts = 8, []
    while at + 4 <= len(block) - 4:
        kind, size = unpack_from("<HH", block, at)
        if not kind:
            break
        value = block[at + 4 : at + 4 + size].replace(old.encode(), new.replace("\0", "").encode())
        parts.append(pack("<HH", kind, len(value)) + value + bytes(-len(value) % 4))
        at += 4 + (size + 3) // 4 * 4
    body = b"".join(parts) + bytes(4)
    whole = pack("<I", 12 + len(body))
    return b"\4\0\0\0" + whole + body + whole
