"""Lines of stacks of ``perf script`` -> functions, calls, and the tree of stacks."""

from __future__ import annotations

import re

import numpy as np

from prodforensics.kernels import text_tables
from prodforensics.kernels.perf_frames import split_frames
from prodforensics.profile.building import CallTable, stacks_from_lists
from prodforensics.profile.data import KINDS, Calls, Functions, Stacks
from prodforensics.profile.formats.perf_scan import Scanned, text_of

__all__ = ["frames", "kind_of"]

_KIND = {kind: place for place, kind in enumerate(KINDS)}
_JIT_MAP = re.compile(r"/perf-\d+\.map$|/jitted-\d+-\d+\.so$|^\[JIT\]|^\[JIT app cache\]$")
_NOT_KERNEL = re.compile(r"\[(?:vdso|vsyscall|heap|stack|anon|unknown|uprobes)")
_SOURCE = re.compile(r"\s*(.+):(\d{1,9})(?: \(discriminator \d+\))?\s*$")


def kind_of(module: str) -> str:
    """Tell what runs, by the binary that perf names.

    Examples
    --------
    >>> [kind_of(one) for one in ("[nf_conntrack]", "/tmp/perf-7.map", "/usr/lib/libc.so.6", "")]
    ['kernel', 'jit', 'native', '']
    """
    if _JIT_MAP.search(module):
        return "jit"
    if module.endswith(("vmlinux", ".ko", ".ko.xz", ".ko.zst", ".ko.gz")):
        return "kernel"
    if module.startswith("["):
        return "" if _NOT_KERNEL.match(module) else "kernel"
    return "native" if module else ""


def frames(scanned: Scanned) -> tuple[Functions, Calls, Stacks, np.ndarray]:
    """Build functions, calls and stacks of everything that was scanned.

    Returns
    -------
    functions : Functions
    calls : Calls
    stacks : Stacks
    node : int32[k]
        Innermost node of each list of `Scanned.lists`.
    """
    address, name, names = _split(scanned)
    first, frame, source = _with_sources(scanned.lists.first, scanned.lists.item, name)
    spot_frame, spot_source, spot = _spots(frame, source, len(name))
    key = name[spot_frame] * np.int64(len(name) + 1) + spot_source + 1
    _, at, meaning = np.unique(key, return_index=True, return_inverse=True)
    meanings = _Meanings()
    for number, origin in zip(name[spot_frame[at]].tolist(), spot_source[at].tolist(), strict=True):
        meanings.add(text_of(names, number), scanned.text(origin) if origin >= 0 else "")
    calls, first_call, count = meanings.calls(meaning, address[spot_frame])
    first, call = _unfolded(first, spot, first_call, count)
    stacks, node = stacks_from_lists(first, call, leaf_first=True)
    return meanings.table.functions(), calls, stacks, node


class _Meanings:
    """What differs in symbol, binary and source line, each with its functions, outermost first."""

    def __init__(self) -> None:
        self.table = CallTable()
        self.first = [0]
        self.function: list[int] = []
        self.line: list[int] = []
        self.inlined: list[bool] = []
        self.kind: list[int] = []

    def add(self, name: str, source: str) -> None:
        r"""Add one: ``symbol\nbinary``, and the text of its source line."""
        symbol, _, module = name.partition("\n")
        found = _SOURCE.fullmatch(source)
        file, line = (found[1], int(found[2])) if found and found[1] != "??" else ("", 0)
        inlined = module == "inlined"
        kind = "native" if inlined else kind_of(module)
        module = "" if inlined or module == "[unknown]" else module
        symbol = "" if symbol == "[unknown]" else symbol
        # Maps of compilers name what was inlined behind its caller: "a->b".
        unfolds = kind == "jit" and "->" in symbol and "operator->" not in symbol
        parts = [part for part in symbol.split("->") if part] if unfolds else [symbol]
        for place, part in enumerate(parts or [symbol]):
            self.function.append(self.table.function(part, file, module))
            self.line.append(line)
            self.inlined.append(inlined or place > 0)
            self.kind.append(_KIND[kind])
        self.first.append(len(self.function))

    def calls(
        self, meaning: np.ndarray, address: np.ndarray
    ) -> tuple[Calls, np.ndarray, np.ndarray]:
        """Return the calls of many places, and where those of each begin and how many they are."""
        first = np.array(self.first, np.int64)
        count = np.diff(first)[meaning]
        begin = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
        row = np.repeat(np.arange(len(meaning)), count)
        place = first[meaning[row]] + np.arange(len(row)) - begin[row]
        columns = (
            (self.function, np.int32), (self.line, np.int32), (self.inlined, np.bool_),
            (self.kind, np.uint8),
        )  # fmt: skip
        function, line, inlined, kind = (np.array(c, d)[place] for c, d in columns)
        column = np.zeros(len(row), np.int32)
        return Calls(function, line, column, address[row], inlined, kind), begin[:-1], count


def _split(scanned: Scanned) -> tuple[np.ndarray, np.ndarray, text_tables.Texts]:
    """Take every line of a stack apart: its address, and the number of symbol and binary."""
    texts = scanned.texts
    wanted = np.zeros(len(texts.first), np.bool_)
    wanted[scanned.lists.item] = True
    longest = int(texts.size[wanted].max(initial=0))
    count = int(wanted.sum())
    words = int((texts.size[wanted] // 8 + 2).sum()) + longest // 8
    table = text_tables.new_texts(count + 4, words + 4)
    used = np.zeros(2, np.int64)
    data = texts.words.view(np.uint8)
    address, name = split_frames(data, texts.first * 8, texts.size, wanted, tuple(table), used)
    return address, name, table


def _with_sources(
    first: np.ndarray, item: np.ndarray, name: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Put lines that are no frame to the frame before them, as its source line.

    Returns
    -------
    first : int64[k + 1]
    frame, source : int32[m]
        Numbers of texts; -1 for no source line.
    """
    is_frame = name[item] >= 0
    if is_frame.all():
        return first, item, np.full(len(item), -1, np.int32)
    follows = np.append(~is_frame[1:], False)
    follows[first[1:-1] - 1] = False  # the next stack's
    source = np.where(follows, np.append(item[1:], np.int32(-1)), np.int32(-1))
    before = np.concatenate([[0], np.cumsum(is_frame)]).astype(np.int64)
    return before[first], item[is_frame], source[is_frame]


def _spots(
    frame: np.ndarray, source: np.ndarray, texts: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give a number to each different pair of frame and source line.

    Returns
    -------
    frame, source : int32[s]
        Of each pair.
    spot : int32[m]
        The pair of each frame.
    """
    if (source < 0).all():  # sorting is for the few files that have source lines
        seen = np.zeros(texts, np.bool_)
        seen[frame] = True
        different = np.flatnonzero(seen).astype(np.int32)
        number = np.cumsum(seen, dtype=np.int32) - np.int32(1)
        return different, np.full(len(different), -1, np.int32), number[frame]
    key = frame * np.int64(texts + 1) + source + 1
    _, at, spot = np.unique(key, return_index=True, return_inverse=True)
    return frame[at], source[at], spot.astype(np.int32)


def _unfolded(
    first: np.ndarray, spot: np.ndarray, first_call: np.ndarray, count: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Put the calls of each place into the stacks, the innermost first."""
    if count.max(initial=1) == 1:
        return first, first_call[spot]
    calls = count[spot]
    begin = np.concatenate([[0], np.cumsum(calls)]).astype(np.int64)
    row = np.repeat(np.arange(len(spot)), calls)
    within = np.arange(len(row)) - begin[row]
    return begin[first], first_call[spot[row]] + calls[row] - 1 - within
