"""Files of pcapng made by hand, block by block."""

from struct import pack

ETHERNET = 1


def section(*blocks, order="<", options=b""):
    """Write a section: its header, then blocks that take the byte order."""
    head = pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1) + options
    return block(0x0A0D0D0A, head)(order) + b"".join(one(order) for one in blocks)


def block(kind, body):
    """Write a block of any kind; the body may be a function of the byte order."""

    def write(order):
        inner = body(order) if callable(body) else body
        inner += bytes(-len(inner) % 4)
        size = pack(order + "I", 12 + len(inner))
        return pack(order + "I", kind) + size + inner + size

    return write


def interface(link=ETHERNET, **options):
    """Describe an interface; options are bytes, or functions of the byte order."""
    return block(1, lambda order: pack(order + "HHI", link, 0, 0) + _options(order, options))


def packet(data, ticks=1_700_000_000_000_000, number=0, length=None):
    """Write an enhanced packet block."""
    whole = len(data) if length is None else length
    return block(
        6,
        lambda order: (
            pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, len(data), whole)
            + data
            + bytes(-len(data) % 4)
        ),
    )


def simple(data):
    """Write a packet without a time."""
    return block(3, lambda order: pack(order + "I", len(data)) + data)


def names(*records):
    """Name addresses: (packed address, name in bytes)."""

    def body(order):
        parts = []
        for address, name in records:
            value = address + name + b"\0"
            kind = 1 if len(address) == 4 else 2
            parts.append(pack(order + "HH", kind, len(value)) + value + bytes(-len(value) % 4))
        return b"".join(parts) + bytes(4)

    return block(4, body)


def statistics(dropped, number=0):
    """Tell how many packets an interface lost."""
    return block(
        5,
        lambda order: (
            pack(order + "III", number, 0, 0) + pack(order + "HHQ", 5, 8, dropped) + bytes(4)
        ),
    )


def comment(text):
    """Write a comment as the options of a section's header."""
    return pack("<HH", 1, len(text)) + text + bytes(-len(text) % 4) + bytes(4)


_CODES = {"name": 2, "description": 3, "resolution": 9, "filter": 11, "shift": 14}


def _options(order, options):
    parts = []
    for name, value in options.items():
        value = value(order) if callable(value) else value
        parts.append(pack(order + "HH", _CODES[name], len(value)) + value + bytes(-len(value) % 4))
    return b"".join(parts) + bytes(4)
