"""Objects named by a string and imported on use, as the entry points of packaging do.

Tables of readers, rules and views are plain data this way: reading the table imports nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["Later", "resolve"]


def resolve(reference: str) -> Any:
    """Return the object that ``"package.module:name"`` names.

    Examples
    --------
    >>> resolve("prodforensics.errors:Corrupt").__name__
    'Corrupt'
    """
    module, _, name = reference.partition(":")
    found = import_module(module)
    return getattr(found, name) if name else found


class Later:
    """A module that is imported when one of its names is asked for.

    Examples
    --------
    >>> errors = Later("prodforensics.errors")
    >>> errors.Corrupt.__name__
    'Corrupt'
    """

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._module), name)
