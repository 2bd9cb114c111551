"""What the rules of this room share: shares that know how sure they are, and words for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prodforensics.display.tables import human_count
from prodforensics.findings import Verdict
from prodforensics.profile.confidence import counted_samples
from prodforensics.profile.model import human_value
from prodforensics.statistics import Share, share

if TYPE_CHECKING:
    from prodforensics.profile.model import Profile

__all__ = ["heaviest", "judge", "measured", "share_in", "what"]


def share_in(profile: Profile, value: float) -> Share:
    """Return a share of a profile with the confidence interval that its samples allow."""
    return share(value, counted_samples(profile.data, profile.data.default))


def judge(found: Share, *, likely: float, possible: float) -> Verdict | None:
    """Judge by the lower end of the interval: what it is at least."""
    if found.low >= likely and found.samples >= 100:
        return Verdict.LIKELY
    return Verdict.POSSIBLE if found.low >= possible else None


def what(profile: Profile) -> str:
    """Name what the profile counts."""
    name = profile.default_value_type.name
    return "the samples" if name == "samples" else name


def measured(profile: Profile, found: Share) -> str:
    """Say a share, of what, and how sure it is."""
    whole = human_value(profile.measures.total, profile.default_value_type.unit)
    count = human_count(found.samples)
    return f"{found} of {whole} in {count} samples (95 % confidence interval)."


def heaviest(profile: Profile, functions: np.ndarray) -> list[int]:
    """Return the ten of these functions with the largest totals."""
    total = np.where(functions, profile.measures.function_total, 0)
    order = np.argsort(-total, kind="stable")[:10]
    return order[total[order] > 0].tolist()
