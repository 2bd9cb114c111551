"""The connections of every sample are tshark's conversations."""

from collections import Counter

import pytest

from tests.network.oracle.tshark import CAPTURES, asked, loaded, printed

pytestmark = [pytest.mark.oracle, pytest.mark.parametrize("name", CAPTURES)]

TUNNELS = {4789, 6081}  # VXLAN, Geneve


def conversations(capture, protocol):
    """Count the connections of a protocol as tshark's table shows them."""
    rows = capture.frames["connections"].query("protocol == @protocol")
    return Counter(
        frozenset(
            (getattr(row, f"{side}_ip"), getattr(row, f"{side}_port"),
             getattr(row, f"{side}_packets"), printed(getattr(row, f"{side}_bytes")))
            for side in ("orig", "resp")
        )
        for row in rows.itertuples()
    )  # fmt: skip


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_packets_and_bytes_of_both_sides(name, protocol):
    capture, given = loaded(name), asked(name).conversations[protocol]
    mine = conversations(capture, protocol)
    if capture.packets.tunnel.any():
        # Here a tunnel's datagram is what it carries; tshark counts it as itself as well.
        given, mine = (
            Counter({sides: count for sides, count in table.items() if not TUNNELS & ports(sides)})
            for table in (given, mine)
        )
    assert mine == given


def ports(sides):
    return {port for _, port, *_ in sides}


def test_completeness(name):
    capture, given = loaded(name), asked(name).packets
    tcp = given[capture.packets.ip_protocol == 6]
    streams, values = (tcp[field].astype(int) for field in ("tcp.stream", "tcp.completeness"))
    rows = capture.frames["connections"].query("protocol == 'tcp'")
    assert rows["completeness"].to_dict() == dict(zip(streams, values, strict=True))
