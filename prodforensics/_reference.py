"""Objects named by a string and imported on use, as the entry points of packaging do.

Tables of readers, rules and views are plain data this way: reading the table imports nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

__all__ = ["Later", "exports", "resolve"]


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
        # Doctest looks into all objects of a module so, and must not import what they stand for.
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(import_module(self._module), name)


def exports(package: str, **references: str) -> Callable[[str], Any]:
    """Return a ``__getattr__`` for a package whose names are imported when they are asked for.

    Parameters
    ----------
    package : str
        Its name.
    **references
        What each name stands for, as `resolve` takes it.

    Examples
    --------
    >>> get = exports("room", Corrupt="prodforensics.errors:Corrupt")
    >>> get("Corrupt").__name__
    'Corrupt'
    >>> get("Crrupt")
    Traceback (most recent call last):
    ...
    AttributeError: module 'room' has no attribute 'Crrupt'
    """

    def get(name: str) -> Any:
        if name not in references:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return resolve(references[name])

    return get
