"""Reports that are counters of the kernel: ``netstat -s``, ``conntrack -S``, ``ss -s``."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import ClassVar, NamedTuple

from prodforensics.display.tables import human_count
from prodforensics.gaps import Gap
from prodforensics.network.tools.tool_reports import LINE, Measure, ToolReport
from prodforensics.schema import Column, Schema
from prodforensics.source import Source

__all__ = ["ConntrackCounters", "Counter", "CounterReport", "ProtocolCounters", "SocketSummary"]

COUNTERS = Schema(
    "counters",
    (
        Column("group", "str", "", "Protocol or section; of conntrack -S the processor."),
        Column("counter", "str", "", "Its name, as the tool writes it."),
        Column("value", "int64", "count", "Since the machine started; of ss -s at that moment."),
        LINE,
    ),
    Column("row", "int64", "ordinal", "Place in the file."),
    "Every counter of the report.",
)


class Counter(NamedTuple):
    """One counter."""

    group: str
    name: str
    value: int
    line: int


class CounterReport(ToolReport):
    """Counters of the kernel.

    Parameters
    ----------
    source : Source or None
    counters : list of Counter
    gaps : iterable of Gap
    """

    schemas: ClassVar = {"counters": COUNTERS}
    _told: ClassVar[tuple[str, ...]] = ()
    """Counters for the card."""

    def __init__(
        self, source: Source | None, counters: list[Counter], gaps: Iterable[Gap] = ()
    ) -> None:
        self.counters = counters
        super().__init__(source, {"counters": partial(COUNTERS.frame, counters)}, gaps)

    def rows(self, *names: str, group: str | None = None) -> list[int]:
        """Return the rows of the counters of these names."""
        return [
            row
            for row, one in enumerate(self.counters)
            if one.name in names and group in (None, one.group)
        ]

    def value(self, *names: str, group: str | None = None) -> int:
        """Return the sum of the counters of these names; 0 where there is none.

        Parameters
        ----------
        *names : str
            A counter has one name in one version of a tool, and another in the next.
        group : str, optional
            Of this group alone.
        """
        return sum(self.counters[row].value for row in self.rows(*names, group=group))

    def headline(self) -> str:
        """Say what is not zero."""
        told = [f"{human_count(self.value(name))} {name}" for name in self._told]
        return f"{', '.join(told)}."

    def facts(self) -> list[tuple[str, str]]:
        """Return the few counters that tell most."""
        return [(name, human_count(self.value(name))) for name in self._told]

    def measures(self) -> list[Measure]:
        """Return every counter."""
        sums: dict[str, int] = {}
        for one in self.counters:
            name = f"{one.group}: {one.name}"
            sums[name] = sums.get(name, 0) + one.value
        return [Measure(name, "count", value) for name, value in sums.items()]


class ProtocolCounters(CounterReport):
    """What ``netstat -s`` says.

    Examples
    --------
    >>> import prodforensics as pf
    >>> report = pf.load(pf.samples.path("network/netstat.loss.txt"))
    >>> report.value("segments retransmitted"), report.value("segments sent out")
    (43, 978)
    """

    kind: ClassVar[str] = "protocol counters"
    _rules: ClassVar[str] = "prodforensics.network.tools.counter_rules:PROTOCOL_RULES"
    _compare: ClassVar[str] = "prodforensics.network.tools.counter_rules:ProtocolComparison"
    _told: ClassVar = ("segments sent out", "segments retransmitted", "connections established")


class ConntrackCounters(CounterReport):
    """What ``conntrack -S`` says, processor by processor.

    Examples
    --------
    >>> import prodforensics as pf
    >>> report = pf.load(pf.samples.path("network/conntrack.overflow.stats.txt"))
    >>> report.value("drop"), report.value("insert_failed")
    (12, 0)
    """

    kind: ClassVar[str] = "conntrack counters"
    _rules: ClassVar[str] = "prodforensics.network.tools.counter_rules:CONNTRACK_RULES"
    _told: ClassVar = ("insert", "insert_failed", "drop", "early_drop")

    def measures(self) -> list[Measure]:
        """Return the counters, added up over the processors."""
        names = dict.fromkeys(one.name for one in self.counters)
        return [Measure(name, "count", self.value(name)) for name in names]


class SocketSummary(CounterReport):
    """What ``ss -s`` says: sockets by state and protocol.

    Examples
    --------
    >>> import prodforensics as pf
    >>> pf.load(pf.samples.path("network/ss.summary.time_wait.txt")).value("timewait")
    116
    """

    kind: ClassVar[str] = "socket summary"
    _rules: ClassVar[str] = "prodforensics.network.tools.counter_rules:SUMMARY_RULES"
    _told: ClassVar = ("estab", "timewait", "orphaned")
