"""The printable strings of private memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from prodforensics._text import plain_all
from prodforensics.core import schemas
from prodforensics.core.private_memory import Places, private_segments
from prodforensics.core.session import note
from prodforensics.kernels.printable import find_texts

if TYPE_CHECKING:
    from prodforensics.core.model import CoreDump

__all__ = ["strings"]

_LEAST = 6
"""Characters: ``strings`` of binutils takes 4, of which most are noise in memory."""
_MOST = 5_000_000
_LONGEST = 1000
_ENCODINGS = ("ascii", "utf-8", "utf-16")


def strings(core: CoreDump) -> pd.DataFrame:
    """Return the printable strings of private memory (`schemas.STRINGS`).

    Parameters
    ----------
    core : CoreDump

    Notes
    -----
    Runs of six printable characters or more; the first 1,000 of them are shown. Read-only pages
    of files are left out. Beyond five million strings the rest is a gap.
    """
    places, texts = Places(), []
    sizes, kinds = [np.empty(0, np.int64)], [np.empty(0, np.uint8)]
    left = _MOST
    for segment in private_segments(core.image):
        data = core.image.memory.view(segment)
        where, size, characters, kind, reached = find_texts(data, 0, _LEAST, left)
        places.add(segment, where)
        sizes.append(characters)
        kinds.append(kind)
        texts += _texts(data, where, size, kind)
        left -= len(where)
        if reached < len(data):
            note(core, f"strings beyond the first {_MOST:,} are not listed")
            break
    shown = plain_all(texts, _LONGEST) if core.options.redact else texts
    columns = places.columns()
    encoding = pd.Categorical.from_codes(np.concatenate(kinds), pd.Index(_ENCODINGS, dtype="str"))
    columns |= {
        "encoding": encoding,
        "length": np.concatenate(sizes),
        "text": pd.array(shown, dtype="str"),
    }
    frame = pd.DataFrame(columns)
    schemas.STRINGS.validate(frame)
    return frame


def _texts(data: np.ndarray, where: np.ndarray, size: np.ndarray, kind: np.ndarray) -> list[str]:
    raw = memoryview(data)
    return [
        str(raw[at : at + min(count, 4 * _LONGEST)], _ENCODINGS[one], "replace")
        if one < 2
        else bytes(raw[at : at + min(count, 2 * _LONGEST) : 2]).decode("latin-1")
        for at, count, one in zip(where.tolist(), size.tolist(), kind.tolist(), strict=True)
    ]
