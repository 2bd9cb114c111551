"""Callgrind's output: costs by function and line, and what every call cost in all.

The file is a call graph. A function's own cost is exact; for which caller it was spent is not told.
`prodforensics.profile.call_graph` makes stacks of it that keep the own costs exact and give each
caller the part that its calls cost. Other programs write the format too (Xdebug, for one).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.gaps import Gap
from prodforensics.lines import numbered_lines
from prodforensics.profile.data import ProfileData, Recording, ValueType
from prodforensics.source import Source

if TYPE_CHECKING:
    from prodforensics.profile.call_graph import CallGraph
    from prodforensics.profile.model import Profile

__all__ = ["read", "sniff"]

_SIGNATURE = re.compile(
    rb"(?m)\A\s*# callgrind format|^events: [A-Za-z].*\n(?:.*\n){0,40}?(?:fl|fn|ob)=\S"
)
_NAME = re.compile(r"\((\d{1,18})\)(?: (.*))?")
_NUMBER = re.compile(r"([+-]?)(0x[0-9a-fA-F]{1,16}|\d{1,18})")
_HEADER = re.compile(r"([a-z]+): ?(.*)")
_UNIT = re.compile(r"(.+)_\((\d{1,6})(ns|us|ms)\)")
_NS = {"ns": 1, "us": 1_000, "ms": 1_000_000}
_MOST = 2**53
"""Greatest cost of one line that is believed."""
_SPACES = {
    "ob": "object", "cob": "object", "fl": "file", "fi": "file", "fe": "file", "cfi": "file",
    "cfl": "file", "fn": "function", "cfn": "function",
}  # fmt: skip
_SKIPPED = ("jump=", "jcnd=", "jfi=", "jfn=", "rcalls=")


def sniff(probe: Probe) -> Match | None:
    """Recognise the first line, or events and a function below them."""
    if _SIGNATURE.search(probe.head):
        return Match(0.95, "costs of functions as callgrind writes them")
    return None


def read(source: Source, *, progress: bool | None = None) -> Profile:
    """Read the costs of one or more parts.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Show a progress bar: always, never, or (None) for large files.

    Returns
    -------
    Profile

    Raises
    ------
    Corrupt
        No cost of a function is in the file.
    """
    from prodforensics.profile.model import Profile

    reader = _Reader()
    for number, line in numbered_lines(source, progress):
        reader.take(number, line)
    reader.end()
    if not reader.graph.lines and not reader.graph.edges:
        raise Corrupt(source.path, 0, "costs of functions", repr(source.head(40)))
    functions, calls, stacks, samples = reader.graph.as_stacks()
    data = ProfileData(
        tuple(_value_type(name)[0] for name in reader.graph.events),
        functions,
        calls,
        stacks,
        samples,
        recording=Recording(
            producer=reader.creator, mode="instrumented", comments=tuple(reader.comments)
        ),
    )
    return Profile(source, data, reader.gaps)


def _value_type(event: str) -> tuple[ValueType, int]:
    """Return what an event counts, and its unit in nanoseconds if that is a time."""
    if found := _UNIT.fullmatch(event):
        return ValueType(found[1], "ns"), int(found[2]) * _NS[found[3]]
    return ValueType(event, "count"), 1


class _Reader:
    """The state between two lines: where costs belong, and names by their numbers."""

    def __init__(self) -> None:
        from prodforensics.profile.call_graph import CallGraph

        self.graph: CallGraph = CallGraph()
        self.gaps: list[Gap] = []
        self.comments: list[str] = []
        self.creator = "callgrind"
        self.names: dict[tuple[str, str], str] = {}
        self.positions = ["line"]
        self.now = {"object": "", "file": "", "function": ""}
        self.home = ""
        self.callee: dict[str, str] = {}
        self.at = {"line": 0, "instr": 0}
        self.call_count: int | None = None
        self.function = -1
        self.scale: list[int] = []
        self.order: list[int] = []
        self.stated: list[int] | None = None
        self.begun = self.ended = False
        self.bad: list[tuple[int, str]] = []

    def take(self, number: int, line: str) -> None:
        """Take the next line."""
        if not line or line[0] == "#":
            return
        if line[0] in "0123456789+-*":
            self._costs(number, line)
            return
        key, equals, value = line.partition("=")
        if equals and key in _SPACES:
            self._name(key, value, number)
        elif equals and key == "calls":
            found = _NUMBER.match(value)
            self.call_count = int(found[2], 0) if found else 0
        elif found := _HEADER.fullmatch(line):
            self._header(found[1], found[2])
        elif not line.startswith(_SKIPPED):
            self.bad.append((number, line))

    def _name(self, key: str, value: str, number: int) -> None:
        space = _SPACES[key]
        if found := _NAME.fullmatch(value):
            short, name = found.groups()
            if name is not None:
                self.names[space, short] = name
            elif (space, short) not in self.names:
                self.bad.append((number, f"{key}={value}"))
            value = self.names.get((space, short), "")
        if key.startswith("c"):
            self.callee[space] = value
            return
        self.now[space] = value
        if key in ("fl", "fn"):
            self.home = self.now["file"]
        if key == "fn":
            self.function = self.graph.function(value, self.home, self.now["object"])

    def _header(self, key: str, value: str) -> None:
        if key == "events":
            names = value.split()[:64]
            if not self.graph.events:
                self.graph.events = names
            # A part may name them in another order; what it adds has no place.
            place = {name: k for k, name in enumerate(self.graph.events)}
            self.order = [place.get(name, -1) for name in names]
            self.scale = [_value_type(name)[1] for name in names]
        elif key == "positions":
            self.positions = value.split()[:4] or ["line"]
        elif key == "creator":
            self.creator = "callgrind" if value.startswith("callgrind") else value
        elif key in ("part", "version") and self.begun:
            self._end_part()
        elif key in ("totals", "summary"):
            numbers = [int(word) for word in value.split() if word.isdecimal() and len(word) < 19]
            at_the_end = key == "summary" and self.begun  # as Xdebug writes it, counting otherwise
            self.stated = None if at_the_end else self._in_order(numbers)
            self.ended |= key == "totals" or at_the_end
        if key in ("cmd", "pid", "desc", "thread") and len(self.comments) < 100:
            self.comments.append(f"{key}: {value.strip()}")

    def _costs(self, number: int, line: str) -> None:
        words = line.split()
        if len(words) < len(self.positions) or self.function < 0 or not self.graph.events:
            self.bad.append((number, line))
            return
        for name, word in zip(self.positions, words, strict=False):
            self.at[name] = self._position(self.at.get(name, 0), word)
        costs = []
        for word in words[len(self.positions) :]:
            found = _NUMBER.fullmatch(word)
            if not found or found[1] or int(found[2], 0) > _MOST:
                self.bad.append((number, line))
                return
            costs.append(int(found[2], 0))
        cost = self._in_order(costs)
        line_number = min(max(self.at["line"], 0), 2**31 - 1)
        if self.call_count is None:
            self.begun = True
            self.graph.spend(self.function, self.now["file"], line_number, cost)
            return
        callee = self.graph.function(
            self.callee.get("function", ""),
            self.callee.get("file", self.home),
            self.callee.get("object", self.now["object"]),
        )
        self.graph.call(self.function, callee, cost)
        self.callee, self.call_count = {}, None

    def _position(self, before: int, word: str) -> int:
        found = _NUMBER.fullmatch(word)
        if not found:
            return before
        value = int(found[2], 0)
        return before + value if found[1] == "+" else before - value if found[1] else value

    def _in_order(self, costs: list[int]) -> list[int]:
        """Put the costs of a line into the order of the first part's events."""
        row = [0] * len(self.graph.events)
        for place, cost, scale in zip(self.order, costs, self.scale, strict=False):
            if place >= 0:
                row[place] = min(cost * scale, _MOST)
        return row

    def _end_part(self) -> None:
        """Compare the sum of a part with the one that is written behind it."""
        spent = self.graph.end_part()
        if not self.ended:
            self.gaps.append(Gap("the file ends before its totals"))
        elif self.stated is not None and self.stated != spent:
            missing = max(told - got for told, got in zip(self.stated, spent, strict=True))
            what = f"costs of {missing:,} are missing" if missing > 0 else "the totals are no sums"
            self.gaps.append(Gap(f"{what}: they differ from the costs of the functions"))
        self.stated, self.begun, self.ended = None, False, False
        self.function = -1

    def end(self) -> None:
        """End the last part, and tell of lines that could not be read."""
        if self.begun or not self.ended:
            self._end_part()
        if self.bad:
            number, line = self.bad[0]
            self.gaps.append(
                Gap("lines that cannot be read", line=number, lost_records=len(self.bad),
                    excerpt=line[:120])
            )  # fmt: skip
