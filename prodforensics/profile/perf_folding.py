"""A profile of perf as folded stacks, with the names that ``stackcollapse-perf.pl`` gives.

Its rules: the command comes first, with ``_`` for blanks; what has no symbol is called by its
binary; arguments go, except Go's receivers and C++'s anonymous namespace; frames that begin with a
parenthesis are dropped; samples of the first event count, by their period.

Where the script keeps nothing, this keeps what there is: stacks of samples that name no command,
frames without a binary, and the one frame of ``perf script -G``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.kernels.prefix_tree import merge, paths
from prodforensics.kernels.stack_sums import sum_by

if TYPE_CHECKING:
    from prodforensics.profile.data import ProfileData, Samples, Threads

__all__ = ["fold_perf"]

_COMMAND = re.compile(r"(\S.+?)\s+(\d+)/*(\d+)*\s+")
_GO_METHOD = re.compile(r"\.\(.*\)\.")
_ARGUMENTS = re.compile(r"\((?!anonymous namespace\)).*")
_QUOTES = str.maketrans("", "", "\"'")
_KERNEL = re.compile(r"^\[|vmlinux$")
_JIT = re.compile(r"/tmp/perf-\d+\.map")  # noqa: S108 (a name in the artifact)


def fold_perf(
    data: ProfileData,
    *,
    all: bool = False,  # noqa: A002 (the script's word)
    pid: bool = False,
    tid: bool = False,
    addrs: bool = False,
    keep_parenthesised: bool = False,
) -> list[tuple[str, int]]:
    """Fold the samples of the first event.

    Parameters
    ----------
    data : ProfileData
        Of ``perf script`` or ``perf.data``.
    all : bool
        Mark frames of the kernel with ``_[k]`` and those of compilers at run time with ``_[j]``.
    pid, tid : bool
        Put the process, or process and thread, behind the command.
    addrs : bool
        Put the address of what has no symbol behind its binary.
    keep_parenthesised : bool
        Keep frames that begin with a parenthesis, such as ``(anonymous namespace)::f``.

    Returns
    -------
    list of (str, int)
        Stack, outermost first, and weight; sorted by stack.
    """
    names = _Names(data, annotate=all, addresses=addrs, parenthesised=keep_parenthesised)
    commands, command, java = _commands(data.threads, pid=pid or tid, tid=tid)
    thread = data.samples.thread
    if thread is None:
        thread = np.full(len(data.samples), -1, np.int32)
    weight, counted = _weights(data)
    folded: dict[str, int] = {}
    for is_java in (False, True):
        # A missing thread takes the last place: no command, and no Java.
        chosen = counted & (np.append(java, False)[thread] == is_java)
        if not chosen.any():
            continue
        first = np.append(command, np.int32(0))[thread[chosen]]
        stack, value = data.samples.stack[chosen], weight[chosen]
        for text, count in _sums(data, stack, first, value, commands, *names.of(is_java)):
            folded[text] = folded.get(text, 0) + count
    return sorted(folded.items())


def _sums(
    data: ProfileData,
    stack: np.ndarray,
    command: np.ndarray,
    weight: np.ndarray,
    commands: list[str],
    text: np.ndarray,
    texts: list[str],
) -> list[tuple[str, int]]:
    """Sum the samples by command and the texts of their stack."""
    item = text[data.stacks.call]
    parent, item, place = merge(data.stacks.parent, item, item >= 0)
    node = np.append(place, np.int32(-1))[stack].astype(np.int64)
    key, inverse = np.unique((node + 1) * len(commands) + command, return_inverse=True)
    total = sum_by(inverse.astype(np.int64), weight, len(key)).tolist()
    first, step = paths(parent, key // len(commands) - 1)
    words = item[step].tolist()
    bounds, heads = first.tolist(), (key % len(commands)).tolist()
    rows = []
    for row, count in enumerate(total):
        path = [texts[word] for word in words[bounds[row] : bounds[row + 1]]]
        path.append(commands[heads[row]])
        path.reverse()
        stack_text = ";".join(path if path[0] else path[1:])
        if stack_text:
            rows.append((stack_text, count))
    return rows


def _weights(data: ProfileData) -> tuple[np.ndarray, np.ndarray]:
    """Return the weight of each sample, and which ones count.

    The script finds an event only behind a time and before nothing else. What it cannot tell the
    event of, such as a tracepoint with its text, counts as one.
    """
    samples: Samples = data.samples
    count = len(samples)
    if samples.event is None:
        return samples.values[data.default], np.ones(count, np.bool_)
    if samples.time is None:
        return np.ones(count, np.int64), np.ones(count, np.bool_)
    told = (samples.time >= 0) & (samples.event >= 0)
    if data.labels is not None:
        told &= np.diff(data.labels.first) == 0
    if not told.any():
        return np.ones(count, np.int64), np.ones(count, np.bool_)
    first = samples.event[told][0]
    weight = np.where(told, samples.values[first], 1)
    return weight, ~told | (samples.event == first)


def _commands(
    threads: Threads, *, pid: bool, tid: bool
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Name the threads.

    Returns
    -------
    commands : list of str
        Different names; the first one is empty.
    command : int32[t]
        Place of each thread's in ``commands``.
    java : bool[t]
    """
    numbers = {"": 0}
    command = np.zeros(len(threads), np.int32)
    java = np.zeros(len(threads), np.bool_)
    columns = (threads.thread_name, threads.process_id.tolist(), threads.thread_id.tolist())
    for place, (name, process, thread) in enumerate(zip(*columns, strict=True)):
        ids = f"{thread:5d} " if process < 0 else f"{process:5d}/{thread:<5d} "
        found = _COMMAND.match(f"{name} {ids}") if thread >= 0 else None
        text = name
        if found:
            text, first, second = found.groups()
            if not second or second == "0":
                first, second = "?", first
            text += f"-{first}" * pid + f"/{second}" * tid
        java[place] = text.startswith("java")
        command[place] = numbers.setdefault(text.replace(" ", "_"), len(numbers))
    return list(numbers), command, java


class _Names:
    """What the frames are called."""

    def __init__(
        self, data: ProfileData, *, annotate: bool, addresses: bool, parenthesised: bool
    ) -> None:
        calls, functions = data.calls, data.functions
        self.annotate, self.parenthesised = annotate, parenthesised
        # Calls that differ in nothing that their name shows.
        kind = calls.function.astype(np.int64) * 2 + calls.inlined
        address = np.zeros(len(calls), np.uint64)
        if addresses:
            unnamed = (functions.name == "")[calls.function]
            address[unnamed] = calls.address[unnamed]
        order = np.lexsort((address, kind)) if addresses else np.argsort(kind, kind="stable")
        differs = np.ones(len(order), np.bool_)
        differs[1:] = (np.diff(kind[order]) != 0) | (address[order][1:] != address[order][:-1])
        self.kind = np.empty(len(order), np.int64)
        self.kind[order] = np.cumsum(differs) - 1
        at = order[differs]
        self.frames = list(
            zip(
                functions.name[calls.function[at]].tolist(),
                functions.module[calls.function[at]].tolist(),
                calls.inlined[at].tolist(),
                (calls.address[at] if addresses else address[at]).tolist(),
                strict=True,
            )
        )
        self.addresses = addresses

    def of(self, java: bool) -> tuple[np.ndarray, list[str]]:
        """Name every call, for threads of Java or others.

        Returns
        -------
        text : int32[c]
            Place in ``texts``; -1 for a frame that is dropped.
        texts : list of str
        """
        numbers: dict[str, int] = {}
        place = np.full(len(self.frames), -1, np.int32)
        for number, (name, module, inlined, address) in enumerate(self.frames):
            text = self._text(name, module, inlined, address, java)
            if text:
                place[number] = numbers.setdefault(text, len(numbers))
        return place[self.kind], list(numbers)

    def _text(self, name: str, module: str, inlined: bool, address: int, java: bool) -> str:
        unfolded = inlined and module != ""  # behind "->" in the name of what it is inlined into
        module = module or ("inlined" if inlined else "[unknown]")
        if name.startswith("(") and not unfolded and not self.parenthesised:
            return ""
        parts: list[str] = []
        for part in (name or "[unknown]").split("->"):
            text = self._part(part, module, address, java)
            if parts or unfolded:
                text += "" if "_[i]" in text else "_[i]"
            elif self.annotate and _KERNEL.search(module) and "unknown" not in module:
                text += "_[k]"
            elif self.annotate and _JIT.search(module):
                text += "" if "_[j]" in text else "_[j]"
            parts.append(text)
        return ";".join(parts)

    def _part(self, text: str, module: str, address: int, java: bool) -> str:
        if text == "[unknown]":
            where = module.rpartition("/")[2] if module != "[unknown]" else "unknown"
            text = f"[{where} <{address:x}>]" if self.addresses else f"[{where}]"
        text = text.replace(";", ":")
        if not _GO_METHOD.search(text):
            kept = "(" if self.parenthesised and text.startswith("(") else ""
            text = (
                kept + _ARGUMENTS.sub("", text[len(kept) :]) if kept else _ARGUMENTS.sub("", text)
            )
        text = text.translate(_QUOTES)
        if java and "/" in text:
            text = text.removeprefix("L")
        return text
