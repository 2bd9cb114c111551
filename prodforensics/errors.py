"""Everything that prodforensics raises, and what to try next.

::

    ForensicsError                 caught by the command line: message + hint, exit code 1
    ├── SourceError                the path or URL cannot be read at all
    ├── Bomb                       the compressed file unpacks to more than is allowed
    ├── FormatError
    │   ├── UnknownFormat          no reader recognises the bytes
    │   └── AmbiguousFormat        two readers recognise them equally well
    ├── Corrupt                    the bytes are not what the format promises at an offset
    ├── NotComparable              the two pieces of evidence are of different kinds
    ├── UnknownName                a frame, node, class, sample or template that is not there
    ├── BadOption                  an option that the reader or function does not take
    ├── SchemaError                a frame differs from its documented columns
    ├── MissingTool                a program such as gdb is not installed
    ├── ToolFailed                 a program ran and failed, or ran too long
    └── MissingDependency          an optional Python package is not installed

    PartialEvidenceWarning         the file was damaged; what is whole was loaded, the rest is
                                   listed in ``evidence.gaps``
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from prodforensics._text import plain

__all__ = [
    "AmbiguousFormat",
    "BadOption",
    "Bomb",
    "Corrupt",
    "ForensicsError",
    "FormatError",
    "MissingDependency",
    "MissingTool",
    "NotComparable",
    "PartialEvidenceWarning",
    "SchemaError",
    "SourceError",
    "ToolFailed",
    "UnknownFormat",
    "UnknownName",
]


_LONGEST = 4000


class ForensicsError(Exception):
    """The root of every error that prodforensics raises on purpose.

    Parameters
    ----------
    message : str
        What happened, with the place. Names out of artifacts are made harmless for terminals.
    hint : str, optional
        What to try next: a command or a call.

    Examples
    --------
    >>> error = ForensicsError("cannot read core.123", hint="is the disk mounted?")
    >>> print(error)
    cannot read core.123
    Try: is the disk mounted?
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        self.message = plain(message, _LONGEST)
        self.hint = None if hint is None else plain(hint, _LONGEST)
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message}\nTry: {self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors travel from the processes of `load_many`; their classes take other arguments.
        return _restore, (type(self), self.args, self.__dict__)


def _restore(
    kind: type[ForensicsError], args: tuple[Any, ...], state: dict[str, Any]
) -> ForensicsError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class SourceError(ForensicsError):
    """The path or URL cannot be read: absent, a folder, no permission, no connection."""


class Bomb(ForensicsError):
    """A compressed file that unpacks to more bytes than the limit."""

    def __init__(self, path: str, *, packed: int, limit: int) -> None:
        super().__init__(
            f"{path}: {packed:,} compressed bytes unpack to more than {limit:,} bytes",
            hint="if the file is trusted, raise the limit: pf.load(path, max_unpacked_bytes=...)",
        )


class FormatError(ForensicsError):
    """The format of the file could not be settled."""


class UnknownFormat(FormatError):
    """No reader recognises the bytes."""


class AmbiguousFormat(FormatError):
    """Several readers recognise the bytes equally well."""


class Corrupt(ForensicsError):
    """The bytes are not what the format promises.

    Parameters
    ----------
    path : str
        The file.
    offset : int or None
        Byte offset in the (unpacked) file where reading failed.
    expected, found : str
        What the format promises there, and what stands there.
    hint : str, optional
        What to try next.

    Examples
    --------
    >>> print(Corrupt("a.heapsnapshot", 10, "'snapshot'", "'snap5hot'"))
    a.heapsnapshot: corrupt at byte 10: expected 'snapshot', found 'snap5hot'
    Try: record the artifact again, or load an older copy
    """

    def __init__(
        self, path: str, offset: int | None, expected: str, found: str, *, hint: str | None = None
    ) -> None:
        place = "" if offset is None else f" at byte {offset:,}"
        super().__init__(
            f"{path}: corrupt{place}: expected {expected}, found {found}",
            hint=hint or "record the artifact again, or load an older copy",
        )
        self.path = path
        self.offset = offset
        self.expected = expected
        self.found = found


class NotComparable(ForensicsError):
    """The pieces of evidence are of kinds that have no comparison."""


class UnknownName(ForensicsError, KeyError):
    """A name that is not in the table it was looked up in.

    It is a `KeyError` too, so that mappings such as `Evidence.frames` behave as mappings.

    Examples
    --------
    >>> print(UnknownName("frame", "node", ["nodes", "edges"]))
    there is no frame 'node'
    Try: did you mean 'nodes'? There are: edges, nodes
    """

    def __init__(self, kind: str, name: object, known: Iterable[str]) -> None:
        names = sorted(plain(one, 100) for one in known)
        close = get_close_matches(plain(name, 100), names, n=1)
        guess = f"did you mean {close[0]!r}? " if close else ""
        listed = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
        super().__init__(
            f"there is no {kind} {name!r}",
            hint=f"{guess}There are: {listed}" if names else f"there is no {kind} at all here",
        )


class BadOption(ForensicsError):
    """An option or argument with a name or value that the function does not take."""


class SchemaError(ForensicsError):
    """A frame differs from the columns that its Schema documents."""


class MissingTool(ForensicsError):
    """A program that an analysis needs is not installed."""

    def __init__(self, name: str, *, unlocks: str, install: str) -> None:
        super().__init__(f"{name} is not installed; it {unlocks}", hint=install)


class ToolFailed(ForensicsError):
    """A program ran and failed, or was stopped at its time limit."""


class MissingDependency(ForensicsError):
    """An optional Python package is not installed."""

    def __init__(self, package: str, *, needed_for: str, install: str) -> None:
        super().__init__(f"{package} is not installed; it is needed for {needed_for}", hint=install)


class PartialEvidenceWarning(UserWarning):
    """A damaged file was loaded in part; ``evidence.gaps`` lists what is missing."""
