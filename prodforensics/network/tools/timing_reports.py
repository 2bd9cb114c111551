"""curl's timings: where the time of a request goes, phase by phase."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, partial
from statistics import median
from typing import ClassVar
from urllib.parse import urlsplit

from prodforensics.display.tables import human_bytes, human_count, human_ns
from prodforensics.gaps import Gap
from prodforensics.network.tools.tool_reports import LINE, Measure, ToolReport
from prodforensics.schema import Column, Schema
from prodforensics.source import Source

__all__ = ["PHASES", "CurlTimings", "Request"]

PHASES = ("dns", "connect", "tls", "ttfb", "transfer")
"""The phases of a request, in order."""

REQUESTS = Schema(
    "requests",
    (
        Column("url", "str", "", "What was asked for, where the output says."),
        Column("method", "str", "", "GET, POST ..., where the output says."),
        Column("status", "Int64", "", "HTTP status; 0: there was no answer."),
        Column("exit_code", "Int64", "", "curl's exit code, where the output says."),
        Column("error", "str", "", "curl's message."),
        Column("reached", "category", "", "The phase that it came to; transfer for a whole one."),
        Column("dns_ns", "Int64", "ns", "Name lookup; missing: the request did not get there."),
        Column("connect_ns", "Int64", "ns", "TCP handshake."),
        Column("tls_ns", "Int64", "ns", "TLS handshake; 0 without TLS."),
        Column("ttfb_ns", "Int64", "ns", "From the request to the first byte of its answer."),
        Column("transfer_ns", "Int64", "ns", "From the first byte to the last."),
        Column("total_ns", "Int64", "ns", "All of it."),
        Column("redirect_ns", "Int64", "ns", "Part of it that redirections took."),
        Column("size_bytes", "Int64", "bytes", "What was downloaded."),
        Column("remote", "str", "", "Address and port that it connected to."),
        Column("http_version", "str", "", "1.1, 2, 3; empty where it is not known."),
        LINE,
    ),
    Column("request", "int64", "ordinal", "Place in the file."),
    "One row for each request.",
)
PHASES_SCHEMA = Schema(
    "phases",
    (
        Column("request", "int64", "ordinal", "In `requests`."),
        Column("phase", "category", "", "dns, connect, tls, ttfb, transfer."),
        Column("begin_ns", "int64", "ns", "Since the request began."),
        Column("duration_ns", "int64", "ns", "How long it took."),
        Column("share", "float64", "", "Part of the whole request, 0 to 1."),
        LINE,
    ),
    Column("row", "int64", "ordinal", "Request by request, phase by phase."),
    "One row for each phase that a request went through.",
)
EXTRAS = Schema(
    "extras",
    (
        Column("request", "int64", "ordinal", "In `requests`."),
        Column("label", "str", "", "As it stands in the file."),
        Column("value", "str", "", "As it stands in the file."),
        LINE,
    ),
    Column("row", "int64", "ordinal", "Place in the file."),
    "Lines with labels of the user's own, as `-w` allows.",
)


@dataclass
class Request:
    """What curl says of one request: when it came to each point, since its beginning.

    The points are those of ``-w``; 0 is written for one that it did not come to.
    """

    line: int
    points: dict[str, int] = field(default_factory=dict)
    status: int | None = None
    exit_code: int | None = None
    error: str = ""
    url: str = ""
    method: str = ""
    size_bytes: int | None = None
    remote: str = ""
    http_version: str = ""
    extras: list[tuple[str, str, int]] = field(default_factory=list)

    @property
    def total_ns(self) -> int | None:
        """All of the request."""
        return self.points.get("total")

    @property
    def host(self) -> str:
        """The host of its URL; empty where the URL is not known."""
        try:
            return urlsplit(self.url).netloc.rpartition("@")[2]
        except ValueError:
            return ""

    @cached_property
    def phases(self) -> list[tuple[str, int, int]]:
        """The phases it went through: name, begin, duration in ns."""
        points = self.points
        found, at = [], 0
        # A resolver's cache answers in no time; what was reached behind it tells that it did.
        ends = [points.get(name, 0) for name in ("dns", "connect", "tls", "ttfb", "total")]
        answered = bool(ends[3])
        for place, (phase, end) in enumerate(zip(PHASES, ends, strict=True)):
            if phase == "transfer" and not answered:
                break
            if not end and not any(ends[place + 1 : 4]):
                break
            end = max(end, at)
            found.append((phase, at, end - at))
            at = end
        return found

    @property
    def reached(self) -> str:
        """The phase that it came to, and failed in where it failed; transfer for a whole one."""
        done = [phase for phase, *_ in self.phases]
        if "ttfb" in done:
            return "transfer"
        return PHASES[len(done)]

    @property
    def failed(self) -> bool:
        """Whether there was no answer."""
        return self.exit_code not in (None, 0) or "ttfb" not in [name for name, *_ in self.phases]


class CurlTimings(ToolReport):
    """What ``curl -w`` measured of one or more requests.

    Parameters
    ----------
    source : Source or None
    requests : list of Request
    gaps : iterable of Gap

    Examples
    --------
    >>> import prodforensics as pf
    >>> timings = pf.load(pf.samples.path("network/curl.slow_tls.json"))
    >>> timings.frames["requests"][["dns_ns", "connect_ns", "tls_ns"]].values.tolist()
    [[6796000, 6289000, 809787000]]
    """

    kind: ClassVar[str] = "curl timings"
    schemas: ClassVar = {"requests": REQUESTS, "phases": PHASES_SCHEMA, "extras": EXTRAS}
    _rules: ClassVar[str] = "prodforensics.network.tools.timing_rules:RULES"
    _compare: ClassVar[str] = "prodforensics.network.tools.timing_comparison:TimingComparison"

    def __init__(
        self, source: Source | None, requests: list[Request], gaps: Iterable[Gap] = ()
    ) -> None:
        self.requests = requests
        rows, phases, extras = [], [], []
        for number, one in enumerate(requests):
            took = {phase: duration for phase, _, duration in one.phases}
            rows.append(
                (
                    *(one.url, one.method, one.status, one.exit_code, one.error, one.reached),
                    *(took.get(phase) for phase in PHASES),
                    *(one.total_ns, one.points.get("redirect"), one.size_bytes, one.remote),
                    *(one.http_version, one.line),
                )
            )
            whole = one.total_ns or 1
            phases += [(number, *phase, phase[2] / whole, one.line) for phase in one.phases]
            extras += [(number, *extra) for extra in one.extras]
        builders = {
            "requests": partial(REQUESTS.frame, rows, {"reached": PHASES}),
            "phases": partial(PHASES_SCHEMA.frame, phases, {"phase": PHASES}),
            "extras": partial(EXTRAS.frame, extras),
        }
        super().__init__(source, builders, gaps)

    def durations(self, phase: str) -> list[int]:
        """Return how long a phase took, of the requests that went through it."""
        return [took for one in self.requests for name, _, took in one.phases if name == phase]

    def medians(self) -> list[tuple[str, int]]:
        """Return the median of each phase that there is."""
        every = [(phase, self.durations(phase)) for phase in PHASES]
        return [(phase, int(median(took))) for phase, took in every if took]

    def headline(self) -> str:
        """Say how long it took and which phase took most."""
        failed = sum(one.failed for one in self.requests)
        whole = [one.total_ns or 0 for one in self.requests if not one.failed]
        medians = self.medians()
        if not whole or not medians:
            return f"{human_count(failed)} of {human_count(len(self.requests))} requests failed."
        slowest, took = max(medians, key=lambda pair: pair[1])
        many = len(self.requests) > 1
        said = f"{human_count(len(self.requests))} requests, median" if many else "One request,"
        more = f"; {failed} failed" if failed else ""
        return f"{said} {human_ns(median(whole))}; most is {slowest}, {human_ns(took)}{more}."

    def facts(self) -> list[tuple[str, str]]:
        """Return the median of each phase, and what came."""
        facts = [(phase, human_ns(took)) for phase, took in self.medians()]
        facts.append(("requests", human_count(len(self.requests))))
        if len(self.requests) == 1 and self.requests[0].status is not None:
            facts.append(("status", str(self.requests[0].status)))
        if len(self.requests) == 1 and self.requests[0].size_bytes is not None:
            facts.append(("size", human_bytes(self.requests[0].size_bytes)))
        return facts

    def measures(self) -> list[Measure]:
        """Return the median of each phase and of the whole, and how many requests failed."""
        found = [Measure(f"{phase}, median", "ns", took) for phase, took in self.medians()]
        totals = [one.total_ns for one in self.requests if one.total_ns is not None]
        if totals:
            found.append(Measure("total, median", "ns", median(totals)))
        failed = 100 * sum(one.failed for one in self.requests) / max(len(self.requests), 1)
        return [*found, Measure("failed requests", "percent", failed)]
