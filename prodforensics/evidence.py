"""Evidence: what every loaded artifact and every comparison is.

A room's model derives from `Evidence`, says how its frames are built, and names its rules,
its view and its sections of the report by reference (see `prodforensics._reference`), so that
the model imports none of them.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from prodforensics._reference import resolve
from prodforensics._text import plain
from prodforensics.errors import SourceError, UnknownName
from prodforensics.findings import Findings, run
from prodforensics.gaps import Gap, gaps_frame
from prodforensics.schema import Schema
from prodforensics.source import Source

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.display.recorded import Program

__all__ = ["Evidence", "Frames", "Section", "SourceInfo"]


@dataclass(frozen=True)
class SourceInfo:
    """Where a piece of evidence comes from.

    Parameters
    ----------
    path : str
        Path or URL as given.
    size : int
        Bytes as stored.
    sha256 : str
        Digest of the file as stored.
    format, reader : str
        Name of the format and the module that read it.
    """

    path: str
    size: int
    sha256: str
    format: str
    reader: str

    @property
    def name(self) -> str:
        """Last part of the path."""
        return self.path.rstrip("/").rpartition("/")[2]


@dataclass(frozen=True)
class Section:
    """One part of a report: a heading and HTML that is already escaped.

    Parameters
    ----------
    title, html : str
    program : callable, optional
        Makes the `prodforensics.display.recorded.Program` that a report shows in the place of the
        HTML where scripts run.
    """

    title: str
    html: str
    program: Callable[[], Program] | None = None


class Frames(Mapping[str, "pd.DataFrame"]):
    """The frames of a piece of evidence, built on first use and kept.

    Examples
    --------
    >>> import pandas as pd
    >>> frames = Frames({"one": lambda: pd.DataFrame({"a": [1]})})
    >>> frames
    Frames: one
    >>> frames["one"].shape
    (1, 1)
    """

    def __init__(self, builders: Mapping[str, Callable[[], pd.DataFrame]]) -> None:
        self._builders = dict(builders)
        self._built: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._built:
            if name not in self._builders:
                raise UnknownName("frame", name, self._builders)
            self._built[name] = self._builders[name]()
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._builders)

    def __len__(self) -> int:
        return len(self._builders)

    def __contains__(self, name: object) -> bool:
        return name in self._builders

    @property
    def built(self) -> Mapping[str, pd.DataFrame]:
        """The frames that were built so far."""
        return self._built

    def __repr__(self) -> str:
        return f"Frames: {', '.join(self)}"

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)


class Evidence:
    """A loaded artifact, or a comparison of several.

    Attributes
    ----------
    source : SourceInfo or None
        Where it comes from; a comparison has `sources` instead.
    frames : Frames
        Mapping of name to `pandas.DataFrame`, built on first use.

    Notes
    -----
    A room's model sets the class attributes and overrides `facts` and `headline`.
    """

    kind: ClassVar[str] = "evidence"
    """Name of the kind of evidence, as in ``"heap snapshot"``."""
    schemas: ClassVar[Mapping[str, Schema]] = {}
    """Schema of every frame by name."""

    # References, resolved on use.
    _rules: ClassVar[str] = ""
    """A list of rules."""
    _view: ClassVar[str] = "prodforensics.display.browser:browse"
    """A function from the evidence to a widget."""
    _sections: ClassVar[str] = ""
    """A function from the evidence to its Sections of the report, pictures before tables."""
    _compare: ClassVar[str] = ""
    """A function of two or more pieces of this kind to their comparison."""

    def __init__(
        self,
        builders: Mapping[str, Callable[[], pd.DataFrame]],
        *,
        source: Source | None = None,
        format: str = "",  # noqa: A002 (the field's word)
        sources: Sequence[SourceInfo] = (),
        parts: Sequence[Evidence] = (),
        gaps: Iterable[Gap] = (),
    ) -> None:
        self.frames = Frames(builders)
        self._source = source
        self._sources = tuple(sources)
        self._parts = tuple(parts)
        self._gaps = list(gaps)
        self.format = format
        self.reader = type(self).__module__

    # -- where it comes from ------------------------------------------------------------------

    @property
    def source(self) -> SourceInfo | None:
        """Path, size, sha256, format and reader; the digest is computed on first use."""
        return self.sources[0] if len(self.sources) == 1 else None

    @property
    def sources(self) -> tuple[SourceInfo, ...]:
        """Every file that this evidence was made from."""
        if self._source:
            s = self._source
            return (SourceInfo(s.path, s.size, s.sha256, self.format, self.reader),)
        return self._sources or tuple(source for part in self._parts for source in part.sources)

    @property
    def title(self) -> str:
        """File name, or the names of the files compared."""
        if self._source:
            return self._source.path.rstrip("/").rpartition("/")[2]
        names = [part.title for part in self._parts] or [source.name for source in self._sources]
        return " → ".join(names) or self.kind

    # -- what it says -------------------------------------------------------------------------

    @property
    def gaps(self) -> pd.DataFrame:
        """What the reader could not use, one row each (see `prodforensics.gaps.GAPS`)."""
        return gaps_frame(self.all_gaps())

    def all_gaps(self) -> list[Gap]:
        """Gaps of the file's bytes and of its format."""
        return [*(self._source.gaps if self._source else ()), *self._gaps]

    @cached_property
    def _found(self) -> Findings:
        return run(resolve(self._rules), self) if self._rules else Findings([], subject=self.title)

    def findings(self) -> Findings:
        """Apply this room's rules."""
        return self._found

    @property
    def memory(self) -> pd.DataFrame:
        """What is held in memory: one row a part, column ``size_bytes``."""
        import pandas as pd

        parts = dict(self._held())
        for name, frame in self.frames.built.items():
            parts[f"frames[{name!r}]"] = int(frame.memory_usage(deep=False).sum())
        index = pd.Index(list(parts), name="part", dtype="str")
        return pd.DataFrame({"size_bytes": list(parts.values())}, index=index, dtype="int64")

    def _held(self) -> Iterable[tuple[str, int]]:
        """Name what the model holds beside frames, as (part, bytes)."""
        return ()

    def headline(self) -> str:
        """Say the most important thing in one sentence."""
        return f"{len(self.frames)} frames: {', '.join(self.frames)}"

    def facts(self) -> list[tuple[str, str]]:
        """Return the few numbers for the card, as (label, value)."""
        return []

    # -- what a person sees -------------------------------------------------------------------

    def show(self) -> Any:
        """Return the interactive view, a Jupyter widget."""
        return resolve(self._view)(self)

    def sections(self) -> list[Section]:
        """Return pictures and tables of the report as static HTML."""
        return list(resolve(self._sections)(self)) if self._sections else []

    def report(self, path: str | Path) -> Path:
        """Write one HTML file that needs no network, and return its path."""
        return resolve("prodforensics.report:write")([self], path)

    def __repr__(self) -> str:
        lines = [f"{self.kind}: {self.title}", f"  {self.headline()}"]
        lines += [f"  {label}: {value}" for label, value in self.facts()]
        if gaps := self.all_gaps():
            lines.append(f"  gaps: {len(gaps)} (see .gaps)")
        lines.append(f"  frames: {', '.join(self.frames)}")
        return "\n".join(plain(line, 1000) for line in lines)

    def _card_body(self) -> str:
        """HTML between the facts and the footer of the card: escaped, small, cheap."""
        return ""

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        from prodforensics.display.cards import card
        from prodforensics.display.theme import styled

        footer = "frames: " + ", ".join(self.frames)
        facts = self.facts()
        if gaps := self.all_gaps():
            facts = [*facts, ("gaps", f"{len(gaps)}, see .gaps")]
        body = f"<p>{html.escape(plain(self.headline(), 1000))}</p>{self._card_body()}"
        text = card(self.title, self.kind, facts, body_html=body, footer=footer)
        return {"text/plain": repr(self), "text/html": styled(text)}

    # -- keeping it ---------------------------------------------------------------------------

    def save(self, folder: str | Path) -> Path:
        """Write every frame as Parquet, the findings and the origin; `pf.load` reads it back.

        Parameters
        ----------
        folder : str or Path
            Made if absent; files of the same names are replaced.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        SourceError
            The folder cannot be written.
        """
        folder = Path(folder).expanduser()
        manifest = {
            "prodforensics": 1,
            "kind": self.kind,
            "title": self.title,
            "headline": self.headline(),
            "facts": self.facts(),
            "frames": list(self.frames),
            "sources": [vars(source) for source in self.sources],
            "findings": [finding.as_dict() for finding in self.findings()],
        }
        text = json.dumps(manifest, indent=1, default=str)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, frame in {**self.frames, "gaps": self.gaps}.items():
                frame.to_parquet(folder / f"{name}.parquet", compression="zstd")
            # Last: a folder that was not written to its end is not evidence.
            (folder / "evidence.json").write_text(text, encoding="utf-8")
        except OSError as error:
            raise SourceError(
                f"{folder}: {error.strerror or error}", hint="name a folder that you may write to"
            ) from error
        return folder
