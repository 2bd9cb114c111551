"""Folded (collapsed) stacks, text: ``outermost;...;innermost count``, a line a stack.

Written by FlameGraph's and inferno's ``stackcollapse-*``, async-profiler (``collapsed``), py-spy
(``raw``), rbspy (``collapsed``) and many more. With two counts a line, as of ``difffolded.pl``, the
file compares two profiles: value types ``samples_base`` (the first count) and ``samples``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.gaps import Gap
from prodforensics.source import Source

if TYPE_CHECKING:
    from prodforensics.profile.data import Threads
    from prodforensics.profile.frame_texts import Owner
    from prodforensics.profile.model import Profile

__all__ = ["read", "sniff"]

_LINE = re.compile(rb"\S.*[ \t]\d[\d.]*\s*")
_TWO = re.compile(rb"\S.*[ \t]\d[\d.]*[ \t]\d[\d.]*\s*")
_LISTED = 100
_COMMENTS = 20


def sniff(probe: Probe) -> Match | None:
    """Recognise lines that end in a count, most of them with frames between semicolons."""
    lines = _head_lines(probe.head)
    stacks = [line for line in lines if _LINE.fullmatch(line)]
    # Prose and logs put a blank behind a semicolon, or something else before it.
    framed = [line for line in stacks if b";" in line and b"; " not in line]
    if not lines or len(stacks) < 0.9 * len(lines) or len(framed) < 0.5 * len(lines):
        return None
    return Match(0.6, "folded stacks, each with its count")


def read(
    source: Source,
    *,
    progress: bool | None = None,
    differential: bool | None = None,
    unnamed_c: bool = False,
) -> Profile:
    """Read folded stacks.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Show a progress bar: always, never, or (None) for large files.
    differential : bool, optional
        Whether a line ends in two counts, of a baseline and of what is compared with it. By
        default it does where nearly all of the first lines do.
    unnamed_c : bool
        Keep rbspy's frames of functions in C whose name it could not find. They stand between
        the others and say nothing; rbspy's own summary leaves them out, too.

    Returns
    -------
    Profile
        Value type ``samples``; of a differential file ``samples_base`` and ``samples``, the
        default. Frames that name a thread or process (async-profiler, py-spy ``--threads``,
        stackcollapse ``--tid``) are no calls but the threads of the samples.

    Raises
    ------
    Corrupt
        No line is a stack with a count.
    """
    from prodforensics.kernels.folded import read_folded
    from prodforensics.profile.data import ProfileData, Recording, Samples, ValueType
    from prodforensics.profile.model import Profile
    from prodforensics.progress import compiling

    with source.buffer() as buf, compiling(progress):
        head = _head_lines(buf[:65536].tobytes())
        if differential is None:
            differential = sum(map(bool, map(_TWO.fullmatch, head))) > 0.9 * len(head)
        first, size, parent, frame, node, *counts, whole, other, others = read_folded(
            buf, differential
        )
        if not len(node):
            raise Corrupt(source.path, 0, "a stack with its count", repr(source.head(40)))
        ends = zip(first.tolist(), (first + size).tolist(), strict=True)
        frames = [buf[start:end].tobytes().decode("utf-8", "replace") for start, end in ends]
        gaps, comments = _others(buf, other, others)
        if buf[-1] != 10:
            gaps.append(Gap("the last line has no end: it may be cut short", offset=len(buf)))
    tree = _Tree(frames, parent, frame, unnamed_c)
    unit = "count" if whole else ""
    columns = [count.astype(np.int64) if whole else count for count in counts]
    types = [ValueType("samples_base", unit), ValueType("samples", unit)]
    if not differential:
        columns, types = columns[1:], types[1:]
    threads, thread = tree.threads(node)
    data = ProfileData(
        tuple(types),
        tree.calls.functions(),
        tree.calls.calls(),
        tree.stacks,
        Samples(np.append(tree.place, np.int32(-1))[node], tuple(columns), thread=thread),
        threads,
        recording=Recording(comments=comments),
        default=len(types) - 1,
    )
    return Profile(source, data, gaps)


class _Tree:
    """The tree of frames made one of calls, without the frames that name a thread."""

    def __init__(
        self, frames: list[str], parent: np.ndarray, frame: np.ndarray, unnamed_c: bool
    ) -> None:
        from prodforensics.kernels.prefix_tree import merge
        from prodforensics.profile.building import CallTable
        from prodforensics.profile.data import Stacks
        from prodforensics.profile.frame_texts import UNNAMED_C, add_call

        self.parent = parent
        self.owners = _owners(frames, parent, frame)
        keep = np.ones(len(parent), np.bool_)
        keep[list(self.owners)] = False
        if not unnamed_c:
            nothing = [text == f"{UNNAMED_C} - (unknown)" for text in frames]
            keep &= ~np.array(nothing, np.bool_)[frame]
        self.calls = CallTable()
        # A text that names a thread is a call, too, where it stands among the calls.
        used = np.zeros(len(frames), np.bool_)
        used[frame[keep]] = True
        call = np.zeros(len(frames), np.int32)
        for one in np.flatnonzero(used).tolist():
            call[one] = add_call(self.calls, frames[one])
        parents, items, self.place = merge(parent, call[frame], keep)
        self.stacks = Stacks(parents, items)

    def threads(self, node: np.ndarray) -> tuple[Threads, np.ndarray | None]:
        """Return the threads that stacks name, and that of each sample."""
        from prodforensics.kernels.folded import inherited
        from prodforensics.profile.building import ThreadTable

        table = ThreadTable()
        if not self.owners:
            return table.threads(), None
        own = np.full(len(self.parent), -1, np.int32)
        own[list(self.owners)] = list(self.owners)
        owner = np.where(node < 0, -1, inherited(self.parent, own)[node])
        number = np.full(len(self.parent) + 1, -1, np.int32)  # the last one answers -1
        for one in np.unique(owner[owner >= 0]).tolist():
            number[one] = table.thread(*self.owners[one])
        return table.threads(), number[owner]


def _owners(frames: list[str], parent: np.ndarray, frame: np.ndarray) -> dict[int, Owner]:
    """Find the nodes that name a thread or process: outermost, or right below such a node.

    Returns
    -------
    dict
        Node -> what it and the nodes above it tell.
    """
    from prodforensics.profile.frame_texts import owner_of

    owners: dict[int, Owner] = {}
    level = np.flatnonzero(parent < 0)
    while len(level):
        found = []
        for node in level.tolist():
            if owner := owner_of(frames[frame[node]]):
                above = owners.get(int(parent[node]))
                owners[node] = owner.below(above) if above else owner
                found.append(node)
        level = np.flatnonzero(np.isin(parent, found)) if found else level[:0]
    return owners


def _head_lines(head: bytes) -> list[bytes]:
    """Return the first lines that are no comments; not one that the head ends in."""
    lines = head.split(b"\n")
    if len(lines) > 1:
        del lines[-1]
    lines = [line for line in lines[:500] if line.strip() and not line.startswith(b"# ")]
    return [line[-4096:] for line in lines]


def _others(buf: np.ndarray, other: np.ndarray, others: int) -> tuple[list[Gap], tuple[str, ...]]:
    """Tell comments from lines that cannot be read."""
    gaps, comments = [], []
    for start, end, line in other.tolist():
        text = buf[start : min(end, start + 200)].tobytes().decode("utf-8", "replace")
        if text.startswith("#"):
            comments.append(text[1:].strip())
        elif len(gaps) < _LISTED:
            what = "a line that does not end in a count"
            gaps.append(Gap(what, offset=start, line=line, lost_records=1, excerpt=text))
    rest = others - len(comments) - len(gaps)
    if rest > 0:
        gaps.append(Gap("more lines that do not end in a count", lost_records=rest))
    return gaps, tuple(comments[:_COMMENTS])
