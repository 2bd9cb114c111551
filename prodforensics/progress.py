"""Progress bars for long work, counted in bytes where there is a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tqdm import tqdm

__all__ = ["bar"]

# Below this many bytes a load is over before a person has read the bar.
_WORTH_SHOWING = 64 * 2**20


def bar(total: int | None, what: str, *, unit: str = "B", show: bool | None = None) -> tqdm:
    """Return a progress bar over ``total`` units.

    Parameters
    ----------
    total : int or None
        Units of work; None where it is not known.
    what : str
        What is being done, in a word or two.
    unit : str
        ``"B"`` for bytes.
    show : bool, optional
        True and False force it; None shows it for files of 64 MiB and more.

    Examples
    --------
    >>> with bar(10, "reading", show=False) as progress:
    ...     _ = progress.update(10)
    """
    if show is None:
        show = unit == "B" and (total or 0) >= _WORTH_SHOWING
    # The plain class where nothing is shown: tqdm.auto imports the notebook's machinery.
    if show:
        from tqdm.auto import tqdm
    else:
        from tqdm import tqdm
    return tqdm(total=total, desc=what, unit=unit, unit_scale=True, disable=not show, leave=False)
