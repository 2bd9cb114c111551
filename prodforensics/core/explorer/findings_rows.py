"""Findings of a core for a view: what each says, and where in the view its proof is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodforensics._text import plain

if TYPE_CHECKING:
    from prodforensics.core.model import CoreDump
    from prodforensics.findings import Finding

__all__ = ["finding_rows", "proofs"]

_MOST = 4
_TABS = {
    "waits": ("locks", "Show the locks"),
    "modules": ("modules", "Show the modules"),
    "mappings": ("memory", "Show the memory map"),
    "secrets": ("secrets", "Show what was found"),
    "environment": ("secrets", "Show the environment"),
}


def finding_rows(core: CoreDump) -> list[dict[str, Any]]:
    """Return what a view shows of the findings, as JSON values."""
    return [
        {
            "verdict": str(finding.verdict),
            "title": plain(finding.title),
            "why": plain(finding.why, 2000),
            "next_step": plain(finding.next_step, 1000),
            "rule": finding.rule,
            "proofs": proofs(core, finding),
        }
        for finding in core.findings()
    ]


def proofs(core: CoreDump, finding: Finding) -> list[dict[str, Any]]:
    """Return where the proof of a finding is: tab, words of the button, thread and frame."""
    found: list[dict[str, Any]] = []
    seen: set[tuple[int, int]] = set()

    def lead(thread: int, frame: int) -> None:
        if (thread, frame) not in seen and len(seen) < _MOST:
            seen.add((thread, frame))
            words = f"Show thread {thread}, frame {frame}"
            found.append({"tab": "threads", "label": words, "thread": thread, "frame": frame})

    if labels := list(finding.rows.get("frames", ()))[:_MOST]:
        frames = core.frames["frames"]
        for label in labels:
            if label in frames.index:
                record = frames.loc[label]
                lead(int(record["thread_id"]), int(record["frame_index"]))
    if not found:
        for thread in list(finding.rows.get("threads", ()))[:_MOST]:
            lead(int(thread), 0)
    for name, (tab, words) in _TABS.items():
        if name in finding.rows:
            found.append({"tab": tab, "label": words})
    return found
