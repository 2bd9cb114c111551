"""Compare core dumps: the same crash or another, and which crashes many cores are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from prodforensics._reference import Later
from prodforensics.core.comparison import comparison_schemas
from prodforensics.display.tables import human_count
from prodforensics.evidence import Evidence
from prodforensics.schema import Schema

if TYPE_CHECKING:
    from prodforensics.core.comparison.alignment import Pair
    from prodforensics.core.comparison.crash_stacks import CrashStack
    from prodforensics.core.model import CoreDump

alignment = Later("prodforensics.core.comparison.alignment")
bucketing = Later("prodforensics.core.comparison.buckets")
crash_stacks = Later("prodforensics.core.comparison.crash_stacks")
pictures = Later("prodforensics.core.comparison.comparison_pictures")

__all__ = ["CoreComparison", "compare"]

_FEW = 4


def compare(base: CoreDump, other: CoreDump, *more: CoreDump) -> CoreComparison:
    """Compare two cores or more, by the stacks of the threads that died.

    Parameters
    ----------
    base, other, *more : CoreDump
        In the order they were written.

    Returns
    -------
    CoreComparison
        ``frames["buckets"]`` has the crashes, ``frames["cores"]`` which core is which, and
        ``frames["frames"]`` the stacks side by side.

    Examples
    --------
    ``pf.compare(*pf.load_many("/var/lib/systemd/coredump/core.till.*")).frames["buckets"]`` has the
    crashes of a folder of cores; a debugger tells the stack of each.
    """
    return CoreComparison((base, other, *more))


class CoreComparison(Evidence):
    """Which of several cores are the same crash.

    Parameters
    ----------
    cores : sequence of CoreDump
        Two or more, in the order they were written.

    Attributes
    ----------
    cores : tuple of CoreDump
    """

    kind: ClassVar[str] = "core comparison"
    schemas: ClassVar[Mapping[str, Schema]] = comparison_schemas.FRAMES
    _view = "prodforensics.core.views:comparison"
    _rules = "prodforensics.core.comparison.comparison_rules:RULES"
    _sections = "prodforensics.core.comparison.comparison_pictures:comparison_sections"

    def __init__(self, cores: Sequence[CoreDump]) -> None:
        self.cores = tuple(cores)
        builders = {
            "buckets": lambda: bucketing.buckets(self),
            "cores": lambda: bucketing.cores(self),
            "frames": lambda: bucketing.aligned(self),
        }
        gaps = [gap for one in cores for gap in one.all_gaps()]
        super().__init__(builders, parts=self.cores, gaps=gaps)

    @cached_property
    def stacks(self) -> tuple[CrashStack, ...]:
        """The stack that each core is compared by."""
        return tuple(self._stack(core) for core in self.cores)

    def _stack(self, core: CoreDump) -> CrashStack:
        is_new = "frames" not in core.frames.built
        stack: CrashStack = crash_stacks.crash_stack(core)
        if is_new and len(self.cores) > _FEW:
            core.close()  # else a hundred cores are a hundred debuggers
        return stack

    def pairs(self, number: int) -> list[Pair]:
        """Return the frames of the base beside those of another core.

        Parameters
        ----------
        number : int
            Of the other core, as in ``frames["cores"]``.
        """
        return alignment.align(self.stacks[0].frames, self.stacks[number].frames)

    # -- in short -----------------------------------------------------------------------------

    def headline(self) -> str:
        """Say whether it is one crash, or how many."""
        told = self.frames["buckets"]
        if "" in told.index:
            count = int(told.loc["", "count"])
            return f"{human_count(count)} of {len(self.cores)} stacks could not be walked"
        if len(self.cores) == 2:
            return self._of_two(*self.stacks)
        first = self.stacks[int(told["first_core"].iloc[0])]
        if len(told) == 1:
            return f"{self._same(first)}: {first.what}"
        counted = f"{human_count(int(told['count'].iloc[0]))} of {len(self.cores)}"
        return f"{human_count(len(told))} different crashes; {counted} are {first.what}"

    @staticmethod
    def _same(stack: CrashStack) -> str:
        return "the same crash" if stack.signal else "the same state"

    def _of_two(self, base: CrashStack, other: CrashStack) -> str:
        if base.bucket == other.bucket:
            return f"{self._same(base)}: {base.what}"
        if base.may_be(other):
            return f"perhaps the same crash, one stack is cut: {base.what}"
        if base.signal and base.what == other.what:
            return f"the same function fails, reached by another way: {base.what}"
        crash = "another crash" if base.signal or other.signal else "another state"
        return f"{crash}: {base.what}, then {other.what}"

    def facts(self) -> list[tuple[str, str]]:
        """Return the few numbers for the card."""
        listed = self.frames["cores"]
        builds = listed["build_id"].replace("", None).nunique()
        times = listed["time"].dropna()
        facts = [
            ("cores", human_count(len(listed))),
            ("crashes", human_count(len(self.frames["buckets"]))),
            ("programs", ", ".join(dict.fromkeys(listed["program"]))),
            ("builds", human_count(int(builds))),
        ]
        if len(times):
            span = (times.min(), times.max())
            facts.append(("written", " to ".join(f"{one:%Y-%m-%d %H:%M:%S} UTC" for one in span)))
        return facts

    def _card_body(self) -> str:
        return pictures.comparison_card(self)
