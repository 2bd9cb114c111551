"""curl's timings before and after: which phase became slower."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from prodforensics.display.tables import human_ns
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule
from prodforensics.network.tools.timing_reports import PHASES
from prodforensics.network.tools.timing_rules import WORDS
from prodforensics.network.tools.tool_comparison import ToolComparison, tool_change

if TYPE_CHECKING:
    from prodforensics.network.tools.timing_reports import CurlTimings

__all__ = ["RULES", "TimingComparison"]

_MS = 10**6
_MORE = 100 * _MS
_TIMES = 2


class TimingComparison(ToolComparison):
    """What changed between the first and the last of two or more curl timings.

    Parameters
    ----------
    before, after, *more : CurlTimings
        In the order of time.

    Examples
    --------
    >>> import prodforensics as pf
    >>> names = ("network/curl.fast.json", "network/curl.slow_tls.json")
    >>> slower = pf.compare(*(pf.load(pf.samples.path(name)) for name in names))
    >>> slower.findings().likely[0].title
    'The TLS handshake became slower: 15.9 ms → 810 ms'
    """

    kind: ClassVar[str] = "comparison of curl timings"
    _rules: ClassVar[str] = "prodforensics.network.tools.timing_comparison:RULES"

    reports: tuple[CurlTimings, ...]


@rule("network.curl_phase")
def slower_phase(comparison: TimingComparison) -> Iterator[Finding]:
    """Find the phases whose median at least doubled and grew by a tenth of a second."""
    for row, (name, _, before, after, delta, *_) in enumerate(comparison.changes):
        phase = name.removesuffix(", median")
        if phase not in PHASES or not delta or before is None or after is None:
            continue
        if delta < _MORE or after < _TIMES * before:
            continue
        last = comparison.reports[-1]
        urls = sorted({one.url for one in last.requests} - {""})
        told = f" ({urls[0]}{' and others' if len(urls) > 1 else ''})" if urls else ""
        words = WORDS[phase]
        yield Finding(
            "network.curl_phase", Verdict.LIKELY, Severity.HIGH,
            f"{words.name[0].upper()}{words.name[1:]} became slower: {human_ns(before)} → "
            f"{human_ns(after)}",
            f"{words.why} Phase {phase}{told}; medians of {len(comparison.reports[0].requests)} "
            f"and {len(last.requests)} requests.",
            {"changes": [row]}, words.next_step,
        )  # fmt: skip


RULES: list[Rule] = [slower_phase, tool_change]
