"""How V8 names functions, in all its profiles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from prodforensics.profile.building import CallTable
from prodforensics.profile.formats.json_fields import Fields

__all__ = ["ANONYMOUS", "META", "FrameNames", "file_of", "module_of"]

ANONYMOUS = "(anonymous)"
META = ("(root)", "(program)", "(idle)", "(garbage collector)")
"""What is not a function: the root of all stacks, native code, waiting, the collector."""

_Frame = tuple[str, str, int, int]


class FrameNames:
    """Makes calls of V8's call frames.

    A function without a name is called by its place, as 0x does; so are functions of one name in
    one file, of which minified scripts have many: the profile keeps them apart.

    Parameters
    ----------
    call_frames : iterable of dict
        All of the file: ``functionName``, ``url``, ``lineNumber`` and ``columnNumber`` (from 0).
    fields : Fields
        Counts what is no call frame.
    """

    def __init__(self, call_frames: Iterable[dict[str, Any]], fields: Fields) -> None:
        self._calls = CallTable()
        self.frames = [_frame(one, fields) for one in call_frames]
        places: dict[tuple[str, str], set[tuple[int, int]]] = {}
        for name, url, *place in set(self.frames):
            places.setdefault((name, url), set()).add(tuple(place))
        self._several = {key for key, found in places.items() if len(found) > 1}

    @property
    def table(self) -> CallTable:
        """The functions and calls so far."""
        return self._calls

    def call(self, frame: _Frame, line: int = 0, column: int = 0, kind: str = "") -> int:
        """Return the number of a call: the function alone, or a line of it, both from 1."""
        name, url, first, first_column = frame
        file = file_of(url)
        if name == "" or (name, url) in self._several:
            place = f"{file.rpartition('/')[2]}:{first}:{first_column}" if first else file
            name = f"{name or ANONYMOUS} {place}".strip()
        kind = kind or ("" if url else "builtin")
        return self._calls.call(
            name, file, module_of(url), line=line, column=column, kind=kind, start_line=first
        )


def _frame(call_frame: dict[str, Any], fields: Fields) -> _Frame:
    name = fields.text(call_frame.get("functionName"), "functionName")
    url = fields.text(call_frame.get("url"), "url")
    line = fields.integer(call_frame.get("lineNumber"), "lineNumber", -1)
    column = fields.integer(call_frame.get("columnNumber"), "columnNumber", -1)
    if not url and name in META:
        return name, "", 0, 0
    return name, url, max(line + 1, 0), max(column + 1, 0)


def file_of(url: str) -> str:
    """Return the path of a script: what ``file://`` stands before is a local one.

    Examples
    --------
    >>> file_of("file:///srv/app/a%20b.js"), file_of("https://a.example/b.js?v=1")
    ('/srv/app/a b.js', 'https://a.example/b.js?v=1')
    """
    if not url.startswith("file://"):
        return url
    path = unquote(url.removeprefix("file://"), errors="replace")
    # file:///C:/app/a.js
    return path[1:] if path[2:3] == ":" else path


def module_of(url: str) -> str:
    """Return the package that a script is of; empty for the program's own.

    Examples
    --------
    >>> module_of("file:///app/node_modules/@scope/lib/index.js"), module_of("node:events")
    ('@scope/lib', 'node')
    """
    _, inside, path = url.rpartition("/node_modules/")
    if inside:
        first, _, rest = path.partition("/")
        return f"{first}/{rest.partition('/')[0]}" if first.startswith("@") else first
    return "node" if url.startswith("node:") else ""
