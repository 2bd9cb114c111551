"""How a recording of Java Flight Recorder was set up: intervals, engine, process."""

from __future__ import annotations

import re

import numpy as np

from prodforensics.profile.formats.jfr_events import Events
from prodforensics.profile.formats.jfr_metadata import Metadata
from prodforensics.profile.formats.jfr_pools import Pools

__all__ = ["Settings"]

_SPAN = re.compile(r"(\d{1,12}) ?(ns|us|ms|s|m|h|d)")
_NANOSECONDS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 6 * 10**10,
                "h": 36 * 10**11, "d": 864 * 10**11}  # fmt: skip
# Engines of async-profiler that sample by time; others count events of the processor.
_BY_TIME = ("cpu", "itimer", "ctimer", "wall")


class Settings:
    """Gathers the settings over the chunks of a file; what was set last holds.

    Attributes
    ----------
    async_profiler : bool
        Whether async-profiler wrote the file, and not the JVM.
    process : int
        Id of the process; -1 where it is not told.
    lost_samples : int
    dropped_bytes : int
        Bytes of events that the JVM dropped.
    """

    wanted = (
        "jdk.ActiveSetting", "jdk.JVMInformation", "jdk.CPUTimeSamplesLost", "jdk.DataLoss",
    )  # fmt: skip

    def __init__(self) -> None:
        self.async_profiler = False
        self.process = -1
        self.lost_samples = 0
        self.dropped_bytes = 0
        self._values: dict[tuple[str, str], str] = {}
        self._machine = ""

    def add(self, events: Events, pools: Pools, metadata: Metadata) -> None:
        """Take in a chunk."""
        self.async_profiler |= any(name.startswith("profiler.") for name in metadata.names)
        types = {number: name for name, number in metadata.id_of.items()}
        if one := events.columns("jdk.ActiveSetting", "id", "name", "value"):
            names, values = pools.texts(one["name"]), pools.texts(one["value"])
            for number, name, value in zip(one["id"].tolist(), names, values, strict=True):
                self._values[types.get(number, ""), name] = value
        if one := events.columns("jdk.JVMInformation", "pid", "jvmName", "jvmVersion"):
            if "pid" in one and len(one["pid"]):
                self.process = max(int(one["pid"][-1]), -1)
            if "jvmVersion" in one:
                self._machine = (pools.texts(one["jvmVersion"][-1:]) or [""])[0]
        if one := events.columns("jdk.CPUTimeSamplesLost", "lostSamples"):
            self.lost_samples += _total(one.get("lostSamples"))
        if one := events.columns("jdk.DataLoss", "amount"):
            self.dropped_bytes += _total(one.get("amount"))

    @property
    def comments(self) -> tuple[str, ...]:
        """Say which version wrote the file."""
        version = self._value("version") if self.async_profiler else self._machine
        return (version,) if version else ()

    def interval(self, event: str) -> int | None:
        """Return the nanoseconds between two samples of a type, where it samples by time."""
        if not self.async_profiler:
            return _span(self._values.get((event, "period"), ""))
        if event == "profiler.WallClockSample" or self._value("event") == "wall":
            return _span(self._value("wall")) or _span(self._value("interval"))
        return _span(self._value("interval")) if self._value("event") in _BY_TIME else None

    def _value(self, name: str) -> str:
        return next((value for (_, one), value in self._values.items() if one == name), "")


def _span(text: str) -> int | None:
    """Read ``20 ms``, or a bare number of nanoseconds; nothing and 0 are no interval.

    Examples
    --------
    >>> _span("20 ms"), _span("2000000"), _span("everyChunk"), _span("0")
    (20000000, 2000000, None, None)
    """
    found = _SPAN.fullmatch(text)
    number = int(found[1]) * _NANOSECONDS[found[2]] if found else 0
    if text.isascii() and text.isdigit() and len(text) <= 18:
        number = int(text)
    return number or None


def _total(values: np.ndarray | None) -> int:
    return 0 if values is None else int(np.clip(values, 0, 2**40).sum())
