"""Progress bars for long work, counted in bytes where there is a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tqdm import tqdm

__all__ = ["bar", "compiling"]

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


@contextmanager
def compiling(progress: bool | None) -> Iterator[None]:
    """Show a bar for the kernels that have to be compiled: seconds, on their first use ever."""
    from prodforensics.kernels._jit import loaded_kernels, watch_compiling

    bars: list[tqdm] = []

    def compiled(_name: str) -> None:
        if not bars:
            show = progress is not False
            bars.append(
                bar(loaded_kernels(), "compiling kernels (once)", unit=" kernels", show=show)
            )
        # Some are compiled for several types of array.
        bars[0].total = max(bars[0].total, bars[0].n + 1)
        bars[0].update(1)

    with watch_compiling(compiled):
        yield
    for shown in bars:
        shown.close()
