"""The kernel's connection table, as ``conntrack -L`` lists it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from prodforensics._reference import Later
from prodforensics.display.tables import human_count
from prodforensics.gaps import Gap
from prodforensics.network.tools.tool_reports import LINE, Measure, ToolReport
from prodforensics.schema import Column, Schema
from prodforensics.source import Source

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ConntrackTable"]

bulk_lines = Later("prodforensics.network.tools.bulk_lines")


def _tuple(prefix: str, of: str) -> tuple[Column, ...]:
    return (
        Column(f"{prefix}source_ip", "category", "", f"Source of {of}."),
        Column(f"{prefix}destination_ip", "category", "", f"Destination of {of}."),
        Column(f"{prefix}source_port", "int32", "", "-1 where there is none, as in ICMP."),
        Column(f"{prefix}destination_port", "int32", "", "-1 where there is none."),
        Column(f"{prefix}packets", "int64", "count", "-1 where the kernel does not count."),
        Column(f"{prefix}bytes", "int64", "bytes", "-1 where the kernel does not count."),
    )


ENTRIES = Schema(
    "entries",
    (
        Column("protocol", "category", "", "tcp, udp, icmp ..."),
        Column("state", "category", "", "SYN_SENT, ESTABLISHED ...; empty for others than TCP."),
        Column("timeout_ns", "int64", "ns", "How long it stays if nothing comes; -1: not told."),
        *_tuple("", "the first packet"),
        *_tuple("reply_", "the answers, as they are expected"),
        Column("replied", "bool", "", "Whether there was an answer."),
        Column("assured", "bool", "", "Whether it stays when the table is full."),
        Column("nat", "category", "", "source, destination, both; empty: no address changed."),
        Column("mark", "int64", "", "Its mark; -1 for none."),
        LINE,
    ),
    Column("entry", "int64", "ordinal", "Place in the file."),
    "One row for each connection that the kernel remembers.",
)
STATES = Schema(
    "states",
    (
        Column("protocol", "str", "", "tcp, udp, icmp ..."),
        Column("state", "str", "", "SYN_SENT, ESTABLISHED ...; empty for others than TCP."),
        Column("entries", "int64", "count", "How many."),
        Column("unreplied", "int64", "count", "Of them without an answer."),
        Column("line", "int64", "ordinal", "Line of the first."),
    ),
    Column("row", "int64", "ordinal", "Place, most first."),
    "The entries by protocol and state.",
)
PARTIES = Schema(
    "parties",
    (
        Column("role", "str", "", "source, or destination."),
        Column("ip", "str", "", "Its address."),
        Column("port", "int64", "", "Of a destination; -1 for sources and where there is none."),
        Column("protocol", "str", "", "Of a destination; empty for sources."),
        Column("entries", "int64", "count", "How many it has."),
        Column("unreplied", "int64", "count", "Of them without an answer."),
        Column("line", "int64", "ordinal", "Line of the first."),
    ),
    Column("row", "int64", "ordinal", "Place: sources, then destinations, most first."),
    "Who has most entries: a hundred sources and a hundred destinations.",
)
_LISTED = 100


class ConntrackTable(ToolReport):
    """The connections that the kernel remembers.

    Parameters
    ----------
    source : Source or None
    columns : mapping of str to array
        Those of ``frames["entries"]``.
    gaps : iterable of Gap

    Examples
    --------
    >>> import prodforensics as pf
    >>> table = pf.load(pf.samples.path("network/conntrack.table.txt"))
    >>> table.frames["states"][["protocol", "state", "entries"]].values.tolist()[:2]
    [['tcp', 'TIME_WAIT', 6], ['udp', '', 2]]
    """

    kind: ClassVar[str] = "connection table"
    schemas: ClassVar = {one.name: one for one in (ENTRIES, PARTIES, STATES)}
    _rules: ClassVar[str] = "prodforensics.network.tools.conntrack_rules:RULES"

    def __init__(
        self, source: Source | None, columns: Mapping[str, Any], gaps: Iterable[Gap] = ()
    ) -> None:
        self.size = len(columns["line"])
        builders = {
            "entries": partial(_entries, columns),
            "parties": self._parties,
            "states": self._states,
        }
        super().__init__(source, builders, gaps)

    def _states(self) -> pd.DataFrame:
        counted = _counted(self.frames["entries"], ["protocol", "state"])
        return STATES.frame(list(counted.itertuples(index=False)))

    def _parties(self) -> pd.DataFrame:
        entries = self.frames["entries"]
        rows: list[tuple[Any, ...]] = []
        for ip, *rest in _counted(entries, ["source_ip"]).head(_LISTED).itertuples(index=False):
            rows.append(("source", ip, -1, "", *rest))
        keys = ["destination_ip", "destination_port", "protocol"]
        counted = _counted(entries, keys).head(_LISTED)
        rows += [("destination", *row) for row in counted.itertuples(index=False)]
        return PARTIES.frame(rows)

    def headline(self) -> str:
        """Say how many entries there are and whose most are."""
        parties = self.frames["parties"]
        first = parties.iloc[0]
        return (
            f"{human_count(self.size)} entries, {human_count(int(first['entries']))} of them "
            f"begun by {first['ip']}."
        )

    def facts(self) -> list[tuple[str, str]]:
        """Return the entries by protocol and those without an answer."""
        states = self.frames["states"]
        facts = [("entries", human_count(self.size))]
        facts += [
            (protocol, human_count(int(count)))
            for protocol, count in states.groupby("protocol")["entries"].sum().head(4).items()
        ]
        return [*facts, ("unreplied", human_count(int(states["unreplied"].sum())))]

    def measures(self) -> list[Measure]:
        """Return the entries of each protocol and state, and those without an answer."""
        found = [Measure("entries", "count", self.size)]
        for row in self.frames["states"].itertuples():
            name = f"{row.protocol} {row.state}".strip()
            found.append(Measure(name, "count", row.entries))
            found.append(Measure(f"{name}, unreplied", "count", row.unreplied))
        return found


def _entries(columns: Mapping[str, Any]) -> pd.DataFrame:
    return bulk_lines.frame_of(ENTRIES, columns)


def _counted(entries: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Count entries and unreplied ones by keys, most first, with the line of the first."""
    work = entries[[*keys, "line"]].assign(unreplied=~entries["replied"])
    counted = work.groupby(keys, observed=True, sort=False).agg(
        entries=("line", "size"), unreplied=("unreplied", "sum"), line=("line", "min")
    )
    return counted.reset_index().sort_values(
        ["entries", "line"], ascending=[False, True], ignore_index=True
    )
