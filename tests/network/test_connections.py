"""What a connection is called, by the packets of it: Zeek's states, histories, sides, times."""

import pytest

import prodforensics as pf
from prodforensics import samples
from tests.network.wire import ACK, FIN, PSH, RST, SYN, mss, pcap, scale, tcp, udp

CLIENT, SERVER = "10.0.0.1:40000", "10.0.0.2:80"
OPTIONS = mss(1460) + scale(7)


def c(flags, sequence=1, acknowledgment=1, payload=b"", options=b""):
    return tcp(CLIENT, SERVER, flags, 100 + sequence, 500 + acknowledgment, payload,
               options=options)  # fmt: skip


def s(flags, sequence=1, acknowledgment=1, payload=b"", options=b""):
    return tcp(SERVER, CLIENT, flags, 500 + sequence, 100 + acknowledgment, payload,
               options=options)  # fmt: skip


SYNS = [c(SYN, 0, options=OPTIONS), s(SYN | ACK, 0, options=OPTIONS), c(ACK)]
ASKED = [*SYNS, c(ACK | PSH, payload=b"ask"), s(ACK | PSH, 1, 4, b"answer")]
CLOSED = [c(FIN | ACK, 4, 7), s(FIN | ACK, 7, 5), c(ACK, 5, 8)]


@pytest.fixture
def table(tmp_path):
    """Return the frame of connections of a capture made of these packets."""

    def table(*packets):
        file = tmp_path / "one.pcap"
        file.write_bytes(pcap(packets))
        return pf.load(file).frames["connections"]

    return table


@pytest.mark.parametrize(
    ("state", "history", "packets"),
    [
        ("S0", "S", SYNS[:1]),
        ("S1", "ShA", SYNS),
        ("S1", "ShADd", ASKED),
        ("SF", "ShADdFf", [*ASKED, *CLOSED]),
        ("REJ", "Sr", [SYNS[0], s(RST | ACK, 0)]),
        ("S2", "ShADdF", [*ASKED, CLOSED[0]]),
        ("S3", "ShADdf", [*ASKED, s(FIN | ACK, 7, 4)]),
        ("RSTO", "ShADdR", [*ASKED, c(RST, 4)]),
        ("RSTR", "ShADdr", [*ASKED, s(RST | ACK, 7, 4)]),
        ("RSTOS0", "SR", [SYNS[0], c(RST)]),
        ("SH", "SF", [SYNS[0], c(FIN | ACK)]),
        ("SHR", "^hf", [SYNS[1], s(FIN | ACK)]),
        ("OTH", "D", [c(ACK | PSH, payload=b"midstream")]),
    ],
)
def test_states_and_histories(table, state, history, packets):
    (row,) = table(*packets).itertuples()
    assert (row.conn_state, row.history) == (state, history)


@pytest.mark.parametrize(
    ("completeness", "packets"),
    [(1, SYNS[:1]), (7, SYNS), (15, ASKED), (31, [*ASKED, *CLOSED]), (47, [*ASKED, c(RST, 4)])],
)
def test_completeness(table, completeness, packets):
    assert table(*packets)["completeness"].tolist() == [completeness]


@pytest.mark.parametrize(
    ("kind", "side", "packets"),
    [
        ("refused", "resp", [SYNS[0], s(RST | ACK, 0)]),
        ("cancelled", "orig", [SYNS[0], c(RST)]),
        ("aborted", "resp", [*ASKED, s(RST | ACK, 7, 4)]),
        ("after_fin", "orig", [*ASKED, s(FIN | ACK, 7, 4), c(RST, 4)]),
        ("midstream", "resp", [c(ACK | PSH, payload=b"?"), s(RST)]),
        ("", None, ASKED),
    ],
)
def test_what_a_reset_was(table, kind, side, packets):
    (row,) = table(*packets).itertuples()
    assert row.rst_kind == kind
    assert row.rst_from == side or (side is None and row.rst_from != row.rst_from)
    assert row.rst_frame == (len(packets) if kind else 0)


def test_the_originator_sent_the_syn_even_if_its_answer_was_captured_first(table):
    (row,) = table(SYNS[1], c(ACK)).itertuples()
    assert (row.orig_ip, row.orig_port, row.resp_ip, row.resp_port) == (
        "10.0.0.1", 40000, "10.0.0.2", 80,
    )  # fmt: skip
    assert row.history.startswith("^")


def test_midstream_the_server_is_known_by_its_port(table):
    (row,) = table(s(ACK | PSH, payload=b"answer"), c(ACK, 1, 7)).itertuples()
    assert (row.orig_port, row.resp_port) == (40000, 80)
    assert (row.orig_payload_bytes, row.resp_payload_bytes) == (0, 6)


def test_times_and_offers_of_the_handshake(table):
    (row,) = table(*ASKED).itertuples()  # a packet a millisecond
    assert (row.client_rtt_ns, row.server_rtt_ns, row.irtt_ns) == (10**6, 10**6, 2 * 10**6)
    assert (row.orig_mss, row.resp_mss) == (1460, 1460)
    assert (row.orig_wscale, row.resp_wscale) == (7, 7)
    (row,) = table(*ASKED[2:]).itertuples()
    assert (row.client_rtt_ns, row.server_rtt_ns, row.irtt_ns) == (-1, -1, -1)
    assert (row.orig_mss, row.resp_wscale) == (-1, -1)


def test_an_answer_to_a_syn_sent_twice_is_counted_from_the_last_one(table):
    (row,) = table(SYNS[0], *SYNS).itertuples()
    assert row.client_rtt_ns == 10**6


def test_sums_of_both_sides(table):
    (row,) = table(*ASKED).itertuples()
    assert (row.orig_packets, row.resp_packets) == (3, 2)
    assert (row.orig_payload_bytes, row.resp_payload_bytes) == (3, 6)
    assert row.orig_bytes + row.resp_bytes == sum(map(len, ASKED))
    assert (row.first_frame, row.last_frame, row.duration_ns) == (1, 5, 4 * 10**6)


def test_what_was_acknowledged_but_not_captured_is_missed(table):
    (row,) = table(*SYNS, c(ACK, 1001, 1, b"x" * 10), s(ACK, 1, 1011)).itertuples()
    assert (row.orig_missed_bytes, row.resp_missed_bytes) == (1000, 0)


def test_what_comes_late_is_not_missed(table):
    late = [c(ACK, 1001, 1, b"x" * 10), c(ACK, 1, 1, b"y" * 1000), s(ACK, 1, 1011)]
    assert table(*SYNS, *late)["orig_missed_bytes"].tolist() == [0]


def test_sequence_numbers_wrap_around(table):
    high = 2**32 - 105  # `c` adds 100
    packets = [
        c(SYN, high), c(ACK, high + 1, payload=b"x" * 100), c(ACK, high + 101, payload=b"y" * 50),
        s(ACK, 1, high + 151),
    ]  # fmt: skip
    (row,) = table(*packets).itertuples()
    assert (row.orig_missed_bytes, row.orig_retransmissions, row.orig_out_of_order) == (0, 0, 0)


def test_a_port_that_is_used_again_is_another_connection(table):
    again = tcp(CLIENT, SERVER, SYN, 9_000_000)
    rows = table(*ASKED, *CLOSED, again)
    assert rows.index.tolist() == [0, 1]
    assert rows["conn_state"].tolist() == ["SF", "S0"]


@pytest.mark.parametrize(
    ("state", "history", "packets"),
    [
        ("S0", "D", [udp(payload=b"ask")]),
        ("SF", "Dd", [udp(payload=b"ask"), udp("10.0.0.2:53", "10.0.0.1:40000", b"answer")]),
        ("SHR", "^d", [udp("10.0.0.2:53", "10.0.0.1:40000", b"answer")]),
    ],
)
def test_udp(table, state, history, packets):
    (row,) = table(*packets).itertuples()
    assert (row.conn_state, row.history, row.protocol) == (state, history, "udp")
    assert (row.resp_port, row.uid) == (53, "udp0")


def test_tcp_comes_first_and_both_count_their_streams_from_zero(table):
    rows = table(udp(), *SYNS, udp("10.0.0.3:9"))
    assert rows["uid"].tolist() == ["tcp0", "udp0", "udp1"]
    assert rows.index.tolist() == [0, 0, 1]


def test_community_ids_are_those_of_the_specification(table):
    # Baseline of github.com/corelight/community-id-spec: 128.232.110.120:34855 66.35.250.204:80.
    ends = "128.232.110.120:34855", "66.35.250.204:80"
    rows = table(tcp(*ends, SYN), tcp(*reversed(ends), SYN | ACK))
    assert rows["community_id"].tolist() == ["1:LQU9qZlK+B5F3KDmev6m5PMibrg="]


def test_resets_of_samples_are_of_whom_their_names_say():
    for name, side in (("client", "orig"), ("server", "resp")):
        rows = pf.load(samples.path(f"network/resets.{name}.pcap.zst")).frames["connections"]
        assert side in set(rows["rst_from"].dropna())
