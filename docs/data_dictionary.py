"""The data dictionary: every column of every frame, from the Schemas that the tests hold true.

Run it to read the page: ``python docs/data_dictionary.py``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from prodforensics._reference import resolve
from prodforensics.evidence import Evidence
from prodforensics.formats import BUILT_IN
from prodforensics.gaps import GAPS

# Kinds of evidence whose methods answer with frames, too: where those are documented.
_ANSWERS = {
    "HeapSnapshot": "prodforensics.heap.schemas:ANSWERS",
    "Profile": "prodforensics.profile.schemas:ANSWERS",
}

_HEAD = """# Data dictionary

Every frame that `evidence.frames` holds, by kind of evidence. Frames are built on first use and
kept. Sizes are integer bytes, names are the field's own, and a column marked *only where the file
records it* is absent otherwise. An *ordinal* is a row number of the frame `nodes`.

The tests compare every frame of every sample with this table.
"""


def kinds() -> list[type[Evidence]]:
    """Return every kind of evidence that a built-in format or a comparison of two gives."""
    for one in BUILT_IN:
        model = resolve(one.model)
        if model._compare:
            resolve(model._compare)
    found = {kind for kind in _below(Evidence) if kind.schemas}
    return sorted(found, key=lambda kind: (kind.__module__, kind.__name__))


def _below(kind: type[Evidence]) -> Iterator[type[Evidence]]:
    for one in kind.__subclasses__():
        # A test or a plug-in may define kinds of its own.
        if one.__module__.startswith("prodforensics."):
            yield one
            yield from _below(one)


def markdown() -> str:
    """Return the page."""
    parts = [_HEAD]
    for kind in kinds():
        parts.append(f"## {kind.__name__}: a {kind.kind} {{#{kind.__name__.lower()}}}\n")
        parts += [schema.markdown() for schema in kind.schemas.values()]
        if kind.__name__ in _ANSWERS:
            parts.append(f"## Answers of {kind.__name__}'s methods\n")
            parts += [schema.markdown() for schema in resolve(_ANSWERS[kind.__name__]).values()]
    parts += ["## Every kind of evidence\n", GAPS.markdown()]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(markdown())
