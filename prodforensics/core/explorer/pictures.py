"""Static pictures and tables of a core: what cards, reports and saved notebooks show."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

from prodforensics._text import plain
from prodforensics.core.explorer.memory_map import draw_memory, ranges
from prodforensics.core.explorer.names import hex_address
from prodforensics.core.explorer.pages import CorePages
from prodforensics.core.explorer.wait_drawing import draw_waits
from prodforensics.display.cards import findings_card, picture
from prodforensics.display.tables import table
from prodforensics.errors import ForensicsError
from prodforensics.evidence import Section

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.core.model import CoreDump

__all__ = ["core_card", "core_sections"]

_ROWS = 20
_FINDINGS = 3
_WIDTH, _WIDTH_OF_CARD = 1000, 860
_RANGES_OF_CARD = 160


def core_card(core: CoreDump) -> str:
    """Draw what the card of a core shows: its memory; and the crash, once stacks were walked.

    No debugger is started for a card. After `findings`, or whatever else needs the stacks, it tells
    on one page what died, where, what the other threads did and what to do next.
    """
    told = ""
    if "walk" in core.__dict__:
        pages = CorePages(core)
        told = findings_card(core.findings()[:_FINDINGS])
        told += _or_why(lambda: _story(pages, _WIDTH_OF_CARD))
        told += _or_why(lambda: _others(pages, _WIDTH_OF_CARD))
    mappings = core.frames["mappings"]
    if not len(mappings):
        return told
    drawn = draw_memory(ranges(mappings, _RANGES_OF_CARD), _WIDTH_OF_CARD)
    return told + picture(drawn.svg(), "Memory of the process, and what of it the core holds")


def core_sections(core: CoreDump) -> list[Section]:
    """Draw the static twin of the explorer."""
    pages = CorePages(core)
    return [
        Section(_whose(core), _or_why(lambda: _story(pages))),
        Section("What the other threads did", _or_why(lambda: _others(pages))),
        Section("Locks", _or_why(lambda: _locks(pages))),
        Section("Memory", _or_why(lambda: _memory(core))),
        Section("Modules", _or_why(lambda: _modules(core))),
        Section("What looks like a secret", _or_why(lambda: _secrets(core))),
    ]


def _whose(core: CoreDump) -> str:
    crashed = core.frames["threads"]["is_crashed"].any()
    return "The thread that crashed" if crashed else "The first thread"


def _or_why(draw: Callable[[], str]) -> str:
    """Draw a part; one that cannot be told says why, and the others stay."""
    try:
        return draw()
    except ForensicsError as error:
        hint = f" → {error.hint}" if error.hint else ""
        return f'<p class="pf-none">{escape(plain(error.message + hint, 1000))}</p>'


def _story(pages: CorePages, width: float = _WIDTH) -> str:
    drawn = pages.stacks.drawn_story(width)
    return picture(drawn.svg(), drawn.label)


def _others(pages: CorePages, width: float = _WIDTH) -> str:
    drawn = pages.stacks.drawn_others(width, most=_ROWS)
    return picture(drawn.svg(), "Equal stacks are one row")


def _locks(pages: CorePages) -> str:
    graph = pages.wait_graph
    drawn = picture(draw_waits(graph, _WIDTH).svg(), "Who waits for which lock, and who holds it")
    waits = pages.core.frames["waits"]
    if not len(waits):
        return drawn
    return drawn + table(_by_lock(waits), limit=_ROWS, caption="What is waited for")


def _by_lock(waits: pd.DataFrame) -> pd.DataFrame:
    """Count the threads that wait for each lock, those of deadlocks first."""
    import pandas as pd

    keys = ["in_cycle", "kind", "lock", "lock_name", "held_by"]
    counted = (
        waits.groupby(keys, dropna=False, observed=True)
        .size()
        .reset_index(name="threads")
        .sort_values(["in_cycle", "threads"], ascending=False, kind="stable")
    )
    named = [
        name or hex_address(lock)
        for lock, name in zip(counted["lock"], counted["lock_name"], strict=True)
    ]
    return pd.DataFrame(
        {
            "lock": named,
            "kind": counted["kind"].astype(str).tolist(),
            "address": [hex_address(lock) for lock in counted["lock"]],
            "threads": counted["threads"].tolist(),
            "held_by": [f"thread {one}" if hex_address(one) else "" for one in counted["held_by"]],
            "deadlock": ["✖ yes" if one else "" for one in counted["in_cycle"]],
        }
    )


def _memory(core: CoreDump) -> str:
    drawn = draw_memory(ranges(core.frames["mappings"]), _WIDTH)
    return picture(drawn.svg(), "The address space in its order; widths grow with the logarithm")


def _modules(core: CoreDump) -> str:
    columns = ["path", "matched", "debug_info", "build_id"]
    return table(core.frames["modules"][columns], limit=_ROWS)


def _secrets(core: CoreDump) -> str:
    secrets = core.frames["secrets"]
    if not len(secrets):
        return '<p class="pf-none">✓ Nothing in memory looks like a secret.</p>'
    columns = ["pattern", "value", "length", "segment", "address"]
    shown = secrets[columns].copy()
    shown["address"] = [f"{int(one):#x}" for one in shown["address"]]
    return table(shown, limit=_ROWS)
