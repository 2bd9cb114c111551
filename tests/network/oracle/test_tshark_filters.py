"""A display filter chooses the packets that tshark shows."""

from functools import cache

import pytest

import prodforensics as pf
from prodforensics import samples, tools
from tests.conftest import require_tool
from tests.network import headers
from tests.network.wire import pcap, tcp, udp

pytestmark = [pytest.mark.oracle, pytest.mark.xdist_group("tshark filters")]

# Samples of one plain Ethernet, without tunnels and without packets within ICMP's errors: of those
# only the innermost, or the outermost, headers are known here.
MIXED = ("lossy_path.client", "slow_reader", "dns.healthy", "dns.fragments", "ipv6.headers")
OWN = [
    headers.tagged(tcp("10.9.9.9:5000", "10.9.9.9:5000", payload=b"to itself"), (0x8100, 7)),
    headers.tagged(udp("192.168.1.1:53", "192.168.1.2:53"), (0x8100, 9)),
    udp("[fe80::1]:5353", "[ff02::fb]:5353", b"..."),
    bytes(12) + b"\x08\x06" + bytes.fromhex("0001080006040001") + bytes(20),
]
COUNTED = [
    "tcp", "udp", "ip", "ipv6", "icmp", "icmpv6", "vlan", "frame", "!ip", "not tcp",
    "tcp.port == 80", "tcp.port != 80", "!(tcp.port == 80)", "!tcp.port == 80",
    "tcp.port === 80", "tcp.port !== 80", "tcp.srcport > 1024 and tcp.dstport le 8080",
    "udp.port eq 53", "ip.addr == 10.20.0.0/16", "ip.addr != 10.20.0.10",
    "ip.src == 10.20.0.10 && ip.dst != 10.0.0.1", "ip.src == ip.dst", "tcp.srcport == tcp.dstport",
    "ip.src < 10.20.0.20", "ip.addr > 10.20.0.10", "ip.addr in {10.20.0.10..10.20.0.15}",
    "ipv6.addr == fe80::/10", "ipv6.src == fe80::1 || ipv6.dst == ff02::fb", "ipv6.hlim == 64",
    "ip.ttl < 64", "ip.proto == 17", "ip.id > 0x7fff", "ip.flags.df == 1", "ip.flags.df == False",
    "tcp.flags.syn", "tcp.flags.syn == 1", "tcp.flags.syn == TRUE && tcp.flags.ack == 0",
    "tcp.flags & 0x12", "tcp.flags & 0x12 == 0x12", "tcp.flags == 0x010", "tcp.flags.reset != 0",
    "tcp.len > 0 and tcp.len < 1000", "tcp.window_size < 1000", "tcp.window_size_value == 0",
    "tcp.options.mss_val == 1460", "tcp.options.wscale.shift >= 7", "tcp.options.sack_perm",
    "tcp.options.sack", "tcp.options.timestamp.tsval > 100", "udp.stream == 2",
    "udp.length > 50", "tcp.analysis.flags", "tcp.analysis.retransmission",
    "tcp.analysis.zero_window", "tcp.analysis.duplicate_ack || tcp.analysis.out_of_order",
    "tcp.analysis.ack_rtt > 0.03", "tcp.analysis.bytes_in_flight > 10000",
    "tcp.analysis.initial_rtt < 0.1", "tcp.completeness == 31", "tcp.time_delta > 0.01",
    "tcp.time_relative >= 1.5", "frame.len > 1000", "frame.cap_len == 74", "frame.number <= 010",
    "frame.number == 0x1F", "frame.time_delta > 0.05", "frame.time_relative < 1",
    "frame.time_epoch > 1700000000.5", "vlan.id == 7", "vlan.id != 7",
    "tcp.port == 80 && ip.addr == 10.20.0.10 && !tcp.analysis.retransmission",
    "ip or udp and vlan", "(ip or udp) and vlan", "not not tcp", "!(tcp || udp) && !icmpv6",
    'ip.host contains "20.0.1"', 'ip.host matches "\\\\.2?0$"', 'ip.src_host == "10.20.0.10"',
]  # fmt: skip
"""Counted all at once."""

SHOWN = [
    "udp.port in {53, 5353}",
    "tcp.port in {80, 8000..9000} and tcp.stream in {0..1}",
    "ip.addr in {10.9.0.0/16, 192.168.1.1}",
    "!(ip.src == 10.20.0.10) && (tcp.analysis.flags || udp.length >= 60 or vlan)",
    "tcp.flags.fin == 1 || tcp.flags.syn == 1 && tcp.options.mss_val < 1440",
]
"""Shown packet by packet."""


@cache
def mixed():
    """Write the packets of all of them into one capture."""
    packets = []
    for name in MIXED:
        capture = pf.load(samples.path(f"network/{name}.pcap.zst"))
        with capture.payloads.open() as data:
            packets += [
                (int(time), data[at : at + size].tobytes())
                for time, at, size in zip(
                    capture.packets.time,
                    capture.packets.offset.tolist(),
                    capture.packets.captured.tolist(),
                    strict=True,
                )
            ]
    last = packets[-1][0]
    return pcap([*packets, *((last + 1_000_000 * n, one) for n, one in enumerate(OWN, 1))])


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    file = tmp_path_factory.mktemp("mixed") / "mixed.pcap"
    file.write_bytes(mixed())
    return file


def test_as_many_packets_and_bytes(file):
    require_tool("tshark")
    statistics = "io,stat,0," + ",".join(COUNTED)
    said = tools.run("tshark", ["-n", "-2", "-q", "-r", file, "-z", statistics], seconds=60).stdout
    (row,) = [line for line in said.splitlines() if "<>" in line]
    numbers = [int(cell) for cell in row.split("|")[2:-1]]
    given = dict(zip(COUNTED, zip(numbers[::2], numbers[1::2], strict=True), strict=True))
    capture = pf.load(file)
    mine = {text: capture.filter(text)["len"] for text in COUNTED}
    assert {text: (len(rows), rows.sum()) for text, rows in mine.items()} == given
    assert sum(count > 0 for count, _ in given.values()) > 60


@pytest.mark.parametrize("text", SHOWN)
def test_the_same_packets(file, text):
    require_tool("tshark")
    arguments = ["-n", "-2", "-r", file, "-Y", text, "-T", "fields", "-e", "frame.number"]
    given = [int(line) for line in tools.run("tshark", arguments, seconds=60).stdout.split()]
    assert pf.load(file).filter(text).index.tolist() == given
