"""Which rules a profile is folded by."""

from __future__ import annotations

from collections.abc import Mapping

from prodforensics._reference import Later
from prodforensics.errors import BadOption
from prodforensics.profile.data import ProfileData
from prodforensics.profile.measures import Measures
from prodforensics.profile.perf_folding import fold_perf

__all__ = ["to_folded"]

# What it folds with takes longer to import than a small recording of perf to read and fold.
folded = Later("prodforensics.profile.folded")


def to_folded(
    data: ProfileData, measures: Measures, *, threads: bool, options: Mapping[str, bool]
) -> str:
    """Fold a recording of perf by the rules of its script, and every other profile by `fold`.

    Parameters
    ----------
    data : ProfileData
    measures : Measures
    threads : bool
        See `prodforensics.profile.folded.fold`.
    options : mapping of str to bool
        See `prodforensics.profile.perf_folding.fold_perf`.

    Raises
    ------
    BadOption
        An option is set that is for perf alone.
    """
    # The first value type of a recording of perf is what the script sums.
    if data.recording.producer == "perf" and not threads and data.default == 0:
        return "".join(f"{stack} {value}\n" for stack, value in fold_perf(data, **options))
    if chosen := [name for name, value in options.items() if value]:
        raise BadOption(
            f"{', '.join(chosen)}: for recordings of perf in their first value type, not by thread",
            hint="leave it out: profile.to_folded(path)",
        )
    return folded.fold(data, measures, threads=threads)
