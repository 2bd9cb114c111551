"""The Trace Event Format: Chrome's and DevTools' traces, ``node --trace-events``, py-spy's.

A JSON array of events, or an object that holds one as ``traceEvents``; an array need not be closed,
which cannot be told from one that was cut. Two kinds of profile are in it: V8's samples (events
``Profile`` and ``ProfileChunk``), and stacks of events that last: ``B`` and ``E`` open and close
one on a thread, ``X`` is one with its duration. All times are microseconds.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from prodforensics.errors import BadOption, Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.profile.formats.json_document import keys, read_document
from prodforensics.profile.formats.json_fields import Fields
from prodforensics.profile.formats.trace_events import TraceThreads, lasting, sampled
from prodforensics.source import Source

if TYPE_CHECKING:
    from prodforensics.profile.model import Profile

__all__ = ["read", "sniff"]

_EVENTS = ("traceEvents[].ph", "[].ph")


def sniff(probe: Probe) -> Match | None:
    """Recognise events with a phase and a time or a name."""
    found = keys(probe.head)
    for phase in _EVENTS:
        events = phase.removesuffix(".ph")
        if phase in found and found & {f"{events}.ts", f"{events}.name", f"{events}.pid"}:
            return Match(0.95, "a JSON array of trace events")
    return None


def read(
    source: Source,
    *,
    progress: bool | None = None,  # noqa: ARG001 (parsed in one go)
    events: str | None = None,
) -> Profile:
    """Read the profile that is in a trace.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Taken, as by all readers: the file is parsed in one go.
    events : str, optional
        ``"samples"``: V8's CPU profiles; ``"durations"``: what ``B``, ``E`` and ``X`` events tell.
        By default samples where there are any.

    Returns
    -------
    Profile
        Of durations, a sample is a stretch of time between two events of a thread.

    Raises
    ------
    Corrupt
        There are no events in the file, or none of that kind.
    """
    from prodforensics.profile.model import Profile

    if events not in (None, "samples", "durations"):
        raise BadOption(f"events={events!r}", hint="events='samples' or events='durations'")
    document, gaps = read_document(source)
    fields = Fields()
    listed = document if isinstance(document, list) else document.get("traceEvents")
    records = fields.records(listed, "traceEvents")
    if not records:
        raise Corrupt(source.path, 0, "trace events", "JSON without any")
    threads = TraceThreads(records, fields)
    data = None
    if events != "durations":
        data = sampled(records, threads, fields)
    if data is None and events != "samples":
        data = lasting(records, threads, fields)
    if data is None:
        kind = {"samples": "V8's samples", "durations": "durations"}.get(events or "", "a profile")
        raise Corrupt(source.path, None, f"trace events with {kind}", f"{len(records)} others")
    producer = _producer(document, records, threads)
    told = {"mode": "wall", "clock": "relative"} if producer == "py-spy" else {}
    data = replace(data, recording=replace(data.recording, producer=producer, **told))
    return Profile(source, data, [*gaps, *fields.gaps])


def _producer(document: Any, records: list[dict[str, Any]], threads: TraceThreads) -> str:
    metadata = document.get("metadata") if isinstance(document, dict) else None
    if isinstance(metadata, dict) and metadata.get("source") == "DevTools":
        return "Chrome DevTools"
    if records[-1].get("cat") == "py-spy":
        return "py-spy"
    names = " ".join(threads.process_names())
    return "Node.js" if names.startswith("node") else "Chrome" if "Renderer" in names else ""
