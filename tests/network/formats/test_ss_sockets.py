"""ss -tanpi: each option's form, two lines a socket, several outputs, a great many sockets."""

import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.errors import Corrupt
from tests.network.tool_files import printed, printed_in_part, verdicts

TROUBLE = samples.path("network/ss.sockets.trouble.txt").read_text()
HEAD = "State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n"


@pytest.mark.parametrize("name", ["trouble", "listen_queue"])
def test_the_states_are_those_of_the_file(name):
    path = samples.path(f"network/ss.sockets.{name}.txt")
    states = pf.load(path).frames["states"].set_index("state")["sockets"].to_dict()
    words = [line.split()[0] for line in path.read_text().splitlines()[1:] if line[:1] not in "\t "]
    assert states == {word: words.count(word) for word in words}


def test_what_tcp_knows_of_a_socket(tmp_path):
    first = printed(tmp_path, TROUBLE).frames["sockets"].iloc[0]
    assert first[["local_ip", "local_port", "peer_ip", "peer_port"]].tolist() == [
        "10.20.0.10", 41686, "10.20.0.20", 9000,
    ]  # fmt: skip
    assert first[["process", "pid"]].tolist() == ["python3", 187]
    times = ["rto_ns", "rtt_ns", "rtt_deviation_ns", "min_rtt_ns"]
    assert first[times].tolist() == [220_000_000, 16_618_000, 538_000, 16_000_000]
    assert first[["retransmitting", "retransmitted", "retransmitted_bytes", "cwnd"]].tolist() == [
        0, 3, 4344, 4,
    ]  # fmt: skip
    assert first[["data_segments_out", "segments_out", "lost", "line"]].tolist() == [35, 37, -1, 2]


def test_other_forms_of_a_line(tmp_path):
    sockets = printed(
        tmp_path,
        HEAD + "LISTEN 0 128 [::]:ssh [::]:*\n"
        "ESTAB 0 0 [::ffff:10.0.0.1%eth0]:80 [2001:db8::1]:5001"
        ' users:(("a b",pid=7,fd=3),("c",pid=8,fd=3))'
        " timer:(keepalive,1min,0) cubic rto:204 rtt:1.5/0.75 cwnd:10 rwnd_limited:1500ms(75.0%)\n"
        "tcp TIME-WAIT 0 0 10.0.0.1:80 10.0.0.2:5002\n",
    ).frames["sockets"]
    assert sockets["local_ip"].tolist() == ["[::]", "[::ffff:10.0.0.1%eth0]", "10.0.0.1"]
    assert sockets["local_port"].tolist() == [-1, 80, 80]
    assert sockets["process"].tolist() == ["", "a b", ""]
    assert sockets["rtt_ns"].tolist() == [-1, 1_500_000, -1]
    assert sockets["rwnd_limited_ns"].tolist() == [-1, 1_500_000_000, -1]


def test_the_last_of_several_outputs_is_judged(tmp_path):
    quiet = samples.path("network/ss.sockets.healthy.txt").read_text()
    report = printed(tmp_path, TROUBLE + quiet)
    assert report.frames["sockets"]["run"].drop_duplicates().tolist() == [0, 1]
    assert not report.findings()
    assert verdicts(printed(tmp_path, quiet + TROUBLE)) == verdicts(printed(tmp_path, TROUBLE))


def test_what_is_wrong_is_found_and_proved():
    rules = {}
    for name in ("trouble", "listen_queue"):
        report = pf.load(samples.path(f"network/ss.sockets.{name}.txt"))
        rules |= {(name, one.rule): one for one in report.findings()}
        assert not report.findings().likely
    assert "python3 (process 188)" in rules["trouble", "network.close_wait"].title
    assert "10.20.0.20:9000" in rules["trouble", "network.service_down"].title
    assert "10.20.0.20:8080" in rules["trouble", "network.port_exhaustion"].title
    assert "backlog is 3" in rules["listen_queue", "network.service_down"].title
    assert rules["listen_queue", "network.zero_window"].rows == {"sockets": (6, 8)}


def lines(count, state, start=20_000):
    return HEAD + "".join(
        f'{state} 0 0 10.0.0.1:{start + n} 10.0.0.2:5432 users:(("api",pid=9,fd={n}))\n'
        for n in range(count)
    )


def test_ports_that_are_all_used_up(tmp_path):
    assert verdicts(printed(tmp_path, lines(25_000, "TIME-WAIT"))) == [
        ("network.port_exhaustion", "likely")
    ]


def test_a_service_does_not_use_up_ports_of_its_own(tmp_path):
    served = (
        HEAD
        + "LISTEN 0 128 0.0.0.0:80 0.0.0.0:*\n"
        + "".join(f"TIME-WAIT 0 0 10.0.0.1:80 10.0.9.9:{port}\n" for port in range(2000, 2500))
    )
    assert verdicts(printed(tmp_path, served)) == []


def test_connections_that_nobody_closes(tmp_path):
    assert verdicts(printed(tmp_path, lines(150, "CLOSE-WAIT"))) == [
        ("network.close_wait", "likely")
    ]


def test_a_peer_that_does_not_read(tmp_path):
    text = HEAD + "ESTAB 0 90000 10.0.0.1:1000 10.0.0.2:80\n\t cubic rto:204 snd_wnd:0\n"
    assert verdicts(printed(tmp_path, text)) == [("network.zero_window", "possible")]


def test_lines_that_are_none_are_gaps(tmp_path):
    text = TROUBLE.replace("rtt:16.618/0.538", "rtt:16.618/?") + "Cannot open netlink socket\n"
    report = printed_in_part(tmp_path, text)
    assert report.gaps["line"].tolist() == [TROUBLE.count("\n") + 1, 3]
    assert report.frames["sockets"]["rtt_ns"].iloc[0] == -1
    with pytest.raises(Corrupt):
        printed(tmp_path, "hello\n", format="ss-sockets")
