"""Compare captures: a baseline with an incident, or both ends of one path."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from prodforensics._reference import Later
from prodforensics.display.tables import human_count, human_ns
from prodforensics.errors import BadOption
from prodforensics.evidence import Evidence
from prodforensics.network.comparison import comparison_schemas
from prodforensics.network.comparison.both_ends import BothEnds, paired
from prodforensics.network.comparison.changes import changes
from prodforensics.network.comparison.groups import Groups, paths_and_services, requests_by_name
from prodforensics.schema import Schema

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

pictures = Later("prodforensics.network.comparison.comparison_pictures")

__all__ = ["CaptureComparison", "compare"]


def compare(
    base: Capture, other: Capture, *more: Capture, both_ends: bool | None = None
) -> CaptureComparison | BothEnds:
    """Compare two captures: of two times, or of one time at two places.

    Parameters
    ----------
    base, other : Capture
        A baseline and an incident; or the two ends of a path, in any order.
    both_ends : bool, optional
        Whether both captured the same packets at two places. Found out from the packets by
        default.

    Returns
    -------
    CaptureComparison or BothEnds
        What changed per service, path and name; or which packet arrived when, or was lost.

    Raises
    ------
    BadOption
        More than two captures are given, or ``both_ends=True`` of two that share no packets.

    Examples
    --------
    >>> import prodforensics as pf
    >>> names = [f"network/compare.{name}.pcap.zst" for name in ("baseline", "incident")]
    >>> change = pf.compare(*[pf.load(pf.samples.path(name)) for name in names])
    >>> change.frames["services"][["resp_port", "change"]].values.tolist()
    [[8080, 'both'], [9200, 'new']]
    """
    if more:
        raise BadOption(
            f"{2 + len(more)} captures are compared at once",
            hint="compare two: pf.compare(baseline, incident)",
        )
    if both_ends is not False:
        found = paired(base, other)
        if found is not None:
            return BothEnds(base, other, found)
        if both_ends:
            raise BadOption(
                f"{base.title} and {other.title} have no packets in common",
                hint="both ends of a path are captured at the same time",
            )
    return CaptureComparison(base, other)


class CaptureComparison(Evidence):
    """What changed between two captures.

    Parameters
    ----------
    base, other : Capture

    Attributes
    ----------
    base, other : Capture
    """

    kind: ClassVar[str] = "capture comparison"
    schemas: ClassVar[Mapping[str, Schema]] = comparison_schemas.FRAMES
    _rules = "prodforensics.network.comparison.comparison_rules:RULES"
    _view = "prodforensics.display.browser:overview"
    _sections = "prodforensics.network.comparison.comparison_pictures:comparison_sections"

    def __init__(self, base: Capture, other: Capture) -> None:
        self.base, self.other = base, other
        builders = {
            "changes": lambda: changes([*self.hosts, self.names]),
            "names": lambda: self.names.frame(),
            "paths": lambda: self.hosts[0].frame(),
            "services": lambda: self.hosts[1].frame(),
        }
        gaps = [gap for one in (base, other) for gap in one.all_gaps()]
        super().__init__(builders, parts=(base, other), gaps=gaps)

    @cached_property
    def hosts(self) -> tuple[Groups, Groups]:
        """Paths and services, with what was measured of them."""
        return paths_and_services(self.base, self.other)

    @cached_property
    def names(self) -> Groups:
        """Names that were asked for, with what was measured of them."""
        return requests_by_name(self.base, self.other)

    # -- in short -----------------------------------------------------------------------------

    def headline(self) -> str:
        """Say how much was captured, and what is worse."""
        text = " → ".join(one.headline() for one in (self.base, self.other))
        likely = self.findings().likely
        if likely:
            more = f" (and {len(likely) - 1} more)" if len(likely) > 1 else ""
            return f"{text}. Likely: {likely[0].title}{more}"
        return f"{text}; nothing got worse beyond chance" if not self._worse() else text

    def _worse(self) -> bool:
        return any(one.verdict == "possible" for one in self.findings())

    def facts(self) -> list[tuple[str, str]]:
        """Return the few numbers for the card."""
        both = (self.base, self.other)
        services, paths = self.frames["services"], self.frames["paths"]
        found = []
        for frame, name in ((services, "services"), (paths, "paths")):
            counts = frame["change"].value_counts()
            parts = [f"{human_count(int(counts.get('both', 0)))} in both"]
            parts += [
                f"{human_count(int(counts[one]))} {one}"
                for one in ("new", "gone")
                if counts.get(one, 0)
            ]
            found.append((name, ", ".join(parts)))
        connections = [services[f"connections_{end}"].sum() for end in ("base", "other")]
        return [
            ("connections", " → ".join(human_count(int(one)) for one in connections)),
            ("duration", " → ".join(human_ns(one.duration_ns) for one in both)),
            *found,
        ]

    def _card_body(self) -> str:
        return pictures.comparison_card(self)
