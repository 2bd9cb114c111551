"""The API reference: the public names of the modules below, from their own docstrings.

The docstrings are NumPy style; the converter knows the parts of that style which they use.
Run it to read the page: ``python docs/api_reference.py``.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from functools import cached_property
from importlib import import_module
from textwrap import fill
from types import ModuleType

MODULES = (
    "prodforensics.loading",
    "prodforensics.evidence",
    "prodforensics.findings",
    "prodforensics.heap.model",
    "prodforensics.heap.compare",
    "prodforensics.heap.leak_report",
    "prodforensics.samples",
    "prodforensics.report",
    "prodforensics.notebooks",
    "prodforensics.formats",
    "prodforensics.schema",
    "prodforensics.source",
    "prodforensics.errors",
)
_SECTION = re.compile(r"^(?P<title>[A-Z][A-Za-z ]+)\n-{3,}\n", re.MULTILINE)
_LISTS = {"Parameters", "Returns", "Raises", "Warns", "Attributes", "Yields"}


def markdown() -> str:
    """Return the page."""
    parts = ["# API reference\n", "Everything here is public and keeps its meaning.\n"]
    for name in MODULES:
        parts += _module(import_module(name))
    return "\n".join(parts)


def _module(module: ModuleType) -> Iterator[str]:
    yield f"## {module.__name__}\n"
    yield text(module.__doc__ or "")
    for name in getattr(module, "__all__", ()):
        thing = getattr(module, name)
        if inspect.isclass(thing):
            yield from _class(module, name, thing)
        elif inspect.isfunction(thing):
            yield _entry(f"{module.__name__}.{name}", name, thing)


def _class(module: ModuleType, name: str, thing: type) -> Iterator[str]:
    yield _entry(f"{module.__name__}.{name}", name, thing)
    for member, value in vars(thing).items():
        value = getattr(value, "__func__", value)  # what a class or static method wraps
        public = inspect.isfunction(value) or isinstance(value, (property, cached_property))
        if public and value.__doc__ and not member.startswith("_"):
            yield _entry(f"{module.__name__}.{name}.{member}", f"{name}.{member}", value, level=4)


def _entry(anchor: str, name: str, thing: object, level: int = 3) -> str:
    head = f"{'#' * level} `{name}` {{#{anchor}}}\n"
    return f"{head}{_signature(name, thing)}\n{text(inspect.getdoc(thing) or '')}"


def _signature(name: str, thing: object) -> str:
    try:
        signature = str(inspect.signature(thing))  # type: ignore[arg-type]
    except (TypeError, ValueError):  # properties, and classes of C
        return ""
    signature = re.sub(r"(: |-> )'([^']*)'", r"\1\2", signature)
    signature = re.sub(r"\((self|cls)(, )?", "(", signature)
    lines = fill(name + signature, 88, subsequent_indent="    ", break_long_words=False)
    return f"\n```python\n{lines}\n```\n"


def text(docstring: str) -> str:
    """Turn a NumPy docstring into Markdown.

    >>> print(text('''Add.
    ...
    ... Parameters
    ... ----------
    ... a : int
    ...     One.'''))
    Add.
    <BLANKLINE>
    **Parameters**
    <BLANKLINE>
    - **`a`** (int): One.
    <BLANKLINE>
    """
    pieces = _SECTION.split(inspect.cleandoc(docstring))
    parts = [_prose(pieces[0])]
    for title, body in zip(pieces[1::2], pieces[2::2], strict=True):
        write = _fields if title in _LISTS else _examples if title == "Examples" else _prose
        parts.append(f"**{title}**\n\n{write(body)}")
    return "\n".join(parts)


def _prose(body: str) -> str:
    """Fence the literal blocks that follow `::`; everything else is nearly Markdown."""
    lines, fenced = [], False
    for line in body.strip().replace("``", "`").splitlines():
        inside = fenced and (line.startswith("    ") or not line)
        if fenced and not inside:
            lines.append("```\n")
            fenced = False
        if line.rstrip().endswith("::"):
            start = line.rstrip().removesuffix("::").rstrip()
            lines += [*([f"{start}:"] if start else []), "", "```text"]
            fenced = True
            continue
        lines.append(line.removeprefix("    ") if inside else line)
    if fenced:
        lines.append("```")
    return "\n".join(lines) + "\n"


def _fields(body: str) -> str:
    """Write ``name : type`` with its indented text as a list."""
    items: list[list[str]] = []
    for line in body.strip("\n").splitlines():
        if line and not line.startswith(" "):
            name, _, kind = line.partition(" : ")
            items.append([f"- **`{name.strip()}`**" + (f" ({kind.strip()})" if kind else ""), ""])
        elif items and line.strip():
            items[-1][1] += f" {line.strip()}"
    return "".join(f"{head}{':' if said else ''}{said}\n" for head, said in items).replace(
        "``", "`"
    )


def _examples(body: str) -> str:
    return f"```pycon\n{body.strip()}\n```\n"


if __name__ == "__main__":
    sys.stdout.write(markdown())
