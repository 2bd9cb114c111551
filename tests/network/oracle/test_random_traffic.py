"""What Wireshark says of connections in which everything goes wrong is what the analysis says."""

import numpy as np
import pytest

import prodforensics as pf
from tests.conftest import require_tool
from tests.network.oracle.tshark import analysis_flags, ask, nanoseconds, numbers
from tests.network.random_traffic import traffic

pytestmark = pytest.mark.oracle


@pytest.mark.parametrize("seed", range(5))
def test_every_number_of_every_packet(seed, tmp_path):
    require_tool("tshark")
    file = tmp_path / "traffic.pcap"
    file.write_bytes(traffic(seed))
    given, capture = ask(file).packets, pf.load(file)
    analysis, stream = capture.tcp, capture.packets.stream
    assert numbers(given["tcp.stream"]).tolist() == stream.tolist()
    wrong = np.flatnonzero(analysis_flags(given) != analysis.analysis)
    assert {int(row) + 1: capture.flags(analysis.analysis[row]) for row in wrong} == {}
    for field, mine in (
        ("tcp.analysis.ack_rtt", analysis.ack_rtt_ns),
        ("tcp.analysis.initial_rtt", analysis.first_rtt_ns[stream]),
    ):
        theirs = nanoseconds(given[field], -1)
        known = theirs >= 0 if field.endswith("initial_rtt") else slice(None)
        assert theirs[known].tolist() == mine[known].tolist()
    in_flight = numbers(given["tcp.analysis.bytes_in_flight"])
    assert in_flight.tolist() == analysis.in_flight.tolist()
    assert numbers(given["tcp.window_size"]).tolist() == analysis.scaled_window.tolist()


@pytest.mark.parametrize("seed", range(5))
def test_completeness_of_every_connection(seed, tmp_path):
    require_tool("tshark")
    file = tmp_path / "traffic.pcap"
    file.write_bytes(traffic(seed))
    given, streams = ask(file, "-2").packets, pf.load(file).streams
    # Of a stream's first packet tshark knows the flags from its second pass on.
    known = streams.packets.sum(axis=1) > 1
    theirs = numbers(given["tcp.completeness"])[streams.last]
    assert theirs[known].tolist() == streams.completeness[known].tolist()
