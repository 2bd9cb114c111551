"""Pictures of leak reports: who allocates what is lost, down the calls that led there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prodforensics.display import svg
from prodforensics.display.cards import picture
from prodforensics.display.tables import human_bytes, plain, table
from prodforensics.evidence import Section
from prodforensics.heap.leak_records import KINDS, StackFrame

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from prodforensics.heap.leak_compare import LeakReportComparison
    from prodforensics.heap.leak_report import LeakReport

__all__ = ["call_tree", "comparison_sections", "figure", "report_sections"]

_DEEPEST = 16
_NARROWEST = 1 / 400
_ROWS = 30


@dataclass
class _Call:
    """A function in the tree of calls, with what is lost in and below it."""

    name: str
    size: int = 0
    below: dict[str, _Call] = field(default_factory=dict)


def _tree(report: LeakReport) -> _Call:
    """Merge the stacks of all leaks from the outermost call down: kind, main, ..., malloc."""
    root = _Call("leaked")
    for leak in report.records.leaks:
        calls = [leak.kind, *map(_name, reversed(leak.stack[:_DEEPEST]))]
        root.size += leak.size_bytes
        node = root
        for name in calls:
            node = node.below.setdefault(name, _Call(name))
            node.size += leak.size_bytes
    return root


def _name(frame: StackFrame) -> str:
    return frame.function or frame.module or "???"


def call_tree(report: LeakReport) -> list[svg.Bar]:
    """Return the bars of an icicle: leaked bytes by kind, then by call from the outermost down."""
    root = _tree(report)
    whole = root.size or 1
    bars: list[svg.Bar] = []
    stack = [(root, 0, 0.0, -1)]
    while stack:
        call, depth, start, place = stack.pop()
        end = start + call.size / whole
        if end - start >= _NARROWEST:
            bars.append(svg.Bar(call.name, call.size, depth, start, end, place))
            for child in call.below.values():
                number = KINDS.index(child.name) if not depth else place
                stack.append((child, depth + 1, start, number))
                start += child.size / whole
    return bars


def figure(report: LeakReport) -> go.Figure:
    """Return the same tree as a plotly icicle, to zoom into.

    Examples
    --------
    >>> import prodforensics as pf
    >>> report = pf.load(pf.samples.path("heap/native/memcheck.long.txt"))
    >>> figure(report).data[0].labels[0]
    'leaked'
    """
    import plotly.graph_objects as go

    ids, labels, parents, values = [], [], [], []
    stack = [(_tree(report), "", "")]
    while stack:
        call, path, parent = stack.pop()
        path = f"{path}/{len(ids)}"
        ids.append(path)
        labels.append(plain(call.name, 80).replace("<", "&lt;"))
        parents.append(parent)
        values.append(call.size)
        stack += [(child, path, path) for child in call.below.values()]
    icicle = go.Icicle(ids=ids, labels=labels, parents=parents, values=values, branchvalues="total")
    icicle.text = [human_bytes(value) for value in values]
    icicle.hovertemplate = "%{label}<br>%{text}<extra></extra>"
    return go.Figure(icicle, layout={"margin": {"t": 30, "l": 0, "r": 0, "b": 0}})


def report_sections(report: LeakReport) -> list[Section]:
    """Return the pictures and tables of a report."""
    sections = []
    if report.records.leaks:
        kinds = svg.parts([(kind, report.bytes_of(kind)) for kind in KINDS], "Leaked bytes by kind")
        tree = svg.icicle(call_tree(report), "Leaked bytes by kind and call")
        sections += [
            Section("Leaked bytes", picture(kinds, "By kind")),
            Section("Who allocates", picture(tree, "By kind, then from main() down to malloc()")),
        ]
    names = ("functions", "leaks", "errors", "suppressions", "summary", "processes")
    return sections + [_table(report, name) for name in names if len(report.frames[name])]


def comparison_sections(comparison: LeakReportComparison) -> list[Section]:
    """Return the pictures and tables of a comparison."""
    marks = [report.title for report in comparison.reports]
    series = [
        svg.Line(kind, [report.bytes_of(kind) for report in comparison.reports]) for kind in KINDS
    ]
    chart = svg.lines(series, marks, "Leaked bytes of each run")
    return [
        Section("From run to run", picture(chart, "Leaked bytes by kind")),
        _table(comparison, "growth"),
    ]


def _table(evidence: LeakReport | LeakReportComparison, name: str) -> Section:
    schema = evidence.schemas[name]
    frame = evidence.frames[name]
    title = name.capitalize()
    return Section(title, table(frame, limit=_ROWS, units=schema.units))
