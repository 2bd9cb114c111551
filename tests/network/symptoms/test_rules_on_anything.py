"""Findings on captures in which everything goes wrong: whatever comes, they are said."""

import pytest

import prodforensics as pf
from prodforensics.samples import entries
from prodforensics.source import Source
from tests.network.random_traffic import traffic
from tests.network.wire import pcap, tcp, udp


@pytest.mark.parametrize("seed", range(20))
def test_connections_that_make_no_sense(seed, tmp_path):
    file = tmp_path / "traffic.pcap"
    file.write_bytes(traffic(seed, packets=600))
    for one in pf.load(file).findings():
        assert one.title
        assert one.rows


@pytest.mark.parametrize("packets", [[], [tcp(payload=b"$")], [udp(payload=b"\xff" * 12)]])
def test_captures_of_next_to_nothing(packets, tmp_path):
    file = tmp_path / "small.pcap"
    file.write_bytes(pcap(packets))
    assert list(pf.load(file).findings()) == []


@pytest.mark.filterwarnings("ignore::prodforensics.errors.PartialEvidenceWarning")
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("name", [one["path"] for one in entries() if one["format"] == "pcap"][::6])
def test_captures_that_are_cut(name, share, tmp_path):
    whole = b"".join(Source(pf.samples.path(name)).chunks())
    file = tmp_path / "cut.pcap"
    file.write_bytes(whole[: int(share * len(whole))])
    for one in pf.load(file, progress=False).findings():
        assert one.rows
