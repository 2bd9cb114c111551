"""ICMP: what messages say, and the packets that errors are about."""

from ipaddress import ip_address
from struct import pack

import pytest

import prodforensics as pf
from tests.network.protocols.test_reassembly import SYNS, back, capture_of, sent
from tests.network.wire import _ip as ip
from tests.network.wire import tcp, udp

ROUTER, CLIENT = "10.0.0.254", "10.0.0.1"
ETHERNET = 14


def message(kind, code, rest=bytes(4), about=b"", source=ROUTER, destination=CLIENT):
    """A message about a packet in Ethernet, of which the headers and eight bytes are quoted."""
    one, other = ip_address(source), ip_address(destination)
    quoted = about[ETHERNET : ETHERNET + (28 if one.version == 4 else 48)]
    body = pack(">BBH", kind, code, 0) + rest + quoted
    return ip(one, other, 1 if one.version == 4 else 58, body, 0, 64)


def icmp(tmp_path, *packets):
    capture = capture_of(tmp_path, *packets)
    frame = capture.frames["icmp"]
    capture.schemas["icmp"].validate(frame)
    return frame


INNER = [
    "inner_protocol", "inner_src_ip", "inner_src_port", "inner_dst_ip",
    "inner_dst_port", "stream",
]  # fmt: skip


def test_fragmentation_needed(tmp_path):
    packet = sent(bytes(100), 100)
    frame = icmp(tmp_path, *SYNS, packet, message(3, 4, pack(">HH", 0, 1400), packet))
    assert frame.index.tolist() == [4]
    row = frame.iloc[0]
    assert (row["version"], row["type"], row["code"], row["mtu"]) == (4, 3, 4, 1400)
    assert (row["name"], row["src_ip"]) == ("fragmentation needed", ROUTER)
    assert row[INNER].tolist() == [6, CLIENT, 40000, "10.0.0.2", 80, 0]


def test_packet_too_big(tmp_path):
    packet = tcp("[2001:db8::1]:40000", "[2001:db8::2]:443", payload=bytes(100))
    told = message(2, 0, pack(">I", 1280), packet, "2001:db8::ffff", "2001:db8::1")
    row = icmp(tmp_path, packet, told).iloc[0]
    assert (row["version"], row["mtu"], row["name"]) == (6, 1280, "packet too big")
    assert row[INNER].tolist() == [6, "2001:db8::1", 40000, "2001:db8::2", 443, 0]


def test_headers_between_an_inner_header_and_its_ports(tmp_path):
    addresses = ip_address("2001:db8::1").packed + ip_address("2001:db8::2").packed
    first = bytes((44, 0)) + bytes(6) + bytes((17, 0, 0, 1)) + bytes(4) + pack(">HH", 5, 53)
    later = bytes((17, 0, 0, 8)) + bytes(4) + pack(">HH", 5, 53)
    for following, quoted, ports in ((0, first, [5, 53]), (44, later, [-1, -1])):
        inner = pack(">IHBB", 6 << 28, 100, following, 9) + addresses + quoted
        told = ip(ip_address("2001:db8::9"), ip_address("2001:db8::1"), 58,
                  pack(">BBHI", 3, 0, 0, 0) + inner, 0, 64)  # fmt: skip
        row = icmp(tmp_path, told).iloc[0]
        assert row[["inner_src_port", "inner_dst_port"]].tolist() == ports
        assert (row["inner_protocol"], row["name"]) == (17, "hop limit exceeded")


def test_a_port_that_nobody_listens_on(tmp_path):
    packets = udp(), udp(destination="10.0.0.3:53"), message(3, 3, about=udp(), source="10.0.0.2")
    row = icmp(tmp_path, *packets).iloc[0]
    assert (row["name"], row["mtu"]) == ("port unreachable", -1)
    assert row[INNER].tolist() == [17, CLIENT, 40000, "10.0.0.2", 53, 0]


def test_a_packet_back_belongs_to_the_same_stream(tmp_path):
    answer = back(b"", 1)
    told = message(11, 0, about=answer, destination="10.0.0.2")
    row = icmp(tmp_path, *SYNS, told).iloc[0]
    assert (row["name"], row["stream"]) == ("time to live exceeded", 0)


def test_of_reused_ports_the_newest_stream(tmp_path):
    again = sent(sequence=7_000_000, flags=2, acknowledgment=0)
    told = message(3, 1, about=sent())
    assert icmp(tmp_path, *SYNS, told, again, told)["stream"].tolist() == [0, 1]


def test_messages_about_no_packet(tmp_path):
    row = icmp(tmp_path, *SYNS, message(8, 0, about=sent())).iloc[0]
    assert (row["name"], row["inner_protocol"], row["stream"]) == ("echo request", -1, -1)
    assert row[["inner_src_ip", "inner_dst_ip"]].isna().all()


def test_a_packet_of_a_stream_that_is_not_in_the_capture(tmp_path):
    frame = icmp(tmp_path, *SYNS, message(3, 1, about=tcp("10.9.9.9:1", "10.9.9.8:2")))
    assert frame["stream"].tolist() == [-1]
    assert frame["inner_src_ip"].tolist() == ["10.9.9.9"]


def test_unknown_types_have_no_name(tmp_path):
    frame = icmp(tmp_path, message(200, 9), message(3, 99))
    assert frame["name"].tolist() == ["", "destination unreachable"]


@pytest.mark.parametrize("size", range(16, 90, 3))
def test_messages_cut_anywhere(tmp_path, size):
    told = message(3, 4, pack(">HH", 0, 1400), sent())
    frame = capture_of(tmp_path, *SYNS, told, snap=size).frames["icmp"]
    assert frame["mtu"].isin([1400, -1]).all()


def test_no_icmp(tmp_path):
    assert icmp(tmp_path, *SYNS).empty


def test_the_sample_of_a_small_mtu():
    frame = pf.load(pf.samples.path("network/mtu.frag_needed.pcap.zst"), progress=False).frames[
        "icmp"
    ]
    assert set(frame["mtu"]) == {1400}
    assert set(frame["stream"]) == {0}
