"""Who talks to whom: sums by service, and their map."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from prodforensics.network.explorer.service_map import MOST_HOSTS, draw_map
from prodforensics.network.explorer.services import edges
from tests.network.views_stage import MS, capture_of, many, sample, talk
from tests.network.wire import ACK, SYN, tcp


def titles(drawing):
    return [part.title for part in drawing.parts if part.title]


def boxes(drawing):
    """Give left side and top of every box, by the first word of its name."""
    found = {}
    for part in drawing.parts:
        face = [one for one in part.shapes if one.attributes.get("class") == "pf-face"]
        if face:
            at = face[0].attributes
            found[part.title.split(":")[0]] = (at["x"], at["y"], at["y"] + at["height"])
    return found


def chain(*hosts):
    """Every host asks the next one, on port 80."""
    packets = []
    for number, (one, other) in enumerate(pairwise(hosts)):
        here, there = f"{one}:{40000 + number}", f"{other}:80"
        packets += [
            (number * 10, tcp(here, there, SYN, 1)),
            (number * 10 + 1, tcp(there, here, SYN | ACK, 1, 2)),
            (number * 10 + 2, tcp(here, there, ACK, 2, 2, b"x" * 100)),
        ]
    return packets


def test_sums_equal_those_of_the_connections():
    for name in ("resets.proxy", "congestion", "dns_servfail", "healthy.quic"):
        capture = sample(name)
        found, frame = edges(capture), capture.frames["connections"]
        assert found.connections.sum() == len(frame)
        assert found.bytes.sum() == (frame["orig_bytes"] + frame["resp_bytes"]).sum()
        groups = frame.groupby(["orig_ip", "resp_ip", "resp_port", "protocol"], observed=True)
        assert len(found) == groups.ngroups
        services = found.by_service()
        assert (
            len(services)
            == frame.groupby(["resp_ip", "resp_port", "protocol"], observed=True).ngroups
        )
        assert services.packets.sum() == found.packets.sum()


def test_trouble_is_counted_and_graded(tmp_path):
    found = edges(capture_of(tmp_path, talk()))
    by_port = {int(port): at for at, port in enumerate(found.port)}
    http, dns = by_port[80], by_port[53]
    assert (found.resets[http], found.again[http], found.failed[http]) == (1, 1, 0)
    assert found.failed[dns] == 1
    assert found.grade().tolist() == [2, 2]
    assert edges(sample("healthy.http")).grade().max() == 0


def test_refused_requests_count_as_trouble():
    found = edges(sample("dns_servfail"))
    assert found.refused.sum() > 0
    assert found.asked.sum() >= found.refused.sum()


def test_a_part_of_the_capture(tmp_path):
    found = edges(capture_of(tmp_path, many()), 95 * MS, 121 * MS)
    assert found.connections.sum() == 4


def test_who_is_asked_stands_right_of_who_asks(tmp_path):
    given = edges(capture_of(tmp_path, chain("10.0.0.1", "10.0.0.2", "10.0.0.3")))
    found = boxes(draw_map(given, 900))
    assert found["10.0.0.1"][0] < found["10.0.0.2"][0] < found["10.0.0.3"][0]


def test_a_circle_gets_a_second_box(tmp_path):
    given = edges(capture_of(tmp_path, chain("10.0.0.1", "10.0.0.2", "10.0.0.1")))
    drawing = draw_map(given, 900)
    assert sum(title.startswith(("10.0.0.1:", "10.0.0.2:")) for title in titles(drawing)) == 3
    loop = edges(capture_of(tmp_path, chain("127.0.0.1", "127.0.0.1")))
    assert sum(title.startswith("127.0.0.1:") for title in titles(draw_map(loop, 900))) == 2


def test_boxes_do_not_overlap_and_stay_within(tmp_path):
    drawing = draw_map(edges(capture_of(tmp_path, many())), 900)
    by_layer = {}
    for x, top, floor in boxes(drawing).values():
        by_layer.setdefault(x, []).append((top, floor))
        assert x >= 0
        assert top >= 20
        assert floor <= drawing.height
    for column in by_layer.values():
        column.sort()
        assert all(one[1] < other[0] for one, other in pairwise(column))


def test_many_hosts_are_grouped_and_nothing_is_lost(tmp_path):
    given = edges(capture_of(tmp_path, many()))
    drawing = draw_map(given, 900)
    found = boxes(drawing)
    assert len(found) <= MOST_HOSTS + 2
    assert any("others" in name for name in found)
    lines = [title for title in titles(drawing) if " asks " in title and " connection" in title]
    counted = [int(title.split(": ")[1].split(" ")[0].replace(",", "")) for title in lines]
    assert sum(counted) == given.connections.sum()


def test_a_press_searches_for_the_connections(tmp_path):
    drawing = draw_map(edges(capture_of(tmp_path, talk())), 900)
    keys = {part.key for part in drawing.parts if part.key}
    assert "/ 10[.]0[.]0[.]1:[0-9]+ 10[.]0[.]0[.]2:80 /" in keys
    assert "/ 10[.]0[.]0[.]1:[0-9]+ /" in keys


@pytest.mark.parametrize("name", ["healthy.quic", "ipv6.headers", "vxlan", "pool_exhaustion"])
def test_maps_of_samples_hold_every_host(name):
    capture = sample(name)
    found = edges(capture)
    drawing = draw_map(found, 900)
    hosts = {found.hosts[at] for at in np.concatenate([found.client, found.server])}
    assert all(any(host in title for title in titles(drawing)) for host in hosts)


def test_an_empty_capture_has_an_empty_map(tmp_path):
    import prodforensics as pf
    from tests.network.wire import pcap

    (tmp_path / "none.pcap").write_bytes(pcap([]))
    assert "<svg" in draw_map(edges(pf.load(tmp_path / "none.pcap"))).svg()
