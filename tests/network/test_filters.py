"""Packets by host, port and flags, and by display filters; what is wrong in one is pointed at."""

import re
from ipaddress import ip_address
from pathlib import Path

import pytest

import prodforensics as pf
from prodforensics.errors import BadOption, UnknownName
from prodforensics.network.filter_fields import FIELDS
from tests.network.headers import tagged
from tests.network.pcapng_files import interface, names, packet, section
from tests.network.wire import ACK, PSH, RST, SYN, pcap, tcp, udp

ROOT = Path(__file__).parents[2]
CLIENT, SERVER, OTHER = "10.0.0.1:40000", "10.0.0.2:80", "10.1.0.3:40000"
PACKETS = [
    tcp(CLIENT, SERVER, SYN, 100),
    tcp(SERVER, CLIENT, SYN | ACK, 500, 101),
    tcp(CLIENT, SERVER, ACK, 101, 501),
    tcp(CLIENT, SERVER, ACK | PSH, 101, 501, b"ask"),
    (1_700_000_005 * 10**9, tcp(CLIENT, SERVER, ACK | PSH, 101, 501, b"ask")),
    udp(OTHER, "10.0.0.2:53", b"?"),
    udp("[fd00::1]:9", "[fd00::2]:53", b"?"),
    tcp(OTHER, SERVER, RST, 7),
    tagged(tcp("[fd00::1]:40000", "[fd00::2]:80", SYN, 1), (0x8100, 7)),
]


@pytest.fixture(scope="module")
def capture(tmp_path_factory):
    file = tmp_path_factory.mktemp("filters") / "one.pcap"
    file.write_bytes(pcap(PACKETS))
    return pf.load(file)


def frames(rows):
    return rows.index.tolist()


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ({"host": "10.0.0.1"}, [1, 2, 3, 4, 5]),
        ({"host": "10.1.0.0/16"}, [6, 8]),
        ({"host": ["10.1.0.3", "fd00::/8"]}, [6, 7, 8, 9]),
        ({"port": 53}, [6, 7]),
        ({"port": [53, 40000], "protocol": "udp"}, [6, 7]),
        ({"stream": 0}, [1, 2, 3, 4, 5, 6]),
        ({"stream": 0, "protocol": "TCP"}, [1, 2, 3, 4, 5]),
        ({"protocol": 17}, [6, 7]),
        ({"flags": "syn"}, [1, 2, 9]),
        ({"flags": ["SYN", "ACK"]}, [2]),
        ({"flags": 4}, [8]),
        ({"flags": "retransmission"}, [5]),
        ({"host": "10.0.0.1", "port": 80, "flags": "psh"}, [4, 5]),
        ({"host": "192.168.0.1"}, []),
    ],
)
def test_where(capture, asked, found):
    rows = capture.where(**asked)
    assert frames(rows) == found
    assert rows.columns.equals(capture.frames["packets"].columns)
    assert not found or rows.equals(capture.frames["packets"].loc[found])


@pytest.mark.parametrize(
    "asked", [{"host": "nobody"}, {"protocol": "sctp"}, {"flags": "sin"}, {"flags": ["ack", "?"]}]
)
def test_names_that_are_not_there(capture, asked):
    with pytest.raises(UnknownName):
        capture.where(**asked)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("tcp", [1, 2, 3, 4, 5, 8, 9]),
        ("tcp.port==80&&!ipv6", [1, 2, 3, 4, 5, 8]),
        ("  tcp . port == 80", None),
        ("tcp.flags.syn", [1, 2, 3, 4, 5, 8, 9]),  # it is there, whatever it is
        ("tcp.flags.syn == 1", [1, 2, 9]),
        ("ip.addr == 10.1.0.3", [6, 8]),
        ("ip.addr != 10.1.0.3", [1, 2, 3, 4, 5]),  # neither of the two; and there must be one
        ("!(ip.addr == 10.1.0.3)", [1, 2, 3, 4, 5, 7, 9]),
        ("ip.addr !== 10.0.0.2", [1, 2, 3, 4, 5, 6, 8]),  # one of the two is not
        ("udp or tcp and vlan", [6, 7, 9]),  # "and" binds more
        ("(udp or tcp) and vlan", [9]),
        ("tcp.port in {40000, 80} and tcp.len > 0", [4, 5]),
        ("tcp.dstport in {50..90 40000}", [1, 2, 3, 4, 5, 8, 9]),
        ("udp.port not in {53}", [1, 2, 3, 4, 5, 8, 9]),
        ("frame.time_relative >= 4.5 && frame.time_delta > 1", [5]),
        ('frame.time >= "2023-11-14 22:13:25"', [5, 6, 7, 8, 9]),
        ("tcp.analysis.retransmission", [5]),
        ("ipv6.src == ipv6.dst", []),
        ("ip.src < ip.dst", [1, 3, 4, 5]),
        ('ip.src_host contains "10.1"', [6, 8]),
    ],
)
def test_filter(capture, text, found):
    if found is None:
        with pytest.raises(BadOption):
            capture.filter(text)
    else:
        assert frames(capture.filter(text)) == found


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("", 0, "empty"),
        ("tcp.prot == 80", 0, "tcp.port"),
        ("ip.adr == 10.0.0.1", 0, "ip.addr"),
        ('tcp && dns.qry.name == "x"', 7, "frames['dns']"),
        ("tcp.seq == 1", 0, "tcp.seq_raw"),
        ("tcp.port == http", 12, "a number"),
        ("tcp.port == 80 ||", 17, "field"),
        ("tcp.port == ", 11, "value"),
        ("tcp.port = 80", 9, "no part"),
        ("(tcp && (udp)", 0, "not closed"),
        ("tcp)", 3, "too many"),
        ("tcp udp", 4, "too many"),
        ("ip.addr == fd00::1", 11, "IPv4"),
        ("ip.addr == 10.0.0.300", 11, "10.0.0.1"),
        ("ip.addr < 10.0.0.0/8", 10, "no order"),
        ("tcp.analysis.retransmission == 1", 0, "there or not"),
        ("tcp.port in 80", 12, "set"),
        ("tcp.port in {80", 12, "not closed"),
        ("tcp.port in {}", 12, "empty"),
        ('tcp.port contains "8"', 9, "no text"),
        ('frame.time > "yesterday"', 13, "as in"),
        ("frame.time_delta > soon", 19, "seconds"),
        ('ip.host matches "("', 16, "regular expression"),
        ('ip.host == "x', 11, "no end"),
        ("tcp.port == ip.addr", 12, "cannot be compared"),
        ("tcp.port == 99999999999999999999", 12, "a number"),
    ],
)
def test_what_is_wrong_is_pointed_at(capture, text, place, says):
    with pytest.raises(BadOption) as caught:
        capture.filter(text)
    said = str(caught.value)
    line, marks = caught.value.message.splitlines()[1:3]
    assert line == "  " + text
    assert marks.index("^") == place + 2
    assert says in said


def test_parentheses_without_end_are_an_error(capture):
    with pytest.raises(BadOption, match="more than 100"):
        capture.filter("(" * 100_000 + "tcp" + ")" * 100_000)
    assert frames(capture.filter("!" * 100_001 + "tcp")) == [6, 7]


def test_numbers_beyond_a_column_compare_as_numbers(capture):
    assert frames(capture.filter("udp.port < 9999999999")) == [6, 7]
    assert frames(capture.filter("udp.port == 4294967349")) == []
    assert frames(capture.filter("udp.port > -1")) == [6, 7]


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_can_be_asked_for(capture, name, tmp_path):
    empty = tmp_path / "empty.pcap"
    empty.write_bytes(pcap([]))
    for one in (capture, pf.load(empty)):
        for column in FIELDS[name].columns(one):
            assert column.there.shape == (len(one.packets),)
            assert column.there.dtype == bool
        assert len(one.filter(name)) <= len(one.packets)


def test_the_guide_lists_every_field_and_no_other():
    page = (ROOT / "docs/pages/network/wireshark.md").read_text(encoding="utf-8")
    listed = re.findall(r"`([\w.]+)`", page.partition("### Fields")[2].rpartition("\n\n")[0])
    assert sorted(listed) == sorted(FIELDS)


def test_names_of_the_file_can_be_asked_for(tmp_path):
    file = tmp_path / "one.pcapng"
    named = names((ip_address("10.0.0.2").packed, b"shop.example"))
    file.write_bytes(
        section(interface(name=b"eth7"), named, packet(PACKETS[0]), packet(PACKETS[7]))
    )
    capture = pf.load(file)
    assert frames(capture.where(host="shop.example")) == [1, 2]
    assert frames(capture.filter('ip.dst_host matches "^SHOP" && ip.src == 10.0.0.1')) == [1]
    assert frames(capture.filter('frame.interface_name == "eth7"')) == [1, 2]
    with pytest.raises(UnknownName, match=r"shop\.example"):
        capture.where(host="shop.exmple")
