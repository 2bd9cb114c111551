"""Evidence that was written by `Evidence.save` and is read back."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from prodforensics.errors import Corrupt, SchemaError
from prodforensics.evidence import Evidence, SourceInfo
from prodforensics.findings import Finding, Findings
from prodforensics.gaps import GAPS, Gap

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
            names = [_safe(name) for name in manifest["frames"]]
            sources = [_source(source) for source in manifest["sources"]]
            self._saved_findings = [Finding(**finding) for finding in manifest["findings"]]
            self._facts = [(str(label), str(value)) for label, value in manifest["facts"]]
            self._texts = {key: str(manifest[key]) for key in ("kind", "title", "headline")}
        except (
            OSError,
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
            RecursionError,
        ) as error:
            raise Corrupt(
                str(folder / MANIFEST), None, "what Evidence.save wrote", f"{error!r}"
            ) from error
        builders = {name: partial(_read, folder / f"{name}.parquet") for name in names}
        gaps = _gaps(folder / "gaps.parquet")
        super().__init__(builders, sources=sources, gaps=gaps, format="saved")
        self.kind_saved = self._texts["kind"]

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


def _safe(name: str) -> str:
    """Return the name; it becomes a path below the folder and must not lead out of it."""
    if not name.replace("_", "").isalnum():
        raise ValueError(f"the frame {name!r}")
    return name


def _source(values: dict[str, Any]) -> SourceInfo:
    texts = {name: str(values[name]) for name in ("path", "sha256", "format", "reader")}
    return SourceInfo(size=int(values["size"]), **texts)


def _gaps(path: Path) -> list[Gap]:
    frame = _read(path)
    try:
        GAPS.validate(frame)
    except SchemaError as error:
        raise Corrupt(str(path), None, "the columns of gaps", str(error)) from error
    rows = frame.astype("object").where(frame.notna(), None)
    return [Gap(**row) for row in rows.to_dict("records")]


def _read(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(path)
        for name in frame.select_dtypes("category"):
            if not len(frame[name].cat.categories):  # Parquet forgets what nothing was of
                frame[name] = frame[name].cat.set_categories(pd.Index([], dtype="str"))
        return frame
    except Exception as error:  # pandas and pyarrow raise of all kinds on hostile metadata
        raise Corrupt(str(path), None, "a Parquet file", str(error)) from error
