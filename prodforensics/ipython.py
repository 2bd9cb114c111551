"""``%load_ext prodforensics``: the command line's verbs as the magic ``%forensics``."""

from __future__ import annotations

import shlex
from typing import Any

from prodforensics.errors import BadOption, ForensicsError
from prodforensics.loading import compare, load

__all__ = ["forensics", "register"]

_USAGE = "%forensics FILE | info FILE | findings FILE | compare A B [C ...] | show FILE [B ...]"


def forensics(line: str) -> Any:
    """Load what the line names and return it, so that Jupyter shows its card.

    Parameters
    ----------
    line : str
        ``FILE``, or a verb and files: ``info FILE``, ``findings FILE``, ``compare A B [C ...]``,
        ``show FILE [B ...]``, ``report FILE [B ...] -o out.html``.

    Returns
    -------
    Evidence, Findings or a widget

    Examples
    --------
    >>> import prodforensics as pf
    >>> forensics(f"findings {pf.samples.path('heap/healthy.1.heapsnapshot.zst')}").likely
    Findings: nothing found
    """
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise BadOption(f"%forensics: {error}", hint=_USAGE) from error
    verbs = {"info", "findings", "compare", "show", "report"}
    verb = words.pop(0) if words and words[0] in verbs else "info"
    out = _option(words, "-o") if verb == "report" else None
    if not words or (verb in ("info", "findings") and len(words) > 1):
        raise BadOption(f"%forensics: cannot read {line!r}", hint=_USAGE)
    if verb == "compare" and len(words) < 2:
        raise BadOption("%forensics compare needs two files or more", hint=_USAGE)
    loaded = [load(word) for word in words]
    evidence = compare(*loaded) if len(loaded) > 1 else loaded[0]
    if verb == "findings":
        return evidence.findings()
    if verb == "show":
        return evidence.show()
    if verb == "report":
        return evidence.report(out or "report.html")
    return evidence


def _option(words: list[str], name: str) -> str | None:
    if name not in words[:-1]:
        return None
    place = words.index(name)
    _, value = words.pop(place), words.pop(place)
    return value


def register(shell: Any) -> None:
    """Add the magic to an IPython shell; errors show as message and hint, without traceback."""
    shell.register_magic_function(forensics, "line", "forensics")

    def brief(shell: Any, kind: type, value: BaseException, *_: Any, **__: Any) -> None:
        # A ForensicsError is news about a file, not a bug: its place is the message.
        shell._showtraceback(kind, value, [f"{kind.__name__}: {value}"])

    shell.set_custom_exc((ForensicsError,), brief)
