"""What the explorer asks of protocols: pages of waterfalls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from prodforensics._text import plain
from prodforensics.display.drawing import Drawing
from prodforensics.display.paging import matching, window
from prodforensics.errors import UnknownName
from prodforensics.network.explorer.listings import LISTINGS, Listing
from prodforensics.network.explorer.page_values import pixels, span
from prodforensics.network.explorer.waterfall import Bar, draw_waterfall

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["WaterfallPages"]

Answer = dict[str, Any]
ORDERS = ("time", "slowest", "failed")
_LABELS = {
    "dns": "Queries of DNS and how long their answers took",
    "tls": "Handshakes of TLS and what they waited for",
    "http": "Requests of HTTP by connection and what they waited for",
}


class WaterfallPages:
    """The questions about queries, handshakes and requests.

    Parameters
    ----------
    capture : Capture
    connection_of : callable
        Gives the place of a connection by protocol and stream.
    """

    def __init__(self, capture: Capture, connection_of: Callable[[bool, int], int]) -> None:
        self.capture = capture
        self._connection_of = connection_of
        self._listings: dict[str, Listing | None] = {}

    @property
    def questions(self) -> Mapping[str, Callable[..., Answer]]:
        """The questions by the name that the page uses."""
        return {"waterfall": self.waterfall}

    def listing(self, protocol: str) -> Listing | None:
        """Return what was asked by a protocol; None where there is nothing."""
        if protocol not in LISTINGS:
            raise UnknownName("protocol", plain(protocol, 40), LISTINGS)
        if protocol not in self._listings:
            self._listings[protocol] = LISTINGS[protocol](self.capture)
        return self._listings[protocol]

    def counts(self) -> dict[str, int]:
        """Tell how many rows each waterfall has."""
        found = {name: self.listing(name) for name in LISTINGS}
        return {name: len(one) if one else 0 for name, one in found.items()}

    def waterfall(
        self,
        protocol: str = "dns",
        order: str = "time",
        text: str = "",
        start: float | None = None,
        end: float | None = None,
        offset: int = 0,
        limit: int = 100,
        width: int = 900,
    ) -> Answer:
        """Draw one page of a waterfall.

        Parameters
        ----------
        protocol : str
            One of `prodforensics.network.explorer.listings.LISTINGS`.
        order : str
            ``time``; ``slowest`` first, or ``failed`` first, each of which begins at 0.
        text : str
            What a row must hold.
        start, end : float, optional
            Only what was asked in this part, ns from the first packet.
        offset, limit : int
            The page.
        width : int
            Pixels.
        """
        listing = self.listing(protocol)
        first, most = window(offset, limit)
        if listing is None:
            return Drawing(pixels(width), 1, "nothing").answer() | {"offset": 0, "total": 0}
        rows = self._rows(listing, order, text, *span(start, end))
        first = min(first, max(0, len(rows) - 1))
        drawn = self.drawn(protocol, rows[first : first + most], order, pixels(width))
        return drawn.answer() | {"offset": first, "total": len(rows)}

    def _rows(
        self, listing: Listing, order: str, text: str, begin: int, stop: int | None
    ) -> np.ndarray:
        """Return the places of the rows of all pages, in their order."""
        if order not in ORDERS:
            raise UnknownName("order", plain(order, 40), ORDERS)
        wanted = listing.start + listing.took >= begin
        if stop is not None:
            wanted &= listing.start < stop
        rows = np.flatnonzero(wanted)
        if text:
            rows = rows[matching(listing.texts(rows), text)]
        start, took = listing.start[rows], listing.took[rows]
        if order == "slowest":
            return rows[np.lexsort((start, -took))]
        if order == "failed":
            return rows[np.lexsort((start, ~listing.failed[rows]))]
        if listing.heading is None:
            return rows[np.argsort(start, kind="stable")]
        # Connections in the order of their first request, each as a group.
        stream = listing.stream[rows]
        _, number = np.unique(stream, return_inverse=True)
        begun = np.full(number.max(initial=-1) + 1, np.iinfo(np.int64).max)
        np.minimum.at(begun, number, start)
        return rows[np.lexsort((start, stream, begun[number]))]

    def drawn(self, protocol: str, rows: np.ndarray, order: str, width: float) -> Drawing:
        """Draw some rows of a protocol's listing."""
        listing = self.listing(protocol)
        bars: list[Bar] = []
        last = -1
        for place in rows.tolist() if listing else ():
            stream = int(listing.stream[place])
            connection = self._connection_of(bool(listing.udp[place]), stream)
            if listing.heading and order == "time" and stream != last:
                key = {"connection": connection, "frame": None}
                bars.append(replace(listing.heading(stream), key=key))
            last = stream
            frame = int(listing.frame[place])
            key = {"connection": connection, "frame": frame if frame > 0 else None}
            bars.append(replace(listing.bar(place), key=key))
        return draw_waterfall(bars, _LABELS[protocol], width, aligned=order != "time")

    def first(self, protocol: str, most: int, width: float) -> tuple[Drawing, int]:
        """Draw the beginning of a waterfall: what failed where something did, else by time.

        Returns
        -------
        Drawing
        int
            How many rows there are in all.
        """
        listing = self.listing(protocol)
        if listing is None:
            return Drawing(width, 1, "nothing"), 0
        some = len(listing) > most and listing.failed.any()
        order = "failed" if some else "time"
        rows = self._rows(listing, order, "", 0, None)
        return self.drawn(protocol, rows[:most], order, width), len(rows)
