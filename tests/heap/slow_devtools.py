"""DevTools' rules in plain Python over the plain JSON: slow, obvious, and nothing shared with us.

Dominators are left out: `tests/kernels/test_dominators.py` tests them by their definition.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

PAIR = re.compile(
    r"^\d+( / part of key \(.*? @\d+\) -> value \(.*? @\d+\) pair in WeakMap \(table @(\d+)\))$"
)


class Slow:
    """One snapshot, and the rules on it."""

    def __init__(self, snapshot: dict[str, Any]) -> None:
        meta = snapshot["snapshot"]["meta"]
        fields = meta["node_fields"]
        width = len(fields)
        types = meta["node_types"][fields.index("type")]
        flat, self.strings = snapshot["nodes"], list(snapshot["strings"])
        rows = [flat[i : i + width] for i in range(0, len(flat), width)]

        def column(name: str) -> list[int]:
            return [row[fields.index(name)] for row in rows] if name in fields else []

        self.type = [types[code] for code in column("type")]
        self.name, self.id, self.size = column("name"), column("id"), column("self_size")
        self.detachedness = column("detachedness")
        edge_fields = meta["edge_fields"]
        edge_types = meta["edge_types"][edge_fields.index("type")]
        edges, step = iter(snapshot["edges"]), len(edge_fields)
        self.edges: list[list[tuple[str, int, int]]] = []
        for count in column("edge_count"):
            mine = []
            for _ in range(count):
                edge = dict(zip(edge_fields, (next(edges) for _ in range(step)), strict=True))
                kind, to = edge_types[edge["type"]], edge["to_node"] // width
                mine.append((kind, edge["name_or_index"], to))
            self.edges.append(mine)
        self.root = snapshot["snapshot"].get("root_index", 0) // width
        self.locations: dict[int, tuple[int, ...]] = {}
        names = meta.get("location_fields", [])
        numbers = snapshot.get("locations", [])
        for i in range(0, len(numbers), len(names) or 1):
            row = dict(zip(names, numbers[i : i + len(names)], strict=True))
            place = (row["script_id"], row["line"], row["column"])
            self.locations[row["object_index"] // width] = place

    def label(self, edge: tuple[str, int, int]) -> str:
        kind, name, _ = edge
        return str(name) if kind in ("element", "hidden") else self.strings[name]

    def text(self, node: int) -> str:
        return self.strings[self.name[node]]

    def propagate_detachedness(self) -> None:
        if not self.detachedness:
            return
        visited: set[int] = set()
        queues: dict[int, list[int]] = {1: [], 2: []}

        def visit(node: int, state: int) -> None:
            if node in visited:
                return
            visited.add(node)
            if self.type[node] != "native":
                return
            self.detachedness[node] = state
            if state == 2:
                self.strings.append("Detached " + self.text(node))
                self.name[node] = len(self.strings) - 1
            if state in queues:
                queues[state].append(node)

        for node, state in enumerate(list(self.detachedness)):
            if state:
                visit(node, state)
        for state, queue in queues.items():
            while queue:
                for kind, _, to in self.edges[queue.pop()]:
                    if kind not in ("hidden", "weak"):
                        visit(to, state)

    def page_owned(self) -> set[int]:
        todo = [
            to
            for kind, _, to in self.edges[self.root]
            if kind == "shortcut" or (kind == "element" and self.is_dom_trees(to))
        ]
        owned = set(todo)
        while todo:
            for kind, _, to in self.edges[todo.pop()]:
                if kind != "weak" and to not in owned:
                    owned.add(to)
                    todo.append(to)
        return owned

    def is_dom_trees(self, node: int) -> bool:
        return self.type[node] == "synthetic" and self.text(node) == "(Document DOM trees)"

    def is_user_root(self, node: int) -> bool:
        return self.type[node] != "synthetic" or self.is_dom_trees(node)

    def essential(self) -> Iterator[bool]:
        owned = self.page_owned()
        for node, edges in enumerate(self.edges):
            for kind, name, to in edges:
                pair = PAIR.match(self.strings[name]) if kind == "internal" else None
                at_table = pair is not None and int(pair[2]) == self.id[node]
                crosses = node != self.root and (
                    kind == "shortcut" or (to in owned and node not in owned)
                )
                yield not (at_table or kind == "weak" or node == to or crosses)

    def transfer_sizes(self) -> None:
        if not any(self.is_user_root(to) for _, _, to in self.edges[self.root]):
            return
        nobody, several = -1, -2
        owner = [
            nobody
            if kind in ("hidden", "array")
            or (kind == "native" and self.text(node) == "system / ExternalStringData")
            else node
            for node, kind in enumerate(self.type)
        ]
        todo = [node for node, mine in enumerate(owner) if mine == node]
        while todo:
            node = todo.pop()
            for kind, _, to in self.edges[node]:
                if kind != "weak" and owner[to] not in (to, owner[node], several):
                    owner[to] = owner[node] if owner[to] == nobody else several
                    todo.append(to)
        for node, mine in enumerate(owner):
            gets = mine >= 0 and mine not in (node, self.root) and self.type[mine] != "synthetic"
            if gets:
                self.size[mine] += self.size[node]
                self.size[node] = 0

    def distances(self) -> list[int]:
        found = [-5] * len(self.type)
        pending: set[str] = set()

        def follows(node: int, edge: tuple[str, int, int]) -> bool:
            kind, text = self.type[node], self.text(node)
            if (kind, text) == ("hidden", "system / NativeContext"):
                return self.label(edge) != "sloppy_function_map"
            if kind == "array" and text == "(map descriptors)":
                number = re.match(r"\s*[+-]?\d+", self.label(edge))
                return number is None or int(number[0]) < 2 or int(number[0]) % 3 != 1
            pair = PAIR.match(self.label(edge)) if edge[0] == "internal" else None
            if pair and pair[1] not in pending:
                pending.add(pair[1])
                return False
            if pair:
                pending.discard(pair[1])
            return True

        def spread(queue: list[int]) -> None:
            for node in queue:
                for edge in self.edges[node]:
                    to = edge[2]
                    if edge[0] != "weak" and found[to] == -5 and follows(node, edge):
                        found[to] = found[node] + 1
                        queue.append(to)

        starts = [to for _, _, to in self.edges[self.root] if self.is_user_root(to)]
        for to in starts:
            found[to] = 1
        spread(list(starts))
        found[self.root] = 100_000_000 if starts else 0
        spread([self.root])
        return found

    def class_keys(self) -> list[str]:
        fixed = {"hidden": "(system)", "code": "(compiled code)", "closure": "Function",
                 "regexp": "RegExp"}  # fmt: skip
        interfaces = self.interfaces()
        keys = []
        for node, kind in enumerate(self.type):
            name = fixed.get(kind, f"({kind})")
            if kind in ("object", "native"):
                name = re.sub(r"^((?:Detached )?<[^ ]*) .*", r"\1>", self.text(node), flags=re.S)
            if node >= self.root and self.is_plain(node):
                name = self.best_interface(node, interfaces)
            place = self.locations.get(node) if kind == "object" else None
            keys.append((",".join(map(str, place)) if place else "") + "," + name)
        return keys

    def is_plain(self, node: int) -> bool:
        return self.type[node] == "object" and self.text(node) == "Object"

    def properties(self, node: int) -> list[str]:
        return [self.strings[name] for kind, name, _ in self.edges[node] if kind == "property"]

    def interfaces(self) -> list[tuple[str, list[str]]]:
        plain = [v for v in range(self.root, len(self.type)) if self.is_plain(v)]
        counts: Counter[str] = Counter()
        properties: dict[str, list[str]] = {}
        for node in plain:
            name, mine = "{", []
            for text in self.properties(node):
                if text == "__proto__":
                    continue
                written = text
                if re.search("[,'\"{}]", text):
                    written = json.dumps(text, ensure_ascii=False)
                if len(name) > 1 and utf16(name) + utf16(written) > 120:
                    break
                name += (", " if len(name) > 1 else "") + written
                mine.append(text)
            if mine:
                counts[name + "}"] += 1
                properties.setdefault(name + "}", mine)
        least = max(2, len(plain) / 1000)
        # Counter keeps the order of first meeting among equals.
        return [(name, properties[name]) for name, count in counts.most_common() if count >= least]

    def best_interface(self, node: int, interfaces: list[tuple[str, list[str]]]) -> str:
        mine = Counter(self.properties(node))
        fits = [(-len(p), i) for i, (_, p) in enumerate(interfaces) if Counter(p) <= mine]
        return interfaces[min(fits)[1]][0] if fits else "Object"


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
