"""A profile as evidence: its frames, and the questions one asks of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from prodforensics._reference import Later
from prodforensics.display.tables import human_bytes, human_count, human_ns
from prodforensics.errors import UnknownName
from prodforensics.evidence import Evidence, SourceInfo
from prodforensics.gaps import Gap
from prodforensics.profile import schemas
from prodforensics.profile.data import ProfileData, Recording, ValueType
from prodforensics.profile.measures import Measures
from prodforensics.profile.operations import Operations
from prodforensics.schema import Schema
from prodforensics.source import Source

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.profile.groups import Groups
    from prodforensics.profile.layout import Layout

__all__ = ["Origin", "Profile", "human_value"]

# Loading needs no frames, so it does not wait for pandas: what makes them is imported on use.
hot = Later("prodforensics.profile.hot")
source_lines = Later("prodforensics.profile.source_lines")
tables = Later("prodforensics.profile.tables")
pictures = Later("prodforensics.profile.pictures")
layouts = Later("prodforensics.profile.layout")
grouping = Later("prodforensics.profile.groups")

Extra = Mapping[str, "tuple[Schema, Callable[[], pd.DataFrame]]"]


class Profile(Operations, Evidence):
    """What a profiler recorded.

    Parameters
    ----------
    source : Source or None
    data : ProfileData
    gaps : iterable of Gap
        What the file lacks.
    parts : sequence of Evidence
        Where it comes from, if not from one source.
    extra : mapping of str to (Schema, callable), optional
        Further frames that the file has beside samples, and what builds each.

    Attributes
    ----------
    data : ProfileData
        The arrays behind the frames.
    """

    kind: ClassVar[str] = "profile"
    schemas: ClassVar[Mapping[str, Schema]] = schemas.FRAMES
    _rules = "prodforensics.profile.rules:RULES"
    _compare = "prodforensics.profile.compare:compare"
    _view = "prodforensics.profile.views:explorer"
    _sections = "prodforensics.profile.pictures:profile_sections"

    def __init__(
        self,
        source: Source | None,
        data: ProfileData,
        gaps: Iterable[Gap] = (),
        parts: Sequence[Evidence] = (),
        extra: Extra | None = None,
    ) -> None:
        self.data = data
        self._extra = dict(extra or {})
        self.schemas = schemas.FRAMES | {
            "samples": schemas.samples(data.value_types),
            "functions": schemas.measured(schemas.FUNCTIONS, data.value_types[data.default]),
            "threads": schemas.measured(schemas.THREADS, data.value_types[data.default]),
            **{name: schema for name, (schema, _) in self._extra.items()},
        }
        builders = {
            "samples": lambda: tables.samples(data),
            "stacks": lambda: tables.stacks(data),
            "calls": lambda: tables.calls(data),
            "functions": lambda: tables.functions(data, self.measures),
            "threads": lambda: tables.threads(data, self.measures),
        }
        if data.labels is not None:
            builders["labels"] = partial(_labels, data)
        builders |= {name: build for name, (_, build) in self._extra.items()}
        # The reader hands over the gaps of the file's bytes too, which the source has already.
        own = [gap for gap in gaps if source is None or gap not in source.gaps]
        super().__init__(builders, source=source, parts=parts, gaps=own)

    # -- value types --------------------------------------------------------------------------

    @property
    def recording(self) -> Recording:
        """How the profile was taken."""
        return self.data.recording

    @property
    def value_types(self) -> tuple[ValueType, ...]:
        """What the values of a sample count."""
        return self.data.value_types

    @property
    def default_value_type(self) -> ValueType:
        """The value type that sums are made of (see `using`)."""
        return self.data.value_types[self.data.default]

    @cached_property
    def measures(self) -> Measures:
        """Sums for the default value type."""
        return Measures(self.data, self.data.default)

    @cached_property
    def left_heavy(self) -> Layout:
        """Where the bars of its flame graph stand: of all samples, the widest bar first."""
        return layouts.layout(self.data, self.measures)

    @cached_property
    def groups(self) -> Groups:
        """The modules, packages or files that its functions belong to, the busiest first."""
        return grouping.groups(self.data.functions, self.measures.function_self)

    def using(self, value_type: str) -> Profile:
        """Return the same profile with another value type as the default.

        Parameters
        ----------
        value_type : str
            Name of one of `value_types`.

        Raises
        ------
        UnknownName
            There is no such value type.
        """
        names = [one.name for one in self.value_types]
        if value_type not in names:
            raise UnknownName("value type", value_type, names)
        return self._derived(replace(self.data, default=names.index(value_type)))

    def _derived(self, data: ProfileData, others: Iterable[Profile] = ()) -> Profile:
        """Return a profile of other data that comes from the same file, and those of others."""
        if not (others := tuple(others)):
            return _restored(*self._origin(), self.format, self.reader, data, self._extra)
        every = (self, *others)
        gaps = [gap for one in every for gap in one.all_gaps()]
        origins = [origin for one in every for origin in one._origins()]
        return _restored(None, gaps, origins, "", self.reader, data)

    def _origin(self) -> tuple[Source | None, list[Gap], Sequence[Evidence]]:
        return self._source, self._gaps, self._parts

    def _origins(self) -> Sequence[Evidence]:
        """Return where it comes from, without the data."""
        if self._source is None:
            return self._parts
        return [Evidence({}, source=self._source, format=self.format)]

    def __reduce__(self) -> tuple[Any, ...]:
        # The frames are made again where they are asked for.
        state = (*self._origin(), self.format, self.reader, self.data, self._extra)
        return _restored, state

    @property
    def source(self) -> Origin | None:
        """Where it comes from; called with a function, what each of its lines takes.

        ``profile.source.path`` is the file, ``profile.source(function, root)`` is pprof's ``list``.
        """
        info = super().source
        return Origin(**vars(info), lines=partial(_source_lines, self)) if info else None

    # -- in short -----------------------------------------------------------------------------

    def headline(self) -> str:
        """Say how much was recorded, and where most of the work is done."""
        measures, kind = self.measures, self.default_value_type
        text = human_value(measures.total, kind.unit)
        text += " samples" if kind.name == "samples" else f" of {kind.name}"
        work = hot.Work(self.data, measures)
        places = hot.plateaus(work, most=1)
        if places and work.total:
            share = 100 * places[0].value / work.total
            text += f"; {hot.said(self.data, places[0])} takes {share:.0f} % of the work"
        return text

    def facts(self) -> list[tuple[str, str]]:
        """Return the few numbers for the card."""
        facts = [
            ("records", human_count(len(self.data.samples))),
            ("functions", human_count(len(self.data.functions))),
            ("value types", ", ".join(one.name for one in self.value_types)),
        ]
        if self.recording.producer:
            facts.append(("recorded by", self.recording.producer))
        if self.recording.duration_ns:
            facts.append(("duration", human_ns(self.recording.duration_ns)))
        if len(self.data.threads) > 1:
            facts.append(("threads", human_count(len(self.data.threads))))
        return facts

    def _card_body(self) -> str:
        return pictures.profile_card(self)

    def _held(self) -> Iterable[tuple[str, int]]:
        for name, array in self.data.arrays():
            yield name, array.nbytes


@dataclass(frozen=True)
class Origin(SourceInfo):
    """Where a profile comes from, and the lines of its functions.

    Examples
    --------
    >>> import prodforensics as pf
    >>> profile = pf.load(pf.samples.path("profile/go/quadratic.cpu.pb.gz"))
    >>> profile.source.name
    'quadratic.cpu.pb.gz'
    >>> root = pf.samples.path("profile/go/quadratic.cpu.pb.gz").parent
    >>> listed = profile.source("main.repeatedSlowly", root)
    >>> listed["text"][listed["self"].idxmax()].strip()
    'if len(bought[i]) == len(bought[j]) && ...'
    """

    lines: Callable[[str, str | Path | None], pd.DataFrame] = field(repr=False, kw_only=True)

    def __call__(self, function: str, root: str | Path | None = None) -> pd.DataFrame:
        """List the lines of a function with what each takes (pprof: ``list``).

        Parameters
        ----------
        function : str
            As in ``frames["functions"]``.
        root : str or Path, optional
            Folder of the sources, to show their text; nothing outside of it is read.

        Returns
        -------
        pandas.DataFrame
            Columns of `schemas.LINES`.

        Raises
        ------
        UnknownName
            There is no such function.
        """
        return self.lines(function, root)


def _source_lines(profile: Profile, function: str, root: str | Path | None) -> pd.DataFrame:
    return source_lines.source_lines(profile.data, profile.measures, function, root)


def _restored(
    source: Source | None,
    gaps: Iterable[Gap],
    parts: Sequence[Evidence],
    format: str,  # noqa: A002 (the field's word)
    reader: str,
    data: ProfileData,
    extra: Extra | None = None,
) -> Profile:
    profile = Profile(source, data, gaps, parts, extra)
    profile.format, profile.reader = format, reader
    return profile


def _labels(data: ProfileData) -> pd.DataFrame:
    return tables.labels(data)


def human_value(value: float, unit: str) -> str:
    """Write a value in the unit of its value type.

    Examples
    --------
    >>> human_value(1_500_000, "ns"), human_value(2048, "bytes"), human_value(12, "count")
    ('1.5 ms', '2.05 kB', '12')
    """
    write = {"ns": human_ns, "bytes": human_bytes}.get(unit, human_count)
    return write(value)
