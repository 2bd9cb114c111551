"""The life of every TCP connection: its states, its history, how complete it was captured.

States and history are those of Zeek's connection log (Zeek's documentation, ``conn.log``),
completeness is Wireshark's ``tcp.completeness`` (User's Guide, "TCP Conversation Completeness").
"""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._growth import doubled
from prodforensics.kernels._jit import kernel

__all__ = ["CONNECTION_STATES", "HISTORY", "RESETS", "follow_states"]

CONNECTION_STATES = (
    "OTH", "S0", "S1", "SF", "REJ", "S2", "S3", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR",
)  # fmt: skip
OTH, S0, S1, SF, REJ, S2, S3, RSTO, RSTR, RSTOS0, RSTRH, SH, SHR = range(13)

RESETS = ("", "refused", "cancelled", "aborted", "after_fin", "midstream")
"""How a connection was reset: a SYN refused; given up by who sent the SYN; with no FIN before;
after a FIN; without the handshake in the capture."""
NO_RESET, REFUSED, CANCELLED, ABORTED, AFTER_FIN, MIDSTREAM = range(6)

HISTORY = 48
"""Letters of a history at the most."""

# States of one side.
INACTIVE, SYN_SENT, SYN_ACK_SENT, PARTIAL, ESTABLISHED, CLOSED, RESET = range(7)
FIN, SYN, RST, ACK = 1, 2, 4, 16
# Bits of the analysis (`kernels.tcp_analysis.FLAGS`).
SENT_AGAIN, ACK_LOST, DUPLICATE_ACK, ZERO_WINDOW = 1 | 1024 | 16384, 4, 16, 32
OUT_OF_ORDER = 512
# Bits of completeness.
SAW_SYN, SAW_SYN_ACK, SAW_ACK, SAW_DATA, SAW_FIN, SAW_RST = 1, 2, 4, 8, 16, 32
# Letters that come again at 10, 100, 1000 ... occurrences.
AGAIN, GAP, WINDOW = 0, 1, 2
MOST_HOLES = 1000  # of one flow; a hostile capture must not cost time squared


@kernel
def note(history, written, s, letter, side):
    """Append a letter, in upper case for the originator."""
    if written[s] < HISTORY:
        history[s, written[s]] = letter - 32 if side == 0 else letter
        written[s] += 1


@kernel
def note_once(history, written, noted, s, letter, side, bit):
    """Append a letter, but only the first time."""
    mask = np.uint32(1) << np.uint32(2 * bit + side)
    if not noted[s] & mask:
        noted[s] |= mask
        note(history, written, s, letter, side)


@kernel
def note_scaled(history, written, counts, s, letter, side, what):
    """Append a letter at the first occurrence, and at the 10th, the 100th ..."""
    counts[s, 2 * what + side] += 1
    left = counts[s, 2 * what + side]
    while left % 10 == 0:
        left //= 10
    if left == 1:
        note(history, written, s, letter, side)


@kernel
def next_state(own, other, flags):
    """Return the states of the sender and of the other side after a packet."""
    if flags & RST:
        return RESET, other
    if own in (RESET, CLOSED):
        return own, other
    if flags & FIN:
        return CLOSED, other
    if flags & SYN:
        if flags & ACK:
            if other == SYN_SENT:
                return ESTABLISHED, ESTABLISHED
            return (SYN_ACK_SENT if own == INACTIVE else own), other
        return (SYN_SENT if own == INACTIVE else own), other
    if own == INACTIVE:
        return PARTIAL, other
    if own == SYN_SENT and other == PARTIAL:
        return ESTABLISHED, ESTABLISHED  # the answer to the SYN was not captured
    return own, other


@kernel
def connection_state(orig, resp, empty):
    """Return Zeek's conn_state of the states of both sides at the end."""
    no_orig = orig in (INACTIVE, PARTIAL)
    no_resp = resp in (INACTIVE, PARTIAL)
    if resp == RESET:
        if orig in (SYN_SENT, SYN_ACK_SENT) or (orig == RESET and empty):
            return REJ
        return RSTRH if no_orig else RSTR
    if orig == RESET:
        return RSTOS0 if no_resp else RSTO
    if orig == CLOSED and resp == CLOSED:
        return SF
    if orig == CLOSED:
        return SH if no_resp else S2
    if resp == CLOSED:
        return SHR if no_orig else S3
    if orig == SYN_SENT and resp == INACTIVE:
        return S0
    return S1 if orig == ESTABLISHED and resp == ESTABLISHED else OTH


@kernel
def reset_kind(own, other):
    """Return how the first RST ends a connection, by the states of both sides before it."""
    if own == CLOSED or other == CLOSED:
        return AFTER_FIN
    if other == SYN_SENT:
        return REFUSED
    if own == SYN_SENT:
        return CANCELLED
    if own == ESTABLISHED and other == ESTABLISHED:
        return ABORTED
    return MIDSTREAM


@kernel
def follow_states(
    protocol, stream, direction, time, flags, sequence, acknowledgment, payload, analysis, mss,
    window_scale, reused_ports, flipped, seen, largest, scale, sent_again, out_of_order,
    duplicate_acks, zero_windows, missed, syn, syn_ack, ack, state, completeness, history, reset,
    reset_kinds,
):  # fmt: skip
    """Follow every TCP connection from its first packet to its last.

    Parameters
    ----------
    protocol, stream, direction, time, flags, sequence, acknowledgment, payload, mss, window_scale,
    reused_ports
        Columns of `prodforensics.network.packets.Packets`.
    analysis : uint16[n]
        See `prodforensics.kernels.tcp_analysis`.
    flipped : bool[streams]
        Whether the first packet came from the responder. All that follows is of two columns: the
        originator's and the responder's.
    seen : uint16[streams, 2]
        Zeros; receives all flags of TCP that were sent.
    largest, scale : int32[streams, 2] and int16[streams, 2]
        Filled with -1; receive the segment size and window scaling that a SYN offered.
    sent_again, out_of_order, duplicate_acks, zero_windows : int32[streams, 2]
        Zeros; receive how often.
    missed : int64[streams, 2]
        Zeros; receives the bytes that the other side acknowledged but that were not captured.
    syn, syn_ack, ack : int64[streams]
        Filled with -1; receive when the last SYN before the answer came, the answer, and the
        acknowledgment that completes the handshake. ns.
    state, completeness : uint8[streams]
        Receive the place in `CONNECTION_STATES`, and Wireshark's bits.
    history : uint8[streams, HISTORY]
        Zeros; receives Zeek's letters. No checksums are verified, so there is no ``c``.
    reset : int64[streams]
        Filled with -1; receives the place of the first RST.
    reset_kinds : uint8[streams]
        Zeros; receives the place in `RESETS`.
    """
    streams = flipped.size
    states = np.zeros((streams, 2), np.uint8)
    written = np.zeros(streams, np.uint8)
    noted = np.zeros(streams, np.uint32)
    counts = np.zeros((streams, 6), np.int32)
    started = np.zeros(streams, np.bool_)
    some = np.zeros((streams, 2), np.bool_)  # whether a side sent payload
    # Where each flow stands, in bytes from its first one; and the ranges that were not seen.
    base = np.full((streams, 2), -1, np.int64)
    high = np.zeros((streams, 2), np.int64)
    acked = np.zeros((streams, 2), np.int64)
    hole_head = np.full((streams, 2), -1, np.int64)
    hole_count = np.zeros((streams, 2), np.int32)
    holes = np.empty(3 * 256, np.int64)
    used = np.int64(0)
    for i in range(stream.size):
        s = stream[i]
        if s < 0 or protocol[i] != 6:
            continue
        side = np.int64(1 - direction[i] if flipped[s] else direction[i])
        other = 1 - side
        bits, found, size = np.int64(flags[i]), np.int64(analysis[i]), np.int64(payload[i])
        seen[s, side] |= np.uint16(bits)
        plain = not bits & (SYN | FIN | RST)
        opening = bits & (SYN | ACK)
        if size:
            some[s, side] = True
        # Handshake.
        if bits & SYN:
            if mss[i] >= 0:
                largest[s, side] = mss[i]
            if window_scale[i] >= 0:
                scale[s, side] = window_scale[i]
            if opening == SYN and syn_ack[s] < 0:
                syn[s] = time[i]
            elif opening != SYN and syn_ack[s] < 0:
                syn_ack[s] = time[i]
        elif bits & ACK and side == 0 and syn_ack[s] >= 0 and ack[s] < 0 and not bits & RST:
            ack[s] = time[i]
        # Completeness.
        if opening == SYN and not started[s]:
            completeness[s] = SAW_SYN | (SAW_DATA if size and not reused_ports[i] else 0)
        elif opening == SYN | ACK:
            completeness[s] |= SAW_SYN_ACK
        elif opening == ACK:
            completeness[s] |= SAW_DATA if size else SAW_ACK
        if bits & FIN and bits & ACK:
            completeness[s] |= SAW_FIN
        if bits & RST:
            completeness[s] |= SAW_RST
        # History.
        if not started[s] and flipped[s]:
            history[s, 0] = 94  # ^
            written[s] = 1
        started[s] = True
        if bits & SYN:
            if bits & (FIN | RST):
                note_once(history, written, noted, s, 113, side, 0)  # q
            elif bits & ACK:
                note_once(history, written, noted, s, 104, side, 1)  # h
            else:
                note_once(history, written, noted, s, 115, side, 2)  # s
        elif bits & FIN and bits & RST:
            note_once(history, written, noted, s, 105, side, 3)  # i
        if found & SENT_AGAIN and size:
            note_scaled(history, written, counts, s, 116, side, AGAIN)  # t
        if found & ACK_LOST:
            note_scaled(history, written, counts, s, 103, other, GAP)  # g
        if found & ZERO_WINDOW:
            note_scaled(history, written, counts, s, 119, side, WINDOW)  # w
        if size:
            note_once(history, written, noted, s, 100, side, 4)  # d
        elif plain and bits & ACK:
            note_once(history, written, noted, s, 97, side, 5)  # a
        if bits & FIN and not bits & (SYN | RST):
            note_once(history, written, noted, s, 102, side, 6)  # f
        if bits & RST and not bits & (SYN | FIN):
            note_once(history, written, noted, s, 114, side, 7)  # r
        # States.
        if bits & RST and reset[s] < 0:
            reset[s] = i
            reset_kinds[s] = reset_kind(states[s, side], states[s, other])
        states[s, side], states[s, other] = next_state(states[s, side], states[s, other], bits)
        # Counts.
        if found & SENT_AGAIN:
            sent_again[s, side] += 1
        if found & OUT_OF_ORDER:
            out_of_order[s, side] += 1
        if found & DUPLICATE_ACK:
            duplicate_acks[s, side] += 1
        if found & ZERO_WINDOW:
            zero_windows[s, side] += 1
        # What was not captured.
        if bits & ACK and base[s, other] >= 0:
            step = relative(acknowledgment[i], base[s, other], high[s, other])
            acked[s, other] = max(acked[s, other], step)
        if bits & RST:
            continue
        if base[s, side] < 0:
            base[s, side] = np.int64(sequence[i])
        begin = relative(sequence[i], base[s, side], high[s, side])
        end = begin + size + (1 if bits & SYN else 0) + (1 if bits & FIN else 0)
        if begin > high[s, side]:
            if hole_count[s, side] < MOST_HOLES:
                if 3 * used == holes.size:
                    holes = doubled(holes)
                holes[3 * used] = high[s, side]
                holes[3 * used + 1] = begin
                holes[3 * used + 2] = hole_head[s, side]
                hole_head[s, side] = used
                hole_count[s, side] += 1
                used += 1
            else:
                missed[s, side] += begin - high[s, side]
        elif end > begin and begin < high[s, side] and hole_head[s, side] >= 0:
            at = hole_head[s, side]
            while at >= 0:
                low, top = holes[3 * at], holes[3 * at + 1]
                if begin <= low and end >= top:
                    holes[3 * at + 1] = low
                elif begin <= low < end:
                    holes[3 * at] = end
                elif begin < top <= end:
                    holes[3 * at + 1] = begin
                elif low < begin and end < top and hole_count[s, side] < MOST_HOLES:
                    if 3 * used == holes.size:
                        holes = doubled(holes)
                    holes[3 * at + 1] = begin
                    holes[3 * used] = end
                    holes[3 * used + 1] = top
                    holes[3 * used + 2] = hole_head[s, side]
                    hole_head[s, side] = used
                    hole_count[s, side] += 1
                    used += 1
                at = holes[3 * at + 2]
        high[s, side] = max(high[s, side], end)
    for s in range(streams):
        for side in range(2):
            at = hole_head[s, side]
            while at >= 0:
                top = min(holes[3 * at + 1], acked[s, side])
                missed[s, side] += max(top - holes[3 * at], 0)
                at = holes[3 * at + 2]
        empty = not some[s, 0] and not some[s, 1]
        state[s] = connection_state(states[s, 0], states[s, 1], empty)


@kernel
def relative(number, base, near):
    """Return a sequence number as bytes from the base, by what is near it: it wraps around."""
    step = (np.int64(number) - base - near) & 0xFFFFFFFF
    if step >= 0x80000000:
        step -= 0x100000000
    return near + step
