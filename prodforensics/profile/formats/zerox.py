"""What 0x leaves in its folder: its page, and V8's ticks (``node --prof-process --preprocess``).

``flamegraph.html`` calls ``visualizer`` with two trees of ``{name, value, top, children}``: in
``merged`` the optimised and the interpreted code of a function are one, in ``unmerged`` two. The
ticks are JSON: ``code`` names what ran; a tick has its time, V8's state and a stack, innermost
first, in which places in ``code`` and offsets alternate. Both tell the same story.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.gaps import Gap
from prodforensics.profile.building import ThreadTable, stacks_from_lists, stacks_from_tree
from prodforensics.profile.data import ProfileData, Recording, Samples, Stacks, ValueType
from prodforensics.profile.formats.json_document import keys, parse
from prodforensics.profile.formats.json_fields import Fields, column
from prodforensics.profile.formats.v8_frames import FrameNames
from prodforensics.source import Source

if TYPE_CHECKING:
    from prodforensics.profile.model import Profile

__all__ = ["read", "sniff"]

_PAGE = re.compile(rb"\s*<html>\s*<head>\s*<meta charset=\"utf-8\">\s*<style> ")
_TREES = b"visualizer({"
_OPTIONS = b'}, {"title":'
_END = b"</html>\n  "
_TICKS = {"code[].name", "code[].type"}
_MICROSECOND = 1000
_GC = 1  # of V8's states
_COLLECTOR = "(garbage collector)"
# `name file:line:column`: what follows a blank and begins as a file does is one.
_PLACE = re.compile(
    r"(?:(.*?) )?((?:node:|https?:|file:|/|\.{1,2}/|[A-Za-z]:[\\/]|\[eval\]).*)", re.DOTALL
)
_POSITION = re.compile(r"(.*):(\d{1,9}):(\d{1,9})", re.DOTALL)
# What 0x writes behind a name: the type of code, and whether it ran before the program did.
_MARKS = re.compile(r" \[(INIT|INLINABLE|WASM|(CPP|SHARED_LIB|CODE)(?::(\w+))?)\]$")
_KINDS = {
    "Unopt": "interpreted",
    "Opt": "jit",
    "Baseline": "jit",
    "Sparkplug": "jit",
    "Maglev": "jit",
}
_OPTIMISED = {1: "Unopt", 2: "Opt", 3: "Unopt", 4: "Opt"}

_Code = tuple[str, str, str]  # name, type, kind: V8's words


def sniff(probe: Probe) -> Match | None:
    """Recognise V8's ticks by their keys, the page by how it begins."""
    if keys(probe.head) >= _TICKS:
        return Match(1.0, "a JSON object with V8's code and types")
    if _PAGE.match(probe.head) and b"TACHYONS" in probe.head[:1000]:
        return Match(0.8, "a page as 0x writes it")
    return None


def read(source: Source, *, progress: bool | None = None) -> Profile:  # noqa: ARG001 (one call)
    """Read the page of 0x, or V8's ticks; of its folder ``pf.load`` takes the ticks.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Taken, as by all readers: the file is parsed in one go.

    Returns
    -------
    Profile
        A sample of the page is a stack, of the ticks a moment. As in 0x, frames that V8 cannot name
        are left out of a stack. A tick while garbage is collected begins with
        ``(garbage collector)``.

    Raises
    ------
    Corrupt
        There are neither trees nor ticks in the file.
    """
    from prodforensics.profile.model import Profile

    fields = Fields()
    with source.buffer() as buf:
        data = buf.tobytes()
    if _PAGE.match(data):
        document, gaps = _trees(data, source.path)
        profile = _of_trees(document, source.path, fields)
    else:
        document, gaps = parse(data, source.path)
        profile = _of_ticks(document, source.path, fields)
    return Profile(source, profile, [*source.gaps, *gaps, *fields.gaps])


def _trees(data: bytes, path: str) -> tuple[Any, list[Gap]]:
    start = data.rfind(_TREES)
    if start < 0:
        raise Corrupt(path, None, "0x's visualizer({...", "a page without it")
    start += len(_TREES) - 1
    end = data.rfind(_OPTIONS, start)
    document, gaps = parse(data[start : end + 1 if end >= 0 else None], path, start)
    if not gaps and not data.endswith(_END):
        gaps.append(Gap("the page ends in the middle", offset=len(data)))
    return document, gaps


def _of_trees(document: Any, path: str, fields: Fields) -> ProfileData:
    trees = fields.record(document, "the trees")
    root = trees.get("unmerged") or trees.get("merged")
    nodes, parent = [fields.record(root, "a tree")], [-1]
    for place, node in enumerate(nodes):  # which grows on the way
        children = fields.records(node.get("children"), "children")
        nodes += children
        parent += [place] * len(children)
    if len(nodes) == 1:
        raise Corrupt(path, None, "a tree of functions", "an empty one")
    names = fields.texts(column(nodes, "fn"), "fn")
    marks = [fields.integer(node.get("S"), "S") for node in nodes]
    codes = [
        _marked(fn or fields.text(node.get("name"), "name"), mark)
        for fn, mark, node in zip(names, marks, nodes, strict=True)
    ]
    table, call = _calls(codes)
    call[0] = -1
    stacks, place = stacks_from_tree(np.array(parent), call)
    top = fields.integers(column(nodes, "top"), "top", optional=True)
    top = fields.summable(np.maximum(top, 0), "top")
    taken = np.flatnonzero(top)
    return _profile(table, stacks, Samples(place[taken], (top[taken],)))


def _marked(name: str, mark: int) -> _Code:
    """Take apart what 0x put together."""
    kind, type_ = _OPTIMISED.get(mark, ""), "JS"
    while found := _MARKS.search(name):
        name = name[: found.start()]
        if found[2]:
            type_, kind = found[2], found[3] or ""
    return name, type_, kind


def _of_ticks(document: Any, path: str, fields: Fields) -> ProfileData:
    log = fields.record(document, "the document")
    code = fields.records(log.get("code"), "code")
    ticks = fields.records(log.get("ticks"), "ticks")
    if not code or not ticks:
        raise Corrupt(path, None, "V8's code and ticks", "a JSON object without them")
    columns = [fields.texts(column(code, key), f"code.{key}") for key in ("name", "type", "kind")]
    first, item = fields.lists([one or [] for one in column(ticks, "s")], "ticks.s")
    # Every other number is an offset in the code.
    item = item[(np.arange(len(item)) - np.repeat(first[:-1], np.diff(first))) % 2 == 0]
    first = np.append(0, np.cumsum((np.diff(first) + 1) // 2))
    fields.lose("ticks: no such code", np.count_nonzero(item >= len(code)))
    named = (item >= 0) & (item < len(code))
    first = np.append(0, np.cumsum(named))[first]
    item = item[named]
    used, item = np.unique(item, return_inverse=True)
    codes = [(columns[0][k], columns[1][k], columns[2][k]) for k in used.tolist()]
    state = fields.integers(column(ticks, "vm"), "ticks.vm", optional=True)
    collecting = np.flatnonzero(state == _GC)
    table, call = _calls([*codes, (_COLLECTOR, "STATE", "")])
    # Innermost first: the collector is the outermost.
    chain = np.insert(call[item], first[collecting + 1], call[-1])
    first = first + np.append(0, np.cumsum(state == _GC))
    stacks, node = stacks_from_lists(first, chain, leaf_first=True)
    time = fields.times(column(ticks, "tm"), _MICROSECOND, "ticks.tm")
    ones = np.ones(len(ticks), np.int64)
    return _profile(table, stacks, Samples(node, (ones,), time))


def _calls(codes: list[_Code]) -> tuple[FrameNames, np.ndarray]:
    """Return the call of each piece of code, int64[k]."""
    frames = [_call_frame(name) if type_ == "JS" else {} for name, type_, _ in codes]
    table = FrameNames(frames, Fields())
    call = [
        table.call(frame, kind=_KINDS.get(kind, "")) if type_ == "JS" else _foreign(table, code)
        for code, frame in zip(codes, table.frames, strict=True)
        for _, type_, kind in [code]
    ]
    return table, np.array(call, np.int64)


def _call_frame(name: str) -> dict[str, Any]:
    """Take apart the name that V8's log has of a function."""
    place = _PLACE.fullmatch(name)
    function, file = place.groups("") if place else (name, "")
    if found := _POSITION.fullmatch(file):
        line, column_ = int(found[2]) - 1, int(found[3]) - 1
        return _frame(function, found[1], line, column_)
    return _frame(function, file, -1, -1)


def _frame(function: str, file: str, line: int, column_: int) -> dict[str, Any]:
    # 0x writes the name that has none.
    function = "" if function == "(anonymous)" else function
    return {"functionName": function, "url": file, "lineNumber": line, "columnNumber": column_}


def _foreign(table: FrameNames, code: _Code) -> int:
    name, type_, kind = code
    if type_ == "SHARED_LIB":
        return table.table.call("", module=name, kind="native")
    if type_ == "CPP":
        return table.table.call(name, kind="native")
    return table.table.call(f"RegExp: {name}" if kind == "RegExp" else name, kind="builtin")


def _profile(table: FrameNames, stacks: Stacks, samples: Samples) -> ProfileData:
    time, threads = samples.time, ThreadTable()
    timed = time is not None and len(time) > 1
    recording = Recording(
        producer="V8" if timed else "0x",
        mode="wall",
        clock="relative" if timed else "",
        duration_ns=int(time.max() - time.min()) if timed else None,
        interval_ns=int(np.median(np.diff(time))) if timed else None,
    )
    return ProfileData(
        (ValueType("samples", "count"),),
        table.table.functions(),
        table.table.calls(),
        stacks,
        samples,
        threads.threads(),
        recording=recording,
    )
