"""What the explorer asks of memory: the map, modules, environment, secrets, strings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from prodforensics.core.explorer.listings import (
    Listing,
    environment_row,
    mapping_row,
    module_row,
    secret_row,
    string_row,
)
from prodforensics.core.explorer.memory_map import draw_memory, ranges
from prodforensics.core.explorer.page_values import pixels

if TYPE_CHECKING:
    from prodforensics.core.model import CoreDump

__all__ = ["MemoryPages"]

Answer = dict[str, Any]
_TABLES = {
    "mappings": (("path", "segment", "permissions"), mapping_row),
    "modules": (("path", "build_id", "matched"), module_row),
    "environment": (("name", "value"), environment_row),
    "secrets": (("pattern", "segment", "value"), secret_row),
    "strings": (("text",), string_row),
}


class MemoryPages:
    """The questions about memory and what stands in it.

    Parameters
    ----------
    core : CoreDump
    """

    def __init__(self, core: CoreDump) -> None:
        self.core = core
        self._listings: dict[str, Listing] = {}

    @property
    def questions(self) -> Mapping[str, Callable[..., Answer]]:
        """The questions by the name that the page uses."""
        return {"memory": self.memory, **{name: self._asked(name) for name in _TABLES}}

    def memory(self, width: int = 900) -> Answer:
        """Draw the memory map.

        Parameters
        ----------
        width : int
            Pixels.
        """
        return draw_memory(ranges(self.core.frames["mappings"]), pixels(width)).answer()

    def listing(self, name: str) -> Listing:
        """Return a frame as a table of pages."""
        if name not in self._listings:
            searched, row = _TABLES[name]
            self._listings[name] = Listing(self.core.frames[name], searched, row)
        return self._listings[name]

    def _asked(self, name: str) -> Callable[..., Answer]:
        def page(
            sort: str = "",
            descending: bool = False,
            text: str = "",
            offset: int = 0,
            limit: int = 100,
        ) -> Answer:
            return self.listing(name).page(sort, descending, text, offset, limit)

        return page
