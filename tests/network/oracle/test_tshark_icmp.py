"""Every ICMP message of every sample is what tshark says it is."""

import pytest

from tests.network.oracle.tshark import CAPTURES, fields, loaded

pytestmark = [pytest.mark.oracle, pytest.mark.parametrize("name", CAPTURES)]


def last(text, none):
    return text.split(",")[-1] or none


def test_messages(name, tmp_path):
    wanted = ("icmp.type", "icmp.code", "icmp.mtu", "icmpv6.type", "icmpv6.code", "icmpv6.mtu",
              "ip.src", "ipv6.src", "tcp.stream", "tcp.srcport", "tcp.dstport", "udp.srcport",
              "ipv6.dst", "ip.dst")  # fmt: skip
    given = fields(name, "icmp or icmpv6", wanted, tmp_path)
    capture = loaded(name)
    capture.schemas["icmp"].validate(capture.frames["icmp"])
    mine = capture.frames["icmp"]
    assert mine.index.tolist() == list(given)
    for row in mine.itertuples():
        one = given[row.Index]
        protocol, ip = ("icmp", "ip") if row.version == 4 else ("icmpv6", "ipv6")
        assert row.type == int(one[f"{protocol}.type"])
        assert row.code == int(one[f"{protocol}.code"])
        assert row.mtu == int(one[f"{protocol}.mtu"] or -1)
        assert row.src_ip == one[f"{ip}.src"].split(",")[0]
        if row.inner_protocol == 6:
            assert row.inner_src_ip == last(one[f"{ip}.src"], "")
            assert row.inner_dst_ip == last(one[f"{ip}.dst"], "")
            assert row.inner_src_port == int(last(one["tcp.srcport"], "-1"))
            assert row.inner_dst_port == int(last(one["tcp.dstport"], "-1"))
            assert row.stream == int(last(one["tcp.stream"], "-1"))
        else:
            assert one["tcp.stream"] == ""
