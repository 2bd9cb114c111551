"""Writes chunks of Java Flight Recorder, and changes names in whole files, for tests."""

from __future__ import annotations

import struct

HEADER = 68


def varint(value: int, width: int = 0) -> bytes:
    """Write an integer in seven bits a byte; padded to a width, as the JVM does."""
    value &= 2**64 - 1
    out = bytearray()
    while len(out) < 8 and (value >= 128 or len(out) < width - 1):
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value & 255)
    return bytes(out)


def text(value: str | None, form: int = 3) -> bytes:
    """Write a string in one of the five forms."""
    if value is None:
        return b"\0"
    if form == 4:
        units = struct.unpack(f"<{len(value.encode('utf-16-le')) // 2}H", value.encode("utf-16-le"))
        return b"\4" + varint(len(units)) + b"".join(map(varint, units))
    raw = value.encode("latin-1" if form == 5 else "utf-8")
    return bytes([form]) + varint(len(raw)) + raw


def event(kind: int, body: bytes) -> bytes:
    """Write an event with its size in four bytes."""
    inner = varint(kind) + body
    return varint(len(inner) + 4, 4) + inner


def metadata(types: dict[str, tuple[int, list[tuple]]]) -> bytes:
    """Write a metadata event.

    Parameters
    ----------
    types : dict
        Name -> id and fields: name, name of its type, and of "pool", "array", "TICKS" ... any.
    """
    strings: list[str] = []

    def index(word: str) -> bytes:
        if word not in strings:
            strings.append(word)
        return varint(strings.index(word))

    def element(name: str, attributes: dict, children: list[bytes]) -> bytes:
        pairs = b"".join(index(k) + index(v) for k, v in attributes.items())
        head = index(name) + varint(len(attributes)) + pairs
        return head + varint(len(children)) + b"".join(children)

    classes = []
    for name, (number, fields) in types.items():
        children = []
        for field, of, *how in fields:
            attributes = {"name": field, "class": str(types[of][0])}
            attributes |= {"constantPool": "true"} if "pool" in how else {}
            attributes |= {"dimension": "1"} if "array" in how else {}
            notes = []
            for word in how:
                kind = {"TICKS": "jdk.jfr.Timespan", "SINCE": "jdk.jfr.Timestamp"}.get(word)
                if kind:
                    what = {"class": str(types[kind][0]), "value": "TICKS"}
                    notes.append(element("annotation", what, []))
            children.append(element("field", attributes, notes))
        attributes = {"id": str(number), "name": name}
        if fields and fields[0][0] == "startTime":
            attributes["superType"] = "jdk.jfr.Event"
        classes.append(element("class", attributes, children))
    root = element("root", {}, [element("metadata", {}, classes), element("region", {}, [])])
    table = varint(len(strings)) + b"".join(text(one) for one in strings)
    return event(0, b"\0\0\1" + table + root)


def checkpoint(pools: dict[int, list[tuple[int, bytes]]]) -> bytes:
    """Write a checkpoint event: id of a type -> keys and values."""
    body = b"\0\0\0\0" + varint(len(pools))
    for kind, rows in pools.items():
        body += varint(kind) + varint(len(rows))
        body += b"".join(varint(key) + value for key, value in rows)
    return event(1, body)


def chunk(*parts: bytes, state: int = 0, flags: int = 1, size: int = -1) -> bytes:
    """Write a chunk of whole events; the first is its metadata and the last its checkpoint."""
    body = b"".join(parts)
    whole = HEADER + len(body) if size < 0 else size
    last = HEADER + len(body) - len(parts[-1])
    numbers = (whole, last, HEADER, 1_000_000_000, 5_000_000_000, 100, 1_000_000)
    head = struct.pack(">4sHH7q4B", b"FLR\0", 2, 1, *numbers, state, 0, 0, flags)
    return head + body


NUMBERS = {
    name: (number, [])
    for number, name in enumerate(("long", "int", "boolean", "byte", "float", "double"), 100)
}
TYPES: dict[str, tuple[int, list[tuple]]] = NUMBERS | {
    "java.lang.String": (110, []),
    "jdk.jfr.Timestamp": (111, []),
    "jdk.jfr.Timespan": (112, []),
    "java.lang.Thread": (120, [
        ("osName", "java.lang.String"), ("osThreadId", "long"),
        ("javaName", "java.lang.String"), ("javaThreadId", "long"),
    ]),
    "jdk.types.Symbol": (121, [("string", "java.lang.String")]),
    "java.lang.Class": (122, [("name", "jdk.types.Symbol", "pool")]),
    "jdk.types.Method": (123, [
        ("type", "java.lang.Class", "pool"), ("name", "jdk.types.Symbol", "pool"),
    ]),
    "jdk.types.FrameType": (124, [("description", "java.lang.String")]),
    "jdk.types.StackFrame": (125, [
        ("method", "jdk.types.Method", "pool"), ("lineNumber", "int"),
        ("bytecodeIndex", "int"), ("type", "jdk.types.FrameType", "pool"),
    ]),
    "jdk.types.StackTrace": (126, [
        ("truncated", "boolean"), ("frames", "jdk.types.StackFrame", "array"),
    ]),
    "jdk.ExecutionSample": (130, [
        ("startTime", "long", "SINCE"), ("sampledThread", "java.lang.Thread", "pool"),
        ("stackTrace", "jdk.types.StackTrace", "pool"),
    ]),
    "jdk.JavaMonitorEnter": (131, [
        ("startTime", "long", "SINCE"), ("duration", "long", "TICKS"),
        ("eventThread", "java.lang.Thread", "pool"), ("stackTrace", "jdk.types.StackTrace", "pool"),
        ("monitorClass", "java.lang.Class", "pool"),
    ]),
}  # fmt: skip


def stack(*frames: tuple[int, int], truncated: bool = False) -> bytes:
    """Write a stack of (method, line), the innermost first."""
    rows = b"".join(varint(m) + varint(line) + b"\0" + varint(1) for m, line in frames)
    return bytes([truncated]) + varint(len(frames)) + rows


def pools(stacks: dict[int, bytes]) -> bytes:
    """Write a checkpoint of two methods (1 `app.Main.main`, 2 `app.Main.work`) and stacks."""
    symbols = [(1, text("app/Main")), (2, text("main")), (3, text("work", 4)), (4, text("[I", 5))]
    return checkpoint({
        121: symbols,
        122: [(1, varint(1)), (2, varint(4))],
        123: [(1, varint(1) + varint(2)), (2, varint(1) + varint(3))],
        124: [(1, text("JIT compiled"))],
        120: [(7, text("native") + varint(77) + text("worker-1") + varint(3))],
        126: list(stacks.items()),
    })  # fmt: skip


def execution(ticks: int, thread: int, trace: int) -> bytes:
    """Write an event jdk.ExecutionSample."""
    return event(130, varint(ticks) + varint(thread) + varint(trace))


def _events(data: bytes):
    """Give offset, size and width of the size of each event of a file of one chunk."""
    at = HEADER
    while at < len(data):
        size = place = 0
        while True:
            byte = data[at + place]
            size |= (byte & 127) << 7 * place
            place += 1
            if byte < 128:
                break
        yield at, size, place
        at += size


def rename(data: bytes, old: str, new: str) -> bytes:
    """Change a name of a file of one chunk, with all sizes and offsets that stand around it."""
    before, after = text(old), text(new)
    out = bytearray(data[:HEADER])
    moved: dict[int, int] = {}
    for at, size, width in _events(data):
        moved[at] = len(out)
        inner = data[at + width : at + size].replace(before, after)
        out += varint(len(inner) + 4, 4) + inner
    numbers = list(struct.unpack(">3q", data[8:32]))
    out[8:32] = struct.pack(">3q", len(out), moved[numbers[1]], moved[numbers[2]])
    return bytes(out)
