r"""C++ exceptions in flight, found in memory by the layout of the Itanium C++ ABI.

An exception object stands behind a header, ``__cxa_exception``, whose last part is an
``_Unwind_Exception`` that begins with the eight bytes ``GNUCC++\\0``. The header names the type by
its ``type_info``; what derives from ``std::runtime_error`` or ``std::logic_error`` keeps its text
behind its first pointer. Nothing of this needs symbols.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prodforensics.core.memory import Memory, Unreadable

if TYPE_CHECKING:
    from prodforensics.core.image import Image, Thread

__all__ = ["CppException", "demangled", "exceptions_of"]

_CLASS = 0x474E5543432B2B00  # "GNUCC++\0"
# Bytes from the class word (the start of _Unwind_Exception) on machines of 64 bits.
_TYPE, _OBJECT = -80, 32
_STACK = 256 * 1024
_SEARCHED = 2**30
_CHUNK = 2**24
_BASES = 16
_WITH_TEXT = ("St13runtime_error", "St11logic_error")
_FIXED = {
    "St9bad_alloc": "std::bad_alloc",
    "St20bad_array_new_length": "std::bad_array_new_length",
    "St8bad_cast": "std::bad_cast",
    "St10bad_typeid": "std::bad_typeid",
    "St17bad_function_call": "bad_function_call",
    "St18bad_variant_access": "std::bad_variant_access",
    "St19bad_optional_access": "bad optional access",
}
_BUILT_IN = {
    "i": "int", "j": "unsigned int", "l": "long", "m": "unsigned long", "b": "bool", "c": "char",
    "d": "double", "f": "float", "x": "long long", "y": "unsigned long long",
    "PKc": "char const*", "Pc": "char*",
    "NSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE": "std::string",
}  # fmt: skip
_PART = re.compile(r"(St)?L?(\d{1,4})")
_UNNAMED = "_GLOBAL__N_1"


class CppException(NamedTuple):
    """An exception that a thread was throwing.

    Parameters
    ----------
    type : str
        Its type, as people write it; empty where the file that holds its name is not at hand.
    message : str
        What its ``what()`` says; empty where that is not known.
    bases : tuple of str
        The types it derives from, the nearest first, as the linker knows them.
    address : int
        Of the object.
    """

    type: str
    message: str
    bases: tuple[str, ...]
    address: int


def exceptions_of(image: Image, thread: Thread) -> list[CppException]:
    """Return the exceptions that the stack of a thread holds, the innermost first.

    Parameters
    ----------
    image : Image
    thread : Thread

    Returns
    -------
    list of CppException
        Those alone that live frames still point at: freed ones stay in memory for long.
    """
    if image.machine.pointer_bytes != 8 or not thread.sp:
        return []
    memory = image.memory
    raw = memory.read_some(thread.sp, _STACK)
    stack = np.frombuffer(raw[: len(raw) // 8 * 8], image.machine.word).astype(np.uint64)
    found: dict[int, int] = {}
    for address in _headers(image):
        # What points at the unwind header, or at the object behind it.
        wanted = np.array([address, address + _OBJECT], np.uint64)
        at = np.flatnonzero(np.isin(stack, wanted))
        if at.size:
            found[address] = int(at[0])
    described = (_described(memory, one) for one in sorted(found, key=found.__getitem__))
    return [one for one in described if one]


def _headers(image: Image) -> Iterator[int]:
    """Yield the addresses of the class word in writable memory."""
    left = _SEARCHED
    for segment in image.mappings:
        if not segment.permissions.startswith("rw") or segment.offset < 0:
            continue
        data = image.memory.view(segment)
        for at in range(0, min(data.size, left), _CHUNK):
            part = data[at : at + _CHUNK]
            words = part[: part.size // 8 * 8].view(f"{image.machine.order}u8")
            for place in np.flatnonzero(words == np.uint64(_CLASS)).tolist():
                yield segment.start + at + 8 * place
        left -= min(data.size, left)


def _described(memory: Memory, address: int) -> CppException | None:
    at = address + _OBJECT
    try:
        info = memory.word(address + _TYPE)
    except Unreadable:
        return None
    try:
        name = _type_name(memory, info)
    except Unreadable:
        # The name is constant data of a file that is not here; the text is in memory.
        return CppException("", _counted_text(memory, at), (), at)
    if not name:
        return None
    bases = tuple(_bases(memory, info))
    return CppException(demangled(name), _message(memory, at, name, bases), bases, at)


def _type_name(memory: Memory, info: int) -> str:
    raw = memory.c_string(memory.word(info + 8), 1024).removeprefix(b"*")
    text = raw.decode("ascii", "replace")
    return text if text.isprintable() else ""


def _bases(memory: Memory, info: int) -> Iterator[str]:
    """Yield the names of the bases, as far as each has one (``__si_class_type_info``)."""
    for _ in range(_BASES):
        try:
            info = memory.word(info + 16)
            name = _type_name(memory, info)
        except Unreadable:
            return
        # Of a class without bases, something else stands there.
        if not re.match(r"N?(St)?\d", name):
            return
        yield name


def _message(memory: Memory, at: int, name: str, bases: tuple[str, ...]) -> str:
    try:
        if any(one in _WITH_TEXT for one in (name, *bases)):
            return _text(memory, memory.word(at + 8))
        if name in ("PKc", "Pc", "NSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"):
            return _text(memory, memory.word(at))
        if name in ("i", "j"):
            return str(int.from_bytes(memory.read(at, 4), memory.machine.byte_order, signed=True))
    except Unreadable:
        return ""
    return next((_FIXED[one] for one in (name, *bases) if one in _FIXED), "")


def _text(memory: Memory, pointer: int) -> str:
    return memory.c_string(pointer, 2000).decode("utf-8", "backslashreplace")


def _counted_text(memory: Memory, at: int) -> str:
    """Return the text of an exception that may be one with a text, such as std::runtime_error.

    Its string counts its references: before the characters stand their number, the room for them
    and the count (``_Rep`` of libstdc++).
    """
    try:
        pointer = memory.word(at + 8)
        raw = memory.c_string(pointer, 2000)
        return _text(memory, pointer) if raw and memory.word(pointer - 24) == len(raw) else ""
    except Unreadable:
        return ""


def demangled(name: str) -> str:
    """Write the name of a type or variable as people do; with templates as the linker has it.

    Examples
    --------
    >>> demangled("N4shop10PriceErrorE"), demangled("St13runtime_error"), demangled("i")
    ('shop::PriceError', 'std::runtime_error', 'int')
    >>> demangled("N4node12_GLOBAL__N_1L5startE")
    'node::(anonymous namespace)::start'
    """
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    nested = name.startswith("N") and name.endswith("E")
    rest = name[1:-1] if nested else name
    parts: list[str] = []
    while rest:
        found = _PART.match(rest)
        if not found:
            return name
        if found[1]:
            parts.append("std")
        end = found.end() + int(found[2])
        if end > len(rest):
            return name
        part = rest[found.end() : end]
        parts.append("(anonymous namespace)" if part == _UNNAMED else part)
        rest = rest[end:]
    return "::".join(parts) or name
