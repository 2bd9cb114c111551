"""Values that come from the page, checked before use."""

from __future__ import annotations

from prodforensics.display.paging import whole_number

__all__ = ["pixels"]

_NARROWEST, _WIDEST = 400, 2000


def pixels(width: object) -> int:
    """Read how wide a picture shall be.

    Examples
    --------
    >>> pixels(900), pixels(10), pixels(10**9)
    (900, 400, 2000)
    """
    return max(_NARROWEST, min(_WIDEST, whole_number(width, "width")))
