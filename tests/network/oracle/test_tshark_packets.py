"""Every packet of every sample is what tshark says it is."""

import numpy as np
import pandas as pd
import pytest

from tests.network.oracle.tshark import (
    CAPTURES,
    analysis_flags,
    asked,
    loaded,
    nanoseconds,
    numbers,
)

pytestmark = [pytest.mark.oracle, pytest.mark.parametrize("name", CAPTURES)]


def differ(name, given, field, mine, rows=None):
    """Return rows in which a column of tshark's and one of ours are not the same."""
    theirs = numbers(given[field]) if isinstance(field, str) else field
    both = pd.DataFrame({"tshark": theirs, name: mine}, index=given.index)
    if rows is not None:
        both = both[rows]
    return both[both["tshark"] != both[name]]


def test_frames_and_addresses(name):
    given, packets = asked(name).packets, loaded(name).packets
    assert len(given) == len(packets)
    assert differ("length", given, "frame.len", packets.length).empty
    assert differ("captured", given, "frame.cap_len", packets.captured).empty
    assert differ("time", given, nanoseconds(given["frame.time_epoch"], 0), packets.time).empty
    assert differ("vlan", given, "vlan.id", packets.vlan).empty
    texts = np.array([*packets.addresses.texts(), ""], object)
    own = ~np.isin(packets.ip_protocol, (1, 58)) & (packets.ip_protocol >= 0)
    version = packets.addresses.version[packets.source]
    for field, mine, four in (
        ("ip.src", packets.source, True),
        ("ipv6.src", packets.source, False),
        ("ip.dst", packets.destination, True),
    ):
        rows = own & ((version == 4) == four)
        assert (given[field].to_numpy()[rows] == texts[mine][rows]).all(), field
    four, six = own & (version == 4), own & (version == 6)
    assert differ("protocol", given, "ip.proto", packets.ip_protocol, four).empty
    assert differ("ttl", given, "ip.ttl", packets.ttl, four).empty
    assert differ("id", given, "ip.id", packets.ip_id, four).empty
    assert differ("df", given, "ip.flags.df", packets.dont_fragment, four).empty
    assert differ("hop limit", given, "ipv6.hlim", packets.ttl, six).empty


def test_transport_headers(name):
    given, packets = asked(name).packets, loaded(name).packets
    tcp, udp = packets.ip_protocol == 6, packets.ip_protocol == 17
    assert differ("type", given, "icmp.type", packets.icmp_type, packets.ip_protocol == 1).empty
    assert differ("code", given, "icmp.code", packets.icmp_code, packets.ip_protocol == 1).empty
    assert differ("type", given, "icmpv6.type", packets.icmp_type, packets.ip_protocol == 58).empty
    for protocol, rows in (("tcp", tcp), ("udp", udp & (packets.fragment != 1))):
        for field, mine in (
            ("srcport", packets.source_port),
            ("dstport", packets.destination_port),
        ):
            assert differ(field, given, f"{protocol}.{field}", mine, rows).empty
    for field, mine in (
        ("stream", packets.stream),
        ("len", packets.payload_length),
        ("flags", packets.tcp_flags),
        ("seq_raw", packets.sequence),
        ("ack_raw", packets.acknowledgment),
        ("window_size_value", packets.window),
        ("options.mss_val", packets.mss),
        ("options.wscale.shift", packets.window_scale),
        ("options.timestamp.tsval", packets.timestamp_value),
        ("options.timestamp.tsecr", packets.timestamp_echo),
    ):
        assert differ(field, given, f"tcp.{field}", mine, tcp).empty
    if not packets.tunnel.any():  # tshark numbers the tunnel's own datagrams, too
        assert differ("stream", given, "udp.stream", packets.stream, udp).empty


def test_analysis_flags(name):
    given, capture = asked(name).packets, loaded(name)
    tcp = capture.packets.ip_protocol == 6
    want = analysis_flags(given)
    wrong = differ("analysis", given, want, capture.tcp.analysis, tcp)
    assert wrong.map(capture.flags).empty


def test_round_trips_bytes_in_flight_and_windows(name):
    given, capture = asked(name).packets, loaded(name)
    tcp = capture.packets.ip_protocol == 6
    analysis = capture.tcp
    rtt = nanoseconds(given["tcp.analysis.ack_rtt"], -1)
    assert differ("rtt", given, rtt, analysis.ack_rtt_ns, tcp).empty
    in_flight = "tcp.analysis.bytes_in_flight"
    assert differ(in_flight, given, in_flight, analysis.in_flight, tcp).empty
    assert differ("window", given, "tcp.window_size", analysis.scaled_window, tcp).empty
    known = tcp & (given["tcp.analysis.initial_rtt"] != "").to_numpy()
    first = nanoseconds(given["tcp.analysis.initial_rtt"], -1)[known]
    assert (first == analysis.first_rtt_ns[capture.packets.stream[known]]).all()
