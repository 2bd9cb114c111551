"""The smallest room: a format of lines ``name<TAB>bytes`` below the line ``TOY``.

It stands for every room in the tests of the foundation, and shows how small a plug-in can be.
"""

from __future__ import annotations

import re
from functools import partial
from html import escape

import pandas as pd

from prodforensics._text import plain
from prodforensics.errors import Corrupt
from prodforensics.evidence import Evidence, Section, SourceInfo
from prodforensics.findings import Finding, rule
from prodforensics.formats import Format, Match
from prodforensics.gaps import Gap
from prodforensics.schema import Column, Schema

THINGS = Schema(
    "things",
    (
        Column("name", "str", "", "Name of the thing."),
        Column("first", "category", "", "Its first letter."),
        Column("size_bytes", "int64", "bytes", "Its size."),
        Column("line", "Int64", "ordinal", "Line, where there is one."),
    ),
    Column("thing", "int64", "ordinal", "Place in the file."),
    "One row a thing.",
)
FORMAT = Format("toy", "Toy", "toys", __name__, f"{__name__}:Toys")


class Toys(Evidence):
    kind = "box of toys"
    schemas = {"things": THINGS}
    _rules = f"{__name__}:RULES"
    _sections = f"{__name__}:sections"
    _compare = f"{__name__}:compare"

    def __init__(self, source, things, gaps=(), **more):
        self.things = things
        super().__init__({"things": partial(_frame, things)}, source=source, gaps=gaps, **more)

    def headline(self):
        return (
            f"{len(self.things)} things, the first is {self.things[0][0] if self.things else '-'}"
        )

    def facts(self):
        return [("things", str(len(self.things))), *self.things[:1]]

    def _held(self):
        yield "things", 8 * len(self.things)


def _frame(things):
    frame = pd.DataFrame(
        {
            "name": pd.Series([plain(name) for name, _ in things], dtype="str"),
            "first": pd.Categorical([name[:1] for name, _ in things], categories=None),
            "size_bytes": pd.Series([int(size) for _, size in things], dtype="int64"),
            "line": pd.Series([n if n % 2 else None for n in range(len(things))], dtype="Int64"),
        }
    )
    return frame.rename_axis("thing")


@rule("toy.large")
def large(evidence):
    """A thing is large."""
    things = evidence.frames["things"]
    for place, row in things[things["size_bytes"] > 100].iterrows():
        title, why = f"{row['name']} is large", f"It has {row['size_bytes']} bytes: {row['name']}"
        step = f"toys.frames['things'].loc[{place}]"
        yield Finding("toy.large", "likely", "low", title, why, {"things": [place]}, step)


RULES = [large]


def sections(evidence):
    names = "".join(f"<li>{escape(plain(name))}</li>" for name, _ in evidence.things)
    return [Section("Things", f"<ul>{names}</ul>")]


def compare(before, after, *more):
    every = (before, after, *more)
    sources = [one.source or SourceInfo("", 0, "", "", "") for one in every]
    return Toys(None, [thing for one in every for thing in one.things], sources=sources)


def sniff(probe):
    return Match(1.0, "the word TOY") if probe.head.startswith(b"TOY\n") else None


def read(source, *, progress=None, most=1000):
    things, gaps = [], []
    with source.open() as file:
        if file.readline() != b"TOY\n":
            raise Corrupt(source.path, 0, "'TOY'", repr(source.head(10)))
        for number, line in enumerate(file, 2):
            parts = re.fullmatch(rb"([^\t]+)\t(\d{1,18})\n", line)
            if parts and len(things) < most:
                things.append((parts[1].decode("utf-8", "replace"), parts[2].decode()))
            else:
                gaps.append(Gap("not a thing", line=number, lost_bytes=len(line)))
    return Toys(source, things, gaps)
