"""ping's answers and errors, and what they say of the packet size that passes."""

import pytest

from prodforensics import samples
from prodforensics.errors import Corrupt
from tests.network.tool_files import printed, printed_in_part, verdicts


def sample(name):
    return samples.path(f"network/ping.{name}.txt").read_text()


def test_answers_and_sums(tmp_path):
    report = printed(tmp_path, sample("good"))
    runs = report.frames["runs"][["target", "packet_bytes", "sent", "received"]]
    assert runs.values.tolist() == [["10.20.0.1", 1500, 4, 4]]
    probes = report.frames["probes"]
    assert probes["event"].tolist() == ["reply"] * 4
    assert probes["rtt_ns"].tolist() == [4_450_000, 4_300_000, 4_380_000, 4_240_000]
    assert report.frames["runs"]["worst_ns"].tolist() == [4_453_000]


def test_a_black_hole_is_sure_where_small_packets_pass_the_same_path(tmp_path):
    assert verdicts(printed(tmp_path, sample("black_hole"))) == [
        ("network.mtu_black_hole", "possible")
    ]
    both = printed(tmp_path, sample("small") + sample("black_hole"))
    (finding,) = both.findings()
    assert (finding.rule, str(finding.verdict)) == ("network.mtu_black_hole", "likely")
    assert finding.rows == {"runs": (1, 0)}


def test_the_size_that_a_router_tells(tmp_path):
    report = printed(tmp_path, sample("frag_needed"))
    (finding,) = report.findings()
    assert "10.20.0.1 says that packets of more than 1,400 bytes" in finding.why
    assert report.frames["probes"]["event"].tolist() == ["too big"] * 4


def test_other_systems_and_other_answers(tmp_path):
    report = printed(
        tmp_path,
        "PING ::1(::1) 56 data bytes\n"
        "64 bytes from ::1: icmp_seq=1 ttl=64 time=0.020 ms\n"
        "64 bytes from ::1: icmp_seq=1 ttl=64 time=0.030 ms (DUP!)\n"
        "\n--- ::1 ping statistics ---\n"
        "1 packets transmitted, 1 received, +1 duplicates, 0% packet loss, time 0ms\n"
        "rtt min/avg/max/mdev = 0.020/0.025/0.030/0.005 ms\n"
        "PING 10.0.0.9 (10.0.0.9): 56 data bytes\n"
        "Request timeout for icmp_seq 0\n"
        "64 bytes from 10.0.0.9: icmp_seq=1 ttl=64 time=1.1 ms\n"
        "\n--- 10.0.0.9 ping statistics ---\n"
        "2 packets transmitted, 1 packets received, 50.0% packet loss\n"
        "round-trip min/avg/max/stddev = 1.1/1.1/1.1/0.0 ms\n"
        "PING api.example (10.0.0.7) from 10.0.0.1 eth0: 56(84) bytes of data.\n"
        "From 10.0.0.1 icmp_seq=1 Destination Host Unreachable\n"
        "\n--- api.example ping statistics ---\n"
        "1 packets transmitted, 0 received, +1 errors, 100% packet loss, time 0ms\n",
    )
    assert report.frames["runs"]["packet_bytes"].tolist() == [104, 84, 84]
    assert report.frames["probes"]["event"].tolist() == [
        "reply",
        "duplicate",
        "reply",
        "unreachable",
    ]
    assert verdicts(report) == [
        ("network.packet_loss", "possible"),
        ("network.service_down", "possible"),
    ]


def test_a_run_that_ends_early_is_counted_and_told(tmp_path):
    report = printed_in_part(tmp_path, "".join(sample("good").splitlines(True)[:3]))
    assert report.frames["runs"][["sent", "received"]].values.tolist() == [[2, 2]]
    assert "ends before its sums" in report.gaps["what"].iloc[0]


def test_what_is_not_ping_is_refused(tmp_path):
    with pytest.raises(Corrupt):
        printed(tmp_path, "hello\n", format="ping")
