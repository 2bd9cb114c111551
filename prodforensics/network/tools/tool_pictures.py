"""Static pictures of tools' reports: the hops of a path, the phases of requests."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from prodforensics.display.svg import WIDTH
from prodforensics.display.tables import human_ns, plain
from prodforensics.display.theme import LIGHT_SERIES
from prodforensics.network.tools.path_rules import onset_of
from prodforensics.network.tools.timing_reports import PHASES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prodforensics.network.tools.path_reports import MtrRun
    from prodforensics.network.tools.timing_reports import Request

__all__ = ["hops", "waterfall"]

_ROW = 26
_HEAD = 22
_NAME, _LOSS = 240, 150
_CHARACTER = 6.7
_LISTED = 60


def hops(run: MtrRun) -> str:
    """Draw a path from the top down: each hop's loss as a bar, its round trips as a range.

    Loss that goes on to the end is red, that of a hop alone is grey.

    The thin line goes from the shortest to the longest round trip, the mark is the mean.

    Examples
    --------
    >>> from prodforensics.network.tools.path_reports import Hop, MtrRun
    >>> hop = Hop(1, "<b>", 2, 10, 10.0, 1, 5, 5_000_000, 4_000_000, 9_000_000)
    >>> drawn = hops(MtrRun(1, hops=[hop]))
    >>> "&lt;b&gt;" in drawn, "10 %" in drawn
    (True, True)
    """
    shown = run.hops[:_LISTED]
    onset = onset_of(run.hops)
    most = max((hop.worst_ns or hop.average_ns or 0 for hop in shown), default=0) or 1
    left = _NAME + _LOSS
    across = WIDTH - left - 80
    shapes = [
        _text(8, 15, "hop", "pf-soft"),
        _text(_NAME, 15, "loss", "pf-soft"),
        _text(left, 15, f"round trip, to {human_ns(most)}", "pf-soft"),
    ]
    for place, hop in enumerate(shown):
        top = _HEAD + place * _ROW
        middle = top + _ROW / 2
        loss = f"{hop.loss_percent:g} %"
        words = [f"hop {hop.hop}: {plain(hop.host, 80)}", f"{loss} of {hop.sent} lost"]
        # Loss of a hop that passes everything on is none.
        real = onset is not None and place >= onset
        fill = "var(--pf-bad,#b3261e)" if real else "var(--pf-soft,#57606a)"
        parts = [
            _text(8, middle + 4, f"{hop.hop:>2} {_fit(hop.host, _NAME - 40)}"),
            f'<rect x="{_NAME}" y="{top + 6}" rx="2" height="{_ROW - 12}" '
            f'width="{max(1.0, (_LOSS - 70) * hop.loss_percent / 100):.1f}" fill="{fill}"/>',
            _text(_NAME + _LOSS - 62, middle + 4, loss),
        ]
        if hop.average_ns is not None:
            best = left + across * (hop.best_ns or hop.average_ns) / most
            worst = left + across * (hop.worst_ns or hop.average_ns) / most
            mean = left + across * hop.average_ns / most
            parts += [
                f'<path d="M{best:.1f} {middle}H{max(worst, best + 1):.1f}" stroke-width="5" '
                'stroke="var(--pf-bar,#bcd3f0)" stroke-linecap="round"/>',
                f'<circle cx="{mean:.1f}" cy="{middle}" r="4" fill="var(--pf-accent,#0b61c4)"/>',
                _text(max(worst, mean) + 10, middle + 4, human_ns(hop.average_ns)),
            ]
            words.append(
                f"mean {human_ns(hop.average_ns)}, from {human_ns(hop.best_ns or 0)} to "
                f"{human_ns(hop.worst_ns or 0)}"
            )
        shapes.append(f"<g><title>{escape(', '.join(words))}</title>{''.join(parts)}</g>")
    return _svg(_HEAD + _ROW * len(shown), shapes, "Loss and round trip of each hop")


def waterfall(requests: Sequence[Request], span_ns: int = 0) -> str:
    """Draw each request as a bar of its phases, one after the other, on one scale of time.

    Parameters
    ----------
    requests : sequence of Request
    span_ns : int
        What the width stands for; without it the longest request.

    Examples
    --------
    >>> from prodforensics.network.tools.timing_reports import Request
    >>> points = {"dns": 10**6, "connect": 3 * 10**6, "ttfb": 9 * 10**6, "total": 10**7}
    >>> waterfall([Request(1, points)]).count("<rect")
    5
    """
    shown = requests[:_LISTED]
    most = span_ns or max((one.total_ns or 0 for one in shown), default=0) or 1
    left = 150 if len(shown) > 1 else 8
    across = WIDTH - left - 80
    shapes = []
    for place, one in enumerate(shown):
        top = place * _ROW
        if len(shown) > 1:
            name = one.host or f"line {one.line}"
            shapes.append(_text(8, top + 17, f"{place} {_fit(name, left - 40)}"))
        for phase, begin, took in one.phases:
            number = PHASES.index(phase)
            width = across * took / most
            at = left + across * begin / most
            words = f"{phase}: {human_ns(took)}, from {human_ns(begin)}"
            label = phase if width > 60 else ""
            shapes.append(
                f'<g><title>{escape(words)}</title><rect x="{at:.1f}" y="{top + 3}" '
                f'width="{max(width, 0.8):.1f}" height="{_ROW - 6}" fill="{_colour(number)}"/>'
                + (
                    _text(at + 5, top + 17, f"{label} {_short(took, width)}", "pf-on")
                    if label
                    else ""
                )
                + "</g>"
            )
        end = left + across * (one.total_ns or 0) / most
        said = "failed" if one.failed else human_ns(one.total_ns or 0)
        shapes.append(_text(end + 6, top + 17, said))
    legend = "".join(
        f'<li><i style="background:{_colour(number)}"></i>{phase}</li>'
        for number, phase in enumerate(PHASES)
    )
    drawn = _svg(_ROW * len(shown), shapes, "The phases of each request")
    more = len(requests) - len(shown)
    rest = f"<p>… {more:,} more requests</p>" if more > 0 else ""
    return f'{drawn}<ul class="pf-legend">{legend}</ul>{rest}'


def _colour(number: int) -> str:
    return f"var(--pf-c{number + 1},{LIGHT_SERIES[number]})"


def _short(took: int, width: float) -> str:
    return human_ns(took) if width > 130 else ""


def _fit(name: str, width: float) -> str:
    room = int(width / _CHARACTER)
    words = plain(name, 300)
    return words if len(words) <= room else f"{words[: room - 1]}…"


def _text(x: float, y: float, words: str, kind: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{escape(words)}</text>'


def _svg(height: float, shapes: Sequence[str], label: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" '
        f'width="{WIDTH}" height="{height:g}" role="img" aria-label="{escape(label)}">'
        f"<title>{escape(label)}</title>{''.join(shapes)}</svg>"
    )
