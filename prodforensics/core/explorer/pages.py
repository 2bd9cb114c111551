"""What the explorer of a core asks: the crash, its threads, its locks, its memory.

However many threads there are, an answer holds some hundred rows, frames or boxes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from prodforensics._text import plain
from prodforensics.core.explorer.findings_rows import finding_rows
from prodforensics.core.explorer.listings import Listing, wait_row
from prodforensics.core.explorer.memory_pages import MemoryPages
from prodforensics.core.explorer.page_values import pixels
from prodforensics.core.explorer.stack_pages import StackPages
from prodforensics.core.explorer.wait_drawing import draw_waits
from prodforensics.core.explorer.wait_graph import WaitGraph, wait_graph
from prodforensics.core.masking import mask_arguments

if TYPE_CHECKING:
    from prodforensics.core.model import CoreDump

__all__ = ["CorePages"]

Answer = dict[str, Any]
_OWN = ("about", "crash", "findings", "graph", "waits")


class CorePages:
    """The questions that the explorer of a core asks.

    Parameters
    ----------
    core : CoreDump
    """

    def __init__(self, core: CoreDump) -> None:
        self.core = core
        self.stacks = StackPages(core)
        self.memory = MemoryPages(core)

    @property
    def questions(self) -> Mapping[str, Callable[..., Answer]]:
        """The questions by the name that the page uses."""
        own = {name: getattr(self, name) for name in _OWN}
        return own | dict(self.stacks.questions) | dict(self.memory.questions)

    def about(self) -> Answer:
        """Tell what there is to see; no debugger is asked."""
        core = self.core
        return {
            "name": plain(core.title),
            "headline": plain(core.headline(), 500),
            "threads": len(core.image.threads),
            "modules": len(core.image.modules),
        }

    def crash(self) -> Answer:
        """Tell what died."""
        core = self.core
        arguments = mask_arguments(core.image.command_line, redact=core.options.redact)
        return {
            "headline": plain(core.headline(), 1000),
            "facts": [[plain(label), plain(value)] for label, value in core.facts()],
            "command": plain(" ".join(text for text, _ in arguments), 1000),
            "gaps": [plain(gap.what, 500) for gap in core.all_gaps()[:5]],
        }

    def findings(self) -> Answer:
        """List the findings, each with where its proof is."""
        rows = finding_rows(self.core)
        return {"rows": rows, "total": len(rows)}

    # -- locks ------------------------------------------------------------------------------------

    @cached_property
    def wait_graph(self) -> WaitGraph:
        """Who waits for whom."""
        threads = self.core.frames["threads"]
        names = {
            int(number): plain(name, 60)
            for number, name in zip(threads.index, threads["thread_name"], strict=True)
        }
        return wait_graph(self.core.frames["waits"], names)

    @cached_property
    def _waits(self) -> Listing:
        searched = ("thread_id", "os_tid", "kind", "lock", "lock_name", "held_by")
        return Listing(self.core.frames["waits"], searched, wait_row)

    def graph(self, width: int = 900) -> Answer:
        """Draw who waits for whom.

        Parameters
        ----------
        width : int
            Pixels.
        """
        graph = self.wait_graph
        return draw_waits(graph, pixels(width)).answer() | {"cycles": graph.cycles}

    def waits(
        self,
        sort: str = "",
        descending: bool = False,
        text: str = "",
        offset: int = 0,
        limit: int = 100,
    ) -> Answer:
        """One page of the waits.

        Parameters
        ----------
        sort : str
            A column; empty for the order of the threads.
        descending : bool
        text : str
            What thread, kind or lock must hold.
        offset, limit : int
        """
        return self._waits.page(sort, descending, text, offset, limit)
