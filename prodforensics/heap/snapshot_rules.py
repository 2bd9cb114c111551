"""Findings of one snapshot: what takes the memory.

One snapshot shows what is large, not what grows: most findings are possible, and the next step
says how to be sure. A comparison of two has rules of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.display.tables import human_bytes, human_count
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule
from prodforensics.heap import suspects
from prodforensics.heap.dominance import largest_first
from prodforensics.heap.locations import describe_location
from prodforensics.heap.retainers import describe_path, path_to_root
from prodforensics.heap.wording import describe_kind, describe_node, shortened

if TYPE_CHECKING:
    from prodforensics.heap.graph import HeapGraph
    from prodforensics.heap.model import HeapSnapshot

__all__ = ["RULES"]

_MOST = 5
"""Findings of one rule; the largest."""
_HIGH_SHARE = 0.3
_FEW_ELEMENTS, _MANY_ELEMENTS = 10, 100
_SURE = (
    "To see whether it grows, take a second snapshot of the same process a few minutes of load "
    "later: pf.compare(this, later)."
)


def _share(graph: HeapGraph, bytes_: int) -> str:
    return f"{bytes_ / max(graph.total_size, 1):.0%}"


def _severity(graph: HeapGraph, bytes_: int) -> Severity:
    return Severity.HIGH if bytes_ >= _HIGH_SHARE * graph.total_size else Severity.MEDIUM


def _path(graph: HeapGraph, node: int) -> str:
    return describe_path(graph, path_to_root(graph, node))


def _made_at(graph: HeapGraph, node: int) -> str:
    place = describe_location(graph, node)
    return f" Its code: {place}." if place else ""


def _contents(graph: HeapGraph, node: int) -> str:
    """Say what an object holds most of, through its backing stores."""
    first, child = graph.dominated
    below = child[int(first[node]) : int(first[node + 1])]
    is_store = graph.type[below] == graph.node_type_code("array")
    stores = below[is_store].tolist()[:16]
    deeper = [child[int(first[store]) : int(first[store + 1])] for store in stores]
    below = np.concatenate([below[~is_store], *deeper])
    if len(below) < 2:
        return ""
    of_class = graph.class_index[below]
    bytes_ = np.bincount(of_class, weights=graph.retained_size[below].astype(np.float64))
    top = int(bytes_.argmax())
    count = int((of_class == top).sum())
    return (
        f" Most of it is {human_count(count)} × {shortened(graph.classes.name[top])} "
        f"({human_bytes(bytes_[top])})."
    )


@rule("heap.dominator_suspect")
def dominator_suspect(snapshot: HeapSnapshot) -> Iterator[Finding]:
    """One object retains a tenth of the heap or more (Eclipse MAT's threshold)."""
    graph = snapshot.graph
    for node in suspects.big_dominators(graph)[:_MOST]:
        bytes_ = int(graph.retained_size[node])
        what = f"{describe_kind(graph, node)} @{int(graph.id[node])}"
        yield Finding(
            "heap.dominator_suspect",
            Verdict.POSSIBLE,
            _severity(graph, bytes_),
            f"{what} retains {human_bytes(bytes_)}, {_share(graph, bytes_)} of the heap",
            f"This one object keeps {human_bytes(bytes_)} alive; without it that memory would be "
            f"free.{_contents(graph, node)} It is reached as {_path(graph, node)}."
            f"{_made_at(graph, node)} A cache or a list without a limit looks like this, and so "
            "does data that the program needs.",
            {"nodes": [node]},
            f"snapshot.dominated_by({node}) lists what it holds. {_SURE}",
        )


@rule("heap.class_suspect")
def class_suspect(snapshot: HeapSnapshot) -> Iterator[Finding]:
    """Many objects of one class retain a tenth of the heap or more together."""
    graph = snapshot.graph
    for suspect in suspects.class_suspects(graph):
        key = graph.classes.key[suspect.class_index]
        name = shortened(graph.classes.name[suspect.class_index])
        largest = int(suspect.nodes[graph.retained_size[suspect.nodes].argmax()])
        yield Finding(
            "heap.class_suspect",
            Verdict.POSSIBLE,
            _severity(graph, suspect.retained),
            f"{human_count(len(suspect.nodes))} × {name} retain {human_bytes(suspect.retained)}, "
            f"{_share(graph, suspect.retained)} of the heap",
            f"There are {len(suspect.nodes):,} objects of class {name}; together they keep "
            f"{human_bytes(suspect.retained)} alive, "
            f"{human_bytes(suspect.retained / len(suspect.nodes))} each. The largest is reached as "
            f"{_path(graph, largest)}.{_made_at(graph, largest)} Ask whether the program should "
            "have so many of them at this moment.",
            {"constructors": [key], "nodes": [largest]},
            f"snapshot.merged_paths(snapshot.instances({name!r}).index) shows who holds them. "
            f"{_SURE}",
        )


@rule("heap.detached_dom")
def detached_dom(snapshot: HeapSnapshot) -> Iterator[Finding]:
    """DOM nodes have left the page, and JavaScript still holds them."""
    graph = snapshot.graph
    nodes, elements = suspects.detached_dom(graph)
    if len(elements) < _FEW_ELEMENTS:
        return
    bytes_ = suspects.retained_together(graph, nodes)
    many = len(elements) >= _MANY_ELEMENTS and bytes_ >= 0.05 * graph.total_size
    largest = int(largest_first(graph, elements)[0])
    yield Finding(
        "heap.detached_dom",
        Verdict.LIKELY if many else Verdict.POSSIBLE,
        _severity(graph, bytes_) if many else Severity.LOW,
        f"{len(elements):,} detached elements keep {human_bytes(bytes_)}, "
        f"{_share(graph, bytes_)} of the heap",
        "These elements were taken out of the page, and a variable, a list or an event handler "
        "still refers to them. One such reference keeps the whole tree around it alive. The "
        f"largest is {describe_node(graph, largest)}, reached as {_path(graph, largest)}.",
        {"detached": largest_first(graph, nodes)[:100].tolist()},
        f"Set the reference that snapshot.path_to_root({largest}) ends with to null when the "
        'element is removed; snapshot.frames["detached"] lists all of them.',
    )


@rule("heap.duplicate_strings")
def duplicate_strings(snapshot: HeapSnapshot) -> Iterator[Finding]:
    """Equal texts stand in memory many times."""
    graph = snapshot.graph
    strings = snapshot.frames["duplicate_strings"]
    wasted = int(strings["wasted_bytes"].sum())
    if wasted < max(suspects.LEAST_BYTES, 0.05 * graph.total_size):
        return
    top = strings.iloc[0]
    sure = wasted >= max(16 * suspects.LEAST_BYTES, 0.2 * graph.total_size)
    shown = shortened(str(top["value"]))
    node = int(top["node"])
    yield Finding(
        "heap.duplicate_strings",
        Verdict.LIKELY if sure else Verdict.POSSIBLE,
        Severity.MEDIUM if sure else Severity.LOW,
        f"equal strings waste {human_bytes(wasted)}, {_share(graph, wasted)} of the heap",
        f"{len(strings):,} texts stand in memory more than once. The most wasteful, {shown!r}, "
        f"stands there {int(top['count']):,} times and wastes "
        f"{human_bytes(int(top['wasted_bytes']))}; one of them is reached as "
        f"{_path(graph, node)}. Texts that come from parsing (JSON, a database, a file) are new "
        "strings each time, even if they are equal.",
        {"duplicate_strings": strings.index[:20].tolist()},
        "Keep one copy of each text: look it up in a Map of text to text where it is parsed, or "
        "store a number for values from a short list.",
    )


@rule("heap.large_array")
def large_array(snapshot: HeapSnapshot) -> Iterator[Finding]:
    """One array or buffer has a tenth of the heap in its own slots."""
    graph = snapshot.graph
    for node in suspects.large_arrays(graph).tolist()[:_MOST]:
        bytes_ = int(graph.self_size[node])
        buffer = graph.node_types[graph.type[node]] == "native"
        kind = "a buffer" if buffer else "an array"
        slots = "" if buffer else f" ({bytes_ // suspects.pointer_size(graph):,} slots)"
        yield Finding(
            "heap.large_array",
            Verdict.POSSIBLE,
            _severity(graph, bytes_),
            f"{kind} of {human_bytes(bytes_)}, {_share(graph, bytes_)} of the heap",
            f"The memory of this one {kind.split()[-1]} itself{slots}, without what its elements "
            f"refer to, is {human_bytes(bytes_)}. It is reached as {_path(graph, node)}.",
            {"nodes": [node]},
            f"snapshot.retainers({node}) says who holds it. Give it a limit, work in chunks, or "
            f"release it when the work is done. {_SURE}",
        )


@rule("heap.large_string")
def large_string(snapshot: HeapSnapshot) -> Iterator[Finding]:
    """One string takes 1 MiB and a hundredth of the heap."""
    graph = snapshot.graph
    for node in suspects.large_strings(graph).tolist()[:_MOST]:
        bytes_ = int(graph.self_size[node])
        shown = shortened(graph.strings[graph.name[node]])
        yield Finding(
            "heap.large_string",
            Verdict.POSSIBLE,
            _severity(graph, bytes_) if bytes_ >= suspects.threshold(graph) else Severity.LOW,
            f"a string of {human_bytes(bytes_)}, {_share(graph, bytes_)} of the heap",
            f"The string begins with {shown!r}. It is reached as {_path(graph, node)}. A slice of "
            "a string, even a short one, keeps the whole of it alive.",
            {"nodes": [node]},
            f"snapshot.retainers({node}) says who holds it. Stream the text instead of holding it "
            "whole; copy short parts out of it before they are kept.",
        )


@rule("heap.oversized_collection")
def oversized_collection(snapshot: HeapSnapshot) -> Iterator[Finding]:
    """Empty Maps and Sets take memory, each with a table of its own."""
    graph = snapshot.graph
    for kind in ("Map", "Set"):
        nodes, bytes_ = suspects.empty_collections(graph, kind)
        if bytes_ < max(suspects.LEAST_BYTES, 0.05 * graph.total_size):
            continue
        node = int(nodes[len(nodes) // 2])
        yield Finding(
            "heap.oversized_collection",
            Verdict.POSSIBLE,
            Severity.MEDIUM if bytes_ >= suspects.threshold(graph) else Severity.LOW,
            f"{human_count(len(nodes))} empty {kind}s take {human_bytes(bytes_)}, "
            f"{_share(graph, bytes_)} of the heap",
            f"Each empty {kind} has a table of its own and takes {bytes_ // len(nodes)} bytes. "
            f"One of them is reached as {_path(graph, node)}. (Up to four small numbers in each "
            "would not be in the snapshot.)",
            {"nodes": nodes[:100].tolist()},
            f"Make the {kind} when the first entry comes. snapshot.merged_paths(nodes) shows "
            "where they are.",
        )


@rule("heap.sparse_collection")
def sparse_collection(snapshot: HeapSnapshot) -> Iterator[Finding]:
    """Many slots of an array or object are empty."""
    graph = snapshot.graph
    for one in suspects.sparse_collections(graph)[:_MOST]:
        kind = describe_kind(graph, one.node)
        yield Finding(
            "heap.sparse_collection",
            Verdict.POSSIBLE,
            Severity.MEDIUM if one.own_bytes >= suspects.threshold(graph) else Severity.LOW,
            f"{kind} @{int(graph.id[one.node])} has room for {one.slots:,} entries, and "
            f"{one.used:,} references",
            f"Its own memory is {human_bytes(one.own_bytes)}; the snapshot shows {one.used:,} "
            "references in it. Small numbers, true, false, null and holes are not in a snapshot: "
            "if it holds those, all is well. It is reached as "
            f"{_path(graph, one.node)}.",
            {"nodes": [one.node]},
            f"snapshot.properties({one.node}) lists what is in it. Fill arrays from 0 on without "
            "large gaps, set length after removing elements, or use a Map for keys that are far "
            "apart.",
        )


RULES: tuple[Rule, ...] = (
    dominator_suspect,
    class_suspect,
    detached_dom,
    duplicate_strings,
    large_array,
    large_string,
    oversized_collection,
    sparse_collection,
)
