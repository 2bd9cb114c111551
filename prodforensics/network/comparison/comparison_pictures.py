"""Static pictures and tables of two captures: what cards and reports show of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodforensics.display.cards import findings_card, picture
from prodforensics.display.tables import human_ns, table
from prodforensics.evidence import Section
from prodforensics.network.comparison.comparison_drawings import draw_delays, draw_rates, draw_times

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.network.compare import CaptureComparison
    from prodforensics.network.comparison.both_ends import BothEnds

__all__ = ["both_ends_card", "both_ends_sections", "comparison_card", "comparison_sections"]

_ROWS = 20
_ROWS_OF_CARD = 8
_FINDINGS = 5
_WIDTH, _WIDTH_OF_CARD = 1000, 860
_TIMES = "Times: from what half of them took to what 95 % stayed below (logarithmic)"
_RATES = "Rates"
_DELAYS = "How long packets took, by the clocks' offset, and which never came"


def comparison_card(compared: CaptureComparison) -> str:
    """Draw what the card of a comparison shows: the first findings, and what changed most."""
    drawn = draw_times(compared, _WIDTH_OF_CARD)
    return (
        findings_card(compared.findings()[:_FINDINGS])
        + (picture(drawn.svg(), _TIMES) if drawn else "")
        + _service_table(compared, _ROWS_OF_CARD, caption="Services")
    )


def comparison_sections(compared: CaptureComparison) -> list[Section]:
    """Draw the static twin of a comparison: what changed, services, paths, names."""
    drawn = ((draw_times(compared, _WIDTH), _TIMES), (draw_rates(compared, _WIDTH), _RATES))
    pictures = "".join(picture(one.svg(), caption) for one, caption in drawn if one)
    sections = [
        Section("What changed", pictures + table(_changes(compared), limit=_ROWS)),
        Section("Services", _service_table(compared, _ROWS)),
    ]
    if len(compared.frames["names"]):
        columns = ["layer", "host", "path", "change", "requests_base", "requests_other"]
        columns += ["answer_p95_ns_base", "answer_p95_ns_other"]
        columns += ["error_percent_base", "error_percent_other"]
        shown = compared.frames["names"][columns]
        drawn = table(shown, limit=_ROWS, units=_units(shown))
        sections.append(Section("Asked for by name", drawn))
    return sections


def both_ends_card(both: BothEnds) -> str:
    """Draw what the card of a path shows: the findings, and both directions."""
    drawn = draw_delays(both, _WIDTH_OF_CARD)
    return (
        findings_card(both.findings()[:_FINDINGS])
        + (picture(drawn.svg(), _DELAYS) if drawn else "")
        + table(_directions(both), caption="Both directions")
    )


def both_ends_sections(both: BothEnds) -> list[Section]:
    """Draw the static twin of a path: both directions, what was lost, the streams."""
    drawn = draw_delays(both, _WIDTH)
    delays = picture(drawn.svg(), _DELAYS) if drawn else ""
    sections = [Section("Both directions", delays + table(_directions(both)))]
    if len(both.frames["lost"]):
        sections.append(Section("Lost between the ends", table(both.frames["lost"], limit=_ROWS)))
    columns = ["protocol", "stream_base", "stream_other", "orig", "resp", "near_orig"]
    columns += ["sent_to_other", "lost_to_other", "sent_to_base", "lost_to_base"]
    columns += ["delay_to_other_ns", "delay_to_base_ns"]
    sections.append(Section("Streams", table(both.frames["streams"][columns], limit=_ROWS)))
    return sections


def _changes(compared: CaptureComparison) -> pd.DataFrame:
    """Write the numbers of tests as people read them."""
    frame = compared.frames["changes"].head(_ROWS + 1)
    shown = frame[["what", "metric", "test"]].copy()
    rates = (frame["test"] == "share").tolist()
    for title, column in (("before", "value_base"), ("after", "value_other")):
        shown[title] = [
            f"{value:.2f} %" if rate else human_ns(value)
            for value, rate in zip(frame[column].tolist(), rates, strict=True)
        ]
    shown["effect"] = frame["effect"].round(2)
    shown["chance"] = [
        "below 0.01 %" if p < 1e-4 else f"{100 * p:.{2 if p < 0.01 else 0}f} %"
        for p in frame["p_value"].tolist()
    ]
    return shown


def _service_table(compared: CaptureComparison, rows: int, caption: str = "") -> str:
    shown = _services(compared)
    return table(shown, caption=caption, limit=rows, units=_units(shown))


def _units(frame: pd.DataFrame) -> dict[str, str]:
    return {name: "ns" for name in frame if "_ns_" in str(name)}


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
