"""mtr's JSON: one object a run, with the run's settings and a list of its hops ("hubs")."""

from __future__ import annotations

import re
from typing import Any

from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.gaps import Gap
from prodforensics.network.tools.json_texts import documents, number, text
from prodforensics.network.tools.path_reports import Hop, MtrReport, MtrRun
from prodforensics.source import Source

__all__ = ["read", "sniff"]

_SIGNATURE = re.compile(rb'\s*\[?\s*\{\s*"report"\s*:\s*\{\s*"mtr"\s*:\s*\{')
_DURATIONS = {
    "last_ns": "Last",
    "average_ns": "Avg",
    "best_ns": "Best",
    "worst_ns": "Wrst",
    "deviation_ns": "StDev",
}


def sniff(probe: Probe) -> Match | None:
    """Recognise the first keys."""
    if _SIGNATURE.match(probe.head.removeprefix(b"\xef\xbb\xbf")):
        return Match(1.0, "the JSON of mtr")
    return None


def read(source: Source, *, progress: bool | None = None) -> MtrReport:  # noqa: ARG001 (all of them have it)
    """Read the objects of one or more runs.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Such a file is small: no progress is shown.

    Returns
    -------
    MtrReport

    Raises
    ------
    Corrupt
        No hop is in the file.
    """
    found, gaps = documents(source)
    runs = []
    for line, document in found:
        run = _run(document, line, gaps)
        if run.hops:
            runs.append(run)
        else:
            gaps.append(Gap("a report without a hop", line=line, lost_records=1))
    if not runs:
        raise Corrupt(source.path, 0, "the JSON of a whole run of mtr", repr(source.head(40)))
    return MtrReport(source, runs, dict.fromkeys(gaps))


def _run(document: dict[str, Any], line: int, gaps: list[Gap]) -> MtrRun:
    report = _object(document.get("report"))
    settings = _object(report.get("mtr"))
    run = MtrRun(line, None, text(settings.get("src")), text(settings.get("dst")))
    hubs = report.get("hubs")
    for place, hub in enumerate(hubs if isinstance(hubs, list) else ()):
        hop = _hop(_object(hub), line)
        if hop is None:
            what = f"hop {place + 1} of a report is not understood"
            gaps.append(Gap(what, line=line, lost_records=1))
        else:
            run.hops.append(hop)
    return run


def _hop(hub: dict[str, Any], line: int) -> Hop | None:
    place, loss, sent = (number(hub.get(key)) for key in ("count", "Loss%", "Snt"))
    if place is None or loss is None:
        return None
    hop = Hop(int(place), text(hub.get("host")) or "???", line, int(sent or 0))
    hop.loss_percent = min(max(loss, 0.0), 100.0)
    hop.lost = round(hop.sent * hop.loss_percent / 100)
    if loss < 100:
        for name, key in _DURATIONS.items():
            value = number(hub.get(key))
            setattr(hop, name, None if value is None else round(min(value, 1e9) * 1e6))
    return hop


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
