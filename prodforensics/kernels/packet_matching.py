"""The same packets in two captures: a hash of what no router changes, and who matches whom."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["match_equal", "packet_keys", "stream_keys"]

TCP, UDP = 6, 17
STABLE = 0x17  # FIN, SYN, RST, ACK: the path may set ECN's bits, offloading moves PSH
HASHED = 48  # bytes of a datagram
SEED, FACTOR = np.uint64(14695981039346656037), np.uint64(0x9E3779B97F4A7C15)


@kernel
def mixed(hashed, value):
    """Mix a number into a hash."""
    hashed = (hashed ^ np.uint64(value)) * np.uint64(0x9E3779B97F4A7C15)
    return hashed ^ (hashed >> np.uint64(29))


@kernel
def packet_keys(
    data, protocol, stream, payload, length, captured, fragment, flags, sequence, acknowledgment,
    timestamp_value, timestamp_echo, timestamps, keys,
):  # fmt: skip
    """Hash what of a packet is the same wherever it is captured, behind address translation too.

    Of TCP that are the numbers of the header; of UDP the first bytes of the payload.

    Parameters
    ----------
    data : uint8[:]
        The unpacked file; may be empty where there is no UDP.
    protocol, stream, ..., timestamp_echo
        Columns of `prodforensics.network.packets.Packets`.
    timestamps : bool
        Whether TCP's timestamps count: something on the path may take the option away.
    keys : uint64[n]
        Zeros; receives the hashes, which are not zero, of packets that can be recognised.
    """
    for i in range(stream.size):
        if stream[i] < 0:
            continue
        hashed = mixed(np.uint64(14695981039346656037), length[i])
        if protocol[i] == TCP:
            hashed = mixed(hashed, sequence[i])
            hashed = mixed(hashed, acknowledgment[i])
            hashed = mixed(hashed, flags[i] & STABLE)
            if timestamps:
                hashed = mixed(hashed, timestamp_value[i])
                hashed = mixed(hashed, timestamp_echo[i])
        elif protocol[i] == UDP and fragment[i] == 0:
            size = min(length[i], HASHED)
            start = payload[i]
            if size <= 0 or captured[i] < size or start < 0 or start + size > data.size:
                continue
            for k in range(start, start + size):
                hashed = mixed(hashed, data[k])
        else:
            continue
        keys[i] = max(hashed, np.uint64(1))


@kernel
def stream_keys(keys, group, ip_id, counting, into):
    """Mix into the hash of each packet where it belongs, and IPv4's number where that is kept.

    Parameters
    ----------
    keys : uint64[k]
    group : int64[k]
        Stream and direction.
    ip_id : int32[k]
    counting : bool[groups]
        In which groups the IPv4 identification is the same at both ends.
    into : uint64[k]
    """
    for i in range(keys.size):
        hashed = mixed(keys[i], group[i])
        if counting[group[i]]:
            hashed = mixed(hashed, ip_id[i])
        into[i] = hashed


@kernel
def match_equal(
    key, other_key, group, other_group, length, other_length, sequence, other_sequence, time,
    other_time, expected, place,
):  # fmt: skip
    """Match packets of equal keys: each at most once, in order, those closest in time.

    Parameters
    ----------
    key, other_key : uint64[k], uint64[m]
        Sorted.
    group, other_group, length, other_length, sequence, other_sequence
        What is compared besides: int64, int32, uint32.
    time, other_time : int64[k], int64[m]
        Nanoseconds, ascending among equal keys.
    expected : int64[groups]
        How much later packets of a group usually are in the other capture, by its clock.
    place : int64[k]
        Filled with -1; receives the place of the match in the other capture's arrays.
    """
    j = 0
    i = 0
    while i < key.size and j < other_key.size:
        if key[i] < other_key[j]:
            i += 1
            continue
        if other_key[j] < key[i]:
            j += 1
            continue
        # Equal ones on both sides: [i, end) and [j, stop).
        end = i + 1
        while end < key.size and key[end] == key[i]:
            end += 1
        stop = j + 1
        while stop < other_key.size and other_key[stop] == other_key[j]:
            stop += 1
        while i < end and j < stop:
            if (group[i] != other_group[j] or length[i] != other_length[j]
                    or sequence[i] != other_sequence[j]):  # fmt: skip
                break  # equal hashes of different packets
            off = abs(other_time[j] - time[i] - expected[group[i]])
            left, right = end - i, stop - j
            if left > right:
                following = abs(other_time[j] - time[i + 1] - expected[group[i]])
                if following < off:
                    i += 1
                    continue
            elif right > left:
                following = abs(other_time[j + 1] - time[i] - expected[group[i]])
                if following < off:
                    j += 1
                    continue
            place[i] = j
            i += 1
            j += 1
        i = end
        j = stop
