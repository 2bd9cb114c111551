"""pprof profiles written byte by byte, as plainly as it can be done; and read again as plainly."""

from __future__ import annotations

import numpy as np


def bounds(messages):
    """Return where each message begins and ends when all stand one after the other."""
    last = np.cumsum([len(one) for one in messages], dtype=np.int64)
    return last - np.array([len(one) for one in messages], np.int64), last


def varint(value):
    value %= 2**64
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def number(field, value):
    return varint(field << 3) + varint(value)


def message(field, *parts):
    data = b"".join(p if isinstance(p, bytes) else p.encode() for p in parts)
    return varint(field << 3 | 2) + varint(len(data)) + data


def packed(field, *values):
    return message(field, *map(varint, values))


def numbers(*values):
    """Write the fields 1, 2, 3 ... of a message; None leaves one out."""
    return b"".join(number(k, v) for k, v in enumerate(values, 1) if v is not None)


class Writer:
    """Collects the parts of a profile; strings are numbered as they come."""

    def __init__(self, *types):
        self.strings = {"": 0}
        self.parts = []
        for name, unit in types or [("samples", "count")]:
            self.add(1, numbers(self.text(name), self.text(unit)))

    def text(self, text):
        return self.strings.setdefault(text, len(self.strings))

    def add(self, field, *parts):
        self.parts.append(message(field, *parts))

    def put(self, field, value):
        self.parts.append(number(field, value))

    def function(self, id_, name, file="", line=0):
        self.add(5, numbers(id_, self.text(name), None, self.text(file), line))

    def location(self, id_, *lines, mapping=0, address=0):
        """Add a location with lines (function, line), the innermost first."""
        inner = [message(4, numbers(*line)) for line in lines]
        self.add(4, numbers(id_, mapping, address), *inner)

    def mapping(self, id_, file, build_id=""):
        self.add(3, numbers(id_, 0x1000, 0x2000, 0, self.text(file), self.text(build_id)))

    def sample(self, locations, values, **labels):
        """Add a sample; a label is a text, or a number with its unit."""
        parts = [packed(1, *locations), packed(2, *values)]
        for key, value in labels.items():
            key = self.text(key.replace("_", " "))
            if isinstance(value, str):
                parts.append(message(3, numbers(key, self.text(value))))
            else:
                amount, unit = value
                unit = self.text(unit) if unit else None
                parts.append(message(3, numbers(key, None, amount, unit)))
        self.add(2, *parts)

    def bytes(self, *, strings=True):
        table = [message(6, text) for text in self.strings] if strings else []
        return b"".join([*self.parts, *table])


def rename(data, old, new):
    """Return a profile with another string in the place of one."""
    return data.replace(message(6, old), message(6, new))


def read_varint(data, at):
    """Return a number and the place behind it, or raise ValueError."""
    value = 0
    for shift, byte in enumerate(data[at : at + 10]):
        value |= (byte & 127) << (7 * shift)
        if byte < 128:
            return value % 2**64, at + shift + 1
    raise ValueError("cut")


def read_fields(data):
    """Return the fields (number, wire type, value) up to the first that cannot be read."""
    found, at = [], 0
    while at < len(data):
        try:
            tag, behind = read_varint(data, at)
            kind = tag & 7
            if not 0 < tag >> 3 < 2**29 or kind not in (0, 1, 2, 5):
                raise ValueError("no field")
            if kind == 0:
                value, behind = read_varint(data, behind)
            else:
                size = {1: 8, 5: 4}.get(kind)
                if size is None:
                    size, behind = read_varint(data, behind)
                if size > len(data) - behind:
                    raise ValueError("cut")
                value, behind = data[behind : behind + size], behind + size
        except ValueError:
            return found, at
        found.append((tag >> 3, kind, value))
        at = behind
    return found, at
