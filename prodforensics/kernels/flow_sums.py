"""What the packets of each stream sum up to, for the side that began it and the other one."""

from __future__ import annotations

from prodforensics.kernels._jit import kernel

__all__ = ["sum_flows"]

SYN, ACK = 2, 16
WELL_KNOWN, EPHEMERAL = 1024, 32768


@kernel
def from_server(kind, flags, source_port, destination_port):
    """Whether the first packet of a stream seems to come from the side that was asked."""
    if kind == 6:
        if flags & SYN:
            return (flags & ACK) != 0
        if source_port < EPHEMERAL <= destination_port:
            return True
    return source_port < WELL_KNOWN <= destination_port


@kernel
def sum_flows(
    wanted, protocol, stream, direction, time, length, payload, flags, source_port,
    destination_port, first, last, start, stop, flipped, packets, octets, payloads,
):  # fmt: skip
    """Sum up the packets of every stream of one protocol.

    Parameters
    ----------
    wanted : int
        6 or 17.
    protocol, stream, direction, time, length, payload, flags, source_port, destination_port
        Columns of `prodforensics.network.packets.Packets`.
    first, last : int64[streams]
        Filled with -1; receive the place of the first and of the last packet.
    start, stop : int64[streams]
        Receive the earliest and the latest time, ns.
    flipped : bool[streams]
        Receives whether the first packet came from the responder: it answers a SYN, or the capture
        began midstream and the packet comes from a server's port.
    packets, octets, payloads : int64[streams, 2]
        Zeros; receive the sums of the originator and of the responder.
    """
    for i in range(stream.size):
        s = stream[i]
        if s < 0 or protocol[i] != wanted:
            continue
        if first[s] < 0:
            first[s] = i
            start[s] = time[i]
            stop[s] = time[i]
            flipped[s] = from_server(wanted, flags[i], source_port[i], destination_port[i])
        last[s] = i
        start[s] = min(start[s], time[i])
        stop[s] = max(stop[s], time[i])
        side = 1 - direction[i] if flipped[s] else direction[i]
        packets[s, side] += 1
        octets[s, side] += length[i]
        payloads[s, side] += payload[i]
