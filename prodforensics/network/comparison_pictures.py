"""Static pictures and tables of two captures: what cards and reports show of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodforensics.display.cards import findings_card
from prodforensics.display.tables import table
from prodforensics.evidence import Section

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.network.both_ends import BothEnds
    from prodforensics.network.compare import CaptureComparison

__all__ = ["both_ends_card", "both_ends_sections", "comparison_card", "comparison_sections"]

_ROWS = 20
_ROWS_OF_CARD = 8
_FINDINGS = 3


def comparison_card(compared: CaptureComparison) -> str:
    """Draw what the card of a comparison shows: the first findings, and what changed most."""
    return findings_card(compared.findings()[:_FINDINGS]) + table(
        _services(compared).head(_ROWS_OF_CARD), caption="Services"
    )


def comparison_sections(compared: CaptureComparison) -> list[Section]:
    """Draw the static twin of a comparison: what changed, services, paths, names."""
    changes = compared.frames["changes"]
    columns = ["what", "metric", "test", "value_base", "value_other", "effect", "p_value"]
    sections = [
        Section("What changed", table(changes[columns], limit=_ROWS)),
        Section("Services", table(_services(compared), limit=_ROWS)),
    ]
    if len(compared.frames["names"]):
        columns = ["layer", "host", "path", "change", "requests_base", "requests_other"]
        columns += ["answer_p95_ns_base", "answer_p95_ns_other"]
        columns += ["error_percent_base", "error_percent_other"]
        drawn = table(compared.frames["names"][columns], limit=_ROWS)
        sections.append(Section("Asked for by name", drawn))
    return sections


def both_ends_card(both: BothEnds) -> str:
    """Draw what the card of a path shows: the findings, and both directions."""
    return findings_card(both.findings()[:_FINDINGS]) + table(
        _directions(both), caption="Both directions"
    )


def both_ends_sections(both: BothEnds) -> list[Section]:
    """Draw the static twin of a path: both directions, what was lost, the streams."""
    sections = [Section("Both directions", table(_directions(both)))]
    if len(both.frames["lost"]):
        sections.append(Section("Lost between the ends", table(both.frames["lost"], limit=_ROWS)))
    columns = ["protocol", "stream_base", "stream_other", "orig", "resp", "near_orig"]
    columns += ["sent_to_other", "lost_to_other", "sent_to_base", "lost_to_base"]
    columns += ["delay_to_other_ns", "delay_to_base_ns"]
    sections.append(Section("Streams", table(both.frames["streams"][columns], limit=_ROWS)))
    return sections


def _services(compared: CaptureComparison) -> pd.DataFrame:
    frame = compared.frames["services"]
    columns = ["change", "connections_base", "connections_other", "answer_median_ns_base"]
    columns += ["answer_median_ns_other", "answer_p95_ns_base", "answer_p95_ns_other"]
    columns += ["retransmission_percent_base", "retransmission_percent_other"]
    columns += ["failed_percent_base", "failed_percent_other"]
    shown = frame[columns].copy()
    shown.insert(0, "service", compared.hosts[1].names)
    return shown


def _directions(both: BothEnds) -> pd.DataFrame:
    frame = both.frames["directions"]
    columns = ["sent", "lost", "loss_percent", "overtaken", "delay_least_ns", "delay_median_ns"]
    columns += ["delay_p95_ns", "delay_most_ns"]
    return frame.reset_index()[["direction", *columns]]
