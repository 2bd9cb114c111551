"""DNS messages made by hand."""

from struct import pack


def name(text):
    """Write a name as labels."""
    labels = [label.encode() for label in text.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def query(text="shop.example", number=1, kind=1, edns=False):
    """Write a question."""
    extra = b"\0" + pack(">HHIH", 41, 1232, 0, 0) if edns else b""
    return (
        pack(">HHHHHH", number, 0x0100, 1, 0, 0, edns) + name(text) + pack(">HH", kind, 1) + extra
    )


def record(kind, data, owner=b"\xc0\x0c", ttl=60):
    """Write a record of an answer; it belongs to the name of the question."""
    return owner + pack(">HHIH", kind, 1, ttl, len(data)) + data


def answer(*records, text="shop.example", number=1, kind=1, rcode=0, flags=0x8180, count=None):
    """Write an answer."""
    count = len(records) if count is None else count
    head = pack(">HHHHHH", number, flags | rcode, 1, count, 0, 0)
    return head + name(text) + pack(">HH", kind, 1) + b"".join(records)
