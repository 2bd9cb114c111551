"""The frame of quality says what a capture lacks, how often, and where first."""

import pytest

import prodforensics as pf
from prodforensics import samples
from tests.network.headers import fragments
from tests.network.pcapng_files import interface, packet, section, statistics
from tests.network.wire import ACK, PSH, SYN, mss, pcap, tcp, udp

CLIENT, SERVER = "10.0.0.1:40000", "10.0.0.2:80"
SYNS = [
    tcp(CLIENT, SERVER, SYN, 100, options=mss(1000)),
    tcp(SERVER, CLIENT, SYN | ACK, 500, 101, options=mss(1000)),
    tcp(CLIENT, SERVER, ACK, 101, 501),
]
PLAIN = [*SYNS, tcp(CLIENT, SERVER, ACK | PSH, 101, 501, b"ask")]


@pytest.fixture
def quality(tmp_path):
    def quality(packets):
        file = tmp_path / "one.pcap"
        file.write_bytes(packets if isinstance(packets, bytes) else pcap(packets))
        return pf.load(file).frames["quality"]

    return quality


def test_a_plain_capture_lacks_nothing(quality):
    rows = quality(PLAIN)
    assert rows["count"].drop("dropped").tolist() == [0] * (len(rows) - 1)
    assert rows.loc["dropped", "count"] == -1  # pcap does not tell


def test_packets_that_were_cut(quality):
    data = bytearray(pcap(PLAIN))
    data[36:38] = b"\xff\x0f"
    row = quality(bytes(data)).loc["snap_length"]
    assert (row["count"], row["of"], row["first_frame"]) == (1, 4, 1)


def test_packets_that_were_dropped(quality):
    row = quality(section(interface(), packet(PLAIN[0]), statistics(5))).loc["dropped"]
    assert row["count"] == 5


def test_connections_that_began_before(quality):
    row = quality([tcp(CLIENT, SERVER, ACK | PSH, 1, 1, b"?"), *PLAIN]).loc["missing_handshake"]
    assert (row["count"], row["unit"], row["first_frame"]) == (1, "connections", 1)


def test_one_direction_alone(quality):
    row = quality([PLAIN[0], PLAIN[2], PLAIN[3]]).loc["one_sided"]
    assert (row["count"], row["first_frame"]) == (1, 1)


def test_bytes_that_are_acknowledged_but_not_there(quality):
    ahead = [
        tcp(CLIENT, SERVER, ACK, 1101, 501, b"x"),
        tcp(SERVER, CLIENT, ACK, 501, 1102),
    ]
    rows = quality([*PLAIN[:3], *ahead])
    assert rows.loc["missed_bytes", "count"] == 1000


def test_an_ack_of_what_was_not_seen(quality):
    rows = quality([*PLAIN, tcp(SERVER, CLIENT, ACK, 501, 5000)])
    assert (rows.loc["unseen_segments", "count"], rows.loc["unseen_segments", "first_frame"]) == (
        1, 5,
    )  # fmt: skip


def test_packets_larger_than_a_segment(quality):
    row = quality([*SYNS, tcp(CLIENT, SERVER, ACK, 101, 501, b"x" * 1001)]).loc["offload"]
    assert (row["count"], row["first_frame"]) == (1, 4)


def test_a_clock_that_jumps_back(quality):
    start = 1_700_000_000 * 10**9
    times = [start, start + 10**9, start + 10**6, start + 999_000]
    row = quality(list(zip(times, PLAIN, strict=True))).loc["clock_jumps"]
    assert (row["count"], row["first_frame"]) == (1, 3)


def test_packets_that_were_captured_twice(quality):
    one = udp(payload=b"x", ip_id=77)
    start = 1_700_000_000 * 10**9
    rows = quality([(start, one), (start + 1000, one), (start + 10**9, one)])
    assert (rows.loc["duplicates", "count"], rows.loc["duplicates", "first_frame"]) == (1, 2)


def test_parts_of_datagrams(quality):
    parts = fragments(udp(payload=b"x" * 50), 16)
    row = quality(parts).loc["fragments"]
    assert row["count"] == len(parts) - 1


@pytest.mark.parametrize(
    ("sample", "check"),
    [("snaplen", "snap_length"), ("offload", "offload"), ("midstream", "missing_handshake"),
     ("dns.fragments", "fragments")],
)  # fmt: skip
def test_samples(sample, check):
    frame = pf.load(samples.path(f"network/{sample}.pcap.zst")).frames["quality"]
    assert frame.loc[check, "count"] > 0
