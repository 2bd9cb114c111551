"""Values that come from the page, checked before use."""

from __future__ import annotations

from prodforensics.display.paging import whole_number
from prodforensics.errors import BadOption

__all__ = ["frame_number", "pixels", "span"]

_NARROWEST, _WIDEST = 400, 2000


def pixels(width: object) -> int:
    """Read how wide a picture shall be.

    Examples
    --------
    >>> pixels(900), pixels(10), pixels(10**9)
    (900, 400, 2000)
    """
    return max(_NARROWEST, min(_WIDEST, whole_number(width, "width")))


def span(start: object, end: object) -> tuple[int, int | None]:
    """Read a part of the capture, ns from its first packet; None for its end.

    Examples
    --------
    >>> span(None, None), span(5.0, 9)
    ((0, None), (5, 9))
    """
    begin = _nanoseconds(start, 0)
    stop = None if end is None else _nanoseconds(end, 0)
    if stop is not None and stop <= begin:
        raise BadOption("a span must end after it begins", hint="choose a longer one")
    return begin, stop


def _nanoseconds(value: object, default: int) -> int:
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise BadOption("start and end must be numbers", hint="nanoseconds from the first packet")
    return int(max(0, min(value, 2**62)))


def frame_number(value: object) -> int:
    """Read the number of a frame; 0 for none."""
    return 0 if value is None else max(0, whole_number(value, "frame"))
