"""The frames of one thread as a person reads them: rows, and runs of a recursion made short."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prodforensics._text import plain
from prodforensics.core.explorer.names import file_name, hex_address

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Fold", "Stack", "folded"]

_LONGEST_CYCLE = 12
_TRUST = {
    "matched": "✓ matched",
    "unverified": "? unverified",
    "mismatched": "✖ mismatched",
    "none": "– none",
}
"""How far the symbols of a frame are trusted: a sign and a word."""


class Stack:
    """The frames of one thread, the innermost first; their rows are made when they are asked for.

    Parameters
    ----------
    frames : DataFrame
        The frame ``frames`` of a core.
    thread : int
        Its ``thread_id``.
    """

    def __init__(self, frames: pd.DataFrame, thread: int) -> None:
        self.thread = thread
        self.frames = frames[frames["thread_id"].to_numpy() == thread]

    def __len__(self) -> int:
        return len(self.frames)

    def rows(self, start: int = 0, stop: int | None = None) -> list[dict[str, Any]]:
        """Return what a view shows of some frames, as JSON values."""
        return [_row(record) for record in self.frames.iloc[start:stop].to_dict("records")]

    def place_of(self, frame: int) -> int:
        """Return the place of a frame by its number; 0 where there is no such frame."""
        found = (self.frames["frame_index"].to_numpy() == frame).nonzero()[0]
        return int(found[0]) if len(found) else 0

    def folds(self) -> list[Fold]:
        """Return the runs of frames, recursions folded (see `folded`)."""
        names = self.frames["function"].astype(str).tolist()
        addresses = self.frames["address"].tolist()
        # Frames without a name are alike only where they stand at one address.
        return folded([one or other for one, other in zip(names, addresses, strict=True)])


def _row(record: dict[str, Any]) -> dict[str, Any]:
    line, column = int(record["line"]), int(record["column"])
    path, module = str(record["file"]), str(record["module"])
    place = file_name(path)
    if place and line >= 0:
        place += f":{line}" + (f":{column}" if column > 0 else "")
    offset = int(record["module_offset"])
    where = file_name(module) + (f"+{offset:#x}" if offset >= 0 else "")
    address = hex_address(record["address"]) if record["address"] else ""
    function = plain(record["function"], 2000)
    held_by = record["held_by"]
    return {
        "index": int(record["frame_index"]),
        "kind": str(record["frame_kind"]),
        "function": function or f"?? {where or address}".rstrip(),
        "known": bool(function),
        "place": place,
        "path": plain(path, 1000),
        "line": line,
        "module": where,
        "module_path": plain(module, 1000),
        "address": address,
        "trust": _TRUST.get(str(record["symbol_trust"]), str(record["symbol_trust"])),
        "trusted": str(record["symbol_trust"]) in ("matched", "unverified"),
        "status": plain(record["unwind_status"]),
        "waits_on": plain(record["waits_on"], 100),
        "held_by": None if _absent(held_by) else int(held_by),
        "source": str(record["source"]),
    }


def _absent(value: object) -> bool:
    import pandas as pd

    return value is None or value is pd.NA or value != value


@dataclass(frozen=True)
class Fold:
    """Frames that stand below each other, some of them many times.

    Attributes
    ----------
    start, stop : int
        Places of the frames that are shown.
    times : int
        How often they stand there, one after the other; 1 for frames that do not repeat.
    """

    start: int
    stop: int
    times: int = 1

    @property
    def end(self) -> int:
        """Place behind the last one, shown or not."""
        return self.start + (self.stop - self.start) * self.times


def folded(functions: Sequence[Hashable], least: int = 3) -> list[Fold]:
    """Find the recursions of a stack.

    Parameters
    ----------
    functions : sequence
        What names each frame; innermost first.
    least : int
        How often a cycle must repeat to be folded.

    Returns
    -------
    list of Fold
        They cover the whole stack.

    Examples
    --------
    >>> folded(["memcpy", "walk", "visit", "walk", "visit", "walk", "visit", "main"])
    [Fold(start=0, stop=1, times=1), Fold(start=1, stop=3, times=3), Fold(start=7, stop=8, times=1)]
    """
    found: list[Fold] = []
    place, count = 0, len(functions)
    while place < count:
        best = Fold(place, place + 1)
        for length in range(1, min(_LONGEST_CYCLE, (count - place) // least) + 1):
            times = _repeats(functions, place, length)
            if times >= least and times * length > best.end - best.start:
                best = Fold(place, place + length, times)
        if best.times == 1 and found and found[-1].times == 1:
            found[-1] = Fold(found[-1].start, best.stop)
        else:
            found.append(best)
        place = best.end
    return found


def _repeats(functions: Sequence[Hashable], place: int, length: int) -> int:
    cycle = list(functions[place : place + length])
    times = 1
    while list(functions[place + times * length : place + (times + 1) * length]) == cycle:
        times += 1
    return times
