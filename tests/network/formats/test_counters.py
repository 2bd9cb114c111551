"""Counters of the kernel: netstat -s of several systems, conntrack -S, ss -s."""

import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.errors import Corrupt
from tests.network.tool_files import printed, printed_in_part, verdicts


def text(name):
    return samples.path(f"network/{name}.txt").read_text()


def test_netstat_has_every_counter_by_section(tmp_path):
    counters = printed(tmp_path, text("netstat.loss")).frames["counters"]
    by_name = counters.set_index(["group", "counter"])["value"]
    assert by_name["Tcp", "segments retransmitted"] == 43
    assert by_name["TcpExt", "TCPTimeouts"] == 7
    assert by_name["TcpExt", "Quick ack mode was activated N times"] == 6
    assert by_name["Icmp", "ICMP input histogram: destination unreachable"] == 4
    assert by_name["Icmp", "ICMP messages sent"] == 4
    numbers = sum(any(c.isdigit() for c in line) for line in text("netstat.loss").splitlines())
    assert len(counters) == numbers


def test_netstat_of_bsd(tmp_path):
    report = printed(
        tmp_path,
        "tcp:\n\t1204 packets sent\n\t\t800 data packets (90210 bytes)\n"
        "\t\t31 data packets (4100 bytes) retransmitted\nudp:\n\t9 datagrams received\n",
        format="netstat-statistics",
    )
    assert report.value("packets sent") == 1204
    assert report.value("data packets (4100 bytes) retransmitted", group="tcp") == 31


def netstat(sent, again, more=""):
    return (
        f"Tcp:\n    {sent} segments sent out\n    {again} segments retransmitted\n"
        f"TcpExt:\n{more}IpExt:\n    InOctets: 1\n"
    )


@pytest.mark.parametrize(
    ("sent", "again", "verdict"),
    [(100_000, 2500, "likely"), (100_000, 700, "possible"), (100_000, 300, None), (100, 10, None)],
)
def test_the_share_of_segments_sent_again(tmp_path, sent, again, verdict):
    found = verdicts(printed(tmp_path, netstat(sent, again), format="netstat-statistics"))
    assert found == ([("network.retransmission", verdict)] if verdict else [])


def test_full_queues_closed_windows_and_dropped_packets(tmp_path):
    more = (
        "    3 times the listen queue of a socket overflowed\n    TCPToZeroWindowAdv: 90\n"
        "    40 packets pruned from receive queue because of socket buffer overrun\n"
    )
    report = printed(tmp_path, netstat(10, 0, more), format="netstat-statistics")
    assert verdicts(report) == [
        ("network.service_down", "possible"),
        ("network.zero_window", "possible"),
        ("network.packet_loss", "possible"),
    ]


def test_two_netstat_tell_what_happened_between_them(tmp_path):
    before = printed(tmp_path, netstat(1_000_000, 10), format="netstat-statistics")
    (tmp_path / "after").mkdir()
    after = printed(tmp_path / "after", netstat(1_001_000, 110), format="netstat-statistics")
    assert verdicts(after) == []
    comparison = pf.compare(before, after)
    (finding, *_) = comparison.findings()
    assert (finding.rule, str(finding.verdict)) == ("network.retransmission", "likely")
    assert "100 of 1,000" in finding.title
    assert comparison.frames["changes"].loc[list(finding.rows["changes"]), "delta"].tolist() == [
        1000, 100,
    ]  # fmt: skip


def test_counters_beyond_64_bits_are_clamped(tmp_path):
    report = printed(tmp_path, netstat("9" * 24, 0), format="netstat-statistics")
    assert report.frames["counters"]["value"].iloc[0] == 2**62


def test_conntrack_counts_for_each_processor(tmp_path):
    report = printed(tmp_path, text("conntrack.overflow.stats"))
    counters = report.frames["counters"]
    assert counters["group"].drop_duplicates().tolist() == ["cpu=0", "cpu=1"]
    assert counters.loc[counters["counter"] == "insert", "value"].tolist() == [0, 262143]
    (finding,) = report.findings()
    assert counters.loc[list(finding.rows["counters"]), ["group", "value"]].values.tolist() == [
        ["cpu=0", 12]
    ]


def test_a_failed_insert_is_a_clash_not_an_overflow(tmp_path):
    changed = text("conntrack.stats").replace("insert_failed=0", "insert_failed=7", 1)
    assert verdicts(printed(tmp_path, changed)) == [("network.packet_loss", "possible")]


@pytest.mark.parametrize(
    ("waiting", "open_", "found"),
    [(25_000, 9_000, "likely"), (4_000, 500, "possible"), (4_000, 3_000, None), (60, 2, None)],
)
def test_sockets_that_wait(tmp_path, waiting, open_, found):
    changed = text("ss.summary.time_wait").replace("timewait 116", f"timewait {waiting}")
    report = printed(tmp_path, changed.replace("estab 12", f"estab {open_}"))
    assert verdicts(report) == ([("network.port_exhaustion", found)] if found else [])


def test_the_last_of_several_summaries_counts(tmp_path):
    report = printed(tmp_path, text("ss.summary.time_wait") + text("ss.summary.healthy"))
    assert report.value("timewait") == 0
    assert not report.findings()


def test_what_old_versions_write(tmp_path):
    changed = text("ss.summary.healthy").replace("Total: 2", "Total: 2 (kernel 9)")
    changed = changed.replace("timewait 0)", "timewait 3/0), ports 0").replace("RAW\t  0", "*\t  -")
    report = printed(tmp_path, changed)
    assert report.value("timewait") == 3


@pytest.mark.parametrize("name", ["netstat.loss", "conntrack.stats", "ss.summary.healthy"])
def test_a_line_of_something_else_is_a_gap(tmp_path, name):
    report = printed_in_part(tmp_path, text(name) + "*** end\n")
    assert report.gaps["what"].tolist()[-1].startswith(("a line", "the end"))


@pytest.mark.parametrize("name", ["netstat-statistics", "conntrack-stats", "ss-summary"])
def test_what_is_none_is_refused(tmp_path, name):
    with pytest.raises(Corrupt):
        printed(tmp_path, "hello\n", format=name)
