"""What the explorer asks of stacks: groups, frames, and what is known where one of them stood."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from prodforensics._text import plain
from prodforensics.core.explorer.listings import local_row
from prodforensics.core.explorer.names import hex_address
from prodforensics.core.explorer.page_values import pixels
from prodforensics.core.explorer.source_lines import CodeLine, instructions, source, story_lines
from prodforensics.core.explorer.stack_bars import draw_groups, group_rows
from prodforensics.core.explorer.stack_drawing import draw_stack
from prodforensics.core.explorer.stack_frames import Stack
from prodforensics.display.drawing import Drawing
from prodforensics.display.paging import matching, page_order, whole_number, window
from prodforensics.errors import UnknownName

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.core.model import CoreDump

__all__ = ["StackPages"]

Answer = dict[str, Any]
_OWN = (
    "story", "others", "groups", "group_threads", "frames", "source", "locals", "registers",
    "disassembly",
)  # fmt: skip


class StackPages:
    """The questions about threads and their stacks.

    Parameters
    ----------
    core : CoreDump
    """

    def __init__(self, core: CoreDump) -> None:
        self.core = core

    @property
    def questions(self) -> Mapping[str, Callable[..., Answer]]:
        """The questions by the name that the page uses."""
        return {name: getattr(self, name) for name in _OWN}

    # -- what they are asked of -------------------------------------------------------------------

    @cached_property
    def crashed(self) -> int:
        """The thread that got the signal; the first one where none did; 0 where there is none."""
        threads = self.core.frames["threads"]
        if not len(threads):
            return 0
        return int(threads.index[int(threads["is_crashed"].to_numpy().argmax())])

    @cached_property
    def group_list(self) -> list[dict[str, Any]]:
        """The groups of equal stacks."""
        return group_rows(self.core.frames["stacks"])

    def stack(self, thread: int) -> Stack:
        """Return the frames of a thread."""
        return Stack(self.core.frames["frames"], thread)

    def thread_words(self, thread: int) -> str:
        """Say which thread it is: number, name, the kernel's number, state."""
        threads = self.core.frames["threads"]
        if thread not in threads.index:
            raise UnknownName("thread", str(thread), map(str, threads.index[:50]))
        record = threads.loc[thread]
        name = plain(record["thread_name"], 60)
        parts = [f"thread {thread}" + (f" “{name}”" if name else "")]
        parts.append(f"LWP {int(record['os_tid'])}")
        if record["is_crashed"]:
            parts.append(f"crashed with {record['signal']}" if record["signal"] else "crashed")
        elif record["state"]:
            parts.append(str(record["state"]))
        return ", ".join(parts)

    # -- pictures ---------------------------------------------------------------------------------

    def drawn_story(self, width: float, most: int = 30) -> Drawing:
        """Draw the stack of the thread that crashed, with the source of its first frames."""
        stack = self.stack(self.crashed)
        words = f"The stack of {self.thread_words(self.crashed)}" if self.crashed else "No threads"
        lines = story_lines(self.core, stack)
        return draw_stack(stack, width, words, lines=lines, most=most)

    def drawn_others(self, width: float, most: int = 8) -> Drawing:
        """Draw how many of the other threads stand where."""
        rows = []
        for row in self.group_list:
            # The thread that crashed has its own story; others can share its stack.
            if row["crashed"] and row["count"] == 1:
                continue
            rows.append(row)
        return draw_groups(rows, width, "What the other threads did", most=most)

    def story(self, width: int = 900) -> Answer:
        """Draw the stack of the thread that crashed.

        Parameters
        ----------
        width : int
            Pixels.
        """
        return self.drawn_story(pixels(width)).answer() | {"thread": self.crashed}

    def others(self, width: int = 900) -> Answer:
        """Draw what the other threads did.

        Parameters
        ----------
        width : int
            Pixels.
        """
        return self.drawn_others(pixels(width)).answer()

    # -- tables -----------------------------------------------------------------------------------

    def groups(
        self,
        sort: str = "",
        descending: bool = True,
        text: str = "",
        offset: int = 0,
        limit: int = 100,
    ) -> Answer:
        """One page of the groups of equal stacks.

        Parameters
        ----------
        sort : {"", "count", "depth"}
            Empty: the crashed one first, then the most common.
        descending : bool
        text : str
            What a function, a thread's name or number must hold.
        offset, limit : int
        """
        first, most = window(offset, limit)
        rows = self.group_list
        places = matching(self._searched, text) if text else np.arange(len(rows))
        if sort in ("count", "depth"):
            keys = np.array([rows[place][sort] for place in places.tolist()], np.int64)
            places = places[page_order(keys, 0, len(places), descending=bool(descending))]
        shown = [dict(rows[place]) for place in places[first : first + most].tolist()]
        for row in shown:
            row["threads"] = row["threads"][:1]
            row["more"] = row["count"] > 1
        return {"total": len(places), "rows": shown}

    @cached_property
    def _searched(self) -> list[str]:
        threads = self.core.frames["threads"]
        names = dict(zip(threads.index, threads["thread_name"].astype(str), strict=True))
        numbers = dict(zip(threads.index, threads["os_tid"].astype(str), strict=True))
        stacks = self.core.frames["stacks"]
        found = []
        for row, members in zip(self.group_list, stacks["threads"], strict=True):
            who = " ".join(f"{one} {numbers.get(one, '')} {names.get(one, '')}" for one in members)
            found.append(f"{row['top']} {row['summary']} {row['state']} {who}")
        return found

    def group_threads(self, group: int, offset: int = 0, limit: int = 100) -> Answer:
        """One page of the threads that share a stack.

        Parameters
        ----------
        group : int
            Its number, as `groups` gives it.
        offset, limit : int
        """
        first, most = window(offset, limit)
        place = whole_number(group, "group")
        stacks = self.core.frames["stacks"]
        if not 0 <= place < len(stacks):
            raise UnknownName("group", str(place), [])
        members = [int(one) for one in stacks["threads"].iloc[place]]
        threads = self.core.frames["threads"]
        rows = []
        for thread in members[first : first + most]:
            record = threads.loc[thread]
            rows.append(
                {
                    "thread": thread,
                    "name": plain(record["thread_name"], 100),
                    "tid": int(record["os_tid"]),
                    "state": str(record["state"]),
                    "crashed": bool(record["is_crashed"]),
                }
            )
        return {"total": len(members), "rows": rows}

    def frames(self, thread: int, offset: int = 0, limit: int = 100) -> Answer:
        """One page of the frames of a thread.

        Parameters
        ----------
        thread : int
            Its ``thread_id``.
        offset, limit : int
        """
        first, most = window(offset, limit)
        number = whole_number(thread, "thread")
        stack = self.stack(number)
        return {
            "total": len(stack),
            "rows": stack.rows(first, first + most),
            "thread": self.thread_words(number),
        }

    # -- one frame --------------------------------------------------------------------------------

    def source(self, thread: int, frame: int, root: str = "") -> Answer:
        """Return the source around the line where a frame stood.

        Parameters
        ----------
        thread, frame : int
        root : str
            Folder to look for the source in; empty: where the debug information says.
        """
        found = source(
            self.core, whole_number(thread, "thread"), whole_number(frame, "frame"), str(root)
        )
        return _code(found)

    def locals(self, thread: int, frame: int, offset: int = 0, limit: int = 100) -> Answer:
        """One page of the arguments and local variables of a frame.

        Parameters
        ----------
        thread, frame, offset, limit : int
        """
        first, most = window(offset, limit)
        table = self.core.frames["locals"]
        mine = (table["thread_id"].to_numpy() == whole_number(thread, "thread")) & (
            table["frame_index"].to_numpy() == whole_number(frame, "frame")
        )
        places = np.flatnonzero(mine)
        records = table.iloc[places[first : first + most]].to_dict("records")
        return {"total": len(places), "rows": [local_row(record) for record in records]}

    def registers(self, thread: int) -> Answer:
        """Return the registers of a thread.

        Parameters
        ----------
        thread : int
        """
        table: pd.DataFrame = self.core.frames["registers"]
        mine = table[table["thread_id"].to_numpy() == whole_number(thread, "thread")]
        rows = [
            {"register": str(name), "value": hex_address(value), "points": self._points(value)}
            for name, value in zip(mine["register"], mine["value"], strict=True)
        ]
        return {"total": len(rows), "rows": rows}

    def _points(self, value: int) -> str:
        """Say what an address points at."""
        mappings = self.core.frames["mappings"]
        place = int(np.searchsorted(mappings["start"].to_numpy(), np.uint64(value), "right")) - 1
        if place < 0 or int(mappings["end"].iloc[place]) <= int(value):
            return ""
        record = mappings.iloc[place]
        offset = int(value) - int(record["start"])
        where = plain(record["path"], 300) or str(record["segment"])
        return f"{where} +{offset:#x} ({record['permissions']})"

    def disassembly(self, thread: int, frame: int) -> Answer:
        """Return the instructions around where a frame stood.

        Parameters
        ----------
        thread, frame : int
        """
        found = instructions(
            self.core, whole_number(thread, "thread"), whole_number(frame, "frame")
        )
        return _code(found)


def _code(lines: Sequence[CodeLine]) -> Answer:
    rows = [{"text": _shown(o.text), "number": o.number, "here": o.here} for o in lines]
    return {"lines": rows, "total": len(rows)}


def _shown(line: str) -> str:
    return plain(line.expandtabs(4), 500)
