"""Leak patterns: what kind of growth a growth point is, told by its surroundings.

Patterns are told by the names that Node.js and V8 give to their own links (``_events``,
``_onTimeout``, ``table`` ...), never by the names of the program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.heap.growth import GrowthPoint
from prodforensics.heap.locations import describe_location
from prodforensics.heap.retainers import Step, describe_path, path_to_root

if TYPE_CHECKING:
    from prodforensics.heap.graph import HeapGraph

__all__ = ["PATTERNS", "Recognised", "recognise"]

_CHAIN_ENDS = 2
"""A list of links is known by its head, and often by its tail."""
_DETACHED = 2
_NEAR = 4
"""Steps above the holder within which a pattern's link stands."""


@dataclass(frozen=True)
class Recognised:
    """A growth point, and what it is.

    Parameters
    ----------
    point : GrowthPoint
    pattern : str
        ``event_listener``, ``timer``, ``stream_backpressure``, ``pending_promise``, ``global``,
        ``unbounded_cache``, ``closure`` or ``growing_collection``.
    path : str
        From the root to the holder, readable.
    holder_name : str
        Class of the holder.
    holder_id : int
    variable : str
        The property or variable that leads to the holder, as ``owner.name`` or ``name``.
    details : dict of str to str
        What the pattern knows: ``event``, ``emitter``, ``function``, ``captured`` ...
    location : str
        Where in the code the items come from, or empty.
    also : tuple of str
        Other holders of the same items.
    """

    point: GrowthPoint
    pattern: str
    path: str
    holder_name: str
    holder_id: int
    variable: str
    details: dict[str, str] = field(default_factory=dict)
    location: str = ""
    also: tuple[str, ...] = ()

    @property
    def item(self) -> str:
        """What the holder gained, in words."""
        function = self.details.get("function")
        if self.pattern == "pending_promise" and function:
            return f"suspended {function}"
        return function if self.pattern == "event_listener" and function else self.point.item


def recognise(graph: HeapGraph, point: GrowthPoint) -> Recognised:
    """Tell which pattern a growth point is, and gather what names it."""
    place = _Place(graph, point)
    pattern, details = next(
        (name, found) for name, test in PATTERNS if (found := test(place)) is not None
    )
    return Recognised(
        point,
        pattern,
        describe_path(graph, place.path),
        place.name(point.holder) or place.kind(point.holder),
        int(graph.id[point.holder]),
        _listened(details) or place.variable,
        details,
        place.location(details.pop("code", "")),
        tuple(_Place(graph, replace(point, holder=other)).variable for other in point.also),
    )


def _listened(details: dict[str, str]) -> str:
    event = details.get("event")
    return f"{details['emitter']} {event!r}" if event else ""


@dataclass
class _Place:
    """A growth point in its graph."""

    graph: HeapGraph
    point: GrowthPoint

    @cached_property
    def path(self) -> list[Step]:
        return path_to_root(self.graph, self.point.holder)

    @cached_property
    def above(self) -> list[Step]:
        """The last steps to the holder, nearest first, without backing stores."""
        return [s for s in reversed(self.path) if self.kind(s.node) not in ("array", "hidden")]

    @property
    def item(self) -> int:
        return int(self.point.items[0])

    def kind(self, node: int) -> str:
        return self.graph.node_types[self.graph.type[node]]

    def name(self, node: int) -> str:
        return self.graph.strings[self.graph.name[node]]

    def label(self, node: int) -> str:
        """Name an object by its class, which tells plain objects by their properties."""
        graph = self.graph
        is_object = self.kind(node) == "object"
        return graph.classes.name[graph.class_index[node]] if is_object else self.name(node)

    def links(self, node: int) -> Iterator[tuple[str, str, int]]:
        """Yield (type, name, target) of the edges of a node."""
        graph = self.graph
        for edge in graph.edges_of(node):
            type_ = graph.edge_types[graph.edge_type[edge]]
            yield type_, graph.edge_label(edge), int(graph.edge_to[edge])

    def link(self, node: int, *names: str) -> int | None:
        """Return where a named link of a node leads, or None."""
        for type_, name, target in self.links(node):
            if name in names and type_ in ("property", "internal"):
                return target
        return None

    @cached_property
    def variable(self) -> str:
        """The name of the holder, and where the items are a chain, of its first link."""
        if not self.chain:
            return self.named
        holder = self.point.holder
        owner = self.name(holder) if self.kind(holder) == "closure" else self.named
        return f"{owner}.{self.chain}"

    @cached_property
    def chain(self) -> str:
        """The property of the holder that leads to the first item, where they are a chain."""
        holder, class_index = self.point.holder, self.graph.class_index
        if self.name(holder) == "Array" or self.link(holder, "table") is not None:
            return ""
        links = (
            name
            for type_, name, target in self.links(holder)
            if type_ == "property" and class_index[target] == class_index[self.item]
        )
        names = list(islice(links, _CHAIN_ENDS + 1))
        return names[0] if 0 < len(names) <= _CHAIN_ENDS else ""

    @cached_property
    def named(self) -> str:
        """The nearest name on the path: a property with its owner's class, or a variable."""
        for step, owner in zip(self.above, self.above[1:], strict=False):
            if step.edge_type == "context":
                return step.edge_name
            if step.edge_type == "property":
                named = owner.edge_type in ("property", "context")
                plain = named and self.name(owner.node) == "Object"
                holder = owner.edge_name if plain else self.label(owner.node)
                return f"{holder}.{step.edge_name}"
        return ""

    def step(self, *names: str) -> int:
        """Return how far above the holder a link of this name is, or -1."""
        for far, step in enumerate(self.above[:_NEAR]):
            if step.edge_type in ("property", "internal") and step.edge_name in names:
                return far
        return -1

    def key(self, step: Step) -> str:
        """Name a step by its property, or by the key where it leads into a Map."""
        if step.edge_type != "internal" or not step.edge_name.isdigit():
            return step.edge_name
        table = int(np.searchsorted(self.graph.first_edge, step.edge, side="right")) - 1
        before = str(int(step.edge_name) - 1)  # an entry of the table: key, value, chain
        keys = (target for _, name, target in self.links(table) if name == before)
        return next((self.name(target) for target in keys), "")

    def function(self, node: int | None) -> str:
        if node is None or self.kind(node) != "closure":
            return ""
        return f"{self.name(node) or '(anonymous)'}()"

    def location(self, code: str) -> str:
        """Say where the items are made; else where the holder is, or the code that sees it.

        The program's own code is preferred to Node.js's.
        """
        nodes = [self.item, self.point.holder, *(step.node for step in self.above)]
        fallback = code
        for place in chain([code], (describe_location(self.graph, node) for node in nodes)):
            if place and not place.startswith("node:"):
                return place
            fallback = fallback or place
        return fallback

    def captured(self, closure: int) -> str:
        """Name the variables in a closure's own scope, the one that retains most first."""
        scope = self.link(closure, "context")
        if scope is None:
            return ""
        sizes = {
            name: int(self.graph.retained_size[target])
            for type_, name, target in self.links(scope)
            if type_ == "context" and name not in ("this", ".this")
        }
        return ", ".join(sorted(sizes, key=lambda name: -sizes[name])[:5])


Test = Callable[[_Place], "dict[str, str] | None"]


def _event_listener(place: _Place) -> dict[str, str] | None:
    """Hold listeners: below ``_events`` of an emitter, or ``kEvents`` of an EventTarget."""
    far = place.step("_events", "<symbol kEvents>")
    if far < 0 or far + 1 >= len(place.above):
        return None
    emitter = place.name(place.above[far + 1].node)
    item = place.item
    listener = place.link(item, "listener", "callback")  # what once() wraps
    if listener is None and place.kind(item) == "closure":
        listener = item
    return {
        "event": place.key(place.above[far - 1]) if far else "",
        "emitter": emitter,
        "function": place.function(listener),
        "captured": place.captured(item) if place.kind(item) == "closure" else "",
        "code": describe_location(place.graph, listener) if listener is not None else "",
    }


def _timer(place: _Place) -> dict[str, str] | None:
    """Hold timers: the items are links of Node.js's lists of timers, and call back."""
    timer = place.item
    if place.link(timer, "_onTimeout") is None:
        timer = place.link(timer, "_idleNext") or timer  # a list for each duration
    callback = place.link(timer, "_onTimeout")
    linked = place.link(timer, "_idleNext", "_idlePrev")
    if callback is None or linked is None or place.kind(linked) == "hidden":
        return None
    # `_repeat` is null for setTimeout; for setInterval it is a number, which has no node.
    again = place.link(timer, "_repeat")
    repeats = again is None or place.kind(again) == "number"
    return {
        "function": place.function(callback),
        "maker": "setInterval" if repeats else "setTimeout",
        "captured": place.captured(callback),
        "code": describe_location(place.graph, callback),
    }


def _stream_backpressure(place: _Place) -> dict[str, str] | None:
    """Hold chunks: in a buffer of a stream's state, or of an HTTP message."""
    far = place.step("_writableState", "_readableState")
    if far < 0:
        waiting = place.step("outputData")
        if waiting < 0 or waiting + 1 >= len(place.above):
            return None
        return {"stream": place.name(place.above[waiting + 1].node), "side": "writable"}
    buffers = [place.chain, *(step.edge_name for step in place.above[:far])]
    if far + 1 >= len(place.above) or not any("buffer" in name.lower() for name in buffers):
        return None
    return {
        "stream": place.name(place.above[far + 1].node),
        "side": place.above[far].edge_name.strip("_").removesuffix("State"),
    }


def _pending_promise(place: _Place) -> dict[str, str] | None:
    """Hold what waits for a promise: its chain of reactions."""
    reaction = place.link(place.point.holder, "reactions_or_result")
    if reaction is None or place.kind(reaction) != "hidden":
        return None
    waiting = _function_waiting(place)
    return {
        "function": place.function(waiting),
        "code": describe_location(place.graph, waiting) if waiting is not None else "",
    }


def _function_waiting(place: _Place) -> int | None:
    """Find the async function that is suspended below the item."""
    queue = [place.item]
    for node in queue:
        links = {name: target for _, name, target in place.links(node)}
        if "parameters_and_registers" in links:
            return links.get("function")
        if len(queue) < 200:
            old = place.graph.dominator
            queue += [t for t in links.values() if old[t] == node and t not in queue]
    return None


def _global(place: _Place) -> dict[str, str] | None:
    """Hang on a global variable."""
    above = place.above
    if _is_global(place, place.point.holder):
        return {"variable": ""}
    if len(above) < 2 or not _is_global(place, above[1].node):
        return None
    return {"variable": above[0].edge_name} if above[0].edge_type == "property" else None


def _is_global(place: _Place, node: int) -> bool:
    """Whether a node is the global object: it has itself as ``globalThis``, or is a user root."""
    if place.kind(node) != "object":
        return False
    return place.graph.distance[node] == 1 or place.link(node, "globalThis") == node


def _unbounded_cache(place: _Place) -> dict[str, str] | None:
    """Be a Map or Set, or an object used as one."""
    holder = place.point.holder
    table = place.link(holder, "table")
    if table is not None:
        weak = any(type_ == "weak" for type_, _, _ in place.links(table))
        callbacks = place.name(holder) == "Set" and place.kind(place.item) == "closure"
        return None if weak or callbacks else {"collection": place.name(holder)}
    if place.kind(holder) != "object" or place.name(holder) == "Array":
        return None
    items = set(place.point.items.tolist())
    named = sum(t in items and type_ == "property" for type_, _, t in place.links(holder))
    numbered = place.name(holder) == "Object" and sum(
        target in items and type_ == "element" for type_, _, target in place.links(holder)
    )
    most = 2 * max(named, numbered) >= len(items)
    return {"collection": "object used as a dictionary"} if most else None


def _closure(place: _Place) -> dict[str, str] | None:
    """Hold functions."""
    if place.kind(place.item) != "closure":
        return None
    return {"function": place.function(place.item), "captured": place.captured(place.item)}


def _growing_collection(place: _Place) -> dict[str, str]:
    """Hold more and more of something: what is left."""
    state = place.graph.detachedness
    near = [place.item, *(target for _, _, target in place.links(place.item))]
    detached = state is not None and (state[near] == _DETACHED).any()
    return {"detached": "yes"} if detached else {}


PATTERNS: tuple[tuple[str, Test], ...] = (
    ("event_listener", _event_listener),
    ("timer", _timer),
    ("stream_backpressure", _stream_backpressure),
    ("pending_promise", _pending_promise),
    ("global", _global),
    ("unbounded_cache", _unbounded_cache),
    ("closure", _closure),
    ("growing_collection", _growing_collection),
)
"""The patterns in order; the first that fits counts."""
