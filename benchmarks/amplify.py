"""Make a snapshot of any size out of a real one: the same heap many times under one root.

Every node but the root is there ``copies`` times, with ids of its own; strings are shared. The
total size, and the count, the shallow and the retained size of each class are exact multiples of
the original's, and all distances are equal, so that a reader can be checked on the result.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numba
import numpy as np

__all__ = ["amplify"]

_BLOCK = 2**18  # records formatted at a time
_WEAK_MAP = re.compile(r"part of key .* pair in WeakMap \(table @\d+\)$")
_ID = re.compile(r"@(\d+)")


@dataclass(frozen=True)
class _Parts:
    """A snapshot file taken apart: arrays of records, and the rest as text."""

    header: dict
    nodes: np.ndarray
    edges: np.ndarray
    locations: np.ndarray
    strings: list[str]
    strings_text: bytes

    @property
    def node_fields(self) -> list[str]:
        return self.header["meta"]["node_fields"]

    @property
    def location_fields(self) -> list[str]:
        return self.header["meta"].get("location_fields", [])


def _records(text: bytes, key: bytes, fields: int) -> np.ndarray:
    start = text.index(b'"' + key + b'":[') + len(key) + 4
    numbers = np.fromstring(text[start : text.index(b"]", start)].decode(), np.int64, sep=",")
    return numbers.reshape(-1, fields)


def _take_apart(path: Path) -> _Parts:
    text = path.read_bytes()
    head = text[: text.index(b'"nodes":[')].rstrip().rstrip(b",")
    header = json.loads(head + b"}")["snapshot"]
    meta = header["meta"]
    strings_text = text[text.rindex(b'"strings":[') + len('"strings":[') : text.rindex(b"]")]
    return _Parts(
        header=header,
        nodes=_records(text, b"nodes", len(meta["node_fields"])),
        edges=_records(text, b"edges", len(meta["edge_fields"])),
        locations=_records(text, b"locations", len(meta["location_fields"])),
        strings=json.loads(b"[" + strings_text + b"]"),
        strings_text=strings_text,
    )


@numba.njit(cache=True)
def _format(records: np.ndarray, out: np.ndarray) -> int:
    """Write every number as text after a comma, and every record on a line; return the length."""
    digits = np.empty(20, np.uint8)
    at = 0
    for row in range(records.shape[0]):
        out[at] = 10
        at += 1
        for column in range(records.shape[1]):
            out[at] = 44
            at += 1
            value = records[row, column]
            length = 0
            while True:
                digits[length] = 48 + value % 10
                length += 1
                value //= 10
                if value == 0:
                    break
            for i in range(length):
                out[at + i] = digits[length - 1 - i]
            at += length
    return at


def _write_array(stream: IO[bytes], key: str, blocks: Iterator[np.ndarray]) -> None:
    stream.write(f',"{key}":['.encode())
    first = True
    for block in blocks:
        for start in range(0, len(block), _BLOCK):
            records = np.ascontiguousarray(block[start : start + _BLOCK])
            text = np.empty(records.size * 21 + len(records), np.uint8)
            length = _format(records, text)
            # The very first number has no comma before it.
            stream.write(text[2 if first else 0 : length].data)
            first = False
    stream.write(b"]\n")


def amplify(original: Path, result: Path, copies: int) -> Path:
    """Write a snapshot that holds ``copies`` times the heap of another (whose root is node 0)."""
    parts = _take_apart(original)
    meta, nodes, edges = parts.header["meta"], parts.nodes, parts.edges
    width = len(parts.node_fields)
    id_, edge_count = parts.node_fields.index("id"), parts.node_fields.index("edge_count")
    name, to_node = meta["edge_fields"].index("name_or_index"), meta["edge_fields"].index("to_node")
    copied = len(nodes) - 1  # all but the root
    id_step = int(nodes[:, id_].max() // 2 + 1) * 2  # even: objects keep odd ids

    # The two edges of a WeakMap's pair name objects by id, so each copy needs names of its own.
    weak = [i for i, string in enumerate(parts.strings) if _WEAK_MAP.search(string)]
    weak_rank = np.full(len(parts.strings), -1)
    weak_rank[weak] = np.arange(len(weak))
    internal = meta["edge_types"][0].index("internal")
    weak_edges = np.flatnonzero(edges[:, meta["edge_fields"].index("type")] == internal)
    weak_edges = weak_edges[weak_rank[edges[weak_edges, name]] >= 0]

    def node_blocks() -> Iterator[np.ndarray]:
        root = nodes[:1].copy()
        root[0, edge_count] *= copies
        yield root
        for copy in range(copies):
            block = nodes[1:].copy()
            block[:, id_] += copy * id_step
            yield block

    def copy_of_edges(copy: int) -> np.ndarray:
        block = edges.copy()
        block[:, to_node] += np.where(block[:, to_node] > 0, copy * copied * width, 0)
        if copy:
            ranks = weak_rank[edges[weak_edges, name]]
            block[weak_edges, name] = len(parts.strings) + (copy - 1) * len(weak) + ranks
        return block

    def edge_blocks() -> Iterator[np.ndarray]:
        of_root = int(nodes[0, edge_count])
        for copy in range(copies):
            yield copy_of_edges(copy)[:of_root]
        for copy in range(copies):
            yield copy_of_edges(copy)[of_root:]

    def location_blocks() -> Iterator[np.ndarray]:
        for copy in range(copies):
            block = parts.locations.copy()
            block[:, parts.location_fields.index("object_index")] += copy * copied * width
            yield block

    header = {
        **parts.header,
        "node_count": 1 + copies * copied,
        "edge_count": copies * len(edges),
    }
    if "extra_native_bytes" in header:
        header["extra_native_bytes"] *= copies
    with result.open("wb") as stream:
        stream.write(b'{"snapshot":' + json.dumps(header, separators=(",", ":")).encode() + b"\n")
        _write_array(stream, "nodes", node_blocks())
        _write_array(stream, "edges", edge_blocks())
        stream.write(b',"trace_function_infos":[],"trace_tree":[],"samples":[]\n')
        _write_array(stream, "locations", location_blocks())
        stream.write(b',"strings":[' + parts.strings_text)
        for copy in range(1, copies):
            for i in weak:
                shift = copy * id_step
                text = _ID.sub(lambda m, by=shift: f"@{int(m[1]) + by}", parts.strings[i])
                stream.write(b",\n" + json.dumps(text).encode())
        stream.write(b"]}")
    return result
