"""What a program counter is in: a builtin of V8, or code that V8 compiled while the process ran."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.core.debuggers.interface import FramePointerCode
from prodforensics.core.javascript.binary import Binary
from prodforensics.core.javascript.words import BadObject

if TYPE_CHECKING:
    from prodforensics.core.image import Image
    from prodforensics.core.javascript.heap import Heap

__all__ = ["Code", "CodeSpace", "Tables"]

_BUILTIN = "Builtins_"
_TABLES = {
    "sizes": "_ZN2v88internal11interpreter9Bytecodes14kBytecodeSizesE",
    "counts": "_ZZN2v88internal29TranslationOpcodeOperandCountENS0_17TranslationOpcodeEE6counts",
}
_LARGEST_CODE = 1 << 24
_FARTHEST = 1 << 21
"""Bytes before a program counter in which the start of its code is looked for."""
_STEP = 1 << 16
_MOST_CANDIDATES = 64
_MOST_SEARCHED = 1 << 28
"""Bytes that are searched for one process: every frame of a damaged stack may cost a search."""
_SIGNATURE = 64
"""Bytes by which a builtin is told."""
_ENTRIES = ("JSEntry", "JSConstructEntry", "JSRunMicrotasksEntry")
"""The builtins by which C++ calls JavaScript."""
_KINDS = ("baseline", "maglev", "turbofan")
_KIND_MASK = 15


@dataclass(frozen=True)
class Code:
    """Code that V8 compiled.

    Attributes
    ----------
    address : int
        The Code object, tagged.
    start, size : int
        Its instructions: first address, bytes.
    kind : str
        baseline, maglev, turbofan; other for stubs and copies of builtins.
    """

    address: int
    start: int
    size: int
    kind: str


@dataclass(frozen=True)
class Tables:
    """Tables of numbers in the program that V8 does not name among its constants.

    Attributes
    ----------
    sizes : tuple of bytes
        Bytes of each bytecode, by scale of its operands: 1, 2, 4; empty where unknown.
    counts : tuple of int
        Operands of each opcode of translations; empty where unknown.
    """

    sizes: tuple[bytes, ...]
    counts: tuple[int, ...]


class CodeSpace:
    """Where code is in a process.

    Parameters
    ----------
    image : Image
    heap : Heap
    """

    def __init__(self, image: Image, heap: Heap) -> None:
        self.image = image
        self.heap = heap
        self.binary = Binary(heap.constants.path)
        self.module = next(
            (one for one in image.modules if one.found == heap.constants.path), image.executable
        )
        self._known: dict[int, Code | None] = {}
        self._searched = 0
        self._maps: dict[int, bool] = {}
        constants = heap.constants
        self._stream_type = (
            constants.type_of("Code")
            if heap.layout.stream_code is None
            else constants.type_of("InstructionStream")
        )

    @property
    def bias(self) -> int:
        """What to add to an address of the file to get one of the process."""
        return self.module.load_bias if self.module else 0

    # -- builtins -----------------------------------------------------------------------------

    @cached_property
    def _builtins(self) -> tuple[list[int], list[int], list[str]]:
        found = sorted(
            (one.value, one.size, one.name)
            for one in self.binary.symbols(_BUILTIN, ".symtab").values()
            if one.value
        )
        return [one[0] for one in found], [one[1] for one in found], [one[2] for one in found]

    @property
    def has_symbols(self) -> bool:
        """Whether the program names its builtins: stripped ones do not."""
        return bool(self._builtins[0])

    @cached_property
    def _copies(self) -> list[tuple[int, int]]:
        """Where V8 copied all of its builtins to: first address, and the one behind the last."""
        starts, sizes, _ = self._builtins
        if not starts:
            return []
        behind = starts[-1] + sizes[-1]
        first, last = (self.binary.read(place, _SIGNATURE) for place in (starts[0], starts[-1]))
        memory, found, searched = self.image.memory, [], 0
        for one in memory.segments:
            if one.path or "x" not in one.permissions or searched + one.file_size > _MOST_SEARCHED:
                continue
            searched += one.file_size
            data = memory.view(one)
            words = data[: data.size // 8 * 8].view("<u8")
            for place in np.flatnonzero(words == int.from_bytes(first[:8], "little")).tolist():
                at = one.start + 8 * place
                other = at + starts[-1] - starts[0]
                if (
                    memory.read_some(at, len(first)) == first
                    and memory.read_some(other, len(last)) == last
                ):
                    found.append((at, at + behind - starts[0]))
        return found

    def in_file(self, pc: int) -> int | None:
        """Return an address of the process in the numbering of the program file.

        V8 may map its builtins a second time, near the code that it compiles; it copies them there
        where the file is no longer the one that runs, as behind an upgrade.
        """
        for start, behind in self._copies:
            if start <= pc < behind:
                return self._builtins[0][0] + pc - start
        module = self.module
        if module is None:
            return None
        for one in self.image.files:
            if one.start <= pc < one.end and one.path == module.path:
                offset = pc - one.start + one.file_offset
                for segment in self.binary.segments:
                    past = offset - int(segment["offset"])
                    if 0 <= past < int(segment["file_size"]):
                        return int(segment["address"]) + past
        return None

    def frame_pointer_code(self) -> FramePointerCode:
        """Return where code of V8 is: it has no unwind tables, and keeps frame pointers."""
        starts, sizes, names = self._builtins
        parts = [
            (one.start, one.end)
            for one in self.image.mappings
            if not one.path and "x" in one.permissions and one.kind != "vdso"
        ]
        if starts:
            parts += self._everywhere(starts[0], starts[-1] + sizes[-1] - starts[0])
        entries = [
            place
            for start, size, name in zip(starts, sizes, names, strict=True)
            if name.removeprefix(_BUILTIN) in _ENTRIES
            for place in self._everywhere(start, size)
        ]
        return FramePointerCode(tuple(parts), tuple(entries))

    def _everywhere(self, address: int, size: int) -> Iterator[tuple[int, int]]:
        """Yield where a part of the builtins is in the process, once or more."""
        found = {address + self.bias}
        found |= {start + address - self._builtins[0][0] for start, _ in self._copies}
        for segment in self.binary.segments:
            past = address - int(segment["address"])
            if self.module is None or not 0 <= past < int(segment["file_size"]):
                continue
            offset = int(segment["offset"]) + past
            for one in self.image.files:
                at = one.start + offset - one.file_offset
                if one.path == self.module.path and one.start <= at < one.end:
                    found.add(at)
        for start in sorted(found):
            yield start, start + size

    def builtin_at(self, pc: int) -> str:
        """Return the name of the builtin at an address, without ``Builtins_``; empty for none."""
        starts, sizes, names = self._builtins
        for address in (pc - self.bias, self.in_file(pc)):
            if address is None:
                continue
            place = bisect_right(starts, address) - 1
            # A call at the very end of a builtin returns to the address behind it.
            if place >= 0 and address <= starts[place] + sizes[place]:
                if address == starts[place] and place and _ends_at(starts, sizes, place, address):
                    place -= 1
                return names[place].removeprefix(_BUILTIN)
        return ""

    # -- compiled code ------------------------------------------------------------------------

    def code_at(self, pc: int) -> Code | None:
        """Return the compiled code at an address; None for none.

        The object that holds instructions begins with its Map: the nearest one below the address
        whose instructions reach so far is it.
        """
        if pc not in self._known:
            self._known[pc] = self._find(pc)
        return self._known[pc]

    def _find(self, pc: int) -> Code | None:
        memory = self.heap.memory
        segment = self.image.memory.segment_at(pc)
        # Compiled code is in memory of no file.
        if segment is None or "x" not in segment.permissions or segment.path:
            return None
        end, candidates = (pc & ~7) + 8, 0
        lowest = max(segment.start + 7 & ~7, (pc & ~7) - _FARTHEST)
        while end > lowest and self._searched < _MOST_SEARCHED:
            begin = max(lowest, end - _STEP)
            self._searched += end - begin
            try:
                words = np.frombuffer(memory.read(begin, end - begin), "<u8")
            except LookupError:
                return None
            for place in np.flatnonzero(np.isin(words, self._stream_maps(words)))[::-1].tolist():
                found = self._code_of(begin + 8 * place + 1)
                if found is not None and found.start <= pc <= found.start + found.size:
                    return found
                candidates += 1
                if candidates > _MOST_CANDIDATES:
                    return None
            end = begin
        return None

    def _stream_maps(self, words: np.ndarray) -> np.ndarray:
        """Return those of the words that are the Map of what holds instructions."""
        if not any(self._maps.values()):
            for word in np.unique(words[words & 7 == 1]).tolist():
                if word not in self._maps:
                    self._maps[word] = self._is_stream_map(word)
        return np.array([word for word, is_map in self._maps.items() if is_map], np.uint64)

    def _is_stream_map(self, word: int) -> bool:
        heap = self.heap
        try:
            if not heap.is_type(word, "Map"):
                return False
            place = word - 1 + heap.constants.offset("Map", "instance_type")
            return int.from_bytes(heap.read(place, 2), "little") == self._stream_type
        except LookupError:
            return False

    def _code_of(self, stream: int) -> Code | None:
        heap, layout = self.heap, self.heap.layout
        try:
            code = stream if layout.stream_code is None else heap.field(stream, layout.stream_code)
            return self.describe(code)
        except LookupError:
            return None

    def describe(self, code: int) -> Code:
        """Read a Code object.

        Raises
        ------
        LookupError
            It is damaged or not in the core.
        """
        heap, layout = self.heap, self.heap.layout
        if not heap.is_type(code, "Code"):
            raise BadObject(f"there is no code at {code:#x}")
        if layout.code_start is None:
            start = code - 1 + layout.code_header
        else:
            start = heap.field(code, layout.code_start)
        size = heap.int32(code - 1 + layout.code_size)
        if not 0 < size < _LARGEST_CODE:
            raise BadObject(f"the code at {code:#x} has {size:,} bytes")
        kind = heap.uint32(code - 1 + layout.code_flags) & _KIND_MASK
        kind -= heap.constants["CodeKindBaseline"]
        return Code(code, start, size, _KINDS[kind] if 0 <= kind < len(_KINDS) else "other")

    # -- tables -------------------------------------------------------------------------------

    @cached_property
    def tables(self) -> Tables:
        """The tables that reading compiled code takes; empty ones where the file was stripped."""
        symbols = self.binary.symbols("_ZN2v88internal11interpreter9Bytecodes14", ".symtab")
        symbols |= self.binary.symbols("_ZZN2v88internal29TranslationOpcode", ".symtab")
        raw = {
            name: self.binary.read(symbols[symbol].value, symbols[symbol].size)
            for name, symbol in _TABLES.items()
            if symbol in symbols and symbols[symbol].size < _STEP
        }
        sizes = raw.get("sizes", b"")
        each = len(sizes) // 3
        return Tables(
            tuple(sizes[i * each : (i + 1) * each] for i in range(3)) if each else (),
            tuple(np.frombuffer(raw.get("counts", b""), "<i4").tolist()),
        )


def _ends_at(starts: list[int], sizes: list[int], place: int, address: int) -> bool:
    return starts[place - 1] + sizes[place - 1] == address
