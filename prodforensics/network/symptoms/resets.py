"""What a reset did: which side, in which state, and whether something was lost by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prodforensics.kernels.tcp_states import RESETS
from prodforensics.network.explorer.troubles import rows_of_frame
from prodforensics.network.packets import ACK

if TYPE_CHECKING:
    from prodforensics.network.connections import Streams
    from prodforensics.network.model import Capture
    from prodforensics.network.symptoms.endings import Endings

__all__ = ["CAUSES", "Resets", "resets", "silence"]

CAUSES = (
    "none", "empty", "given up", "restarted", "box", "race", "closed", "left", "upload", "alert",
    "window", "unanswered", "cut", "abandoned", "unknown", "done",
)  # fmt: skip
"""Why a connection was reset; see `resets`."""
(
    NONE, EMPTY, GIVEN_UP, RESTARTED, BOX, RACE, CLOSED, LEFT, UPLOAD, ALERT,
    WINDOW, UNANSWERED, CUT, ABANDONED, UNKNOWN, DONE,
) = range(len(CAUSES))  # fmt: skip

_SECOND = 1_000_000_000
_IDLE = _SECOND // 2
"""A connection that was silent for so long had been put back into its pool."""
_VAIN = 3
"""Packets sent again without an answer: TCP then waits for most of a second, or for minutes."""
_FAREWELL = 100
"""Bytes: what TLS says at its end (24 to 69); the shortest request is larger."""
_ALERT, _APPLICATION = 21, 23  # types of TLS records


class Resets(NamedTuple):
    """The connections that were reset.

    Attributes
    ----------
    streams : int64[k]
        Their numbers; refused ones are not among them.
    cause : uint8[k]
        Place in `CAUSES`.
    side : int8[k]
        Who sent the first RST: 0 the originator, 1 the responder.
    packet : int64[k]
        Place of the first RST.
    """

    streams: np.ndarray
    cause: np.ndarray
    side: np.ndarray
    packet: np.ndarray


def resets(capture: Capture) -> Resets:
    """Judge every reset connection by how both sides stood.

    The first that holds of: nothing had been carried (empty); the side that resets had sent in
    vain (given up); the other side was silent for a second, then sent, and the RST without ACK says
    that there is no such connection (restarted, or, with another time to live, a box between); it
    sent into an idle connection while this side's FIN was under way (race); it had closed itself
    (closed); this side had closed while the other went on (left, upload); TLS had ended (alert); a
    window was closed (window, abandoned); a request was not answered (unanswered); an answer was
    cut (cut, abandoned); the answer was sent, whole or not (unknown); all was delivered (done).

    Parameters
    ----------
    capture : Capture

    Returns
    -------
    Resets
    """
    streams, ends = capture.streams, capture.endings
    refused = streams.reset_kind == RESETS.index("refused")
    rows = np.flatnonzero((streams.reset >= 0) & ~refused)
    side = streams.reset_side[rows].astype(np.int64)
    view = _View(capture, streams, ends, rows, side)
    conditions = (
        (view.empty(), EMPTY),
        (view.gave_up(), GIVEN_UP),
        (view.forgotten() & view.other_ttl(), BOX),
        (view.forgotten(), RESTARTED),
        (view.race(), RACE),
        (view.theirs(ends.first_fin) >= 0, CLOSED),
        (view.went_on() & (side == 0), LEFT),
        (view.went_on(), UPLOAD),
        (view.mine(ends.first_fin) >= 0, CLOSED),
        (view.farewell(), ALERT),
        (view.mine(ends.closed) >= 0, ABANDONED),
        (view.theirs(ends.closed) >= 0, WINDOW),
        (view.unanswered() & (side == 1) & view.other_ttl(), BOX),
        (view.unanswered() & (side == 1), UNANSWERED),
        (view.in_flight() & (side == 1), CUT),
        (view.in_flight(), ABANDONED),
        (view.answer("truncated") & (side == 1), CUT),
        (view.answer("truncated"), ABANDONED),
        (view.answer("whole"), DONE),
        (side == 1, UNKNOWN),
        (view.full_segment(), ABANDONED),
    )
    where, causes = zip(*conditions, strict=True)
    cause = np.select(where, causes, DONE).astype(np.uint8)
    return Resets(rows, cause, side.astype(np.int8), streams.reset[rows])


def silence(capture: Capture) -> np.ndarray:
    """Return for how long a side had heard nothing when it sent its last packet, ns.

    Returns
    -------
    int64[streams, 2]
        0 where the other side spoke last, or never.
    """
    last, time = capture.endings.last, capture.packets.time
    if not len(time):
        return np.zeros(last.shape, np.int64)
    passed = time[np.maximum(last, 0)] - time[np.maximum(last[:, ::-1], 0)]
    return np.where((last[:, ::-1] >= 0) & (last > last[:, ::-1]), np.maximum(passed, 0), 0)


class _View:
    """The reset connections, seen from the side that resets ("mine") and the other ("theirs")."""

    def __init__(
        self,
        capture: Capture,
        streams: Streams,
        ends: Endings,
        rows: np.ndarray,
        side: np.ndarray,
    ) -> None:
        self.capture, self.packets = capture, capture.packets
        self.ends, self.rows, self.side = ends, rows, side
        self.reset = streams.reset[rows]

    def mine(self, column: np.ndarray) -> np.ndarray:
        return column[self.rows, self.side]

    def theirs(self, column: np.ndarray) -> np.ndarray:
        return column[self.rows, 1 - self.side]

    def empty(self) -> np.ndarray:
        return (self.ends.last_payload[self.rows] < 0).all(axis=1)

    def gave_up(self) -> np.ndarray:
        """Whether this side had sent in vain for a second or more."""
        vain = self.mine(self.ends.unheard_again) >= _VAIN
        return vain & (self.mine(silence(self.capture)) >= _SECOND)

    def they_spoke_last(self) -> np.ndarray:
        return self.theirs(self.ends.last_payload) > self.mine(self.ends.last_payload)

    def forgotten(self) -> np.ndarray:
        """Whether who answers with RST has no such connection: then the RST has no ACK."""
        bare = self.packets.tcp_flags[self.reset] & ACK == 0
        open_ = (self.ends.first_fin[self.rows] < 0).all(axis=1)
        idle = self.theirs(self.ends.paused) >= _SECOND
        return bare & open_ & idle & self.they_spoke_last()

    def other_ttl(self) -> np.ndarray:
        before = self.mine(self.ends.last)
        ttl = self.packets.ttl
        return (before >= 0) & (ttl[self.reset] != ttl[before])

    def beyond(self) -> np.ndarray:
        """Bytes of the other side that this one had not taken when it closed; 0: not closed."""
        closed = self.mine(self.ends.first_fin) >= 0
        late = self.theirs(self.ends.sent) - np.maximum(self.mine(self.ends.taken_at_fin), 0)
        return np.where(closed, late, 0)

    def race(self) -> np.ndarray:
        idle = self.theirs(self.ends.paused) >= _IDLE
        spoke = self.mine(self.ends.last_payload) >= 0
        return (self.beyond() > 0) & idle & spoke & self.they_spoke_last() & ~self.farewell()

    def went_on(self) -> np.ndarray:
        return self.beyond() >= _FAREWELL

    def unanswered(self) -> np.ndarray:
        return self.they_spoke_last() & (self.theirs(self.ends.last_payload) >= 0)

    def in_flight(self) -> np.ndarray:
        sent, taken = self.theirs(self.ends.sent), self.theirs(self.ends.taken)
        return (taken >= 0) & (sent > taken) & self.they_spoke_last()

    def full_segment(self) -> np.ndarray:
        """Whether the other side's last packet was as large as any: it had not finished."""
        packet = self.theirs(self.ends.last_payload)
        mss = self.mine(self.capture.streams.mss)
        size = self.packets.payload_length[packet]
        # Timestamps take 12 bytes of a segment.
        return (packet >= 0) & (mss > 0) & (size >= mss - 12) & self.they_spoke_last()

    def farewell(self) -> np.ndarray:
        """Whether the last payload is an alert of TLS, in clear or by its size."""
        last = self.ends.last_payload[self.rows].max(axis=1, initial=-1)
        size = self.packets.payload_captured[last]
        found = np.zeros(len(self.rows), np.bool_)
        small = np.flatnonzero((last >= 0) & (size > 5) & (size < _FAREWELL))
        if not len(small):
            return found
        with self.capture.payloads.open() as data:
            start = self.packets.payload[last[small]]
            inside = start >= 0
            start = np.maximum(start, 0)
            kind, major = data[start], data[start + 1]
            length = data[start + 3].astype(np.int64) << 8 | data[start + 4]
        alert = (kind == _ALERT) | ((kind == _APPLICATION) & (length == 19))
        found[small] = inside & alert & (major == 3)
        return found

    def answer(self, what: str) -> np.ndarray:
        """Whether the last answer of the connection was ``truncated`` or ``whole``, by HTTP."""
        http = rows_of_frame(self.capture, "http")
        if http is None:
            return np.zeros(len(self.rows), np.bool_)
        last = http.groupby("stream")["truncated"].last()
        wanted = last.index[last if what == "truncated" else ~last]
        return np.isin(self.rows, wanted.to_numpy())
