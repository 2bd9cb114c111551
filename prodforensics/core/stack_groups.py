"""Identical stacks collapsed: five hundred waiting workers are one row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodforensics.core import schemas
from prodforensics.core.stack_hash import by_thread, first_of_program, hashes, normalised_frames

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.core.model import CoreDump

__all__ = ["stacks"]

_MOST_IN_SUMMARY = 40


def stacks(core: CoreDump) -> pd.DataFrame:
    """Return one row a different stack (`schemas.STACKS`).

    Stacks are the same where their hash is, and where what the threads did is; a thread that
    crashed stands alone.

    Parameters
    ----------
    core : CoreDump
    """
    import pandas as pd

    frames = core.frames["frames"]
    named = hashes(core)
    if frames.empty:
        return schemas.STACKS.empty()
    functions = frames["function"].cat.categories.tolist()
    modules = frames["module"].cat.categories.tolist()
    firsts = frames.drop_duplicates("thread_id").set_index("thread_id")
    states = firsts["state"].astype(object).to_dict()
    crashed = firsts["is_crashed"].to_dict()
    groups: dict[tuple[str, str, bool, bytes], list[int]] = {}
    parts = {}
    for thread, function, module in by_thread(frames):
        # Without names a stack is told by where its threads stand.
        alone = b"" if named[thread] else function.tobytes() + module.tobytes()
        key = (named[thread], states[thread], bool(crashed[thread]), alone)
        groups.setdefault(key, []).append(thread)
        parts.setdefault(key, (function.tolist(), module.tolist()))
    rows, index = [], []
    for key, threads in sorted(groups.items(), key=lambda one: (not one[0][2], -len(one[1]))):
        of, within = parts[key]
        names, files = [functions[one] for one in of], [modules[one] for one in within]
        whole = normalised_frames(names, files)
        more = [f"... ({len(whole) - _MOST_IN_SUMMARY} more)"] * (len(whole) > _MOST_IN_SUMMARY)
        rows.append(
            (
                len(threads),
                threads,
                key[1],
                key[2],
                len(of),
                first_of_program(names, files) or whole[0],
                " < ".join([*whole[:_MOST_IN_SUMMARY], *more]),
            )
        )
        index.append(key[0])
    frame = schemas.STACKS.frame(rows)
    frame.index = pd.Index(index, dtype="str", name="stack_hash")
    return frame
