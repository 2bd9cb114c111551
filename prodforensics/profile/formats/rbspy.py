"""rbspy's raw file, ``rbspy record --raw-file``: gzip; ``rbspy02``, a header, a line a sample.

Header and samples are JSON objects, a line each. The trace of a sample is a list of frames, the
innermost first. Version 01 has no header; in version 00 a line is the list alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.gaps import Gap
from prodforensics.profile.frame_texts import UNNAMED_C
from prodforensics.source import Source

if TYPE_CHECKING:
    from prodforensics.profile.data import ProfileData, Threads
    from prodforensics.profile.model import Profile

__all__ = ["read", "sniff"]

_KEYS = ("pid", "thread_id", "secs_since_epoch", "nanos_since_epoch", "on_cpu")
_PID, _THREAD, _SECONDS, _NANOSECONDS, _ON_CPU = range(5)
_LISTED = 100
_LATEST = 2**33  # seconds: beyond, nanoseconds do not fit


def sniff(probe: Probe) -> Match | None:
    """Recognise the first line."""
    if probe.head[:8] in (b"rbspy00\n", b"rbspy01\n", b"rbspy02\n"):
        return Match(1.0, "a raw file of rbspy")
    return None


def read(source: Source, *, progress: bool | None = None, unnamed_c: bool = False) -> Profile:
    """Read a raw file of rbspy.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Show a progress bar: always, never, or (None) for large files.
    unnamed_c : bool
        Keep the frames of functions in C whose name rbspy could not find. They stand between the
        others and say nothing; rbspy's own summary leaves them out, too.

    Returns
    -------
    Profile
        Value types ``samples``, the default, and ``cpu`` (recorded with ``--on-cpu``) or ``wall``
        where the header tells the rate.

    Raises
    ------
    Corrupt
        It is not such a file, or holds no sample.
    """
    from prodforensics.profile.model import Profile
    from prodforensics.progress import compiling

    with source.buffer() as buf, compiling(progress):
        start = buf[:8].tobytes()
        if sniff(Probe(start, b"", "", 0)) is None:
            raise Corrupt(source.path, 0, "rbspy02", repr(start))
        header, at = _header(buf) if start == b"rbspy02\n" else ({}, 8)
        lines = _Lines(buf, at, unnamed_c)
        if not len(lines.trace):
            raise Corrupt(source.path, 8, "a sample", repr(source.head(60)[8:]))
    if header is None:
        lines.gaps.append(Gap("the header cannot be read", offset=8))
    return Profile(source, _data(header or {}, lines), lines.gaps)


class _Lines:
    """The samples of a file: those that can be read.

    Attributes
    ----------
    trace : int32[n]
        Place of each sample's trace in `traces`.
    numbers : int64[n, 5]
        What stands behind `_KEYS`; -1 where nothing does.
    time : int64[n] or None
        Nanoseconds since 1970.
    traces : _Traces
    gaps : list of Gap
    """

    def __init__(self, buf: np.ndarray, at: int, unnamed_c: bool) -> None:
        from prodforensics.kernels.json_lines import read_list_lines

        keys = np.frombuffer("".join(_KEYS).encode(), np.uint8)
        first, size, trace, numbers, start, end = read_list_lines(
            buf, at, keys, np.cumsum([0, *map(len, _KEYS)])
        )
        self.traces = _Traces(buf, first, size, unnamed_c)
        self.gaps: list[Gap] = []
        seconds, nanoseconds = numbers[:, _SECONDS], numbers[:, _NANOSECONDS]
        timed = (seconds >= 0) & (seconds < _LATEST) & (nanoseconds >= 0) & (nanoseconds < 10**9)
        closed = np.isin(buf[end - 1], (125, 93)) if len(end) else np.empty(0, np.bool_)
        good = closed & (trace >= 0) & self.traces.whole[trace]
        if 2 * timed.sum() > len(timed):  # old files have no times
            good &= timed
        self._tell(start[~good])
        if buf[-1] != 10:
            self.gaps.append(Gap("the last line has no end: it may be cut", offset=len(buf)))
        self.trace, self.numbers = trace[good], numbers[good]
        self.time = (seconds * 10**9 + nanoseconds)[good] if timed[good].all() else None

    def _tell(self, bad: np.ndarray) -> None:
        what = "a sample that cannot be read"
        places = bad[:_LISTED].tolist()
        self.gaps += [Gap(what, offset=place, lost_records=1) for place in places]
        if len(bad) > _LISTED:
            self.gaps.append(Gap("more of them", lost_records=len(bad) - _LISTED))


class _Traces:
    """The different traces of a file.

    Attributes
    ----------
    whole : bool[t + 1]
        Whether each is a list of frames; the last one, for lines without any, is not.
    calls : CallTable
    stacks : Stacks
    node : int32[t]
        The innermost node of each.
    """

    def __init__(
        self, buf: np.ndarray, first: np.ndarray, size: np.ndarray, unnamed_c: bool
    ) -> None:
        import orjson

        from prodforensics.profile.building import CallTable, stacks_from_lists

        self.calls = CallTable()
        self.whole = np.zeros(len(first) + 1, np.bool_)
        self._skip = None if unnamed_c else UNNAMED_C
        self._known: dict[tuple, int] = {}
        calls: list[int] = []
        ends = []
        for place, (start, length) in enumerate(zip(first.tolist(), size.tolist(), strict=True)):
            try:
                calls += self._calls(orjson.loads(buf[start : start + length].tobytes()))
                self.whole[place] = True
            except (ValueError, TypeError, KeyError):  # a damaged line
                pass
            ends.append(len(calls))
        bounds = np.array([0, *ends], np.int64)
        self.stacks, self.node = stacks_from_lists(
            bounds, np.array(calls, np.int32), leaf_first=True
        )

    def _calls(self, trace: list[dict[str, Any]]) -> list[int]:
        """Return the calls of a trace, those of functions without a name left out."""
        calls = []
        for frame in trace:
            name, line = frame["name"], frame.get("lineno")
            if name == self._skip:
                continue
            key = (name, frame.get("absolute_path") or frame["relative_path"], line)
            if (call := self._known.get(key)) is None:
                call = self._known[key] = self._call(*key)
            calls.append(call)
        return calls

    def _call(self, name: str, file: str, line: int | None) -> int:
        if not isinstance(name, str) or not isinstance(file, str):
            raise TypeError
        kind = "builtin" if name.endswith("[c function]") else ""
        number = line if isinstance(line, int) else 0
        return self.calls.call(name, "" if file == "(unknown)" else file, line=number, kind=kind)


def _data(header: dict[str, Any], lines: _Lines) -> ProfileData:
    """Put the arrays together."""
    from prodforensics.profile.data import ProfileData, Recording, Samples, ValueType

    rate, time, on_cpu = header.get("sample_rate"), lines.time, lines.numbers[:, _ON_CPU]
    interval = int(1e9 / rate) if isinstance(rate, int) and 0 < rate < 10**9 else None
    # Version 00 does not say.
    mode = "" if (on_cpu < 0).all() and time is None else "cpu" if (on_cpu > 0).all() else "wall"
    values = [np.ones(len(lines.trace), np.int64)]
    types = [ValueType("samples", "count")]
    if interval:
        values.append(values[0] * interval)
        types.append(ValueType(mode or "wall", "ns"))
    version = header.get("rbspy_version")
    recording = Recording(
        producer="rbspy",
        mode=mode,
        clock="" if time is None else "unix",
        start_ns=_instant(header.get("start_time")),
        duration_ns=None if time is None else int(time.max() - time.min()) + (interval or 0),
        interval_ns=interval,
        comments=(f"rbspy {version}",) if isinstance(version, str) else (),
    )
    threads, thread = _threads(lines.numbers)
    traces = lines.traces
    return ProfileData(
        tuple(types),
        traces.calls.functions(),
        traces.calls.calls(),
        traces.stacks,
        Samples(traces.node[lines.trace], tuple(values), time, thread),
        threads,
        recording=recording,
    )


def _header(buf: np.ndarray) -> tuple[dict[str, Any] | None, int]:
    """Return the header, None where it cannot be read, and where the samples begin."""
    import orjson

    line = buf[8 : 8 + 65536].tobytes().partition(b"\n")[0]
    try:
        header = orjson.loads(line)
    except ValueError:
        header = None
    if not isinstance(header, dict) or "trace" in header:
        return None, 8
    return header, 8 + len(line) + 1


def _threads(numbers: np.ndarray) -> tuple[Threads, np.ndarray]:
    """Return the threads, and that of each sample."""
    from prodforensics.profile.building import ThreadTable

    table = ThreadTable()
    pairs, place = np.unique(numbers[:, [_PID, _THREAD]], axis=0, return_inverse=True)
    known = [table.thread(*pair) for pair in pairs.tolist()]
    return table.threads(), np.array(known, np.int32)[place.reshape(-1)]


def _instant(time: Any) -> int | None:
    """Return a time of Rust's as nanoseconds since 1970."""
    if not isinstance(time, dict):
        return None
    seconds, rest = time.get("secs_since_epoch"), time.get("nanos_since_epoch")
    if not isinstance(seconds, int) or not isinstance(rest, int) or not 0 <= seconds < _LATEST:
        return None
    return seconds * 10**9 + rest
