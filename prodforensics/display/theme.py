"""The palette and the style sheet that cards, tables, pictures and widgets share.

Everything is scoped below the class ``pf``, and every colour is a custom property, so one sheet
serves JupyterLab (whose own variables win, also in custom themes), VS Code, an HTML export and a
page of its own, which follows the reader's `prefers-color-scheme`.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

LIGHT = {
    "ground": "#ffffff",
    "raised": "#f6f7f9",
    "hover": "#eef2f7",
    "line": "#d9dde3",
    "ink": "#1c2128",
    "soft": "#57606a",
    "accent": "#0b61c4",
    "chosen": "#dbe9fb",
    "bar": "#bcd3f0",
    "name": "#7a1a8c",
    "text": "#a5311a",
    "number": "#1a4fb4",
    "bad": "#b3261e",
    "bad-ground": "#fdeceb",
    "warn": "#8a5200",
    "warn-ground": "#fff4de",
    "good": "#1a6b37",
    "good-ground": "#e7f5ec",
}
DARK = {
    "ground": "#15181d",
    "raised": "#1d2128",
    "hover": "#262c35",
    "line": "#363d48",
    "ink": "#e4e8ee",
    "soft": "#a3adba",
    "accent": "#7ab7ff",
    "chosen": "#1f3a5c",
    "bar": "#2d4f7a",
    "name": "#d9a5ee",
    "text": "#f2a58e",
    "number": "#9fc5ff",
    "bad": "#ff9d94",
    "bad-ground": "#40201e",
    "warn": "#f5bf6a",
    "warn-ground": "#3b2d14",
    "good": "#86d6a0",
    "good-ground": "#18341f",
}
# Eight hues that stay apart for protan, deutan and tritan eyes, dark enough (light enough) to
# carry white (black) labels. The order keeps neighbours far apart.
LIGHT_SERIES = (
    "#2f6db3",
    "#c2570c",
    "#2b7d63",
    "#9a4a96",
    "#8a6a00",
    "#3d4f66",
    "#b8385e",
    "#5f7d1f",
)
DARK_SERIES = (
    "#7ab3f2",
    "#f5a25d",
    "#6fcdae",
    "#d99ad5",
    "#e2c25a",
    "#aab8cb",
    "#f390ad",
    "#b4d36b",
)
# Bars of a flame graph: seven groups and the rest; black (white) labels stand on them.
LIGHT_FLAME = (
    "#f3bd74",
    "#9fc6ec",
    "#a5d9ba",
    "#d9b8e2",
    "#e9d988",
    "#f0b3ad",
    "#90d3d6",
    "#d3d8de",
)
DARK_FLAME = (
    "#87581c",
    "#2c5c90",
    "#2b694c",
    "#6a4477",
    "#6a5d1a",
    "#83424a",
    "#1d676f",
    "#4a525e",
)
# Less, the same, more: nine steps that stay apart for protan, deutan and tritan eyes.
LIGHT_CHANGE = (
    "#2d5f9a",
    "#5b87bb",
    "#93b3d6",
    "#c9dbec",
    "#ececec",
    "#f6d9b8",
    "#edb06f",
    "#d98232",
    "#a95a10",
)
DARK_CHANGE = (
    "#8ec5ff",
    "#5d9fe0",
    "#3a74b0",
    "#27496d",
    "#3a3a3a",
    "#6b4a22",
    "#a2692a",
    "#d98c3a",
    "#ffc07a",
)
LIGHT_HIT, DARK_HIT = "#c71585", "#ff7ad1"
# JupyterLab's own variable for what it also has, so that custom themes are followed.
_JUPYTER = {
    "ground": "--jp-layout-color1",
    "line": "--jp-border-color2",
    "ink": "--jp-content-font-color1",
}


def _variables(colours: dict[str, str], series: tuple[str, ...], on_series: str) -> str:
    rules = []
    for name, colour in colours.items():
        host = _JUPYTER.get(name)
        rules.append(f"--pf-{name}:{f'var({host},{colour})' if host else colour}")
    rules += [f"--pf-c{place}:{colour}" for place, colour in enumerate(series, 1)]
    rules.append(f"--pf-on-series:{on_series}")
    return ";".join(rules)


def _flame(
    groups: tuple[str, ...], change: tuple[str, ...], hit: str, label: str, on_strong: str
) -> str:
    rules = [f"--pf-hit:{hit}", f"--pf-on-flame:{label}", f"--pf-on-strong:{on_strong}"]
    rules += [f"--pf-f{place}:{colour}" for place, colour in enumerate(groups)]
    rules += [f"--pf-d{place}:{colour}" for place, colour in enumerate(change)]
    return ";".join(rules)


def _palette() -> str:
    light = _variables(LIGHT, LIGHT_SERIES, "#ffffff") + ";color-scheme:light"
    light += ";" + _flame(LIGHT_FLAME, LIGHT_CHANGE, LIGHT_HIT, "#101418", "#ffffff")
    dark = _variables(DARK, DARK_SERIES, "#101318") + ";color-scheme:dark"
    dark += ";" + _flame(DARK_FLAME, DARK_CHANGE, DARK_HIT, "#f2f4f7", "#101418")
    return (
        f".pf{{{light}}}\n"
        f"@media (prefers-color-scheme:dark){{.pf{{{dark}}}}}\n"
        f"[data-jp-theme-light=true] .pf,body.vscode-light .pf{{{light}}}\n"
        f"[data-jp-theme-light=false] .pf,body.vscode-dark .pf{{{dark}}}\n"
        f"@media print{{.pf{{{light}}}}}\n"
    )


@cache
def asset(name: str) -> str:
    """Text of a file of ``display/static``.

    Examples
    --------
    >>> ".pf" in asset("cards.css")
    True
    """
    return files(__package__).joinpath("static", name).read_text(encoding="utf-8")


def _flame_rules() -> str:
    rules = [
        "text{font:11px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
        "fill:var(--pf-on-flame,#101418);pointer-events:none}",
        "text.pf-soft{fill:var(--pf-soft,#57606a)}",
        ".pf-fr{fill:var(--pf-line,#d9dde3)}",
        "g:hover rect{stroke:var(--pf-ink,#1c2128)}",
    ]
    rules += [f".pf-ft{n} rect{{fill:var(--pf-f{n},{c})}}" for n, c in enumerate(LIGHT_FLAME)]
    rules += [f".pf-fd{n} rect{{fill:var(--pf-d{n},{c})}}" for n, c in enumerate(LIGHT_CHANGE)]
    strong = (0, 1, 7, 8)  # the darkest (in the dark the lightest) steps
    rules += [f".pf-fd{n} text{{fill:var(--pf-on-strong,#ffffff)}}" for n in strong]
    return "".join(f"svg.pf-flame-svg {rule}\n" for rule in rules)


FLAME_RULES = _flame_rules()
"""CSS text of the bars of `prodforensics.display.flame_svg`; usable without the palette."""

PALETTE = _palette()
"""CSS text that gives the class ``pf`` its custom properties, for light and dark."""

STYLE = PALETTE + asset("cards.css") + FLAME_RULES
"""CSS text of everything static: the palette, cards, tables and pictures, scoped under ``.pf``."""


def styled(fragment: str) -> str:
    """Wrap an HTML fragment with the style sheet, for one output of a notebook.

    Parameters
    ----------
    fragment : str
        HTML whose strings are already escaped.

    Returns
    -------
    str
        One ``<div class="pf">`` that looks right on its own.

    Examples
    --------
    >>> styled("<p>hello</p>").endswith("<p>hello</p></div>")
    True
    """
    return f'<div class="pf"><style>{STYLE}</style>{fragment}</div>'
