"""Arrays as the pages of the explorers read them: bars, trees, names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from prodforensics._text import plain, plain_all
from prodforensics.profile.data import Functions
from prodforensics.profile.groups import Groups
from prodforensics.profile.layout import Layout
from prodforensics.profile.names import named

__all__ = ["bars_answer", "names_answer", "place_of", "texts"]

_WHOLE = "all"

Answer = dict[str, Any]


def bars_answer(bars: Layout, functions: int, most_bars: int | None = None) -> Answer:
    """Return the bars of a layout below one for the whole, as the page reads them.

    Parameters
    ----------
    bars : Layout
    functions : int
        Number of the functions, which is that of the whole.
    most_bars : int, optional
        Leave out the narrowest if there are more.
    """
    left_out = 0.0
    if most_bars is not None and len(bars) > most_bars:
        width = np.sort(bars.x1 - bars.x0)[len(bars) - most_bars]
        left_out = float(width) / bars.total
        bars = bars.wider_than(left_out)
    whole = np.array([functions], np.uint32)
    rows = np.concatenate([[0], bars.rows.astype(np.int64) + 1]).astype(np.uint32)
    return {
        "scale": bars.scale,
        "left_out": left_out,
        "buffers": [
            np.concatenate([np.zeros(1, np.uint32), bars.x0]),
            np.concatenate([np.array([bars.total], np.uint32), bars.x1]),
            np.concatenate([whole, bars.function]),
            rows,
        ],
    }


def names_answer(functions: Functions, found: Groups) -> Answer:
    """Return names, files, lines and colours of functions, as the page reads them.

    Parameters
    ----------
    functions : Functions
    found : Groups
        Of the functions, for their colours.
    """
    # Neighbours of one group shall differ a little.
    shade = (
        np.arange(len(functions), dtype=np.uint32) * np.uint32(2654435761) >> np.uint32(16)
    ) & 1
    tints = np.append(found.of * 2 + shade, 14).astype(np.uint8)
    files, file_of = np.unique(functions.file.astype(str), return_inverse=True)
    return {
        "groups": [plain(name, 40) for name in found.names],
        "buffers": [
            *texts([*plain_all(named(functions)), _WHOLE]),
            *texts(plain_all(files.tolist())),
            file_of.astype(np.uint32),
            functions.start_line.astype(np.uint32),
            tints,
        ],
    }


def texts(strings: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    r"""Return strings as the bounds and the bytes of one UTF-8 text.

    Examples
    --------
    >>> first, text = texts(["ä", "bc"])
    >>> first.tolist(), text.tobytes()
    ([0, 2, 4], b'\xc3\xa4bc')
    """
    encoded = [text.encode("utf-8", "replace") for text in strings]
    first = np.cumsum([0, *map(len, encoded)]).astype(np.uint32)
    return first, np.frombuffer(b"".join(encoded), np.uint8)


def place_of(functions: Functions, function: int, line: int = 0) -> str:
    """Write file and line of a function, or of one of its lines; empty where unknown."""
    file = functions.file[function]
    number = line or int(functions.start_line[function])
    if not file:
        return ""
    return plain(f"{file}:{number}" if number else file)
