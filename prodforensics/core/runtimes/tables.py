"""The frames of a core that only a runtime tells: goroutines, most of which run on no thread."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from prodforensics.core import schemas

if TYPE_CHECKING:
    from prodforensics.core.model import CoreDump
    from prodforensics.core.runtimes.go import Goroutine
    from prodforensics.core.runtimes.told import RuntimeFrame

__all__ = ["goroutine_frames", "goroutines"]

_OF_GO = re.compile(r"(runtime|sync|time|syscall|internal/\w+|os/signal)[./].*")
_SUMMARY = 40


def goroutines(core: CoreDump) -> pd.DataFrame:
    """Return one row a goroutine (`schemas.GOROUTINES`), in the order that dlv tells them.

    Parameters
    ----------
    core : CoreDump
        Of any process; only one of Go has rows.
    """
    told = _told(core)
    by_tid = {one.os_tid: one.thread_id for one in core.image.threads}
    rows = []
    for one in told:
        place = _of_program(one.frames)
        rows.append(
            (
                by_tid.get(one.os_tid or 0),
                "waiting" if one.os_tid is None else "running",
                one.wait_reason,
                place.function if place else "",
                place.file if place else "",
                place.line if place else -1,
                len(one.frames),
                " < ".join(frame.function or "?" for frame in one.frames[:_SUMMARY]),
            )
        )
    frame = schemas.GOROUTINES.frame(rows)
    frame.index = pd.Index([one.goroutine_id for one in told], dtype="int64", name="goroutine_id")
    return frame


def goroutine_frames(core: CoreDump) -> pd.DataFrame:
    """Return every frame of every goroutine (`schemas.GOROUTINE_FRAMES`).

    Parameters
    ----------
    core : CoreDump
    """
    return schemas.GOROUTINE_FRAMES.frame(
        [
            (one.goroutine_id, index, frame.function, frame.file, frame.line, frame.address)
            for one in _told(core)
            for index, frame in enumerate(one.frames)
        ]
    ).astype({"address": "uint64"})


def _told(core: CoreDump) -> tuple[Goroutine, ...]:
    return core.runtimes.go.goroutines if core.runtimes.go is not None else ()


def _of_program(frames: tuple[RuntimeFrame, ...]) -> RuntimeFrame | None:
    """Return the innermost frame that is not of Go itself, else the outermost but ``goexit``."""
    for frame in frames:
        if frame.function and not _OF_GO.fullmatch(frame.function):
            return frame
    return next((one for one in reversed(frames) if one.function != "runtime.goexit"), None)
