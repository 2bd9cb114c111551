"""What Wireshark says of TCP packets: retransmissions, round trips, windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prodforensics.kernels.tcp_analysis import FLAGS, analyse
from prodforensics.network.columns import allocate
from prodforensics.network.packets import Packets

__all__ = ["FLAGS", "TcpAnalysis", "analysed", "names"]

TCP = 6

# In the order in which the kernel takes them.
_COLUMNS = (
    ("analysis", np.uint16, 0),
    ("ack_rtt_ns", np.int64, -1),
    ("in_flight", np.int32, -1),
    ("scaled_window", np.int64, 0),
)


@dataclass(frozen=True)
class TcpAnalysis:
    """The analysis of every packet; packets that are no TCP keep what stands for "none".

    Attributes
    ----------
    analysis : uint16[n]
        Bits of `FLAGS`: Wireshark's ``tcp.analysis.*``. A fast or a spurious retransmission has its
        own bit alone, where tshark's field ``tcp.analysis.retransmission`` is set with it.
    ack_rtt_ns : int64[n]
        Time since the segment that the packet acknowledges; -1 for none.
    in_flight : int32[n]
        Bytes that are sent and not acknowledged, the packet's own with them; -1 where unknown.
    scaled_window : int64[n]
        The window in bytes.
    first_rtt_ns : int64[streams]
        From the SYN to the acknowledgment that completes the handshake; 0 where unknown.
    """

    analysis: np.ndarray
    ack_rtt_ns: np.ndarray
    in_flight: np.ndarray
    scaled_window: np.ndarray
    first_rtt_ns: np.ndarray

    def take(self, rows: np.ndarray | slice) -> TcpAnalysis:
        """Return the analysis of the packets in some places."""
        return TcpAnalysis(
            self.analysis[rows],
            self.ack_rtt_ns[rows],
            self.in_flight[rows],
            self.scaled_window[rows],
            self.first_rtt_ns,
        )

    @property
    def nbytes(self) -> int:
        """Memory of the arrays, bytes."""
        return sum(array.nbytes for array in vars(self).values())


def analysed(packets: Packets) -> TcpAnalysis:
    """Analyse the TCP packets of a capture.

    Parameters
    ----------
    packets : Packets

    Returns
    -------
    TcpAnalysis
    """
    count = len(packets)
    stream = np.where(packets.ip_protocol == TCP, packets.stream, np.int32(-1))
    columns = allocate(count, _COLUMNS)
    first_rtt = analyse(
        packets.time, stream, packets.direction, packets.tcp_flags, packets.sequence,
        packets.acknowledgment, packets.window, packets.window_scale, packets.payload_length,
        packets.sacked, packets.reused_ports, int(stream.max(initial=-1)) + 1, *columns.values(),
    )  # fmt: skip
    return TcpAnalysis(**columns, first_rtt_ns=first_rtt)


def names(mask: int) -> list[str]:
    """Return the names of the bits that are set.

    Examples
    --------
    >>> names(0b110000)
    ['duplicate_ack', 'zero_window']
    """
    return [name for bit, name in enumerate(FLAGS) if mask >> bit & 1]
