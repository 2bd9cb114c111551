"""How calls, functions, threads and processes are named for people."""

from __future__ import annotations

import numpy as np

from prodforensics.profile.data import Functions, ProfileData, Threads

__all__ = ["display_names", "function_names", "named", "process_labels", "thread_labels"]


def display_names(data: ProfileData) -> np.ndarray:
    """Name every call: its function; of what has no symbol, module and address.

    Returns
    -------
    object[c]
    """
    names = data.functions.name[data.calls.function]
    for place in np.flatnonzero(names == ""):
        where = _short(data.functions.module[data.calls.function[place]])
        address = int(data.calls.address[place])
        names[place] = f"[{where}]" if not address else f"[{where}] 0x{address:x}"
    return names


def function_names(data: ProfileData) -> np.ndarray:
    """Name every function; of what has no symbol, its module in brackets.

    Returns
    -------
    object[f]
    """
    return named(data.functions)


def named(functions: Functions) -> np.ndarray:
    """Name functions; of what has no symbol, its module in brackets, object[f]."""
    names = functions.name.copy()
    for place in np.flatnonzero(names == ""):
        names[place] = f"[{_short(functions.module[place])}]"
    return names


def thread_labels(threads: Threads) -> list[str]:
    """Name each thread for people: name and id, as far as known."""
    return [
        _label(name or process, number)
        for name, process, number in zip(
            threads.thread_name, threads.process_name, threads.thread_id.tolist(), strict=True
        )
    ]


def process_labels(threads: Threads) -> list[str]:
    """Name the process of each thread for people: name and id, as far as known."""
    ids = threads.process_id.tolist()
    return [_label(*pair) for pair in zip(threads.process_name, ids, strict=True)]


def _short(module: str) -> str:
    return module.rpartition("/")[2] or "unknown"


def _label(name: str, number: int) -> str:
    if number < 0:
        return name
    return f"{name} ({number})" if name else str(number)
