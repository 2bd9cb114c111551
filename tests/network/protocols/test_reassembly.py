"""The flows of a TCP stream: every byte once, in order, with what is missing told beside them."""

import random
from itertools import pairwise

import numpy as np
import pytest

import prodforensics as pf
from prodforensics.errors import UnknownName
from prodforensics.network.packets import FIN, RST, SYN
from prodforensics.network.protocols.reassembly import byte_stream, byte_streams
from tests.network import wire
from tests.network.random_traffic import traffic
from tests.network.wire import ACK, tcp

CLIENT, SERVER = "10.0.0.1:40000", "10.0.0.2:80"


def capture_of(tmp_path, *packets, snap=262144):
    file = tmp_path / "made.pcap"
    file.write_bytes(wire.pcap(packets, snap=snap))
    return pf.load(file, progress=False)


def sent(payload=b"", sequence=0, flags=ACK, acknowledgment=1):
    """A packet of the client."""
    return tcp(CLIENT, SERVER, flags, sequence, acknowledgment, payload)


def back(payload=b"", sequence=0, flags=ACK, acknowledgment=1):
    """A packet of the server."""
    return tcp(SERVER, CLIENT, flags, sequence, acknowledgment, payload)


SYNS = (sent(sequence=99, flags=SYN, acknowledgment=0), back(flags=SYN | ACK, acknowledgment=100))


def client(tmp_path, *packets):
    return byte_stream(capture_of(tmp_path, *packets), 0, 0)


def test_segments_in_order(tmp_path):
    flow = client(tmp_path, *SYNS, sent(b"hello ", 100), sent(b"world", 106))
    assert flow.bytes == b"hello world"
    assert flow.offsets.tolist() == [0, 6]
    assert flow.packets.tolist() == [2, 3]
    assert [flow.packet_at(offset) for offset in (0, 5, 6, 99)] == [2, 2, 3, 3]
    assert not len(flow.holes)
    assert flow.begun
    assert not flow.finished


def test_both_sides(tmp_path):
    capture = capture_of(tmp_path, *SYNS, sent(b"ask", 100), back(b"answer", 1), back(b"!", 7))
    assert byte_stream(capture, 0, 0).bytes == b"ask"
    assert byte_stream(capture, 0, 1).bytes == b"answer!"


def test_what_came_out_of_order_and_again(tmp_path):
    packets = sent(b"world", 106), sent(b"hello ", 100), sent(b"HELLO ", 100)
    flow = client(tmp_path, *SYNS, *packets)
    assert flow.bytes == b"hello world"
    assert flow.packets.tolist() == [3, 2]


def test_of_overlapping_segments_the_first_wins(tmp_path):
    flow = client(tmp_path, *SYNS, sent(b"bcd", 101), sent(b"ABCDEF", 100), sent(b"xxxxxxxx", 100))
    assert flow.bytes == b"AbcdEFxx"
    assert flow.packets.tolist() == [3, 2, 3, 4]


def test_a_lost_segment_is_a_hole(tmp_path):
    flow = client(tmp_path, *SYNS, sent(b"ab", 100), sent(b"xy", 110), sent(b"z", 112))
    assert flow.bytes == b"abxyz"
    assert flow.holes.tolist() == [[2, 8]]
    assert (flow.lost(0, 2), flow.lost(2, 3), flow.lost(0, 5)) == (0, 8, 8)


def test_a_hole_at_the_beginning_and_at_the_end(tmp_path):
    flow = client(tmp_path, *SYNS, sent(b"ab", 103), sent(sequence=109, flags=ACK | FIN))
    assert flow.holes.tolist() == [[0, 3], [2, 4]]
    assert flow.finished


def test_what_the_other_side_acknowledged_was_sent(tmp_path):
    flow = client(tmp_path, *SYNS, sent(b"ab", 100), back(sequence=1, acknowledgment=150))
    assert flow.holes.tolist() == [[2, 48]]


def test_the_number_of_a_fin_is_no_lost_byte(tmp_path):
    packets = sent(b"ab", 100), back(sequence=1, acknowledgment=103), sent(sequence=103)
    assert not len(client(tmp_path, *SYNS, *packets).holes)
    fin = sent(b"c", 102, flags=ACK | FIN)
    flow = client(tmp_path, *SYNS, sent(b"ab", 100), fin, sent(sequence=104))
    assert flow.bytes == b"abc"
    assert not len(flow.holes)


def test_sequence_numbers_wrap_around(tmp_path):
    start = 2**32 - 4
    syn = sent(sequence=start - 1, flags=SYN, acknowledgment=0)
    flow = client(tmp_path, syn, sent(b"efgh", start + 4), sent(b"abcd", start), sent(b"i", 4))
    assert flow.bytes == b"abcdefghi"


def test_a_capture_that_begins_in_the_middle(tmp_path):
    flow = client(tmp_path, sent(b"middle", 5000), sent(b" end", 5006))
    assert flow.bytes == b"middle end"
    assert not flow.begun
    assert not len(flow.holes)


def test_bytes_older_than_the_connection_are_not_its_own(tmp_path):
    assert client(tmp_path, *SYNS, sent(b"old", 50), sent(b"new", 100)).bytes == b"new"
    assert client(tmp_path, *SYNS, sent(b"new", 100), sent(b"oldxyz", 97)).bytes == b"newxyz"[:3]


def test_the_remark_of_a_reset_is_not_sent_data(tmp_path):
    flow = client(tmp_path, *SYNS, sent(b"data", 100), sent(b"no more", 104, flags=RST))
    assert flow.bytes == b"data"


def test_what_the_snap_length_cut_is_a_hole(tmp_path):
    packet = sent(b"0123456789", 100)
    flow = byte_stream(capture_of(tmp_path, *SYNS, packet, snap=len(packet) - 4), 0, 0)
    assert flow.bytes == b"012345"
    assert flow.holes.tolist() == [[6, 4]]


def test_a_stream_that_is_not_there(tmp_path):
    capture = capture_of(tmp_path, *SYNS)
    with pytest.raises(UnknownName, match="tcp stream"):
        byte_stream(capture, 1, 0)
    with pytest.raises(UnknownName, match="side"):
        byte_stream(capture, 0, 2)
    assert byte_stream(capture, 0, 0).bytes == b""
    assert byte_stream(capture, 0, 0).packet_at(0) == -1


# -- against the slow and obvious -----------------------------------------------------------------


def painted(capture, stream, side):
    """Write every byte where it belongs, one by one; who came first stays."""
    packets, flipped = capture.packets, capture.streams.flipped[stream]
    base, begun, near, places = None, False, 0, {}
    for i in np.flatnonzero((packets.stream == stream) & (packets.ip_protocol == 6)):
        flags = int(packets.tcp_flags[i])
        if flags & RST:
            continue
        if (packets.direction[i] ^ flipped) != side:
            if base is None and flags & SYN and flags & ACK:
                base, begun = int(packets.acknowledgment[i]), True
            continue
        syn = bool(flags & SYN)
        begun |= syn
        if base is None:
            base = int(packets.sequence[i]) + syn
        step = (int(packets.sequence[i]) + syn - base - near + 2**31) % 2**32 - 2**31
        here = near + step
        near = max(near, here)
        for k, byte in enumerate(capture.payloads.of(int(i))):
            places.setdefault(here + k, (byte, int(i)))
    if begun:
        places = {place: who for place, who in places.items() if place >= 0}
    return [places[place] for place in sorted(places)], sorted(places), begun


@pytest.mark.parametrize("seed", range(12))
def test_flows_are_those_of_the_slow_and_obvious(tmp_path, seed):
    """Every kind of disorder, with payloads in which each byte is told from the others."""
    chance, file = random.Random(seed), tmp_path / "traffic.pcap"
    data = bytearray(traffic(seed))
    file.write_bytes(data)
    packets = pf.load(file, progress=False).packets
    for start, size in zip(packets.payload, packets.payload_captured, strict=True):
        data[start : start + size] = chance.randbytes(size)
    file.write_bytes(data)
    capture = pf.load(file, progress=False)
    count = len(capture.streams)
    together = byte_streams(capture, np.arange(count)[::-1])
    for stream in range(count):
        for side in (0, 1):
            pairs, places, begun = painted(capture, stream, side)
            flow = byte_stream(capture, stream, side)
            assert flow.bytes == bytes(byte for byte, _ in pairs)
            assert [flow.packet_at(k) for k in range(len(pairs))] == [one for _, one in pairs]
            assert flow.begun == begun
            expected = [
                [k, place - before - 1]
                for k, (before, place) in enumerate(pairwise(places), 1)
                if place - before > 1
            ]
            if begun and places and places[0] > 0:
                expected = [[0, places[0]], *expected]
            inner = [hole for hole in flow.holes.tolist() if hole[0] < len(pairs)]
            assert inner == expected
            with capture.payloads.open() as view:
                number = 2 * (count - 1 - stream) + side
                assert together.flow(view, number).bytes == flow.bytes
                assert together.sizes()[number] == len(pairs)
