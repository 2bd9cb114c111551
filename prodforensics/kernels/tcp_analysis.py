"""Wireshark's analysis of TCP sequence numbers, packet by packet.

The rules are those of Wireshark 4.0 (User's Guide, "TCP Analysis"), in its order, because later
ones look at what earlier ones found. A stream has two flows; of each is known what it sent last,
what it acknowledged last, and what of it is still not acknowledged.
"""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._growth import doubled
from prodforensics.kernels._jit import kernel

__all__ = ["FLAGS", "analyse"]

FLAGS = (
    "retransmission",
    "lost_segment",
    "ack_lost_segment",
    "keep_alive",
    "duplicate_ack",
    "zero_window",
    "zero_window_probe",
    "zero_window_probe_ack",
    "keep_alive_ack",
    "out_of_order",
    "fast_retransmission",
    "window_update",
    "window_full",
    "reused_ports",
    "spurious_retransmission",
)
"""Names of the bits of the analysis, from the lowest: tshark's fields ``tcp.analysis.<name>``."""

RETRANSMISSION, LOST, ACK_LOST, KEEP_ALIVE, DUPLICATE_ACK, ZERO_WINDOW = 1, 2, 4, 8, 16, 32
PROBE, PROBE_ACK, KEEP_ALIVE_ACK, OUT_OF_ORDER, FAST = 64, 128, 256, 512, 1024
WINDOW_UPDATE, WINDOW_FULL, REUSED_PORTS, SPURIOUS = 2048, 4096, 8192, 16384
FIN, SYN, RST, ACK = 1, 2, 4, 16
# What is known of a flow, as columns.
NEXT, LAST_ACK, LAST_ACK_TIME, NEXT_TIME, DUPLICATES, MOST_ACKED = 0, 1, 2, 3, 4, 5
WINDOW, SCALE, LAST_FLAGS, BASE, IN_FLIGHT_KNOWN, HEAD, COUNT = 6, 7, 8, 9, 10, 11, 12
FIRST_ACK, SACKED = 13, 14
COLUMNS = 15
# What is known of a segment that is not acknowledged yet.
SEQUENCE, END, TIME, FOLLOWING = 0, 1, 2, 3
MOST_WAITING = 10_000
NEAR, SOON = 20_000_000, 3_000_000  # ns: fast retransmission, out of order without a known RTT
MARKED = 0xFFFFFFFF  # of duplicates: what the flow lacks was told
UNKNOWN, UNUSED = -1, -2  # window scaling: not seen yet, not used


@kernel
def after(a, b):
    """Whether sequence number a comes after b, which wraps around."""
    return 0 < ((a - b) & 0xFFFFFFFF) < 0x80000000


@kernel
def analyse(
    time, stream, direction, flags, sequence, acknowledgment, window, window_scale, length, sacked,
    reused_ports, streams, analysis, ack_rtt, in_flight, scaled,
):  # fmt: skip
    """Analyse the packets of all TCP streams.

    Parameters
    ----------
    time : int64[n]
        Nanoseconds.
    stream : int32[n]
        -1 for what is no TCP.
    direction : uint8[n]
    flags : uint16[n]
    sequence, acknowledgment : uint32[n]
    window, length : int32[n]
        The window as in the header; the bytes of payload.
    window_scale : int16[n]
        Of the SYN's option; -1 where there is none.
    sacked : int32[n]
        Bytes that the packet's SACK option covers.
    reused_ports : bool[n]
        See `number_streams`.
    streams : int
    analysis : uint16[n]
        Zeros; receives the bits of `FLAGS`.
    ack_rtt : int64[n]
        Filled with -1; receives the time since the segment that a packet acknowledges.
    in_flight : int32[n]
        Filled with -1; receives the bytes that are sent and not acknowledged, this packet's too.
    scaled : int64[n]
        Receives the window in bytes; as in the header where the scale is not known.

    Returns
    -------
    first_rtt : int64[streams]
        Time from the SYN to the acknowledgment that completes the handshake; 0 where unknown.
    """
    flows = np.zeros((2 * streams, COLUMNS), np.int64)
    for k in range(2 * streams):
        flows[k, WINDOW] = 0xFFFFFFFF
        flows[k, SCALE] = UNKNOWN
        flows[k, BASE] = -1
        flows[k, HEAD] = -1
        flows[k, FIRST_ACK] = -1
        flows[k, IN_FLIGHT_KNOWN] = 1
    first_rtt = np.zeros(streams, np.int64)
    syn_time = np.full(streams, -1, np.int64)
    segments = np.empty(4 * 4096, np.int64)
    free = np.int64(-1)
    used = 0
    for i in range(time.size):
        s = np.int64(stream[i])
        if s < 0:
            continue
        fwd, rev = 2 * s + np.int64(direction[i]), 2 * s + 1 - np.int64(direction[i])
        seq, ack = np.int64(sequence[i]), np.int64(acknowledgment[i])
        bits, wide = np.int64(flags[i]), np.int64(window[i])
        size, now = np.int64(length[i]), time[i]
        special = bits & (SYN | FIN | RST)
        found = 0
        if bits & (SYN | ACK) == SYN and flows[fwd, BASE] == seq:
            # A SYN again: an RST between may have moved the flow on.
            flows[fwd, NEXT] = flows[fwd, MOST_ACKED]
        if reused_ports[i]:
            found |= REUSED_PORTS
            flows[fwd, BASE] = seq
        if flows[fwd, BASE] < 0:
            flows[fwd, BASE] = seq if bits & SYN else (seq - 1) & 0xFFFFFFFF
        if flows[rev, BASE] < 0 and bits & ACK:
            flows[rev, BASE] = (ack - 1) & 0xFFFFFFFF
        if bits & (SYN | ACK) == SYN:
            syn_time[s] = now
        if bits & ACK:
            flows[rev, IN_FLIGHT_KNOWN] = 1
        following = flows[fwd, NEXT]
        last_ack = flows[fwd, LAST_ACK]
        done = False
        if size == 1 and seq == following and flows[rev, WINDOW] == 0:
            found |= PROBE
            done = True
        if not done:
            if wide == 0 and not special:
                found |= ZERO_WINDOW
            if following and after(seq, following) and not bits & RST:
                found |= LOST
                flows[fwd, IN_FLIGHT_KNOWN] = 0
            if size <= 1 and seq == ((following - 1) & 0xFFFFFFFF) and not special:
                found |= KEEP_ALIVE
            repeats = size == 0 and seq == following and not special
            same_window = wide == flows[fwd, WINDOW]
            if repeats and wide and not same_window and ack == last_ack:
                found |= WINDOW_UPDATE
            scale = flows[rev, SCALE]
            if size > 0 and scale != UNKNOWN and not special:
                shift = 0 if scale == UNUSED or flows[rev, FIRST_ACK] == 1 else scale
                edge = flows[rev, LAST_ACK] + (flows[rev, WINDOW] << shift)
                if ((seq + size) & 0xFFFFFFFF) == (edge & 0xFFFFFFFF):
                    found |= WINDOW_FULL
            if repeats and same_window and ack == last_ack:
                if wide and flows[rev, LAST_FLAGS] & KEEP_ALIVE:
                    found |= KEEP_ALIVE_ACK
                elif not wide and flows[rev, LAST_FLAGS] & PROBE:
                    found |= PROBE_ACK
                elif wide:
                    count = flows[fwd, DUPLICATES]
                    flows[fwd, DUPLICATES] = 1 if count == MARKED else count + 1
                    found |= DUPLICATE_ACK
        if ack != last_ack:
            flows[fwd, DUPLICATES] = 0
        if flows[rev, MOST_ACKED] and after(ack, flows[rev, MOST_ACKED]) and bits & ACK:
            if after(flows[rev, NEXT], flows[rev, MOST_ACKED]):
                flows[rev, MOST_ACKED] = flows[rev, NEXT]
                found |= ACK_LOST
            else:
                if flows[rev, DUPLICATES] == 0:
                    found |= ACK_LOST
                flows[rev, DUPLICATES] = MARKED
        end = (seq + size) & 0xFFFFFFFF
        virtual = 1 if bits & (SYN | FIN) else 0
        if (size > 0 or virtual) and not found & KEEP_ALIVE:
            behind = following != 0 and after(following, seq)
            if size > 1 and ((following - 1) & 0xFFFFFFFF) == seq:
                behind = False
            acked = flows[rev, LAST_ACK]
            limit = first_rtt[s] if first_rtt[s] else SOON
            if size > 0 and acked and not after(end, acked):
                found |= SPURIOUS
            elif (behind and flows[rev, DUPLICATES] >= 2 and acked == seq
                    and 0 <= now - flows[rev, LAST_ACK_TIME] < NEAR):  # fmt: skip
                found |= FAST
            elif (behind and 0 <= now - flows[fwd, NEXT_TIME] < limit
                    and following != ((end + virtual) & 0xFFFFFFFF)):  # fmt: skip
                found |= OUT_OF_ORDER
            elif behind:
                found |= RETRANSMISSION
        if (size or virtual) and flows[fwd, COUNT] < MOST_WAITING:
            end = (end + virtual) & 0xFFFFFFFF
            if free >= 0:
                place = free
                free = segments[4 * place + FOLLOWING]
            else:
                if 4 * used == segments.size:
                    segments = doubled(segments)
                place = np.int64(used)
                used += 1
            at = 4 * place
            segments[at + SEQUENCE], segments[at + END], segments[at + TIME] = seq, end, now
            segments[at + FOLLOWING] = flows[fwd, HEAD]
            flows[fwd, HEAD] = place
            flows[fwd, COUNT] += 1
        if (not following or after(end, following)) and not found & PROBE:
            flows[fwd, NEXT] = end
            flows[fwd, NEXT_TIME] = now
        if (not flows[fwd, MOST_ACKED] or seq == flows[fwd, MOST_ACKED]) and not found & PROBE:
            flows[fwd, MOST_ACKED] = flows[fwd, NEXT]
        flows[fwd, WINDOW] = wide
        flows[fwd, LAST_ACK] = ack
        flows[fwd, LAST_ACK_TIME] = now
        flows[fwd, LAST_FLAGS] = found
        # The first packet after the SYN still has its window unscaled where it carries none.
        if bits & SYN:
            flows[fwd, FIRST_ACK] = 1
        elif bits & ACK:
            flows[fwd, FIRST_ACK] = 0
        # What this packet acknowledges needs to be kept no longer.
        before, place = np.int64(-1), flows[rev, HEAD]
        while place >= 0:
            at = 4 * place
            if ack == segments[at + END]:
                ack_rtt[i] = now - segments[at + TIME]
            elif after(ack, segments[at + SEQUENCE]) and after(segments[at + END], ack):
                segments[at + SEQUENCE] = ack
                before, place = place, segments[at + FOLLOWING]
                continue
            elif after(segments[at + END], ack):
                before, place = place, segments[at + FOLLOWING]
                continue
            onward = segments[at + FOLLOWING]
            if before < 0:
                flows[rev, HEAD] = onward
            else:
                segments[4 * before + FOLLOWING] = onward
            segments[at + FOLLOWING] = free
            free = place
            flows[rev, COUNT] -= 1
            place = onward
        if size and flows[fwd, HEAD] >= 0 and flows[fwd, IN_FLIGHT_KNOWN]:
            base, place = flows[fwd, BASE], flows[fwd, HEAD]
            low, high = np.int64(2**32), np.int64(0)
            while place >= 0:
                at = 4 * place
                low = min(low, (segments[at + SEQUENCE] - base) & 0xFFFFFFFF)
                high = max(high, (segments[at + END] - base) & 0xFFFFFFFF)
                place = segments[at + FOLLOWING]
            left = (high - low - flows[rev, SACKED]) & 0xFFFFFFFF
            if virtual < left < 2_000_000_000:
                in_flight[i] = left - virtual
        flows[fwd, SACKED] = sacked[i]
        if not first_rtt[s] and syn_time[s] >= 0 and bits & (SYN | ACK) == ACK:
            first_rtt[s] = now - syn_time[s]
        shift = flows[fwd, SCALE]
        scaled[i] = wide << shift if shift >= 0 and not bits & SYN else wide
        if window_scale[i] >= 0:
            flows[fwd, SCALE] = window_scale[i]
        if bits & SYN:
            if flows[fwd, SCALE] == UNKNOWN:  # nobody scales where one side does not offer it
                flows[fwd, SCALE] = UNUSED
                flows[rev, SCALE] = UNUSED
            elif bits & ACK and flows[rev, SCALE] == UNUSED:
                flows[fwd, SCALE] = UNUSED
        analysis[i] = found
    return first_rtt
