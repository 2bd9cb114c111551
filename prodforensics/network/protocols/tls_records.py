"""TLS records: the handshake messages, alerts and data of one side, in the order of its bytes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

__all__ = ["Head", "Message", "Records", "read_records"]

_CHANGE_CIPHER, _ALERT, _HANDSHAKE, _DATA, _HEARTBEAT = 20, 21, 22, 23, 24
_LARGEST = 16384 + 2048
_LARGEST_MESSAGE = 2**18
_MOST_MESSAGES = 64
_MOST = 24
"""Encrypted records that are looked at; a handshake has fewer."""
_ZEROS = bytes(4096)


class Head:
    """The first bytes of what one side sent, and which packets carried them.

    Parameters
    ----------
    pieces : sequence of bytes
        What was captured, in order.
    packets : sequence of int
        The packet of each piece.
    lost : sequence of int
        Bytes before each piece that were not captured; zeros stand in their place.
    more : bool
        Whether the side sent more than this.

    Attributes
    ----------
    bytes : bytes
    has_holes : bool
        Whether anything in them was not captured.
    """

    __slots__ = ("_begins", "_ends", "_holes", "_packets", "bytes", "has_holes", "more")

    def __init__(
        self, pieces: Sequence[bytes], packets: Sequence[int], lost: Sequence[int], more: bool
    ) -> None:
        self._holes: list[tuple[int, int]] = []
        if any(lost):
            filled: list[bytes] = []
            at = 0
            for piece, missing in zip(pieces, lost, strict=True):
                if missing:
                    self._holes.append((at, at + missing))
                    piece = _zeros(missing) + piece
                filled.append(piece)
                at += len(piece)
            pieces = filled
        self._ends = [last for _, last in self._holes]
        self._begins = [0, *accumulate(map(len, pieces))]
        # A byte is there for its receiver when all before it are.
        self._packets = list(accumulate(packets, max))
        self.bytes = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self.more, self.has_holes = more, bool(self._holes)

    def packet(self, offset: int) -> int:
        """Return the packet with which all up to a byte was there; -1: not in these bytes."""
        place = bisect_right(self._begins, offset) - 1
        return self._packets[place] if 0 <= place < len(self._packets) else -1

    def captured(self, start: int, stop: int) -> int:
        """Return up to where, between two offsets, every byte was captured."""
        place = bisect_right(self._ends, start)
        if place < len(self._ends) and self._holes[place][0] < stop:
            return max(self._holes[place][0], start)
        return stop

    def whole(self, start: int, stop: int) -> bool:
        """Tell whether every byte between two offsets was captured."""
        return self.captured(start, stop) == stop


def _zeros(count: int) -> bytes:
    return _ZEROS[:count] if count <= len(_ZEROS) else bytes(count)


class Message(NamedTuple):
    """A message of a handshake.

    Attributes
    ----------
    kind : int
        As in `prodforensics.network.protocols.tls_handshake`.
    body : bytes
        Behind its type and length.
    packet : int
        With which it was whole; of one that is not, its last.
    whole : bool
        Whether all of it was captured.
    """

    kind: int
    body: bytes
    packet: int
    whole: bool


class Records:
    """What one side sent in records.

    Attributes
    ----------
    messages : list of Message
        Handshake messages in clear.
    alerts : list of (int, int, int)
        Alerts in clear: level, number, packet.
    encrypted_alerts : list of int
        Packets of alerts that cannot be read.
    finished : int
        Packet of the first encrypted handshake message (up to TLS 1.2 that is Finished); -1 for
        none.
    data : list of (int, int)
        The first records of application data, and, since TLS 1.3, of all that is encrypted: length
        and packet in which each begins.
    tls : bool
        Whether the first bytes are a record.
    problem : str
        Why reading ended before anything was encrypted.
    wants_more : bool
        Whether bytes that follow would tell more.
    """

    __slots__ = (
        "alerts", "data", "encrypted_alerts", "finished", "messages", "problem", "tls",
        "wants_more",
    )  # fmt: skip

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.alerts: list[tuple[int, int, int]] = []
        self.encrypted_alerts: list[int] = []
        self.finished = -1
        self.data: list[tuple[int, int]] = []
        self.tls = False
        self.problem = ""
        self.wants_more = False


def read_records(head: Head) -> Records:
    """Read the records of a handshake, and the first after it.

    Parameters
    ----------
    head : Head
        Of any bytes.
    """
    found = Records()
    given, at, size = head.bytes, 0, len(head.bytes)
    changed, pending, alien = False, bytearray(), False
    while at + 5 <= size and len(found.data) < _MOST:
        kind = given[at]
        length = given[at + 3] << 8 | given[at + 4]
        if not _CHANGE_CIPHER <= kind <= _HEARTBEAT or given[at + 1] != 3 or length > _LARGEST:
            if not head.whole(at, at + 5):
                found.problem = "bytes before a record were not captured"
            elif found.tls:
                found.problem = "bytes that are no record follow"
            alien = True
            break
        found.tls = True
        start, end = at + 5, at + 5 + length
        if kind == _HANDSHAKE and not (changed and _is_encrypted(given, start, length)):
            _messages(found, head, pending, start, min(end, size))
            if end > size:
                break
            if len(found.messages) >= _MOST_MESSAGES:
                found.problem = f"more than {_MOST_MESSAGES} handshake messages"
                pending.clear()
                break
        elif kind == _HANDSHAKE:
            if found.finished < 0:
                found.finished = head.packet(min(end, size) - 1)
        elif kind == _DATA:
            found.data.append((length, head.packet(at)))
        elif kind == _CHANGE_CIPHER:
            changed = True
        elif kind == _ALERT and length == 2 and head.whole(start, end) and end <= size:
            found.alerts.append((given[start], given[start + 1], head.packet(end - 1)))
        elif kind == _ALERT and length != 2:
            found.encrypted_alerts.append(head.packet(at))
        at = end
    encrypted = bool(found.data) or found.finished >= 0
    cut = bool(pending) or (at < size and not encrypted and not alien)
    if pending:
        _cut_message(found, head, pending, min(at, size))
    if cut and not found.problem and not head.more:
        found.problem = "the handshake ends within a message"
    found.wants_more = head.more and not found.problem and len(found.data) < 2
    return found


def _is_encrypted(given: bytes, start: int, length: int) -> bool:
    """Tell whether a handshake record after ChangeCipherSpec is encrypted.

    After the request for another hello one more comes in clear.
    """
    is_hello = length > 4 and given[start : start + 1] in (b"\1", b"\2")
    return not (is_hello and int.from_bytes(given[start + 1 : start + 4], "big") + 4 == length)


def _messages(found: Records, head: Head, pending: bytearray, start: int, end: int) -> None:
    """Take the messages that end in a record; what is left of its text is pending."""
    before = len(pending)
    text = head.bytes[start:end]
    if before:
        pending += text
        if before >= 4 and len(pending) < 4 + _length(pending, 0):
            return  # a message in many small records is not copied with each of them
        text = bytes(pending)
        pending.clear()
    at, size = 0, len(text)
    while at + 4 <= size and len(found.messages) < _MOST_MESSAGES:
        length = _length(text, at)
        if length > _LARGEST_MESSAGE:
            found.problem = f"a handshake message says it has {length} bytes"
            return
        stop = at + 4 + length
        if stop > size:
            break
        # Headers of records between its parts are not in the text; holes there are rare, and near.
        first, last = start + at - before, start + stop - before
        missing = last - head.captured(max(first, 0), last) if head.has_holes else 0
        body = text[at + 4 : stop - missing]
        found.messages.append(Message(text[at], body, head.packet(last - 1), not missing))
        at = stop
    pending += text[at:]


def _length(text: bytes | bytearray, at: int) -> int:
    return text[at + 1] << 16 | text[at + 2] << 8 | text[at + 3]


def _cut_message(found: Records, head: Head, pending: bytearray, end: int) -> None:
    """Keep what is there of a last message that is not whole."""
    if len(pending) > 4:
        found.messages.append(Message(pending[0], bytes(pending[4:]), head.packet(end - 1), False))
