"""The names of a function's parameters, as its source has them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prodforensics.core.javascript.scopes import function_start

if TYPE_CHECKING:
    from prodforensics.core.javascript.heap import Heap

__all__ = ["names_in", "parameter_names"]

_LONGEST_HEAD = 500
_HEAD = re.compile(r"[^()={}]{0,200}\(([^(){}\[\]]{0,300})\)")
_ARROW = re.compile(r"(?:async\s{1,9})?([A-Za-z_$][\w$]{0,99})\s{0,9}=>")
_NAME = re.compile(r"\s*(?:\.\.\.)?\s*([A-Za-z_$][\w$]*)\s*(?:=[^,]*)?", re.ASCII)


def parameter_names(heap: Heap, shared: int) -> list[str]:
    """Return the names of a function's parameters; none where its source does not tell simply.

    Parameters
    ----------
    heap : Heap
    shared : int
        SharedFunctionInfo, tagged.
    """
    try:
        script, start = heap.script(shared), function_start(heap, shared)
        if script is None or start is None:
            return []
        source = heap.field(script.address, heap.constants.offset("Script", "source"))
        return names_in(heap.string(source, _LONGEST_HEAD, start))
    except LookupError:
        # The values are told without their names.
        return []


def names_in(source: str) -> list[str]:
    """Return the names of parameters in the head of a function.

    Parameters that take an object or a list apart are not told, nor is what stands behind them.

    Examples
    --------
    >>> names_in("function f(a, password = 'x', ...rest) { }")
    ['a', 'password', 'rest']
    >>> names_in("token => token.length"), names_in("(a, {b}) => a")
    (['token'], [])
    """
    arrow = _ARROW.match(source)
    if arrow:
        return [arrow[1]]
    head = _HEAD.match(source)
    if not head:
        return []
    names = []
    for part in head[1].split(","):
        name = _NAME.fullmatch(part)
        if not name:
            break
        names.append(name[1])
    return names
