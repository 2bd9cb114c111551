"""Streams are numbered, followed and summed up as a few lines of Python do it."""

import numpy as np
import pytest

import prodforensics as pf
from tests.network.random_traffic import traffic

SYN, ACK = 2, 16


@pytest.fixture(scope="module", params=range(6))
def capture(request, tmp_path_factory):
    file = tmp_path_factory.mktemp("streams") / "traffic.pcap"
    file.write_bytes(traffic(request.param, 600))
    return pf.load(file)


def numbered(packets):
    """Return stream and direction of every packet, by a table of pairs of ends."""
    newest, streams, found = {}, 0, []
    for row in range(len(packets)):
        source = int(packets.source[row]), int(packets.source_port[row])
        other = int(packets.destination[row]), int(packets.destination_port[row])
        flags, sequence = int(packets.tcp_flags[row]), int(packets.sequence[row])
        state = newest.get(frozenset((source, other)))
        again = state and flags & SYN and state["base"].get(source, sequence) != sequence
        if again and flags & ACK:
            state["base"][source] = sequence
        if state is None or (again and not flags & ACK):
            state = {"number": streams, "first": source, "base": {}}
            newest[frozenset((source, other))] = state
            streams += 1
        state["base"].setdefault(source, (sequence - (not flags & SYN)) % 2**32)
        if flags & ACK:
            state["base"].setdefault(other, (int(packets.acknowledgment[row]) - 1) % 2**32)
        found.append((state["number"], int(source != state["first"])))
    return found


def test_streams_and_directions(capture):
    packets = capture.packets
    assert list(zip(packets.stream, packets.direction, strict=True)) == numbered(packets)
    assert packets.stream.max() > 3  # some ports were used again


def test_sums_of_both_sides(capture):
    packets, streams = capture.packets, capture.streams
    for stream in range(len(streams)):
        mine = np.flatnonzero(packets.stream == stream)
        assert (streams.first[stream], streams.last[stream]) == (mine[0], mine[-1])
        for side in (0, 1):
            sent = mine[packets.direction[mine] ^ streams.flipped[stream] == side]
            assert streams.packets[stream, side] == len(sent)
            assert streams.bytes[stream, side] == packets.length[sent].sum()
            assert streams.payload_bytes[stream, side] == packets.payload_length[sent].sum()
            flags = np.bitwise_or.reduce(packets.tcp_flags[sent], initial=0)
            assert streams.flags[stream, side] == flags


def test_what_was_not_captured_is_what_is_left_of_the_acknowledged(capture):
    packets, streams = capture.packets, capture.streams
    for stream in range(len(streams)):
        missed = [0, 0]
        for side in (0, 1):
            seen, base, high, acknowledged = set(), None, 0, 0
            for row in np.flatnonzero(packets.stream == stream):
                sender = int(packets.direction[row] ^ streams.flipped[stream])
                flags = int(packets.tcp_flags[row])
                if sender != side and flags & ACK and base is not None:
                    step = near(int(packets.acknowledgment[row]) - base, high)
                    acknowledged = max(acknowledged, step)
                if sender != side or flags & 4:
                    continue
                if base is None:
                    base = int(packets.sequence[row])
                begin = near(int(packets.sequence[row]) - base, high)
                size = int(packets.payload_length[row]) + bool(flags & SYN) + (flags & 1)
                seen |= set(range(begin, begin + size))
                high = max(high, begin, begin + size)
            missed[side] = len(set(range(min(acknowledged, high))) - seen)
        assert streams.missed_bytes[stream].tolist() == missed


def near(distance, place):
    """Return a distance that wraps around as the one next to a place."""
    step = (distance - place) % 2**32
    return place + (step - 2**32 if step >= 2**31 else step)
