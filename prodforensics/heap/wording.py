"""Paths and nodes in words, as a programmer would write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from prodforensics._text import plain

if TYPE_CHECKING:
    from prodforensics.heap.graph import HeapGraph
    from prodforensics.heap.retainers import Step

__all__ = ["describe_item", "describe_kind", "describe_node", "describe_path", "shortened"]

_TEXT = 60
# What V8 stores the contents of an object in; the element below says enough.
_STORES = (
    "table", "elements", "properties", "reactions_or_result", "parameters_and_registers",
    "script_context_table", "first", "second",
)  # fmt: skip
# The way from a function to the variable that it sees; the variable's name says enough.
_SCOPES = ("context", "previous", "native_context")
_UNNAMED = ("Object", "Array", "Module", "")
_CONTEXT = "system / Context"
_WEAK_PAIR = " pair in WeakMap "


def describe_path(graph: HeapGraph, path: Sequence[Step]) -> str:
    """Write a path in one line, as one would write it in the program.

    Properties and elements follow as ``.name`` and ``[0]``; an arrow stands for a step that the
    program cannot write: a variable of a closure, a link inside V8. Backing stores and scopes are
    passed over, chains are counted, and class names stand where they tell something.

    Parameters
    ----------
    graph : HeapGraph
    path : sequence of Step
        From `path_to_root`.

    Returns
    -------
    str
        ``global.process.mainModule.exports.handle() → sessions (Map)[1203] → Session @8531``;
        without a path, that nothing reaches the node.

    Examples
    --------
    >>> import prodforensics as pf
    >>> from prodforensics.heap.retainers import path_to_root
    >>> snapshot = pf.load(pf.samples.path("heap/globals.2.heapsnapshot.zst"))
    >>> record = snapshot.instances("SearchRecord").index[0]
    >>> describe_path(snapshot.graph, path_to_root(snapshot.graph, record))
    'global.recentSearches[...] → SearchRecord @...'
    """
    if not path:
        return "(unreachable)"
    if len(path) == 1:
        return describe_node(graph, path[0].node)
    words = ""
    place = 1
    while place < len(path):
        step = path[place]
        if step.times > 1:
            chain = [step]
            while place + len(chain) < len(path) and path[place + len(chain)].times == step.times:
                chain.append(path[place + len(chain)])
            names = " → ".join(_link_words(graph, one) for one in chain)
            words += f" → … {step.times:,} × {names}"
            place += len(chain)
            continue
        last = place == len(path) - 1
        words += _step_words(graph, step, first=not words, last=last)
        place += 1
    target = path[-1].node
    if path[-1].times > 1:
        words += f" → {describe_node(graph, target)}"
    return f"{words} @{int(graph.id[target])}"


def _step_words(graph: HeapGraph, step: Step, *, first: bool, last: bool) -> str:
    # V8 numbers some internal links: "21 / DevTools console".
    name = shortened(re.sub(r"^\d+ / ", "", step.edge_name))
    node = describe_node(graph, step.node)
    if first or _kind(graph, step.node) == "synthetic":
        # The global objects and the groups of roots: their own name tells.
        return node if first else f" → {node}"
    if step.edge_type == "internal" and step.edge_name in _STORES + _SCOPES and not last:
        return ""
    if _WEAK_PAIR in step.edge_name:
        name = "(value in WeakMap)"
        link = f" → {name}"
    elif step.edge_type == "property":
        link = f".{name}" if name.isidentifier() or name.startswith("<") else f"[{name!r}]"
    elif step.edge_type == "element" or name.isdigit():
        link = f"[{name}]"
    else:
        link = f" → {name}"
    if last:
        return link if node.removesuffix("()") == name else f"{link} → {node}"
    if _kind(graph, step.node) == "closure":
        return f"{link}()"
    named = node not in (*_UNNAMED, name) and not node.startswith(_CONTEXT)
    telling = named and _kind(graph, step.node) == "object"
    return f"{link} ({node})" if telling else link


def _link_words(graph: HeapGraph, step: Step) -> str:
    """Name a link of a chain by its property, or where it has none by what it leads to."""
    if step.edge_type in ("property", "context"):
        return shortened(step.edge_name)
    return describe_node(graph, step.node).removeprefix("system / ")


def describe_node(graph: HeapGraph, node: int) -> str:
    """Write a node's name: strings in quotes, functions with ``()``."""
    if node == graph.root:
        return "(root)"
    kind = _kind(graph, node)
    name = shortened(graph.strings[graph.name[node]])
    if kind.endswith("string"):
        return f'"{name}"'
    if kind == "closure":
        return f"{name or '(anonymous)'}()"
    return name or f"({kind})"


def _kind(graph: HeapGraph, node: int) -> str:
    return graph.node_types[graph.type[node]]


def describe_kind(graph: HeapGraph, node: int) -> str:
    """Write what a node is: the class of an object, the name of a function."""
    if _kind(graph, node) == "closure":
        return describe_node(graph, node)
    if _kind(graph, node) in ("synthetic", "hidden", "array", "code"):
        return shortened(graph.strings[graph.name[node]]) or f"({_kind(graph, node)})"
    return shortened(graph.classes.name[graph.class_index[node]])


def describe_item(graph: HeapGraph, node: int) -> str:
    """Write what one of many equal items is: its class, its function, or the type of a value."""
    kind = _kind(graph, node)
    if kind == "closure":
        return describe_node(graph, node)
    if kind.endswith("string"):
        # Flat, or in parts, as V8 likes.
        return "string"
    if kind in ("number", "symbol", "bigint"):
        return kind
    return graph.classes.name[graph.class_index[node]]


def shortened(text: str) -> str:
    """Write a name on one line, not too long, and without what drives a terminal."""
    line = " ".join(text[: 4 * _TEXT].split())
    return plain(line if len(line) <= _TEXT else line[: _TEXT - 1] + "…")
