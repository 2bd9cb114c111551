"""The message of a pprof profile: which fields it has, and its table of strings."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from prodforensics.gaps import Gap
from prodforensics.kernels.protobuf import fields, nested, scalars
from prodforensics.profile.building import objects

__all__ = [
    "COMMENT", "DEFAULT", "DOC", "DROP", "DURATION", "FUNCTION", "KEEP", "LOCATION", "MAPPING",
    "PERIOD", "PERIOD_TYPE", "SAMPLE", "SAMPLE_TYPE", "STRING", "TIME", "Strings", "Wire",
    "is_profile",
]  # fmt: skip

SAMPLE_TYPE, SAMPLE, MAPPING, LOCATION, FUNCTION, STRING = range(1, 7)
DROP, KEEP, TIME, DURATION, PERIOD_TYPE, PERIOD, COMMENT, DEFAULT, DOC = range(7, 16)
# The wire types that each field of a message may have: 0 a number, 2 bytes. Lists of numbers may
# be packed or not.
_PROFILE = {
    **dict.fromkeys((SAMPLE_TYPE, SAMPLE, MAPPING, LOCATION, FUNCTION, STRING, PERIOD_TYPE), (2,)),
    **dict.fromkeys((DROP, KEEP, TIME, DURATION, PERIOD, DEFAULT, DOC), (0,)),
    COMMENT: (0, 2),
}
_INSIDE: dict[int, dict[int, tuple[int, ...]]] = {
    SAMPLE_TYPE: dict.fromkeys((1, 2), (0,)),
    PERIOD_TYPE: dict.fromkeys((1, 2), (0,)),
    SAMPLE: {1: (0, 2), 2: (0, 2), 3: (2,)},
    MAPPING: dict.fromkeys(range(1, 11), (0,)),
    LOCATION: {1: (0,), 2: (0,), 3: (0,), 4: (2,), 5: (0,)},
    FUNCTION: dict.fromkeys(range(1, 6), (0,)),
}


def is_profile(head: bytes) -> bool:
    r"""Tell whether bytes begin with the fields of a Profile, and with nothing else.

    Parameters
    ----------
    head : bytes
        The first bytes; the last field may be cut.

    Examples
    --------
    >>> is_profile(b"\x0a\x04\x08\x01\x10\x02" b"\x12\x05\x0a\x01\x01\x12\x00" b"\x32\x00")
    True
    >>> is_profile(b"\n\x04any text")
    False
    """
    types = parts = 0
    for number, wire, value in _walk(head):
        if wire not in _PROFILE.get(number, ()):
            return False
        if number in _INSIDE and not _is_message(value, _INSIDE[number]):
            return False
        types += number in (SAMPLE_TYPE, PERIOD_TYPE) and len(value) > 0
        parts += number in (SAMPLE, MAPPING, LOCATION, FUNCTION, STRING)
    return bool(types and parts)


def _is_message(data: bytes, known: dict[int, tuple[int, ...]]) -> bool:
    found = list(_walk(data, whole=True))
    return all(wire in known.get(number, ()) for number, wire, _ in found)


def _walk(data: bytes, *, whole: bool = False) -> Iterator[tuple[int, int, bytes]]:
    """Give number, wire type and bytes of the fields; one of number 0 where it must be whole."""
    at = 0
    while at < len(data):
        tag, at = _number(data, at)
        number, wire = tag >> 3, tag & 7
        start = at
        if wire == 0 and at >= 0:
            _, at = _number(data, at)
        elif wire == 2 and at >= 0:
            length, start = _number(data, at)
            at = start + length if 0 <= start <= len(data) - length else -1
        elif at >= 0:
            yield number, wire, b""  # nothing in a Profile is of another type
            return
        if at < 0:
            if whole:
                yield 0, 0, b""
            return
        yield number, wire, data[start:at]


def _number(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift, byte in enumerate(data[at : at + 10]):
        value |= (byte & 0x7F) << 7 * shift
        if byte < 128:
            return value, at + shift + 1
    return 0, -1


class Wire:
    """The fields of a profile, and what is wrong with them.

    Parameters
    ----------
    buf : uint8[:]
    """

    def __init__(self, buf: np.ndarray) -> None:
        self.buf = buf
        self.gaps: list[Gap] = []
        self._number, self._wire, self._first, self._last, self.stop = fields(buf, 0, buf.size)
        if self.stop < buf.size:
            what = "a field that cannot be read, and all behind it"
            excerpt = bytes(buf[self.stop : self.stop + 16]).hex(" ")
            lost = int(buf.size - self.stop)
            self.gaps.append(Gap(what, offset=int(self.stop), lost_bytes=lost, excerpt=excerpt))

    def ends_in_order(self, number: int) -> bool:
        """Tell whether a field is the last, and all are in the order of their numbers."""
        return bool(self._number[-1] == number and (np.diff(self._number) >= 0).all())

    def messages(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return where the values of a field begin and end, int64[k] each."""
        chosen = (self._number == number) & (self._wire == 2)
        return self._first[chosen], self._last[chosen]

    def rows(self, number: int, count: int) -> np.ndarray:
        """Read the numbers in every message of a field: int64[k, count]."""
        first, last = self.messages(number)
        value, whole = scalars(self.buf, first, last, count)
        self.lose(f"{_NAMES[number]} that cannot be read", ~whole, first)
        return value[whole]

    def integer(self, number: int) -> int:
        """Return the number in a field, the last where it repeats; 0 where there is none."""
        chosen = self._first[(self._number == number) & (self._wire == 0)]
        return int(chosen[-1]) if len(chosen) else 0

    def integers(self, number: int) -> list[int]:
        """Return the numbers in a field that repeats, packed or not."""
        found = self._first[(self._number == number) & (self._wire == 0)].tolist()
        for first, last in zip(*self.messages(number), strict=True):
            data, at = bytes(self.buf[first:last]), 0
            while 0 <= at < len(data):
                value, at = _number(data, at)
                found += [value] if at >= 0 else []
        return found

    def inside(self, number: int, wanted: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Find a field in every message of a field: the message, and where it begins and ends."""
        return nested(self.buf, *self.messages(number), wanted)

    def lose(self, what: str, lost: np.ndarray, offset: np.ndarray | None = None) -> None:
        """Tell of records that are lost, if any is."""
        if count := int(np.count_nonzero(lost)):
            at = None if offset is None else int(offset[np.argmax(lost)])
            self.gaps.append(Gap(what, offset=at, lost_records=count))


_NAMES = {
    SAMPLE_TYPE: "types of values",
    SAMPLE: "samples",
    MAPPING: "mappings",
    LOCATION: "locations",
    FUNCTION: "functions",
    PERIOD_TYPE: "the type of the period",
}


class Strings:
    """The table of strings, decoded where asked for.

    Parameters
    ----------
    wire : Wire
    """

    def __init__(self, wire: Wire) -> None:
        self._buf = wire.buf
        self._first, self._last = wire.messages(STRING)
        self._used = np.zeros(len(self._first), np.bool_)
        self._absent: set[int] = set()

    def __len__(self) -> int:
        return len(self._first)

    def __getitem__(self, index: int) -> str:
        """Return a string; an empty one for what is not in the table, which is noted."""
        if not 0 <= index < len(self):
            self._absent.add(index)
            return ""
        self._used[index] = True
        first, last = self._first[index], self._last[index]
        return self._buf[first:last].tobytes().decode("utf-8", "replace")

    def take(self, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Decode strings, equal ones once.

        Parameters
        ----------
        index : int64[k]

        Returns
        -------
        text : object[m]
            Different strings.
        place : int32[k]
            Place of each in ``text``.
        """
        unique, inverse = np.unique(index, return_inverse=True)
        numbers: dict[str, int] = {}
        place = [numbers.setdefault(self[one], len(numbers)) for one in unique.tolist()]
        return objects(list(numbers)), np.array(place, np.int32)[inverse.reshape(-1)]

    def gaps(self, wire: Wire) -> Iterator[Gap]:
        """Tell of strings that are named and absent, and of a table that others ought to follow."""
        if self._absent:
            yield Gap("names that are not in the table of strings", lost_records=len(self._absent))
        elif len(self) and not self._used[-1] and wire.ends_in_order(STRING):
            # What names the last string would follow.
            yield Gap("what follows the table of strings", offset=int(wire.stop))
