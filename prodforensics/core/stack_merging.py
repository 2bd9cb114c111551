"""Frames of runtimes among the native ones, and what the frames wait for."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from prodforensics._reference import resolve
from prodforensics.core.runtimes.detection import runtimes_of
from prodforensics.core.session import note
from prodforensics.core.waits import annotate
from prodforensics.errors import ForensicsError

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.core.model import CoreDump

__all__ = ["merged"]

_MERGERS = {
    "runtimes": "prodforensics.core.runtimes.merging:merge",
    "javascript": "prodforensics.core.javascript.merging:merge",
}


def merged(core: CoreDump, frames: pd.DataFrame) -> pd.DataFrame:
    """Return the native frames with those of runtimes among them.

    A runtime that cannot be read is a gap: the native frames stay as they are.

    Parameters
    ----------
    core : CoreDump
    frames : DataFrame
        As in `schemas.STACK_FRAMES`.
    """
    found = runtimes_of(core.image)
    asked = ["runtimes"] if found & {"python", "go", "java"} else []
    asked += ["javascript"] if "node" in found else []
    for name in asked:
        if find_spec(_MERGERS[name].partition(":")[0]) is None:
            continue
        try:
            frames = resolve(_MERGERS[name])(core, frames)
        except (ForensicsError, LookupError) as error:
            # LookupError: memory that the core does not hold (`memory.Unreadable`).
            what = " and ".join(sorted(found))
            note(core, f"the frames of {what} could not be told: {error}".replace("\n", "; "))
    return annotate(core, frames)
