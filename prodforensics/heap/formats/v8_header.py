"""The header of a V8 heap snapshot: the vocabulary and the counts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from prodforensics.errors import Corrupt

__all__ = ["EDGE_FIELDS", "START", "Header", "excerpt"]

START = re.compile(rb'\s*\{\s*"snapshot"\s*:\s*')
EDGE_FIELDS = ("type", "name_or_index", "to_node")
_LARGEST = 16 * 2**20
_MOST_FIELDS = 64


@dataclass(frozen=True)
class Header:
    """The value of the key ``snapshot``.

    Parameters
    ----------
    raw : mapping
        As parsed.
    end : int
        The byte behind it.
    """

    raw: Mapping[str, Any]
    end: int

    @classmethod
    def read(cls, path: str, buf: np.ndarray) -> Header:
        """Read it from the first bytes of a file.

        Raises
        ------
        Corrupt
            There is none, or it does not say what a node and an edge are made of.
        """
        # Chunks of growing size: a header is 2 KB, and damage should not cost more than a look.
        decoder = json.JSONDecoder()
        size = 2**16
        while True:
            head = buf[:size].tobytes()
            start = START.match(head)
            if start is None:
                raise Corrupt(path, 0, '{"snapshot": ...', excerpt(head) or "nothing")
            try:
                # Latin-1 keeps one character a byte, so that offsets stay byte offsets.
                raw, length = decoder.raw_decode(head[start.end() :].decode("latin-1"))
                break
            except (ValueError, RecursionError) as error:
                if size < min(buf.size, _LARGEST):
                    size *= 16
                    continue
                raise Corrupt(
                    path, start.end(), "the snapshot's header", f"damage or its end ({error})"
                ) from error
        problem = _problem(raw)
        if problem:
            raise Corrupt(path, start.end(), "meta.node_fields and edge_fields", problem)
        return cls(raw, start.end() + length)

    @property
    def node_fields(self) -> list[str]:
        """What a node record is made of."""
        return self.raw["meta"]["node_fields"]

    @property
    def edge_fields(self) -> list[str]:
        """What an edge record is made of."""
        return self.raw["meta"]["edge_fields"]

    def fields(self, name: str) -> list[str]:
        """Return the fields named by a key of ``meta``, or none."""
        found = self.raw["meta"].get(name)
        return found if _is_names(found) else []

    def count(self, name: str) -> int | None:
        """Return a number of the header, where there is a plausible one."""
        found = self.raw.get(name)
        return found if isinstance(found, int) and abs(found) < 2**63 else None

    def vocabulary(self, kind: str, codes: np.ndarray) -> tuple[str, ...]:
        """Return the names of the type codes of nodes or edges.

        Codes beyond the vocabulary get names of their own.
        """
        lists = self.raw["meta"].get(f"{kind}_types")
        position = self.fields(f"{kind}_fields").index("type")
        names = lists[position] if isinstance(lists, list) and len(lists) > position else []
        names = [str(name) for name in names][:256] if isinstance(names, list) else []
        used = int(codes.max()) + 1 if len(codes) else 0
        return (*names, *(f"unknown type {code}" for code in range(len(names), used)))


def _problem(header: object) -> str:
    """Say what is wrong with the header, or nothing."""
    meta = header.get("meta") if isinstance(header, dict) else None
    if not isinstance(meta, dict):
        return "no 'meta'"
    for key, needed in (("node_fields", {"type", "name"}), ("edge_fields", set(EDGE_FIELDS))):
        if not _is_names(meta.get(key)) or len(meta[key]) > _MOST_FIELDS:
            return f"no list of names {key!r}"
        if needed - set(meta[key]):
            return f"{key} without {sorted(needed - set(meta[key]))}"
    return ""


def _is_names(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(x, str) for x in value)


def excerpt(raw: bytes) -> str:
    """Write bytes so that they can be shown: printable ASCII, the first 80 of them."""
    return raw[:80].decode("latin-1").encode("unicode_escape").decode("ascii")
