"""Flame graphs of async-profiler, HTML: of versions 2.0 to 4.x, and of its converter ``jfrconv``.

The page calls a function for each frame: ``f(level,left,width,type,'title')`` before version 3;
then the names stand in a list ``cpool`` by the length of what they share with the one before, and
``f``, ``u`` and ``n`` place a frame relative to the one before it. A differential graph says before
each frame by how much it differs (``d=``).

A graph holds what was drawn: frames below ``minwidth`` are not in it, and count as their caller's
own. In a reversed graph the outermost frames are the innermost calls.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.gaps import Gap
from prodforensics.profile.building import CallTable
from prodforensics.profile.data import ProfileData, Recording, Samples, Stacks, ValueType
from prodforensics.profile.formats.java_names import java_function
from prodforensics.source import Source

if TYPE_CHECKING:
    from prodforensics.profile.model import Profile

__all__ = ["read", "sniff"]

_PRODUCER = re.compile(rb"async-profiler</a>|async-profiler/async-profiler['\"]")
_FUNCTION = re.compile(rb"\bfunction f\((?:key, )?level, left, width\b")
_CPOOL = re.compile(rb"(?m)^const cpool = \[\r?\n")
_NAME = re.compile(r"'((?:[^'\\]|\\.)*)',?")
_ROW = re.compile(
    rb"(?m)^(?:([fun])\((\d{1,18})(?:,(\d{1,18}))?(?:,(\d{1,18}))?(?:,(\d{1,18}))?[\d,]*\)"
    rb"|d=(-?\d{1,18}|U)|([fund][(=].{0,200}))\r?$"
)
_OLD_ROW = re.compile(
    rb"(?m)^(?:f\((\d{1,18}),(\d{1,18}),(\d{1,18}),(\d{1,2}),'((?:[^'\\\n]|\\.)*)'[\d,]*\)"
    rb"|(f\(.{0,200}))\r?$"
)
_TITLE = re.compile(rb"<h1>(.{1,200}?)</h1>")
_ESCAPED = re.compile(r"\\(.)")
_KINDS = ("interpreted", "jit", "jit", "native", "native", "kernel", "jit")
_INLINED = 2
_NATIVE = (3, 4, 5)
_NEW = np.iinfo(np.int64).max
_MODES = {"CPU": "cpu", "Wall": "wall", "Allocation": "heap", "Lock": "lock"}


def sniff(probe: Probe) -> Match | None:
    """Recognise the page by who made it and the function that draws a frame."""
    if _PRODUCER.search(probe.head) and _FUNCTION.search(probe.head):
        return Match(1.0, "a flame graph of async-profiler")
    return None


def read(source: Source, *, progress: bool | None = None) -> Profile:
    """Read a flame graph.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Show a progress bar: always, never, or (None) for large files.

    Returns
    -------
    Profile
        Value type ``samples``: what the graph counts, which may be bytes or nanoseconds where it
        was made with ``--total``; the page does not say. Of a differential graph
        ``samples_base`` too: what the calls that are drawn had in the profile compared with.

    Raises
    ------
    Corrupt
        There is no frame of a flame graph.
    """
    from prodforensics.kernels.flame_rows import lay_out
    from prodforensics.profile.model import Profile
    from prodforensics.progress import compiling

    page = b"".join(source.chunks())
    rows = _old_rows(page) if not _CPOOL.search(page) else _rows(page)
    with compiling(progress):
        parent, own = lay_out(rows.form, rows.level, rows.left, rows.width)
    if not len(parent):
        raise Corrupt(source.path, 0, "the frames of a flame graph", repr(page[:40]))
    gaps = _gaps(page, rows, parent, own)
    data = _profile(page, rows, parent, own)
    return Profile(source, data, [*source.gaps, *gaps])


class _Rows:
    """The frames as written."""

    def __init__(self, count: int) -> None:
        self.form = np.zeros(count, np.uint8)
        self.level, self.left, self.width, self.difference = np.zeros((4, count), np.int64)
        self.name = np.zeros(count, np.int64)
        self.kind = np.zeros(count, np.int64)
        self.names: list[str] = []
        self.differential = False
        self.unreadable: list[str] = []
        self.names_cut = False


def _old_rows(page: bytes) -> _Rows:
    """Read the frames of version 2."""
    found = _OLD_ROW.findall(page)
    good = [row for row in found if not row[5]]
    rows = _Rows(len(good))
    rows.unreadable = [row[5].decode("utf-8", "replace") for row in found if row[5]]
    if good:
        level, left, width, kind, titles, _ = zip(*good, strict=True)
        rows.level, rows.left, rows.width = _numbers(level), _numbers(left), _numbers(width)
        rows.kind = _numbers(kind)
        numbers: dict[bytes, int] = {}
        rows.name = np.array([numbers.setdefault(t, len(numbers)) for t in titles], np.int64)
        rows.names = [_plain(title.decode("utf-8", "replace")) for title in numbers]
    return rows


def _rows(page: bytes) -> _Rows:
    """Read the frames of version 3 and later."""
    from prodforensics.kernels.flame_rows import BESIDE, DEEPER, SHIFTED

    start = _CPOOL.search(page)
    end = page.find(b"\n];", start.end() - 1) if start else -1
    names = page[start.end() if start else 0 : end if end >= 0 else len(page)]
    found = _ROW.findall(page, end if end >= 0 else len(page))
    unreadable = [row[6].decode("utf-8", "replace") for row in found if row[6]]
    found = [row for row in found if not row[6]]
    told = np.array([row[0] != b"" for row in found], np.bool_)
    rows = _Rows(int(told.sum()))
    rows.unreadable = unreadable
    rows.names, rows.names_cut = _names(names.decode("utf-8", "replace")), end < 0
    if not found:
        return rows
    letter, *columns, differs, _ = zip(*found, strict=True)
    key, second, third, fourth = (_numbers(column)[told] for column in columns)
    letters = np.array(letter, "S1")[told]
    placed = letters == b"f"
    rows.form = np.where(placed, SHIFTED, np.where(letters == b"u", DEEPER, BESIDE))
    rows.form = rows.form.astype(np.uint8)
    rows.level, rows.left = np.where(placed, second, 0), np.where(placed, third, 0)
    rows.width = np.where(placed, fourth, second)
    rows.name, rows.kind = key >> 3, key & 7
    rows.differential = any(differs)
    if rows.differential:
        _set_differences(rows, differs, told)
    return rows


def _set_differences(rows: _Rows, differs: tuple[bytes, ...], told: np.ndarray) -> None:
    """Give every frame the last ``d=`` before it, 0 at first."""
    values = np.array([_NEW if one == b"U" else int(one or 0) for one in differs], np.int64)
    last = np.maximum.accumulate(np.where(told, -1, np.arange(len(told))))
    rows.difference = np.append(values, 0)[last][told]


def _names(text: str) -> list[str]:
    """Read the list of names: each begins with how many characters it shares with the last."""
    names: list[str] = []
    for written in _NAME.findall(text):
        name = _plain(written)
        if names:
            shared = ord(name[0]) - 32 if name else 0
            name = names[-1][: max(shared, 0)] + name[1:]
        names.append(name)
    return names


def _plain(text: str) -> str:
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


def _numbers(column: tuple[bytes, ...]) -> np.ndarray:
    return np.array([int(text) if text else 0 for text in column], np.int64)


def _gaps(page: bytes, rows: _Rows, parent: np.ndarray, own: np.ndarray) -> list[Gap]:
    """Say what is missing; what a frame may lack children for is not its own."""
    gaps = [Gap("a frame that cannot be read", excerpt=text) for text in rows.unreadable[:20]]
    k = len(parent)
    lost = len(rows.form) - k
    if lost:
        gaps.append(Gap("frames that are outside of their caller", lost_records=lost))
    ended = page.rstrip().endswith(b"</html>") and not rows.names_cut
    if not ended:
        gaps.append(Gap("the page is cut short", offset=len(page)))
    if lost or not ended or rows.unreadable:
        node, missing = k - 1, 0
        while node >= 0:
            missing += int(own[node])
            own[node] = 0
            node = int(parent[node])
        gaps.append(Gap("samples of frames that are missing", lost_records=missing))
    if int(rows.name[:k].max()) >= len(rows.names):
        gaps.append(Gap("frames without a name"))
    return gaps


def _profile(page: bytes, rows: _Rows, parent: np.ndarray, own: np.ndarray) -> ProfileData:
    from prodforensics.kernels.prefix_tree import merge

    k = len(parent)
    # The outermost frame stands for all, and is no call.
    inner = parent >= 0
    packed = (rows.name[:k] * 8 + rows.kind[:k] % 8)[inner]
    pairs, inverse = np.unique(packed, return_inverse=True)
    table, call = CallTable(), np.zeros(k, np.int32)
    numbers = [_call(table, rows, pair // 8, pair % 8) for pair in pairs.tolist()]
    call[inner] = np.array(numbers, np.int32)[inverse.reshape(-1)]
    parents, calls, place = merge(parent, call, inner)
    values, types = [own], [ValueType("samples", "count")]
    if rows.differential:
        # By how much a frame's own samples differ; one that is new was not there before.
        difference = rows.difference[:k]
        values.insert(0, np.where(difference == _NEW, 0, np.maximum(own - difference, 0)))
        types.insert(0, ValueType("samples_base", "count"))
    some = np.flatnonzero(np.any([value != 0 for value in values], axis=0))
    title = _TITLE.search(page)
    text = title[1].decode("utf-8", "replace") if title else ""
    return ProfileData(
        tuple(types),
        table.functions(),
        table.calls(),
        Stacks(parents, calls),
        Samples(place[some], tuple(value[some] for value in values)),
        recording=Recording(
            producer="async-profiler",
            mode=_MODES.get(text.partition(" ")[0], ""),
            comments=(text,) if text else (),
        ),
        default=len(types) - 1,
    )


def _call(table: CallTable, rows: _Rows, name: int, kind: int) -> int:
    text = rows.names[name] if name < len(rows.names) else ""
    word = _KINDS[kind] if kind < len(_KINDS) else ""
    java = None if kind in _NATIVE else java_function(text)
    if java:
        return table.call(java[0], module=java[1], inlined=kind == _INLINED, kind=word)
    return table.call(text, inlined=kind == _INLINED, kind=word)
