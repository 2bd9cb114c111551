"""The flows of bytes of TCP streams: segments in order, every byte once, holes known.

Of bytes that came more than once (retransmissions, overlaps) the first packet counts. What was not
captured (a lost packet, the rest of one that the snap length cut) is a hole: it is left out of the
bytes and told beside them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.errors import UnknownName
from prodforensics.kernels.byte_streams import collect_segments, gather, order_segments

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["ByteStreams", "Flow", "byte_stream", "byte_streams"]


@dataclass(frozen=True)
class Flow:
    """What one side of a TCP stream sent.

    Attributes
    ----------
    bytes : bytes
        In order, without what was not captured.
    offsets : int64[k]
        Where each captured piece begins in `bytes`, in order.
    packets : int64[k]
        The packet of each piece, from 0. Pieces are in the order of the bytes, not of time.
    holes : int64[h, 2]
        Where in `bytes` something is missing, and how many bytes; the last one may stand at the
        end.
    begun, finished : bool
        Whether the capture tells the beginning (SYN) and the end (FIN) of the flow.
    """

    bytes: bytes
    offsets: np.ndarray
    packets: np.ndarray
    holes: np.ndarray
    begun: bool = False
    finished: bool = False

    def __len__(self) -> int:
        return len(self.bytes)

    def packet_at(self, offset: int) -> int:
        """Return the packet that carried a byte, from 0; -1 where the flow has none.

        Parameters
        ----------
        offset : int
            In `bytes`; beyond them the last packet counts.
        """
        if not len(self.offsets):
            return -1
        place = int(np.searchsorted(self.offsets, offset, side="right")) - 1
        return int(self.packets[max(place, 0)])

    def lost(self, start: int, stop: int) -> int:
        """Return how many bytes are missing between two offsets, those at `stop` not counted."""
        inside = (self.holes[:, 0] >= start) & (self.holes[:, 0] < stop)
        return int(self.holes[inside, 1].sum())


@dataclass(frozen=True)
class ByteStreams:
    """The flows of many streams, as pieces of packets.

    Flow ``2 * k`` is what the originator of ``streams[k]`` sent, ``2 * k + 1`` what its responder
    sent.

    Attributes
    ----------
    streams : int64[s]
    first : int64[2 * s + 1]
        Where the pieces of each flow begin.
    packet : int64[p]
        The packet of each piece, from 0.
    start : int64[p]
        Where it begins in the unpacked file; below zero in `extra` (-1 is its first byte).
    size, lost : int64[p]
        Its bytes, and how many before it were not captured.
    lost_after : int64[2 * s]
        Bytes after the last piece of a flow that were not captured.
    begun, finished : bool[2 * s]
        Whether the SYN and the FIN of a flow were captured.
    extra : uint8[:]
        Payloads that were put together from fragments.
    """

    streams: np.ndarray
    first: np.ndarray
    packet: np.ndarray
    start: np.ndarray
    size: np.ndarray
    lost: np.ndarray
    lost_after: np.ndarray
    begun: np.ndarray
    finished: np.ndarray
    extra: np.ndarray

    def __len__(self) -> int:
        return len(self.first) - 1

    def sizes(self) -> np.ndarray:
        """Return the captured bytes of each flow, int64[2 * s]."""
        ends = np.zeros(len(self.size) + 1, np.int64)
        np.cumsum(self.size, out=ends[1:])
        return ends[self.first[1:]] - ends[self.first[:-1]]

    def joined(self, data: np.ndarray, flow: int, stop: int | None = None) -> np.ndarray:
        """Return the bytes of a flow, or of several ones after each other.

        Parameters
        ----------
        data : uint8[:]
            The unpacked file (`Payloads.open`).
        flow, stop : int
            The flows from the first to before the second; one flow by default.

        Returns
        -------
        uint8[:]
        """
        part = slice(self.first[flow], self.first[flow + 1 if stop is None else stop])
        out = np.empty(int(self.size[part].sum()), np.uint8)
        gather(data, self.extra, self.start[part], self.size[part], out)
        return out

    def flow(self, data: np.ndarray, flow: int) -> Flow:
        """Return one flow.

        Parameters
        ----------
        data : uint8[:]
            The unpacked file (`Payloads.open`).
        flow : int
        """
        part = slice(int(self.first[flow]), int(self.first[flow + 1]))
        size, lost = self.size[part], self.lost[part]
        offsets = np.cumsum(size) - size
        missing = np.flatnonzero(lost)
        holes = np.stack([offsets[missing], lost[missing]], axis=1)
        if after := int(self.lost_after[flow]):
            holes = np.concatenate([holes, [[int(size.sum()), after]]])
        return Flow(
            self.joined(data, flow).tobytes(),
            offsets,
            self.packet[part],
            holes,
            bool(self.begun[flow]),
            bool(self.finished[flow]),
        )


def byte_streams(capture: Capture, streams: Iterable[int] | np.ndarray) -> ByteStreams:
    """Put the segments of some TCP streams in order, in one go.

    Parameters
    ----------
    capture : Capture
    streams : int64[s]
        Numbers of streams, each once.

    Raises
    ------
    UnknownName
        There is no such stream.
    """
    packets, known = capture.packets, capture.streams
    wanted = np.asarray(streams, np.int64).reshape(-1)
    bad = wanted[(wanted < 0) | (wanted >= len(known))]
    if len(bad):
        raise UnknownName("tcp stream", str(bad[0]), [f"0 to {len(known) - 1}"])
    place = np.full(len(known), -1, np.int64)
    place[wanted] = np.arange(len(wanted))
    # One stream of a large capture must not cost a look at all packets.
    begin = int(known.first[wanted].min(initial=len(packets)))
    part = slice(begin, int(known.last[wanted].max(initial=-1)) + 1)
    flows = 2 * len(wanted)
    begun, finished = np.zeros(flows, np.bool_), np.zeros(flows, np.bool_)
    tail, lost_after = np.zeros(flows, np.int64), np.zeros(flows, np.int64)
    captured = packets.payload_captured[part]
    segments = collect_segments(
        packets.ip_protocol[part], packets.stream[part], packets.direction[part],
        packets.tcp_flags[part], packets.sequence[part], packets.acknowledgment[part],
        packets.payload_length[part], captured, place, known.flipped, begun, finished, tail,
    )  # fmt: skip
    first, source, skip, size, lost = order_segments(*segments, captured, begun, tail, lost_after)
    packet = source + begin
    start, extra = packets.payload[packet] + skip, np.zeros(0, np.uint8)
    apart = np.flatnonzero(packets.payload[packet] < 0)
    if len(apart):
        extra = _put_together(capture, packet[apart], skip[apart], start, apart)
    return ByteStreams(wanted, first, packet, start, size, lost, lost_after, begun, finished, extra)


def _put_together(
    capture: Capture, packet: np.ndarray, skip: np.ndarray, start: np.ndarray, apart: np.ndarray
) -> np.ndarray:
    """Return the payloads that stand in no place of the file, and say where pieces begin there."""
    whole, at = bytearray(), {}
    for row, number, before in zip(apart, packet.tolist(), skip.tolist(), strict=True):
        if number not in at:
            at[number] = len(whole)
            whole += capture.packets.reassembled.get(number, b"")
        start[row] = -1 - (at[number] + before)
    return np.frombuffer(bytes(whole), np.uint8)


def byte_stream(capture: Capture, stream: int, side: int) -> Flow:
    """Return what one side of a TCP stream sent, in order.

    Parameters
    ----------
    capture : Capture
    stream : int
        Its number, as in ``frames["connections"]``.
    side : int
        0 the originator, 1 the responder.

    Raises
    ------
    UnknownName
        There is no such stream or side.

    Examples
    --------
    >>> import prodforensics as pf
    >>> capture = pf.load(pf.samples.path("network/healthy.http.pcap"), progress=False)
    >>> byte_stream(capture, 0, 0).bytes[:15]
    b'GET /order/360 '
    """
    if side not in (0, 1):
        raise UnknownName("side", str(side), ["0", "1"])
    streams = byte_streams(capture, [stream])
    with capture.payloads.open() as data:
        return streams.flow(data, side)
