"""What a runtime tells of its stacks, in one form for all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prodforensics.core.image import Image
    from prodforensics.core.modules import Module

__all__ = ["RuntimeFrame", "RuntimeStack", "Variable", "modules_named", "trusted"]


@dataclass(frozen=True)
class Variable:
    """An argument or local variable, as the runtime prints it; not masked."""

    name: str
    kind: str
    """argument or local."""
    value: str


@dataclass(frozen=True)
class RuntimeFrame:
    """One frame of a language.

    Parameters
    ----------
    function, file : str
    line, column : int
        From 1; -1 where it is unknown.
    address : int
        Program counter; 0 where the runtime tells none.
    is_entry : bool
        Native code called the interpreter anew for this frame.
    variables : tuple of Variable
    """

    function: str
    file: str = ""
    line: int = -1
    column: int = -1
    address: int = 0
    is_entry: bool = False
    variables: tuple[Variable, ...] = ()


@dataclass(frozen=True)
class RuntimeStack:
    """The frames of one thread, innermost first."""

    os_tid: int
    frames: tuple[RuntimeFrame, ...]


def modules_named(image: Image, pattern: str) -> tuple[Module, ...]:
    """Return the modules of a core whose file name matches as a whole."""
    wanted = re.compile(pattern)
    return tuple(one for one in image.modules if wanted.fullmatch(one.path.rpartition("/")[2]))


def trusted(modules: Iterable[Module]) -> bool:
    """Tell whether each module has a file that is not known to be of another build."""
    every = tuple(modules)
    return bool(every) and all(
        one.found is not None and one.matched in ("matched", "unverified") for one in every
    )
