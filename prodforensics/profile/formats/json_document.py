"""A JSON artifact as Python values, whatever happened to it.

orjson reads a whole file. Where it refuses, the bytes are scanned for how much of them is whole,
brackets that are still open are closed there, and the rest is a gap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from prodforensics._reference import Later
from prodforensics.errors import Corrupt
from prodforensics.gaps import Gap
from prodforensics.source import Source

__all__ = ["keys", "parse", "read_document"]

json_scan = Later("prodforensics.kernels.json_scan")

_BOM = b"\xef\xbb\xbf"
# orjson refuses what is nested deeper than 1024; recursive code downstream wants some room.
_DEEPEST = 1000
_LEVELS = 5
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[][{}:,]')


def read_document(source: Source) -> tuple[Any, list[Gap]]:
    """Read a file that is one JSON value.

    Returns
    -------
    value : object
        A dict or a list of what JSON knows: numbers beyond 64 bits are floats, of equal keys the
        last one stays, numbers that are none (``NaN``) are None.
    gaps : list of Gap
        What the file lacks, those of its packing included.

    Raises
    ------
    Corrupt
        It does not begin as a JSON object or array.
    """
    with source.buffer() as buf:
        value, gaps = parse(buf, source.path)
        del buf
    return value, [*source.gaps, *gaps]


def parse(data: Any, path: str, offset: int = 0) -> tuple[Any, list[Gap]]:
    """Read a JSON object or array from bytes, or as much of it as is whole.

    Parameters
    ----------
    data : bytes or uint8[:]
    path : str
        The file, for errors.
    offset : int
        Where the data stands in it.

    Returns
    -------
    value : object
        See `read_document`.
    gaps : list of Gap

    Raises
    ------
    Corrupt
        It does not begin as a JSON object or array.

    Examples
    --------
    >>> parse(b'{"samples": [1, 2], "end": 17}', "a.json")
    ({'samples': [1, 2], 'end': 17}, [])
    >>> value, gaps = parse(b'{"samples": [1, 2, 3', "a.json")
    >>> value, gaps[0].what, gaps[0].offset
    ({'samples': [1, 2]}, 'the file ends in the middle', 17)
    """
    import orjson

    view = memoryview(data)
    if view[:3] == _BOM:
        view, offset = view[3:], offset + 3
    try:
        value, gaps = orjson.loads(view), []
    except (orjson.JSONDecodeError, RecursionError):
        value, gaps = _salvage(view, path, offset)
    if not isinstance(value, dict | list):
        raise Corrupt(path, offset, "a JSON object or array", _excerpt(view))
    return value, gaps


def _salvage(view: memoryview, path: str, offset: int) -> tuple[Any, list[Gap]]:
    import numpy as np
    import orjson

    gaps = []
    text = bytes(view)
    try:
        text.decode()
    except UnicodeDecodeError as error:
        excerpt = _excerpt(text[error.start :])
        what = "bytes that are no UTF-8 are replaced by '?'"
        gaps.append(Gap(what, offset=offset + error.start, excerpt=excerpt))
        # One character a byte, so that offsets stay as they are.
        text = text.decode("utf-8", "surrogateescape").encode("utf-8", "replace")
    buf = np.frombuffer(text, np.uint8).copy()
    stop, safe, closers, mended, first = json_scan.scan(buf, _DEEPEST)
    if not safe:
        raise Corrupt(path, offset + stop, "a JSON object or array", _excerpt(view[stop:]))
    if mended:
        what = "text or numbers that JSON does not allow are replaced"
        at = _excerpt(view[first:])
        gaps.append(Gap(what, offset=offset + first, lost_records=mended, excerpt=at))
    if stop < len(buf) or len(closers):
        gaps.append(_ending(view, offset, stop, safe))
    try:
        return orjson.loads(buf[:safe].tobytes() + closers.tobytes()), gaps
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise Corrupt(path, offset, "JSON", str(error)) from error


def _ending(view: memoryview, offset: int, stop: int, safe: int) -> Gap:
    if stop == len(view):
        what, place = "the file ends in the middle", safe
    else:
        what, place = "the rest of the file is not JSON", stop
    lost = len(view) - safe
    return Gap(what, offset=offset + place, lost_bytes=lost, excerpt=_excerpt(view[place:]))


def _excerpt(view: bytes | memoryview) -> str:
    return bytes(view[:80]).decode("latin-1").encode("unicode_escape").decode("ascii")


@lru_cache(maxsize=1)
def keys(head: bytes) -> frozenset[str]:
    """List the keys of a JSON document by their paths, as far as its first bytes tell.

    A format is recognised by them: text in strings cannot pass for a key.

    Parameters
    ----------
    head : bytes
        The start of a file.

    Returns
    -------
    frozenset of str
        A path names the keys on the way, ``[]`` where it goes through an array; five levels at
        the most. Empty for what does not begin as a JSON object or array.

    Examples
    --------
    >>> sorted(keys(b'{"nodes": [{"id": 1, "callFrame": {"url": "nodes"'))
    ['nodes', 'nodes[].callFrame', 'nodes[].callFrame.url', 'nodes[].id']
    >>> sorted(keys(b'[{"ph": "B", "ts"'))
    ['[].ph']
    """
    text = head.removeprefix(_BOM).lstrip()
    return frozenset(_paths(text)) if text[:1] in (b"{", b"[") else frozenset()


def _paths(text: bytes) -> Iterator[str]:
    # An open bracket and, in an object, the key that stands at the moment.
    path: list[str] = []
    last = b""
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token == b"{":
            path.append("")
        elif token == b"[":
            path.append("[]")
        elif token in (b"}", b"]"):
            if path:
                path.pop()
        elif token == b":" and path and path[-1] != "[]" and last[:1] == b'"':
            path[-1] = last[1:-1].decode("utf-8", "replace")
            if len(path) <= _LEVELS:
                yield _join(path)
        last = token


def _join(path: list[str]) -> str:
    return ".".join(path).replace(".[]", "[]")
