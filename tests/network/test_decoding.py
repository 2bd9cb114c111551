"""Headers are found behind every link, tag, tunnel and extension; what is cut stays unknown."""

from struct import pack

import numpy as np
import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.network import fragments as fragments_module
from tests.network import headers
from tests.network.wire import ACK, SYN, mss, pcap, sack, scale, tcp, udp

# The one packet that most tests put into something.
TCP4 = tcp("10.0.0.1:40000", "10.0.0.2:80", ACK, 5, 7, b"twelve bytes")
TCP6 = tcp("[fd00::1]:40000", "[fd00::2]:80", ACK, 5, 7, b"twelve bytes")


@pytest.fixture
def decoded(tmp_path):
    """Return the packets of a capture made of these."""

    def load(*packets, link=1):
        file = tmp_path / "one.pcap"
        file.write_bytes(pcap(packets, link=link))
        return pf.load(file).packets

    return load


def said(packets, row=0):
    """Return what is known of a packet above its link."""
    texts = [*packets.addresses.texts(), None]
    return (
        texts[packets.source[row]], int(packets.source_port[row]),
        texts[packets.destination[row]], int(packets.destination_port[row]),
        int(packets.sequence[row]), int(packets.payload_length[row]),
    )  # fmt: skip


FOUR = ("10.0.0.1", 40000, "10.0.0.2", 80, 5, 12)
SIX = ("fd00::1", 40000, "fd00::2", 80, 5, 12)


@pytest.mark.parametrize(
    ("link", "write"),
    [
        (1, lambda frame: frame),
        (0, headers.null),
        (0, lambda frame: headers.null(frame, ">")),
        (108, lambda frame: headers.null(frame, ">")),
        (101, headers.bare),
        (12, headers.bare),
        (113, headers.sll),
        (276, headers.sll2),
        (9, headers.ppp),
        (9, lambda frame: headers.ppp(frame, b"")),
        (50, headers.ppp),
        (166, lambda frame: b"\1" + headers.ppp(frame)),
    ],
)
@pytest.mark.parametrize(("frame", "want"), [(TCP4, FOUR), (TCP6, SIX)], ids=["IPv4", "IPv6"])
def test_links(decoded, link, write, frame, want):
    assert said(decoded(write(frame), link=link)) == want


def test_one_tag_and_two_tags(decoded):
    one = headers.tagged(TCP4, (0x8100, 7))
    two = headers.tagged(TCP6, (0x88A8, 100), (0x8100, 0x2007))  # the upper bits are a priority
    packets = decoded(one, two, TCP4)
    assert said(packets, 0) == FOUR
    assert said(packets, 1) == SIX
    assert packets.vlan.tolist() == [7, 7, -1]


@pytest.mark.parametrize(
    ("tunnel", "write"),
    [
        ("VXLAN", headers.vxlan),
        ("Geneve", headers.geneve),
        ("Geneve", lambda frame: headers.geneve(frame, bytes(8))),
        ("GRE", headers.gre),
        ("GRE", lambda frame: headers.gre(frame, key=9)),
    ],
)
@pytest.mark.parametrize(("frame", "want"), [(TCP4, FOUR), (TCP6, SIX)], ids=["IPv4", "IPv6"])
def test_a_tunnel_is_what_it_carries(tmp_path, tunnel, write, frame, want):
    file = tmp_path / "tunnel.pcap"
    file.write_bytes(pcap([write(frame)]))
    capture = pf.load(file)
    assert said(capture.packets) == want
    assert capture.frames["packets"]["tunnel"].tolist() == [tunnel]


def test_ip_in_ip(decoded):
    packets = decoded(headers.in_ip(TCP4))
    assert said(packets) == FOUR
    assert packets.tunnel.tolist() == [4]


def test_a_tunnel_without_an_end_stops(decoded):
    frame = TCP4
    for _ in range(30):
        frame = headers.in_ip(frame)
    packets = decoded(frame)
    assert said(packets)[0] == "172.16.0.1"
    assert packets.stream.tolist() == [-1]


def test_extension_headers_of_ipv6(decoded):
    # Hop-by-hop options, destination options, and an authentication header of 24 bytes.
    frame = headers.extended(
        TCP6, (0, bytes((0, 1, 4, 0, 0, 0, 0))), (60, bytes((1, *bytes(14)))),
        (51, bytes((4, *bytes(22)))),
    )  # fmt: skip
    assert said(decoded(frame)) == SIX


def test_a_routing_header_names_where_a_packet_ends(decoded):
    final = bytes.fromhex("fd00 0000 0000 0000 0000 0000 0000 0099")
    routed = headers.extended(TCP6, (43, bytes((2, 0, 1, 0, 0, 0, 0)) + final))
    arrived = headers.extended(TCP6, (43, bytes((2, 0, 0, 0, 0, 0, 0)) + final))
    packets = decoded(routed, arrived)
    assert said(packets, 0)[2] == "fd00::99"
    assert said(packets, 1)[2] == "fd00::2"


@pytest.mark.parametrize(
    ("parts", "size"),
    [
        (headers.fragments(udp(payload=b"x" * 50), 16), 50),
        (headers.fragments_of_6(udp("[fd00::1]:9", "[fd00::2]:53", b"x" * 50), 16), 50),
    ],
)
def test_fragments_are_put_together_at_the_last_one(decoded, parts, size):
    packets = decoded(*parts)
    assert packets.fragment.tolist() == [1] * (len(parts) - 1) + [2]
    assert packets.destination_port.tolist() == [-1] * (len(parts) - 1) + [53]
    assert packets.payload_length[-1] == size
    assert packets.reassembled == {len(parts) - 1: b"x" * size}


def test_fragments_may_come_in_any_order_and_of_many_datagrams(decoded):
    first = headers.fragments(udp(payload=b"a" * 40), 16, number=1)
    other = headers.fragments(udp(payload=b"b" * 40), 16, number=2)
    mixed = [one for pair in zip(reversed(first), other, strict=True) for one in pair]
    packets = decoded(*mixed)
    assert packets.reassembled == {4: b"a" * 40, 5: b"b" * 40}


def test_a_datagram_that_lacks_a_part_stays_apart(decoded):
    parts = headers.fragments(udp(payload=b"x" * 60), 16)
    packets = decoded(parts[0], *parts[2:])
    assert set(packets.fragment.tolist()) == {1}
    assert packets.stream.max() == -1


def test_a_flood_of_fragments_takes_no_longer_than_they_are_many(decoded, monkeypatch):
    parts = headers.fragments(udp(payload=bytes(16)), 8)
    looked_at, joined = [], fragments_module._joined

    def counted(data, packets, group):
        looked_at.append(len(group.parts))
        return joined(data, packets, group)

    monkeypatch.setattr(fragments_module, "_joined", counted)
    packets = decoded(parts[-1], *[parts[1]] * 5000)
    assert packets.stream.max() == -1
    assert sum(looked_at) < 10


def test_options_of_tcp(decoded):
    syn = tcp(flags=SYN, options=mss(1460) + scale(7) + bytes((4, 2)))
    times = tcp(options=pack(">BBBBII", 1, 1, 8, 10, 111, 222))
    ranges = tcp(options=sack((100, 150), (2**32 - 10, 20)))
    packets = decoded(syn, times, ranges)
    assert (packets.mss[0], packets.window_scale[0], packets.sack[0]) == (1460, 7, 2)
    assert (packets.timestamp_value[1], packets.timestamp_echo[1]) == (111, 222)
    assert (packets.sack[2], packets.sacked[2]) == (1, 80)


def test_options_that_cannot_be_end_the_list(decoded):
    packets = decoded(
        tcp(options=bytes((2, 0, 0, 0))), tcp(options=bytes((8, 40, 0, 0))), tcp(options=b"\2")
    )
    assert packets.mss.tolist() == [-1, -1, -1]
    assert packets.payload_length.tolist() == [0, 0, 0]


def test_the_length_of_the_ip_header_counts_not_that_of_the_frame(decoded):
    padded = tcp(payload=b"") + bytes(6)
    packets = decoded(padded, udp(payload=b"abc") + bytes(15))
    assert packets.payload_length.tolist() == [0, 3]


def test_a_packet_cut_anywhere_keeps_the_headers_that_are_whole(decoded):
    whole = headers.tagged(headers.vxlan(TCP6), (0x8100, 7))
    packets = decoded(*(whole[:size] for size in range(len(whole) + 1)))
    known = np.array([said(packets, row) == SIX for row in range(len(packets))])
    assert np.flatnonzero(known)[0] == len(whole) - len(b"twelve bytes")
    assert known[-1]
    assert packets.payload_captured[-1] == 12
    assert (packets.payload_captured <= packets.payload_length).all()


def test_what_is_no_ip_is_nothing_but_a_packet(decoded):
    arp = bytes(12) + b"\x08\x06" + bytes(28)
    packets = decoded(arp, b"", b"\0", bytes(60))
    assert packets.ip_protocol.tolist() == [-1] * 4
    assert packets.source.tolist() == [-1] * 4
    assert packets.stream.tolist() == [-1] * 4


def test_an_unknown_link_is_nothing_but_packets(decoded):
    assert decoded(TCP4, link=147).ip_protocol.tolist() == [-1]


def test_samples_of_tunnels_and_tags():
    for name, tunnel in (("vxlan", 1), ("gre", 2), ("geneve", 3)):
        packets = pf.load(samples.path(f"network/{name}.pcap.zst")).packets
        assert np.unique(packets.tunnel[packets.tunnel > 0]).tolist() == [tunnel]
    assert (pf.load(samples.path("network/qinq.pcap.zst")).packets.vlan > 0).any()
