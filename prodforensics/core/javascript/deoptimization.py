"""Deoptimization data: which functions optimising compilers folded into one frame, and where.

For every call, V8 keeps how it would rebuild the frames that the interpreter would have: a
*translation*. It lists them from the outside to the inside, each with its function, its bytecode
and the places of its values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from prodforensics.core.javascript.positions import unsigned
from prodforensics.core.javascript.words import BadObject

__all__ = ["Opcodes", "Safepoint", "TranslatedFrame", "opcodes_of", "safepoints", "translated"]

_MOST_STEPS = 200_000
_MOST_SAFEPOINTS = 1 << 20
_SAFEPOINT_WORDS = ((0, 4), (4, 8))
"""Where a table of safepoints has the number of entries, and the sizes of their parts."""


@dataclass(frozen=True)
class Opcodes:
    """The opcodes of translations of one version of V8, as far as stacks take them.

    Attributes
    ----------
    counts : tuple of int
        Operands of each.
    is_packed : bool
        Opcodes stand as numbers like their operands, all signed: V8 10.
    begin : tuple of int
        What begins a translation.
    interpreted, continuations, constructs : tuple of int
        Frames of functions, of builtins that go on after a callback, and of ``new``.
    literal, stack_slot : int
        A value among the literals, or in the frame.
    match_previous : int
        The next ones are as in an earlier translation; -1 where there is none.
    has_bytecode : bool
        Frames of functions name their bytecode array, too.
    safepoint_header : int
        Bytes before TurboFan's safepoints.
    """

    counts: tuple[int, ...]
    is_packed: bool
    begin: tuple[int, ...]
    interpreted: tuple[int, ...]
    continuations: tuple[int, ...]
    constructs: tuple[int, ...]
    literal: int
    stack_slot: int
    match_previous: int
    has_bytecode: bool = False
    safepoint_header: int = 8


_OLD = {"begin": (3,), "interpreted": (18,), "continuations": (19, 20), "constructs": (8,)}
_SHAPES: dict[str, tuple[str, dict[str, object]]] = {
    # The operands of each opcode come first: another build of the version may have others.
    "10.2": (
        "2103113131111111115334111112",
        _OLD | {"literal": 22, "stack_slot": 24, "match_previous": -1},
    ),
    "11.3": (
        "103311313111112111111115333401111121",
        {
            "begin": (2, 3),
            "interpreted": (23, 24),
            "continuations": (25, 26),
            "constructs": (8,),
            "literal": 29,
            "stack_slot": 31,
            "match_previous": 35,
        },
    ),
    "12.4": (
        "5333213432103311111111111111111101111121",
        {
            "begin": (12, 13),
            "interpreted": (0, 1),
            "continuations": (2, 3),
            "constructs": (4, 5),
            "literal": 33,
            "stack_slot": 35,
            "match_previous": 39,
        },
    ),
    "13.6": (
        "643321343331003311101111111111111111101111121",
        {
            "begin": (14, 15),
            "interpreted": (0, 1),
            "continuations": (2, 3),
            "constructs": (4, 5),
            "literal": 38,
            "stack_slot": 40,
            "match_previous": 44,
            "has_bytecode": True,
            "safepoint_header": 12,
        },
    ),
}


def opcodes_of(version: str, counts: Sequence[int]) -> Opcodes | None:
    """Return the opcodes of a version of V8.

    Parameters
    ----------
    version : str
        Major and minor.
    counts : sequence of int
        Operands of each opcode, as the program has them; empty where it was stripped of them.

    Returns
    -------
    Opcodes or None
        None where the version is unknown, or its program has other opcodes.
    """
    known, shape = _SHAPES.get(version, ("", {}))
    expected = [int(one) for one in known]
    if not known or (counts and list(counts) != expected):
        return None
    return Opcodes(tuple(expected), version == "10.2", **shape)  # type: ignore[arg-type]


@dataclass
class TranslatedFrame:
    """One frame of a translation.

    Attributes
    ----------
    is_function : bool
        Of a function; else of a builtin that goes on after a callback.
    offset : int
        Bytes into its bytecodes; of builtins which one it is.
    literal : int
        Which of the literals is its SharedFunctionInfo.
    bytecode : int
        Which of the protected literals is its bytecode array; -1: it is not told.
    is_construct : bool
        It was called by ``new`` of the frame around it.
    values : list of (str, int)
        Its function and its receiver: ``literal`` and its index, ``slot`` and its index, or
        ``other`` for what is in a register, was folded away or is an object that does not exist.
    """

    is_function: bool
    offset: int
    literal: int
    bytecode: int = -1
    is_construct: bool = False
    values: list[tuple[str, int]] = field(default_factory=list)


def translated(data: bytes, start: int, opcodes: Opcodes) -> list[TranslatedFrame]:
    """Return the frames of a translation, the outermost first.

    Parameters
    ----------
    data : bytes
        All translations of the code.
    start : int
        Where this one begins.
    opcodes : Opcodes

    Raises
    ------
    BadObject
        It is damaged, or tells fewer or more frames than it promises.
    """
    steps = _packed(data, start, opcodes) if opcodes.is_packed else _plain(data, start, opcodes)
    found: list[TranslatedFrame] = []
    promised, construct = -1, False
    for opcode, operands in steps:
        if opcode in opcodes.begin:
            # BEGIN: (distance of an earlier one in newer versions,) frames, frames of functions.
            promised = operands[1] if opcodes.is_packed else _zigzag(operands[2])
        elif opcode in opcodes.interpreted or opcode in opcodes.continuations:
            is_function = opcode in opcodes.interpreted
            numbers = operands if opcodes.is_packed else [_zigzag(one) for one in operands]
            bytecode = numbers[2] if is_function and opcodes.has_bytecode else -1
            found.append(TranslatedFrame(is_function, numbers[0], numbers[1], bytecode, construct))
            construct = False
        elif opcode in opcodes.constructs:
            construct = True
        elif found and len(found[-1].values) < 2 and not construct:
            value = _value(opcode, operands, opcodes)
            # What follows an object that does not exist may be its fields.
            found[-1].values += [value] if value[0] != "other" else [value, value]
        if len(found) == promised and len(found[-1].values) > 1:
            break
    if promised != len(found):
        raise BadObject(f"a translation promises {promised} frames and tells {len(found)}")
    return found


def _value(opcode: int, operands: list[int], opcodes: Opcodes) -> tuple[str, int]:
    name = {opcodes.literal: "literal", opcodes.stack_slot: "slot"}.get(opcode, "other")
    if name == "other":
        return name, 0
    return name, operands[0] if opcodes.is_packed else _zigzag(operands[0])


def _zigzag(value: int) -> int:
    # V8 keeps the sign in the lowest bit, and the size above it.
    return -(value >> 1) if value & 1 else value >> 1


def _packed(data: bytes, at: int, opcodes: Opcodes) -> Iterator[tuple[int, list[int]]]:
    """Give opcodes and operands of V8 10: all numbers are signed."""
    for step in range(_MOST_STEPS):
        if at >= len(data):
            return
        number, at = unsigned(data, at)
        opcode = number >> 1
        if opcode >= len(opcodes.counts) or (opcode in opcodes.begin) != (step == 0):
            if step and opcode in opcodes.begin:
                return
            raise BadObject(f"a translation has the opcode {opcode}")
        operands = []
        for _ in range(opcodes.counts[opcode]):
            number, at = unsigned(data, at)
            operands.append(_zigzag(number))
        yield opcode, operands
    raise BadObject("a translation does not end")


def _plain(data: bytes, at: int, opcodes: Opcodes) -> Iterator[tuple[int, list[int]]]:
    """Give opcodes and operands of V8 11 and later, which refer to earlier translations.

    A match names how many of the next opcodes stand in the translation before, at the place that
    corresponds; opcodes above the last one are short forms of it.
    """
    counts, number = opcodes.counts, len(opcodes.counts)

    def one(place: int) -> tuple[int, list[int], int]:
        if not 0 <= place < len(data) or data[place] >= number:
            raise BadObject("a translation has an opcode that does not exist")
        opcode, place = data[place], place + 1
        operands = []
        for _ in range(counts[opcode]):
            value, place = unsigned(data, place)
            operands.append(value)
        return opcode, operands, place

    first, operands, after = one(at)
    if first not in opcodes.begin:
        raise BadObject("a translation does not begin where it should")
    yield first, operands
    previous, since, remaining = at - operands[0], 1, 0
    at = after
    steps = 0
    while at < len(data) or remaining:
        steps += 1
        if steps > _MOST_STEPS:
            raise BadObject("a translation does not end")
        if remaining:
            opcode, operands, previous = one(previous)
            remaining -= 1
            yield opcode, operands
            continue
        opcode = data[at]
        if opcode in opcodes.begin:
            return
        if opcode < number and opcode != opcodes.match_previous:
            opcode, operands, at = one(at)
            since += 1
            yield opcode, operands
            continue
        if opcode >= number:
            remaining, at = opcode - number, at + 1
        else:
            _, operands, at = one(at)
            remaining = operands[0]
        for _ in range(min(since, _MOST_STEPS)):
            _, _, previous = one(previous)
        since = 0


@dataclass(frozen=True)
class Safepoint:
    """A place of a call in optimised code.

    Attributes
    ----------
    pc : int
        Bytes into the code, as a return address has it.
    entry : int
        Which entry of the deoptimization data it has; -1 for none.
    trampoline : int
        Where the call returns once V8 has given the code up; -1 for none.
    """

    pc: int
    entry: int
    trampoline: int


def safepoints(data: bytes, header: int) -> list[Safepoint]:
    """Read a table of safepoints.

    Parameters
    ----------
    data : bytes
        What follows the instructions.
    header : int
        Bytes before the entries: 8 of TurboFan (12 in V8 13), 16 of Maglev.

    Raises
    ------
    BadObject
        It is damaged.
    """
    if len(data) < header:
        raise BadObject("the table of safepoints is cut off")
    count, sizes = (
        int.from_bytes(data[at : at + 4], "little") for at in _SAFEPOINT_WORDS[header > 8]
    )
    has_entry, registers = sizes & 1, sizes >> 1 & 7
    pc_bytes, entry_bytes = sizes >> 4 & 7, sizes >> 7 & 7
    each = pc_bytes + registers + (entry_bytes + pc_bytes if has_entry else 0)
    each += 1 if header == 16 else 0
    if not 0 < pc_bytes <= 4 or count > _MOST_SAFEPOINTS or header + count * each > len(data):
        raise BadObject("the table of safepoints is damaged")

    def number(at: int, size: int) -> int:
        return int.from_bytes(data[at : at + size], "little")

    found = []
    for at in range(header, header + count * each, each):
        entry = number(at + pc_bytes, entry_bytes) - 1 if has_entry else -1
        past = at + pc_bytes + entry_bytes
        trampoline = number(past, pc_bytes) - 1 if has_entry else -1
        found.append(Safepoint(number(at, pc_bytes), entry, trampoline))
    return found
