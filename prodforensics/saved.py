"""Evidence that was written by `Evidence.save` and is read back."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from prodforensics.errors import Corrupt
from prodforensics.evidence import Evidence, SourceInfo
from prodforensics.findings import Finding, Findings

__all__ = ["MANIFEST", "SavedEvidence"]

MANIFEST = "evidence.json"


class SavedEvidence(Evidence):
    """Frames, gaps and findings of a piece of evidence that was saved.

    Examples
    --------
    >>> import tempfile
    >>> import prodforensics as pf
    >>> snapshot = pf.load(pf.samples.path("heap/healthy.1.heapsnapshot.zst"))
    >>> saved = pf.load(snapshot.save(tempfile.mkdtemp()))
    >>> saved.frames["constructors"].equals(snapshot.frames["constructors"])
    True
    """

    kind: ClassVar[str] = "saved evidence"

    def __init__(self, folder: str | Path) -> None:
        folder = Path(folder)
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            names = [str(name) for name in manifest["frames"]]
            sources = [SourceInfo(**source) for source in manifest["sources"]]
            self._saved_findings = [Finding(**finding) for finding in manifest["findings"]]
            self._facts = [(str(label), str(value)) for label, value in manifest["facts"]]
            self._texts = {key: str(manifest[key]) for key in ("kind", "title", "headline")}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Corrupt(
                str(folder / MANIFEST), None, "what Evidence.save wrote", f"{error!r}"
            ) from error
        # A name becomes a path below the folder: never let it lead out of it.
        names = [name for name in names if name.replace("_", "").isalnum()]
        builders = {name: partial(_read, folder / f"{name}.parquet") for name in names}
        super().__init__(builders, sources=sources, format="saved")
        self._gap_rows = _read(folder / "gaps.parquet")
        self.kind_saved = self._texts["kind"]

    @property
    def gaps(self) -> pd.DataFrame:
        """What the reader could not use."""
        return self._gap_rows

    @property
    def title(self) -> str:
        """File name, or the names of the files compared."""
        return self._texts["title"]

    def headline(self) -> str:
        """Say the most important thing in one sentence."""
        return self._texts["headline"]

    def facts(self) -> list[tuple[str, str]]:
        """Return the few numbers for the card."""
        return [("saved", self.kind_saved), *self._facts]

    def findings(self) -> Findings:
        """Return the findings as they were saved."""
        return Findings(self._saved_findings, subject=self.title)


def _read(path: Path) -> Any:
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:  # pyarrow's errors derive from these two
        raise Corrupt(str(path), None, "a Parquet file", str(error)) from error
