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


def _palette() -> str:
    light = _variables(LIGHT, LIGHT_SERIES, "#ffffff") + ";color-scheme:light"
    dark = _variables(DARK, DARK_SERIES, "#101318") + ";color-scheme:dark"
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


STYLE = _palette() + asset("cards.css")
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
