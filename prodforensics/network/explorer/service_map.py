"""The service map: hosts as boxes with their services, clients on the left, who is asked right."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from prodforensics.display.drawing import CHARACTER, Drawing, fits, path, rect, text
from prodforensics.display.tables import human_bytes, human_count
from prodforensics.network.explorer.services import Edges
from prodforensics.network.ports import service_of

__all__ = ["draw_map", "search_of"]

MOST_HOSTS = 60
_MOST_SERVICES = 8
_MANY = 24
"""Hosts from which each gets one line."""
_SEEN = 300.0
"""Pixels: the middle of a short layer beside a long one, so that it is seen without scrolling."""
_BOX, _HEAD, _ROW, _BETWEEN = 250, 22, 18, 14
_COLOURS = ("c1", "warn", "bad")
_DASHES = ("none", "8 3", "3 3")


@dataclass(eq=False)
class _Node:
    """A host's box: what it is called, and its services by port and protocol."""

    name: str
    host: int
    layer: int = 0
    services: list[tuple[int, bool]] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0
    weight: float = 0.0
    compact: bool = False

    @property
    def height(self) -> float:
        """Pixels."""
        return _HEAD + 2 if self.compact else _HEAD + _ROW * max(len(self.services), 1) + 6

    def row(self, service: tuple[int, bool]) -> float:
        """Return where the line to a service ends, pixels from the top."""
        if self.compact:
            return self.height / 2
        return _HEAD + _ROW * (self.services.index(service) + 0.5)


def search_of(client: str, server: str = "", port: int = -1) -> str:
    """Return what to search the connections for: those of a host, or between two.

    Examples
    --------
    >>> search_of("10.0.0.1", "10.0.0.2", 443)
    '/ 10[.]0[.]0[.]1:[0-9]+ 10[.]0[.]0[.]2:443 /'
    """
    one, other = (re.sub(r"[^0-9a-fA-F:]", r"[\g<0>]", ip) for ip in (client, server))
    if not server:
        return f"/ {one}:[0-9]+ /"
    return f"/ {one}:[0-9]+ {other}:{port if port > 0 else '[0-9]+'} /"


def draw_map(given: Edges, width: float = 900, names: Mapping[str, str] | None = None) -> Drawing:
    """Draw who talks to whom.

    Parameters
    ----------
    given : Edges
    width : float
        Pixels; a long chain of services takes more.
    names : mapping of str to str, optional
        Host names by address.

    Returns
    -------
    Drawing
        Boxes and lines are parts; their keys are what to search the connections for.
    """
    return _Map(given, width, names or {}).draw()


class _Map:
    """A layout of hosts in layers."""

    def __init__(self, given: Edges, width: float, names: Mapping[str, str]) -> None:
        self.given, self.width, self.names = given, width, names
        self.fold()
        self.nodes: dict[tuple[int, bool], _Node] = {}
        self.lines: list[tuple[_Node, _Node, int]] = []
        self.connect()
        self.layer()
        self.place()

    @property
    def between(self) -> float:
        return _BETWEEN / 2 if self.compact else _BETWEEN

    # -- what is drawn ------------------------------------------------------------------------

    def fold(self) -> None:
        """Keep the hosts that matter; the others become one client and one server."""
        given = self.given
        count = len(given.hosts)
        weight = np.zeros(count)
        # Trouble first, then bytes.
        value = given.bytes * np.where(given.grade() == 2, 1e6, 1.0) + 1
        np.add.at(weight, given.client, value)
        np.add.at(weight, given.server, value)
        seen = np.flatnonzero(weight)
        kept = seen[np.argsort(-weight[seen], kind="stable")][:MOST_HOSTS]
        is_kept = np.zeros(count + 2, np.bool_)
        is_kept[kept] = True
        self.others = (
            len(np.setdiff1d(given.client, kept)),
            len(np.setdiff1d(given.server, kept)),
        )
        client = np.where(is_kept[given.client], given.client, count)
        server = np.where(is_kept[given.server], given.server, count + 1)
        sides = (np.unique(client), np.unique(server))
        self.compact = max(map(len, sides), default=0) > _MANY
        port = np.where((server == count + 1) | self.compact, 0, given.port)
        # Of a host's services the largest have a row of their own.
        service = (server.astype(np.int64) * 65536 + port) * 2 + given.udp
        _, number = np.unique(service, return_inverse=True)
        total = np.bincount(number, given.bytes)
        for host in np.unique(server).tolist():
            own = np.unique(number[server == host])
            if len(own) > _MOST_SERVICES:
                small = own[np.argsort(-total[own], kind="stable")][_MOST_SERVICES - 1 :]
                port = np.where(np.isin(number, small), 0, port)
        folded = Edges(
            client, server, port, np.where(port == 0, False, given.udp), given.connections,
            given.failed, given.resets, given.again, given.packets, given.bytes, given.asked,
            given.refused, given.hosts,
        )  # fmt: skip
        _, pair = np.unique(np.stack([client, server], 1), axis=0, return_inverse=True)
        _, self.edges = folded.joined((pair.ravel() * 65536 + port) * 2 + folded.udp)
        self.grade = self.edges.grade()

    def name(self, host: int) -> str:
        count = len(self.given.hosts)
        if host >= count:
            return f"{self.others[host - count]:,} others"
        address = self.given.hosts[host]
        known = self.names.get(address, "")
        return f"{known} ({address})" if known else address

    def node(self, host: int, *, copy: bool = False) -> _Node:
        """Return a host's box; a copy of it stands on the left as a client alone."""
        if (host, copy) not in self.nodes:
            self.nodes[host, copy] = _Node(self.name(host), host, compact=self.compact)
        return self.nodes[host, copy]

    def connect(self) -> None:
        """Find the lines; where one would run back, its client gets a second box."""
        edges = self.edges
        below: dict[int, set[int]] = defaultdict(set)

        def reaches(begin: int, goal: int) -> bool:
            waiting, seen = [begin], {begin}
            while waiting:
                here = waiting.pop()
                if here == goal:
                    return True
                fresh = below[here] - seen
                seen |= fresh
                waiting += fresh
            return False

        for at in np.argsort(-edges.bytes, kind="stable").tolist():
            client, server = int(edges.client[at]), int(edges.server[at])
            target = self.node(server)
            back = reaches(server, client)
            if not back:
                below[client].add(server)
            self.lines.append((self.node(client, copy=back), target, at))
            service = (int(edges.port[at]), bool(edges.udp[at]))
            if service not in target.services:
                target.services.append(service)

    def layer(self) -> None:
        """Put every box right of all that ask it."""
        for _ in range(len(self.nodes)):
            moved = False
            for source, target, _at in self.lines:
                if target.layer <= source.layer:
                    target.layer, moved = source.layer + 1, True
            if not moved:
                break
        # A client stands next to whom it asks.
        asked = {id(target) for _, target, _at in self.lines}
        for node in self.nodes.values():
            if id(node) not in asked:
                near = [t.layer for s, t, _at in self.lines if s is node]
                node.layer = max(min(near, default=1) - 1, 0)

    # -- where it stands ----------------------------------------------------------------------

    def place(self) -> None:
        """Order the boxes of each layer by those they are joined with, and set them apart."""
        layers: dict[int, list[_Node]] = defaultdict(list)
        for node in self.nodes.values():
            layers[node.layer].append(node)
        self.layers = [layers[number] for number in sorted(layers)]
        joined: dict[int, list[tuple[_Node, float]]] = defaultdict(list)
        for source, target, at in self.lines:
            weight = math.log2(2 + float(self.edges.bytes[at]))
            joined[id(source)].append((target, weight))
            joined[id(target)].append((source, weight))
        self.stack()
        for _ in range(4):
            for column in self.layers:
                for node in column:
                    around = joined[id(node)]
                    total = sum(weight for _, weight in around) or 1
                    node.weight = sum((n.y + n.height / 2) * w for n, w in around) / total
                column.sort(key=lambda node: node.weight)
            self.stack()
        count = len(self.layers)
        self.width = max(self.width, count * _BOX + (count - 1) * 90 + 8)
        step = min((self.width - _BOX - 4) / max(count - 1, 1), _BOX + 240)
        for number, column in enumerate(self.layers):
            for node in column:
                node.x = 2 + step * number

    def stack(self) -> None:
        """Set the boxes of each layer below each other, around one middle."""
        heights = [
            sum(node.height + self.between for node in column) - self.between
            for column in self.layers
        ]
        self.height = max(heights, default=0)
        for column, height in zip(self.layers, heights, strict=True):
            y = 26 + min((self.height - height) / 2, max(_SEEN - height / 2, 0))
            for node in column:
                node.y = y
                y += node.height + self.between

    # -- the picture --------------------------------------------------------------------------

    def draw(self) -> Drawing:
        """Draw lines, then boxes."""
        drawing = Drawing(self.width, self.height + 34, "Who talks to whom")
        self.legend(drawing)
        most = math.log2(2 + float(self.edges.bytes.max(initial=1)))
        # The good first: trouble is on top.
        for source, target, at in sorted(self.lines, key=lambda one: self.grade[one[2]]):
            grade = int(self.grade[at])
            service = (int(self.edges.port[at]), bool(self.edges.udp[at]))
            x1, y1 = source.x + _BOX, source.y + _HEAD / 2
            x2, y2 = target.x - 1, target.y + target.row(service)
            bend = max(40.0, (x2 - x1) * 0.5)
            corners = (x1 + bend, y1, x2 - bend, y2, x2, y2)
            d = f"M{x1:.1f} {y1:.1f}C{' '.join(f'{one:.1f}' for one in corners)}"
            wide = 1.2 + 5 * (math.log2(2 + float(self.edges.bytes[at])) / most) ** 3
            drawing.add(
                path(d, "none", stroke_width=12, class_="pf-hit-line", pointer_events="stroke"),
                path(
                    d, _COLOURS[grade], stroke_width=wide, stroke_opacity=0.75,
                    stroke_dasharray=_DASHES[grade],
                ),
                title=f"{source.name} asks {target.name}, {_service(*service)}: {self.words(at)}",
                key=self.key(source, target, service[0]),
            )  # fmt: skip
        for node in self.nodes.values():
            self.box(drawing, node)
        return drawing

    def legend(self, drawing: Drawing) -> None:
        x = 2.0
        labels = ("no trouble", "some trouble", "much trouble")
        for words, colour, dash in zip(labels, _COLOURS, _DASHES, strict=True):
            drawing.add(
                path(f"M{x} 9h34", colour, stroke_width=3, stroke_dasharray=dash),
                text(x + 40, 13, words, 200, "pf-soft"),
            )
            x += 66 + CHARACTER * len(words)
        drawing.add(text(x, 13, "wider: more bytes", 300, "pf-soft"))

    def box(self, drawing: Drawing, node: _Node) -> None:
        """Draw a host with the rows of its services."""
        rows = self.rows(node)
        shapes = [
            rect(
                node.x, node.y, _BOX, node.height, "raised", stroke="line", rx=4, class_="pf-face"
            ),
            text(node.x + 9, node.y + 16, node.name, _BOX - 16, "pf-strong"),
        ]
        if node.compact:
            mine = [at for s, t, at in self.lines if node in ((t,) if node.services else (s,))]
            right, kind = self.sums(mine)
            rows = [("in all", right, kind)]
            room = _BOX - 24 - CHARACTER * len(right)
            shapes[1] = text(node.x + 9, node.y + 16, node.name, room, "pf-strong")
            shapes.append(text(node.x + _BOX - 9, node.y + 16, right, _BOX - 30, kind, "end"))
        for number, (left, right, kind) in enumerate(() if node.compact else rows):
            y = node.y + _HEAD + _ROW * number + 12
            room = _BOX - 24 - CHARACTER * len(right)
            shapes.append(text(node.x + 9, y, left, room))
            shapes.append(text(node.x + _BOX - 9, y, right, _BOX - 30, kind, "end"))
        said = "; ".join(f"{left}: {right}" for left, right, _ in rows)
        hosts = self.given.hosts
        key = search_of(hosts[node.host]) if node.host < len(hosts) else None
        drawing.add(*shapes, title=f"{node.name}: {said}", key=key)

    def rows(self, node: _Node) -> list[tuple[str, str, str]]:
        """Say what a host offers, or, of a client, what it asked: left, right, class."""
        if not node.services:
            mine = [at for source, _, at in self.lines if source is node]
            return [("asks", *self.sums(mine))]
        found = []
        for service in node.services:
            mine = [
                at
                for _, target, at in self.lines
                if target is node
                and (int(self.edges.port[at]), bool(self.edges.udp[at])) == service
            ]
            found.append((fits(_service(*service), 120), *self.sums(mine)))
        return found

    def sums(self, edges: list[int]) -> tuple[str, str]:
        """Sum up lines: what to write, and its class."""
        grade = int(self.grade[edges].max(initial=0))
        bad = sum(int(getattr(self.edges, n)[edges].sum()) for n in ("failed", "resets", "refused"))
        count = int(self.edges.connections[edges].sum())
        words = f"{human_count(count)}×, {human_bytes(int(self.edges.bytes[edges].sum()))}"
        if bad:
            words += f" \N{HEAVY MULTIPLICATION X}{human_count(bad)}"
        return words, ("pf-soft", "pf-warn", "pf-bad")[grade]

    def words(self, at: int) -> str:
        """Say what goes over a line."""
        edges = self.edges
        parts = [
            f"{int(edges.connections[at]):,} connections",
            human_bytes(int(edges.bytes[at])),
        ]
        for name, words in (
            ("failed", "not established"),
            ("resets", "reset"),
            ("refused", "requests failed"),
            ("again", "segments sent again"),
        ):
            if number := int(getattr(edges, name)[at]):
                parts.append(f"{number:,} {words}")
        return ", ".join(parts)

    def key(self, source: _Node, target: _Node, port: int) -> str | None:
        hosts = self.given.hosts
        if max(source.host, target.host) >= len(hosts):
            return None
        return search_of(hosts[source.host], hosts[target.host], port)


def _service(port: int, udp: bool) -> str:
    if port <= 0:
        return "other services"
    protocol = "udp" if udp else "tcp"
    name = service_of(port, protocol)
    return name if "/" in name else f"{port} {name}"
