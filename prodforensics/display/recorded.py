"""Interactive views of a report: scripts of this package over answers that stand in the page.

A page may run these scripts and nothing else: its content security policy names the digest of each
(`digest`). Data stands in blocks that no browser runs, in which no tag can end or begin.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from prodforensics.display import theme
from prodforensics.display.widget import module_text, packed

__all__ = ["STYLE", "Program", "Record", "digest"]

STYLE = (
    theme.asset("widget.css")
    + theme.asset("flame.css")
    + "@media print{.pf-recorded [data-pf-twin]{display:block!important}"
    + ".pf .pf-recorded .pf-widget{display:none}}\n"
)
"""CSS text that a page with interactive views needs beside `theme.STYLE`."""


@dataclass(frozen=True)
class Record:
    """An answer to a question that the view will ask.

    Parameters
    ----------
    ask : str
        The question.
    answer : mapping
        JSON values, and arrays as ``"buffers"``.
    values : mapping
        What the question must say for this to be its answer.
    """

    ask: str
    answer: Mapping[str, Any]
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Program:
    """A view that works without a kernel.

    Parameters
    ----------
    scripts : sequence of Path
        As those of an `ExplorerWidget`; files of this package alone.
    records : sequence of Record
    """

    scripts: Sequence[Path]
    records: Sequence[Record]

    @cached_property
    def key(self) -> str:
        """A name for the scripts: programs of the same scripts share it."""
        return hashlib.sha256(self._module.encode()).hexdigest()[:16]

    @cached_property
    def _module(self) -> str:
        return f"{module_text(self.scripts)}\n{theme.asset('recorded.js')}"

    @property
    def script(self) -> str:
        """Text of the one script that starts every view with this key."""
        return f'{self._module}\nmountRecorded("{self.key}", render);\n'

    def html(self, static_html: str, twin: str) -> str:
        """Return the place of the view, with its data and its static twin.

        Parameters
        ----------
        static_html : str
            What is shown without scripts, and on paper.
        twin : str
            A name for it, different from others of the page.
        """
        arrays: list[str] = []
        records = []
        for record in self.records:
            answer = dict(record.answer)
            places = []
            for buffer in packed(answer.pop("buffers", ())):
                places.append(len(arrays))
                arrays.append(base64.b64encode(gzip.compress(buffer, 6, mtime=0)).decode())
            records.append(
                {
                    "ask": record.ask,
                    "values": dict(record.values),
                    "answer": answer,
                    "buffers": places,
                }
            )
        text = json.dumps({"records": records, "packed": arrays}, allow_nan=False)
        return (
            f'<div class="pf-recorded" data-pf-program="{self.key}">'
            f'<div data-pf-twin="{twin}">{static_html}</div>'
            f'<script type="application/json">{_inert(text)}</script></div>'
        )


def digest(script: str) -> str:
    """Return the source expression by which a policy allows exactly one script.

    Examples
    --------
    >>> digest("")
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
    """
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _inert(text: str) -> str:
    """Write JSON so that it holds neither the beginning nor the end of a tag."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
