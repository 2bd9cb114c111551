"""What one asks of a capture: streams, spans of time, round trips, throughput, sequence graph."""

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import prodforensics as pf
from prodforensics import samples
from prodforensics.errors import BadOption, UnknownName
from prodforensics.network import schemas
from tests.network.wire import ACK, PSH, SYN, pcap, sack, tcp, udp

CLIENT, SERVER, OTHER = "10.0.0.1:40000", "10.0.0.2:80", "10.0.0.3:40000"
START = 1_700_000_000 * 10**9

PACKETS = [
    tcp(CLIENT, SERVER, SYN, 100),
    tcp(SERVER, CLIENT, SYN | ACK, 500, 101),
    udp(payload=b"?"),
    tcp(CLIENT, SERVER, ACK, 101, 501),
    tcp(OTHER, SERVER, SYN, 7),
    tcp(CLIENT, SERVER, ACK | PSH, 101, 501, b"ask"),
    tcp(SERVER, CLIENT, ACK | PSH, 501, 104, b"answer"),
]


@pytest.fixture
def capture(tmp_path):
    file = tmp_path / "one.pcap"
    file.write_bytes(pcap([(START + n * 10**6, one) for n, one in enumerate(PACKETS)]))
    return pf.load(file)


def test_packets_of_a_stream(capture):
    assert capture.packets_of(0).index.tolist() == [1, 2, 4, 6, 7]
    assert capture.packets_of(1).index.tolist() == [5]
    assert capture.packets_of(0, "udp").index.tolist() == [3]
    assert_frame_equal(capture.packets_of(0), capture.frames["packets"].loc[[1, 2, 4, 6, 7]])


@pytest.mark.parametrize(("stream", "protocol"), [(2, "tcp"), (-1, "tcp"), (1, "udp"), (0, "ip")])
def test_a_stream_that_is_not_there(capture, stream, protocol):
    with pytest.raises(UnknownName):
        capture.packets_of(stream, protocol)


def test_pieces_are_the_whole(capture):
    pieces = list(capture.packets_in_chunks(3))
    assert [len(piece) for piece in pieces] == [3, 3, 1]
    assert pieces[1].index.tolist() == [4, 5, 6]
    assert_frame_equal(pd.concat(pieces), capture.frames["packets"], check_index_type=False)
    with pytest.raises(BadOption):
        next(capture.packets_in_chunks(0))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (0.001, 0.003),
        ("2023-11-14 22:13:20.001", "2023-11-14 22:13:20.003"),
        ("2023-11-14T23:13:20.001+01:00", pd.Timestamp(START + 3_000_000, tz="UTC")),
    ],
)
def test_between_counts_its_start_but_not_its_end(capture, start, end):
    assert capture.between(start, end).index.tolist() == [2, 3]


def test_what_is_no_time(capture):
    with pytest.raises(BadOption):
        capture.between("yesterday or so", 1)


def test_round_trips(capture):
    rows = capture.rtt()
    assert rows.index.tolist() == [2, 4, 7]
    assert rows["rtt_ns"].tolist() == [10**6, 2 * 10**6, 10**6]
    assert rows["side"].tolist() == ["resp", "orig", "resp"]
    assert capture.rtt(1).empty
    schemas.RTT.validate(rows)


def test_throughput(capture):
    rows = capture.throughput("2ms")
    schemas.THROUGHPUT.validate(rows)
    assert rows["packets"].tolist() == [2, 2, 2, 1]
    assert rows["bytes"].sum() == sum(map(len, PACKETS))
    assert (rows["orig_bytes"] + rows["resp_bytes"]).tolist() == rows["bytes"].tolist()
    assert rows["payload_bytes"].tolist() == [0, 1, 3, 6]
    assert capture.throughput("2ms", 0)["packets"].sum() == 5


def test_spans_without_packets_are_there(capture):
    rows = capture.throughput("500us")
    assert rows["packets"].tolist() == [1, 0] * 6 + [1]


@pytest.mark.parametrize("width", ["soon", "0s", "-1s", "1ns"])
def test_spans_that_cannot_be(capture, width):
    with pytest.raises(BadOption):
        capture.throughput(width)


def test_sequence_counts_bytes_from_the_syn(capture):
    rows = capture.sequence(0)
    schemas.SEQUENCE.validate(rows)
    assert rows["begin"].tolist() == [0, 0, 0, 0, 0]
    assert rows["end"].tolist() == [0, 0, 0, 3, 6]
    assert rows["acknowledged"].tolist() == [-1, 0, 0, 0, 3]
    assert rows["window_end"].tolist() == [-1, 1000, 1000, 1000, 1003]


def test_sequence_tells_ranges_of_sack(tmp_path):
    file = tmp_path / "one.pcap"
    lost = [
        *PACKETS[:2],
        PACKETS[3],
        tcp(CLIENT, SERVER, ACK, 201, 501, b"x" * 100),
        tcp(SERVER, CLIENT, ACK, 501, 101, options=sack((201, 301))),
    ]
    file.write_bytes(pcap(lost))
    assert pf.load(file).sequence(0)["sacked"].tolist()[-1] == ((100, 200),)


def test_names_of_flags(capture):
    assert capture.flags(0) == []
    assert capture.flags(1 | 1 << 9) == ["retransmission", "out_of_order"]


def test_questions_of_samples_are_as_documented():
    for entry in samples.entries():
        if entry["scenario"] not in {"lossy_path", "slow_reader", "dns", "pcapng"}:
            continue
        capture = pf.load(samples.path(entry["path"]))
        schemas.RTT.validate(capture.rtt())
        schemas.THROUGHPUT.validate(capture.throughput("100ms"))
        if len(capture.streams):
            schemas.SEQUENCE.validate(capture.sequence(0))
