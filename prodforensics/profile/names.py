"""How calls and functions are named for people."""

from __future__ import annotations

import numpy as np

from prodforensics.profile.data import ProfileData

__all__ = ["display_names", "function_names"]


def display_names(data: ProfileData) -> np.ndarray:
    """Name every call: its function; of what has no symbol, module and address.

    Returns
    -------
    object[c]
    """
    names = data.functions.name[data.calls.function]
    for place in np.flatnonzero(names == ""):
        module = data.functions.module[data.calls.function[place]]
        address = int(data.calls.address[place])
        where = module.rpartition("/")[2] or "unknown"
        names[place] = f"[{where}]" if not address else f"[{where}] 0x{address:x}"
    return names


def function_names(data: ProfileData) -> np.ndarray:
    """Name every function; of what has no symbol, its module in brackets.

    Returns
    -------
    object[f]
    """
    names = data.functions.name.copy()
    for place in np.flatnonzero(names == ""):
        names[place] = f"[{data.functions.module[place] or 'unknown'}]"
    return names
