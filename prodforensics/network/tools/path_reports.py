"""Reports of a path: what mtr says of its hops, what ping says of its packet size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

from prodforensics.display.tables import human_count, human_ns
from prodforensics.gaps import Gap
from prodforensics.network.tools.tool_reports import LINE, Measure, ToolReport
from prodforensics.schema import Column, Schema
from prodforensics.source import Source

__all__ = ["Hop", "MtrReport", "MtrRun", "PingReport", "PingRun", "Probe"]

HOPS = Schema(
    "hops",
    (
        Column("run", "int64", "ordinal", "Which run of mtr, in `runs`."),
        Column("hop", "int64", "ordinal", "Distance from the source, from 1."),
        Column("host", "str", "", "Who answered; ??? for nobody."),
        Column("other_hosts", "str", "", "Further hosts at this distance, on equal paths."),
        Column("sent", "int64", "count", "Probes sent."),
        Column("lost", "int64", "count", "Probes without an answer."),
        Column("loss_percent", "float64", "percent", "As mtr says."),
        Column("last_ns", "Int64", "ns", "Round trip of the last answer."),
        Column("average_ns", "Int64", "ns", "Mean round trip."),
        Column("best_ns", "Int64", "ns", "Shortest round trip."),
        Column("worst_ns", "Int64", "ns", "Longest round trip."),
        Column("deviation_ns", "Int64", "ns", "Standard deviation of the round trips."),
        LINE,
    ),
    Column("row", "int64", "ordinal", "Place in the report."),
    "One row for each hop of each run. What mtr was not asked for is missing.",
)
MTR_RUNS = Schema(
    "runs",
    (
        Column("start", "datetime64[ns, UTC]", "", "When it began, where the report says."),
        Column("source", "str", "", "The host that mtr ran on."),
        Column("destination", "str", "", "Where to; of a text the host of the last hop."),
        Column("hops", "int64", "count", "Hops of the path."),
        Column("sent", "int64", "count", "Probes to the last hop."),
        Column("loss_percent", "float64", "percent", "Loss to the last hop."),
        LINE,
    ),
    Column("run", "int64", "ordinal", "Place in the report."),
    "One row for each run of mtr.",
)
PROBES = Schema(
    "probes",
    (
        Column("run", "int64", "ordinal", "Which run of ping, in `runs`."),
        Column("event", "category", "", "reply, duplicate, too big, unreachable, error."),
        Column("sequence", "Int64", "ordinal", "icmp_seq, where the line has it."),
        Column("host", "str", "", "Who answered."),
        Column("rtt_ns", "Int64", "ns", "Round trip."),
        Column("ttl", "Int64", "count", "Hops that its answer had left."),
        Column("mtu", "Int64", "bytes", "Largest packet that fits, where the line says."),
        Column("text", "str", "", "What the line says, where it is no reply."),
        LINE,
    ),
    Column("probe", "int64", "ordinal", "Place in the report."),
    "One row for each line of ping: an answer, or an error.",
)
PING_RUNS = Schema(
    "runs",
    (
        Column("target", "str", "", "As it was asked for."),
        Column("address", "str", "", "Its address."),
        Column("packet_bytes", "int64", "bytes", "IP packet that each probe was; -1: unknown."),
        Column("sent", "int64", "count", "Probes sent."),
        Column("received", "int64", "count", "Answers."),
        Column("errors", "int64", "count", "Errors that came back, or that the host itself made."),
        Column("mtu", "Int64", "bytes", "Smallest packet size that an error told."),
        Column("best_ns", "Int64", "ns", "Shortest round trip."),
        Column("average_ns", "Int64", "ns", "Mean round trip."),
        Column("worst_ns", "Int64", "ns", "Longest round trip."),
        LINE,
    ),
    Column("run", "int64", "ordinal", "Place in the report."),
    "One row for each run of ping.",
)


@dataclass
class Hop:
    """One hop of a run; a duration is None where the report has none."""

    hop: int
    host: str
    line: int
    sent: int = 0
    loss_percent: float = 0.0
    lost: int = 0
    last_ns: int | None = None
    average_ns: int | None = None
    best_ns: int | None = None
    worst_ns: int | None = None
    deviation_ns: int | None = None
    other_hosts: list[str] = field(default_factory=list)

    @property
    def silent(self) -> bool:
        """Whether nobody answered at all."""
        return self.sent > 0 and self.lost >= self.sent


@dataclass
class MtrRun:
    """One run of mtr."""

    line: int
    start_ns: int | None = None
    source: str = ""
    destination: str = ""
    hops: list[Hop] = field(default_factory=list)


class MtrReport(ToolReport):
    """What mtr measured along a path.

    Parameters
    ----------
    source : Source or None
    runs : list of MtrRun
        Each with a hop at least.
    gaps : iterable of Gap

    Examples
    --------
    >>> import prodforensics as pf
    >>> report = pf.load(pf.samples.path("network/mtr.loss.csv"))
    >>> report.frames["hops"][["host", "loss_percent"]].tail(2).values.tolist()
    [['203.0.113.2', 17.5], ['10.30.0.2', 12.5]]
    """

    kind: ClassVar[str] = "mtr report"
    schemas: ClassVar = {"hops": HOPS, "runs": MTR_RUNS}
    _rules: ClassVar[str] = "prodforensics.network.tools.path_rules:MTR_RULES"

    def __init__(self, source: Source | None, runs: list[MtrRun], gaps: Iterable[Gap] = ()) -> None:
        self.runs = runs
        hops = [
            (
                *(number, hop.hop, hop.host, ", ".join(hop.other_hosts), hop.sent, hop.lost),
                *(hop.loss_percent, hop.last_ns, hop.average_ns, hop.best_ns, hop.worst_ns),
                *(hop.deviation_ns, hop.line),
            )
            for number, run in enumerate(runs)
            for hop in run.hops
        ]
        rows = [
            (
                *(run.start_ns, run.source, run.destination or run.hops[-1].host, len(run.hops)),
                *(run.hops[-1].sent, run.hops[-1].loss_percent, run.line),
            )
            for run in runs
        ]
        builders = {"hops": partial(HOPS.frame, hops), "runs": partial(MTR_RUNS.frame, rows)}
        super().__init__(source, builders, gaps)

    def headline(self) -> str:
        """Say how far the path is and what is lost to its end."""
        last = self.runs[-1].hops[-1]
        took = "" if last.average_ns is None else f", {human_ns(last.average_ns)} on average"
        more = f" (the last of {len(self.runs)} runs)" if len(self.runs) > 1 else ""
        return (
            f"{len(self.runs[-1].hops)} hops to {last.host}, {last.loss_percent:g} % of "
            f"{human_count(last.sent)} probes lost{took}{more}."
        )

    def facts(self) -> list[tuple[str, str]]:
        """Return hops, probes, loss and round trip of the last run."""
        run = self.runs[-1]
        last = run.hops[-1]
        facts = [("hops", str(len(run.hops))), ("probes a hop", human_count(last.sent))]
        facts += [("loss to the end", f"{last.loss_percent:g} %")]
        if last.average_ns is not None:
            facts.append(("round trip", human_ns(last.average_ns)))
        return [*facts, ("runs", str(len(self.runs)))] if len(self.runs) > 1 else facts

    def measures(self) -> list[Measure]:
        """Return loss and round trip of each hop of the last run."""
        found = []
        for hop in self.runs[-1].hops:
            name = f"hop {hop.hop}: {hop.host}"
            found.append(Measure(f"{name}: loss", "percent", hop.loss_percent))
            found.append(Measure(f"{name}: average round trip", "ns", hop.average_ns))
        return found


@dataclass
class Probe:
    """One line of ping."""

    event: str
    line: int
    sequence: int | None = None
    host: str = ""
    rtt_ns: int | None = None
    ttl: int | None = None
    mtu: int | None = None
    text: str = ""


@dataclass
class PingRun:
    """One run of ping; what it did not print to its end has no sums, these are then counted."""

    line: int
    target: str
    address: str
    packet_bytes: int = -1
    sent: int = 0
    received: int = 0
    errors: int = 0
    best_ns: int | None = None
    average_ns: int | None = None
    worst_ns: int | None = None
    probes: list[Probe] = field(default_factory=list)

    @property
    def mtu(self) -> int | None:
        """Smallest packet size that an error told."""
        return min((probe.mtu for probe in self.probes if probe.mtu is not None), default=None)


_EVENTS = ("reply", "duplicate", "too big", "unreachable", "error")


class PingReport(ToolReport):
    """What ping measured, with the size of its packets; findings: `path_rules`.

    Parameters
    ----------
    source : Source or None
    runs : list of PingRun
    gaps : iterable of Gap

    Examples
    --------
    >>> import prodforensics as pf
    >>> report = pf.load(pf.samples.path("network/ping.frag_needed.txt"))
    >>> report.frames["runs"][["packet_bytes", "received", "mtu"]].values.tolist()
    [[1500, 0, 1400]]
    """

    kind: ClassVar[str] = "ping report"
    schemas: ClassVar = {"probes": PROBES, "runs": PING_RUNS}
    _rules: ClassVar[str] = "prodforensics.network.tools.path_rules:PING_RULES"

    def __init__(
        self, source: Source | None, runs: list[PingRun], gaps: Iterable[Gap] = ()
    ) -> None:
        self.runs = runs
        probes = [
            (
                *(number, one.event, one.sequence, one.host, one.rtt_ns, one.ttl, one.mtu),
                *(one.text, one.line),
            )
            for number, run in enumerate(runs)
            for one in run.probes
        ]
        rows = [
            (
                *(run.target, run.address, run.packet_bytes, run.sent, run.received, run.errors),
                *(run.mtu, run.best_ns, run.average_ns, run.worst_ns, run.line),
            )
            for run in runs
        ]
        kinds = {"event": _EVENTS}
        builders = {
            "probes": partial(PROBES.frame, probes, kinds),
            "runs": partial(PING_RUNS.frame, rows),
        }
        super().__init__(source, builders, gaps)

    def headline(self) -> str:
        """Say how many of the packets came back."""
        run = self.runs[-1]
        size = f" of {run.packet_bytes:,} bytes" if run.packet_bytes >= 0 else ""
        took = "" if run.average_ns is None else f", {human_ns(run.average_ns)} on average"
        return f"{run.received} of {run.sent} packets{size} to {run.target} came back{took}."

    def facts(self) -> list[tuple[str, str]]:
        """Return what was sent and what came back."""
        run = self.runs[-1]
        facts = [("sent", human_count(run.sent)), ("received", human_count(run.received))]
        if run.packet_bytes >= 0:
            facts.append(("packet", f"{run.packet_bytes:,} bytes"))
        if run.mtu is not None:
            facts.append(("path MTU", f"{run.mtu:,} bytes"))
        return [*facts, ("runs", str(len(self.runs)))] if len(self.runs) > 1 else facts

    def measures(self) -> list[Measure]:
        """Return loss and round trip of each target and size; the last run of equal ones."""
        found = {}
        for run in self.runs:
            name = f"{run.target}, {run.packet_bytes} bytes"
            lost = 100 * (run.sent - run.received) / max(run.sent, 1)
            found[name] = [
                Measure(f"{name}: loss", "percent", lost),
                Measure(f"{name}: average round trip", "ns", run.average_ns),
                Measure(f"{name}: path MTU", "bytes", run.mtu),
            ]
        return [measure for measures in found.values() for measure in measures]
