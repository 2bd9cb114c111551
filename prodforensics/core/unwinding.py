"""How far a stack can be believed: where its frames are, and what stood there to unwind by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from prodforensics.core.debuggers.interface import Stacks
    from prodforensics.core.image import Image

__all__ = ["Places", "judged"]

_SIGNAL = 2
"""How `Stacks` marks the frame of a signal."""
_TRUSTS = {"matched": 1, "unverified": 2, "mismatched": 3, "missing": 0}


class Places:
    """Modules and executable memory of a process, to look up many addresses at once.

    Parameters
    ----------
    image : Image
    walkable : sequence of (start, end)
        Code without unwind tables that the debugger knew how to walk through.
    """

    MISMATCHED = _TRUSTS["mismatched"]

    def __init__(self, image: Image, walkable: Sequence[tuple[int, int]] = ()) -> None:
        self.image = image
        self._walkable = np.array(sorted(walkable), np.uint64).reshape(-1, 2)
        modules = image.modules
        self._starts = np.array([one.start for one in modules], np.uint64)
        self._ends = np.array([one.end for one in modules], np.uint64)
        self.trusts = np.array([_TRUSTS.get(one.matched, 0) for one in modules], np.int64)
        # gcore leaves code out of the core, and with it the permissions: such a file may be code.
        code = [
            one
            for one in image.mappings
            if "x" in one.permissions or (one.path and one.permissions == "---")
        ]
        self._code_starts = np.array([one.start for one in code], np.uint64)
        self._code_ends = np.array([one.end for one in code], np.uint64)

    def modules(self, address: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the module of each address (-1: none), and how far it is trusted (-1: none).

        Parameters
        ----------
        address : uint64[n]

        Returns
        -------
        module, trusted : int64[n]
        """
        module = _inside(address, self._starts, self._ends)
        if not len(self.trusts):
            return module, np.full(len(address), -1, np.int64)
        return module, np.where(module < 0, -1, self.trusts[module])

    def offsets(self, address: np.ndarray, module: np.ndarray) -> np.ndarray:
        """Return how far each address is from where its module begins; -1: no module."""
        if not len(self._starts):
            return np.full(len(address), -1, np.int64)
        far = (address - self._starts[module]).astype(np.int64)
        return np.where(module < 0, -1, far)

    def is_walkable(self, address: np.ndarray) -> np.ndarray:
        """Tell which addresses are in code that is walked without unwind tables."""
        return _inside(address, self._walkable[:, 0], self._walkable[:, 1]) >= 0

    def is_code(self, address: np.ndarray) -> np.ndarray:
        """Tell which addresses, or the bytes before them, are in executable memory."""
        # The call of a function that does not return may be the last instruction of its memory.
        before = address - np.uint64(1)
        starts, ends = self._code_starts, self._code_ends
        return (_inside(address, starts, ends) >= 0) | (_inside(before, starts, ends) >= 0)


def _inside(address: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    place = np.searchsorted(starts, address, side="right").astype(np.int64) - 1
    if not len(starts):
        return np.full(len(address), -1, np.int64)
    return np.where((place >= 0) & (address < ends[place]), place, -1)


def judged(
    places: Places, told: Stacks, address: np.ndarray, module: np.ndarray, depths: np.ndarray
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, list[str]]]:
    """Cut what debuggers make up behind the last frame that they know, and mark what they guess.

    Without unwind information a debugger goes on by what compilers usually do: its frames may be
    right. A frame outside of executable memory is not.

    Parameters
    ----------
    places : Places
    told : Stacks
        Its threads one after the other.
    address, module : uint64[n], int64[n]
        Of each frame.
    depths : int64[t]
        Frames of each thread.

    Returns
    -------
    keep : bool[n]
    depths : int64[t]
        Of those that are kept.
    status : int64[k] and list of str
        Unwind status of each frame that is kept, as numbers into texts.
    """
    is_code = places.is_code(address)
    # What a signal interrupted may have been anywhere: a call of what is no code is why it came.
    is_code[1:] |= np.array(told.inline[: len(address) - 1], np.int8) == _SIGNAL
    # Of these modules no file is known: nothing tells how to leave their functions.
    files = np.array([one.matched in ("matched", "unverified") for one in places.image.modules])
    has_rules = np.where(module < 0, False, files[module]) if len(files) else module >= 0
    has_rules |= places.is_walkable(address)
    texts, numbers = ["complete"], {"complete": 0}

    def number(text: str) -> int:
        if text not in numbers:
            numbers[text] = len(texts)
            texts.append(text)
        return numbers[text]

    keep = np.ones(len(address), bool)
    status = np.zeros(len(address), np.int64)
    kept_depths = depths.copy()
    begin = 0
    for thread, depth in enumerate(depths.tolist()):
        end = begin + depth
        unknown = np.flatnonzero(~is_code[begin + 1 : end]) + 1 if depth > 1 else ()
        why = told.ends[thread]
        if len(unknown):
            keep[begin + unknown[0] : end] = False
            end = begin + int(unknown[0])
            kept_depths[thread] = end - begin
            if not has_rules[end - 1] or why == "complete":
                why = _lacking(places, int(module[end - 1]))
        unruled = np.flatnonzero(~has_rules[begin:end])
        # Inline or not, a function of its own address 0 was called wrongly: its caller is known.
        unruled = unruled[address[begin + unruled] != 0]
        if len(unruled) and unruled[0] + 1 < end - begin:
            first = begin + int(unruled[0])
            status[first + 1 : end] = number(f"guessed: {_lacking(places, int(module[first]))}")
        if why != "complete":
            status[end - 1] = number(why)
        begin += depth
    return keep, kept_depths, (status[keep], texts)


def _lacking(places: Places, module: int) -> str:
    if module < 0:
        return "no unwind information: code of no file"
    one = places.image.modules[module]
    if one.matched == "mismatched":
        return f"no unwind information: the file of {one.name} is of another build"
    if one.matched == "missing":
        return f"no unwind information: no file of {one.name}"
    return f"no unwind information in {one.name}"
