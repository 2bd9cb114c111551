"""conntrack -L and /proc/net/nf_conntrack: entries, NAT, whose they are, who does not answer."""

import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.errors import Corrupt
from tests.network.tool_files import printed, printed_in_part, verdicts

PATH = samples.path("network/conntrack.table.txt")
TEXT = PATH.read_text()


def entry(number, state="ESTABLISHED", unreplied="", destination="10.9.0.9"):
    source, port = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 1024 + number % 60_000
    return (
        f"tcp      6 431999 {state} src={source} dst={destination} sport={port} dport=443 "
        f"{unreplied}src={destination} dst={source} sport=443 dport={port} "
        f"{'' if unreplied else '[ASSURED] '}mark=0 use=1\n"
    )


def test_the_entries_are_those_of_the_file():
    truth = samples.truth("network/conntrack.table.txt")
    entries = pf.load(PATH).frames["entries"]
    assert len(entries) == truth["entries"]
    assert int((~entries["replied"]).sum()) == truth["unreplied"]
    assert sorted(set(entries["protocol"])) == truth["protocols"]
    assert entries["line"].tolist() == list(range(2, 13))
    assert set(entries["nat"]) == {"source"}
    first = entries.iloc[0]
    assert first[["state", "destination_port", "reply_destination_ip", "timeout_ns"]].tolist() == [
        "SYN_SENT", 81, "10.30.0.1", 118 * 10**9,
    ]  # fmt: skip
    assert entries["source_port"].tolist()[1] == -1


def test_the_table_of_the_kernel_itself_with_counters(tmp_path):
    entries = printed(
        tmp_path,
        "ipv4     2 udp      17 29 src=10.0.0.1 dst=10.0.0.2 sport=5353 dport=53 packets=1 bytes=60"
        " src=10.1.0.2 dst=10.0.0.1 sport=53 dport=5353 packets=2 bytes=300 mark=7 zone=0 use=2\n"
        "ipv6     10 icmpv6   58 29 src=::1 dst=::2 type=128 code=0 id=4 [UNREPLIED] src=::2"
        " dst=::1 type=129 code=0 id=4 mark=0 use=2\n",
    ).frames["entries"]
    assert entries[["protocol", "nat", "packets", "reply_bytes", "mark"]].values.tolist() == [
        ["udp", "destination", 1, 300, 7],
        ["icmpv6", "", -1, -1, 0],
    ]
    assert entries["replied"].tolist() == [True, False]


def test_a_table_at_a_usual_limit_may_be_full(tmp_path):
    report = printed(tmp_path, "".join(map(entry, range(65_000))))
    assert verdicts(report) == [("network.connection_reset", "possible")]
    assert "65,536" in report.findings()[0].title


def test_a_destination_that_nobody_gets_an_answer_of(tmp_path):
    text = "".join(entry(n, "SYN_SENT", "[UNREPLIED] ", "10.9.0.7") for n in range(30))
    report = printed(tmp_path, text + entry(99))
    assert verdicts(report) == [
        ("network.service_down", "possible"),
        ("network.connection_reset", "cleared"),
    ]
    assert "10.9.0.7:443 (tcp)" in report.findings()[0].title


def test_whose_the_entries_are():
    parties = pf.load(PATH).frames["parties"]
    assert parties[["role", "ip", "entries"]].iloc[0].tolist() == ["source", "10.20.0.10", 11]
    assert parties[["role", "ip", "port", "entries"]].iloc[1].tolist() == [
        "destination", "10.30.0.20", 8080, 7,
    ]  # fmt: skip


def test_fewer_entries_than_conntrack_counts_is_a_cut(tmp_path):
    report = printed_in_part(tmp_path, "".join(TEXT.splitlines(keepends=True)[:6]))
    assert report.gaps["lost_records"].tolist() == [6]


def test_lines_that_are_none_are_gaps_and_counted(tmp_path):
    report = printed_in_part(tmp_path, TEXT + "what\n" * 150)
    assert len(report.gaps) == 101
    assert report.gaps["lost_records"].sum() == 150
    with pytest.raises(Corrupt):
        printed(tmp_path, "hello\n", format="conntrack-table")
