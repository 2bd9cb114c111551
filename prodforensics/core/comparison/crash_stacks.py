"""What a core is compared by: the stack of the thread that died, without what chance decides."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from prodforensics._reference import Later
from prodforensics.core.handled_faults import handled_fault

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.core.model import CoreDump

hashing = Later("prodforensics.core.stack_hash")

__all__ = ["ComparedFrame", "CrashStack", "bucket_of", "collapsed", "crash_stack"]

# Outside of `main` and of a thread's own function every stack is alike, but for the C library.
_OUTERMOST = re.compile(
    r"_start$|_dl_start_user$|start_thread$|(?:__)?(?:GI___)?clone3?$|__libc_start_(?:main|call_main)"
    r"|runtime\.(?:goexit|rt0_go|mstart)|std::rt::lang_start"
)
_SYSTEM = re.compile(r"ld[-.]|linux-vdso|\[vdso\]|lib(?:c|m|pthread|dl|rt|gcc_s|stdc\+\+)[-.]")
_RUNTIMES = ("js", "python", "java")
# What comes with Node.js and Python.
_SHIPPED = re.compile(r"node:|.*/lib/python3?[\d.]*/(?!(?:site|dist)-packages/)|<frozen ")
# A program that is linked statically has the libraries' functions in its own file.
_LIBRARY = re.compile(
    r"(?:std|core|alloc|panic_abort|__gnu_cxx|__cxxabiv1|runtime)(?:::|\.)|operator (?:new|delete)"
    r"|<(?:std|core|alloc)::|(?:_int_)?(?:free|malloc|calloc|realloc)$|__|_IO_|_dl_"
)
_LONGEST_CYCLE = 8
_OVERFLOW = 60
"""So many frames of one cycle are no deep recursion that returns: where it stopped is chance."""
_MOST_FRAMES = 400


@dataclass(frozen=True)
class ComparedFrame:
    """One frame of a stack that is compared.

    Attributes
    ----------
    name
        The function without what differs from build to build; of a frame without a trusted symbol
        its module and offset, which is the same only in the same build.
    function, file, line, module
        As in ``frames``.
    is_system
        It is of the C library or another part of the system.
    kind
        As in ``frames``: native, inline, js, python, go, java, signal.
    """

    name: str
    function: str
    file: str
    line: int
    module: str
    is_system: bool
    kind: str = "native"

    @property
    def place(self) -> str:
        """File and line; the module where these are unknown."""
        if self.file and self.line > 0:
            return f"{PurePosixPath(self.file).name}:{self.line}"
        return PurePosixPath(self.module).name


@dataclass(frozen=True)
class CrashStack:
    """The stack that a core is compared by.

    Attributes
    ----------
    signal
        Such as ``"SIGSEGV"``; empty for none.
    thread_id
        The thread that died; where none did (gcore), the first of those with the most common
        stack.
    frames
        Innermost first, 400 at the most.
    names
        What the bucket is made of: without the functions of dying itself at the inner end and
        what is outside of ``main``, calls in a circle once.
    cycle
        The functions of a recursion that used up the stack; else empty.
    bucket
        Twelve hexadecimal digits; empty where no debugger walked the stack.
    hash
        As in ``threads``.
    top
        The innermost function of the program; empty where no symbol is trusted.
    is_named
        Every frame of the program has a trusted symbol.
    is_whole
        It was walked to its end.
    depth
        How many frames there are.
    debugger
        Who told them.
    """

    signal: str
    thread_id: int
    frames: tuple[ComparedFrame, ...]
    names: tuple[str, ...]
    cycle: tuple[str, ...]
    bucket: str
    hash: str
    top: str
    is_named: bool
    is_whole: bool
    depth: int
    debugger: str

    @property
    def summary(self) -> str:
        """The names, innermost first."""
        return " < ".join(self.names)

    @property
    def what(self) -> str:
        """The signal and the function, in words."""
        return f"{self.signal or 'no signal'} in {self.top or 'code without symbols'}"

    def may_be(self, other: CrashStack) -> bool:
        """Tell whether one of two stacks was cut, and is the other as far as it goes.

        Parameters
        ----------
        other : CrashStack
        """
        shorter, longer = sorted((self, other), key=lambda one: len(one.names))
        return (
            bool(self.bucket and other.bucket and self.signal)
            and self.bucket != other.bucket
            and self.signal == other.signal
            and not shorter.is_whole
            and longer.names[: len(shorter.names)] == shorter.names
        )


def crash_stack(core: CoreDump) -> CrashStack:
    """Return the stack by which a core is compared.

    Of a process that no signal ended, such as one under gcore, the bucket is made of the different
    stacks of all its threads: twelve waiters or fourteen make no difference.

    Parameters
    ----------
    core : CoreDump

    Notes
    -----
    It asks for ``frames``, and so starts a debugger the first time.
    """
    image, table = core.image, core.frames["frames"]
    debugger, groups = core.walk.debugger, _equal_threads(table)
    thread_id = image.crashed.thread_id if image.crashed else _most_common(groups)
    own = table[table["thread_id"] == thread_id]
    signal = image.signal.name if image.signal else ""
    # A crash is the same with a crash reporter and without.
    handled = handled_fault(image, image.crashed, own) if image.crashed else None
    if handled:
        own, signal = own.iloc[handled.frame :], handled.signal.name
    frames = tuple(_frames(own.iloc[:_MOST_FRAMES]))
    functions, modules = own["function"].tolist(), own["module"].tolist()
    names, cycle = _essence(frames)
    is_walked = debugger != "elf" and bool(frames)
    if image.crashed:
        parts = list(names)
    else:
        stacks = (tuple(_frames(rows)) for rows, _ in groups)
        parts = sorted({" < ".join(_essence(stack)[0]) for stack in stacks})
    return CrashStack(
        signal=signal,
        thread_id=thread_id,
        frames=frames,
        names=names,
        cycle=cycle,
        bucket=bucket_of(signal, parts) if is_walked else "",
        hash=hashing.stack_hash(functions, modules) if is_walked else "",
        top=cycle[0] if cycle else _top(frames) or hashing.first_of_program(functions, modules),
        is_named=is_walked
        and all(one.function or one.is_system for one in _without_interpreter(frames)),
        is_whole=is_walked and bool(own["unwind_status"].iloc[-1] == "complete"),
        depth=len(own),
        debugger=debugger,
    )


def bucket_of(signal: str, names: Sequence[str]) -> str:
    """Return twelve hexadecimal digits that name a crash.

    Parameters
    ----------
    signal : str
        Such as ``"SIGSEGV"``; empty for none.
    names : sequence of str
        Of the frames, innermost first.

    Examples
    --------
    >>> bucket_of("SIGSEGV", ["use", "main"]) == bucket_of("SIGBUS", ["use", "main"])
    False
    """
    text = "\n".join([signal, *names]).encode(errors="replace")
    return hashlib.sha1(text, usedforsecurity=False).hexdigest()[:12]


def _frames(rows: pd.DataFrame) -> Iterator[ComparedFrame]:
    columns = ("function", "file", "line", "module", "module_offset", "frame_kind")
    for function, file, line, module, offset, kind in zip(
        *(rows[name].tolist() for name in columns), strict=True
    ):
        is_system = bool(_SYSTEM.match(PurePosixPath(module).name))
        # Names of runtimes are whole: `<module>` is no list of types.
        name = function if kind in _RUNTIMES else hashing.normalised(function)
        if not name:
            name = PurePosixPath(module).name or "?"
            # The C library differs from machine to machine; an offset in it tells nothing.
            name += f"+{offset:#x}" if offset >= 0 and not is_system else ""
        yield ComparedFrame(name, function, file, line, module, is_system, kind)


def _equal_threads(table: pd.DataFrame) -> list[tuple[pd.DataFrame, list[int]]]:
    """Return the different stacks, each with its threads: many threads have the same one."""
    threads = table["thread_id"].to_numpy()
    if not len(threads):
        return []
    places = np.column_stack(
        [table[name].cat.codes.to_numpy() for name in ("function", "module")]
        + [table["module_offset"].to_numpy()]
    )
    borders = (np.flatnonzero(np.diff(threads)) + 1).tolist()
    found: dict[bytes, tuple[pd.DataFrame, list[int]]] = {}
    for start, end in zip([0, *borders], [*borders, len(threads)], strict=True):
        end = min(end, start + _MOST_FRAMES)
        _, same = found.setdefault(places[start:end].tobytes(), (table.iloc[start:end], []))
        same.append(int(threads[start]))
    return list(found.values())


def _most_common(groups: list[tuple[pd.DataFrame, list[int]]]) -> int:
    """Return the first thread with the most common stack, of a runtime's where it has some."""
    told = [one for one in groups if one[0]["frame_kind"].isin(_RUNTIMES).any()]
    return max((threads for _, threads in told or groups), key=len)[0] if groups else 1


def _top(frames: Sequence[ComparedFrame]) -> str:
    """Return the innermost function that somebody wrote for this program, and no library.

    Where a runtime tells frames, below them are only its own.
    """
    told = [
        one for one in frames if one.kind in _RUNTIMES and one.file and not _SHIPPED.match(one.file)
    ]
    return next(
        (
            one.function
            for one in told or frames
            if one.function
            and not one.is_system
            and not hashing.ABORTING.match(one.name)
            and not _LIBRARY.match(one.name)
        ),
        "",
    )


def _essence(frames: Sequence[ComparedFrame]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names that make the bucket, and the cycle that used up the stack."""
    kept = _without_interpreter(frames)
    while kept and (
        _OUTERMOST.match(kept[-1].name) or (kept[-1].is_system and not kept[-1].function)
    ):
        kept.pop()
    inner = 0
    while inner < len(kept) - 1 and _tells_nothing(kept[inner]):
        inner += 1
    return collapsed([one.name for one in kept[inner:]] or [one.name for one in frames])


def _without_interpreter(frames: Sequence[ComparedFrame]) -> list[ComparedFrame]:
    """Drop the native frames outside of the innermost one of a runtime: they run it, no more."""
    first = next((at for at, one in enumerate(frames) if one.kind in _RUNTIMES), len(frames))
    return [*frames[:first], *(one for one in frames[first:] if one.kind in _RUNTIMES)]


def _tells_nothing(frame: ComparedFrame) -> bool:
    """Tell whether a frame belongs to dying itself: abort, raise, or a C library without names."""
    return bool(hashing.ABORTING.match(frame.name)) or (frame.is_system and not frame.function)


def collapsed(names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return names with calls in a circle once, and the circle that used up the stack.

    Of a stack that overflowed, the circle stands alone with what called into it, turned so that
    where it was interrupted makes no difference.

    Parameters
    ----------
    names : sequence of str
        Innermost first.

    Examples
    --------
    >>> collapsed(["leaf", "walk", "walk", "walk", "main"])
    (('leaf', 'walk', 'main'), ())
    >>> collapsed(["printf", *["part", "bundle"] * 50, "main"])
    (('bundle', 'part', 'main'), ('bundle', 'part'))
    """
    kept: list[str] = []
    overflow: tuple[str, ...] = ()
    place = 0
    while place < len(names):
        period, times = _repetition(names, place)
        block = tuple(names[place : place + period])
        place += period * times
        if times > 1:
            # What is left of one more turn, cut off at its outer end.
            left = 0
            while left < period and place < len(names) and names[place] == block[left]:
                place, left = place + 1, left + 1
        if not overflow and period * times >= _OVERFLOW:
            turns = [block[turn:] + block[:turn] for turn in range(period)]
            overflow = block = min(turns)
            kept.clear()
        kept += block
    return tuple(kept), overflow


def _repetition(names: Sequence[str], place: int) -> tuple[int, int]:
    """Return the shortest block that is repeated most from here, and how often."""
    best = (1, 1)
    for period in range(1, _LONGEST_CYCLE + 1):
        block, times = names[place : place + period], 1
        while names[place + period * times : place + period * (times + 1)] == block:
            times += 1
        # A pair that comes twice is a caller with two callees as likely as a recursion.
        if times >= (2 if period == 1 else 3) and period * times > best[0] * best[1]:
            best = (period, times)
    return best
