"""``conntrack -L``, or ``/proc/net/nf_conntrack``: a line for each connection, read in bulk."""

from __future__ import annotations

import re
from typing import Any

from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.gaps import Gap
from prodforensics.network.tools.bulk_lines import gaps_at, lines_of, matched
from prodforensics.network.tools.conntrack_reports import ConntrackTable
from prodforensics.source import Source

__all__ = ["read", "sniff"]

_SIGNATURE = re.compile(
    rb"(?m)^(?:ipv[46][ \t]+[0-9]{1,2}[ \t]+)?[a-z0-9]{2,10}[ \t]+[0-9]{1,3}[ \t]"
    rb"[^=\n]{0,60}src=\S{2,600} dst=\S{2,600}[ \t]"
)
_TOLD = re.compile(rb"conntrack v[0-9.]+ \(conntrack-tools\): ([0-9]{1,18}) flow entries")
_SIDE = ("source_port", "destination_port", "packets", "bytes")
_NUMBERS = dict.fromkeys((*_SIDE, *(f"reply_{one}" for one in _SIDE), "timeout", "mark"), "int64")
_WORDS = r"\s*|.*flow entries have been shown\.\s*"


def _tuple(prefix: str) -> str:
    return (
        rf"src=(?P<{prefix}source_ip>\S+) dst=(?P<{prefix}destination_ip>\S+)"
        rf"(?: sport=(?P<{prefix}source_port>[0-9]{{1,5}}) dport=(?P<{prefix}destination_port>"
        r"[0-9]{1,5}))?(?: type=[0-9]+ code=[0-9]+ id=[0-9]+)?(?: [sd]rckey=\S+)*"
        rf"(?: packets=(?P<{prefix}packets>[0-9]{{1,18}}) bytes=(?P<{prefix}bytes>[0-9]{{1,18}}))?"
    )


_LINE = (
    r"(?:ipv[46] +[0-9]+ +)?(?P<protocol>\S+) +[0-9]+ +(?:(?P<timeout>[0-9]{1,9}) +)?"
    r"(?:(?P<state>[^\s=]+) +)?" + _tuple("") + r" ?(?P<unreplied>\[UNREPLIED\] ?)?"
    + _tuple("reply_") + r"(?: (?P<assured>\[ASSURED\]))?(?: \[OFFLOAD\]| \[HW_OFFLOAD\])?"
    r"(?: mark=(?P<mark>[0-9]{1,10}))?.* use=[0-9]+\s*"
)  # fmt: skip


def sniff(probe: Probe) -> Match | None:
    """Recognise an entry."""
    if _SIGNATURE.search(probe.head):
        return Match(0.95, "the connection table of conntrack")
    return None


def read(source: Source, *, progress: bool | None = None) -> ConntrackTable:
    """Read the entries.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Show a progress bar: always, never, or (None) for large files.

    Returns
    -------
    ConntrackTable

    Raises
    ------
    Corrupt
        No entry is in the file.
    """
    import numpy as np

    lines, gaps = lines_of(source)
    groups, places = matched(lines, _LINE, _NUMBERS, progress=progress)
    strange = np.setdiff1d(np.arange(len(lines)), places, assume_unique=True)
    gaps += gaps_at(lines, strange.tolist(), _WORDS)
    if not len(places):
        raise Corrupt(source.path, 0, "entries of a connection table", repr(source.head(40)))
    told = _TOLD.search(source.head()) or _TOLD.search(source.tail())
    if told and int(told[1]) > len(places):
        what = f"conntrack counts {int(told[1]):,} entries, {len(places):,} are in the file"
        gaps.append(Gap(what, lost_records=int(told[1]) - len(places)))
    return ConntrackTable(source, _columns(groups, places + 1), gaps)


def _columns(parts: dict[str, Any], lines: Any) -> dict[str, Any]:
    import numpy as np
    import pyarrow.compute as pc

    seconds = parts["timeout"]
    # An address is translated where the answers do not come from, or go to, where they should.
    source = pc.not_equal(parts["source_ip"], parts["reply_destination_ip"])
    target = pc.not_equal(parts["destination_ip"], parts["reply_source_ip"])
    one = pc.if_else(source, "source", pc.if_else(target, "destination", ""))
    return parts | {
        "timeout_ns": np.where(seconds < 0, -1, seconds * 10**9),
        "replied": pc.equal(parts["unreplied"], "").to_numpy(zero_copy_only=False),
        "assured": pc.not_equal(parts["assured"], "").to_numpy(zero_copy_only=False),
        "nat": pc.if_else(pc.and_(source, target), "both", one),
        "line": lines,
    }
