"""What the explorer of a capture asks of the kernel, and what it is answered."""

from __future__ import annotations

import json

import numpy as np
import pytest

from prodforensics.errors import BadOption, UnknownName
from prodforensics.findings import Finding, Findings
from prodforensics.network.explorer.pages import CapturePages
from prodforensics.network.explorer.troubles import FILTERS
from tests.network.views_stage import MS, capture_of, long_talk, many, sample, talk


@pytest.fixture
def pages(tmp_path):
    return CapturePages(capture_of(tmp_path, talk()))


@pytest.fixture
def crowd(tmp_path):
    return CapturePages(capture_of(tmp_path, many()))


def rows(pages, **values):
    return pages.connections.connections(**values)["rows"]


def test_it_tells_what_there_is(pages):
    about = pages.about()
    assert (about["packets"], about["connections"], about["duration"]) == (8, 2, 650 * MS)
    assert about["start"] == "2023-11-14 22:13:20.000"


def test_a_row_has_what_a_person_needs(pages):
    tcp, udp = rows(pages)
    assert tcp == {
        "connection": 0, "protocol": "tcp", "stream": 0, "service": "http",
        "client": "10.0.0.1:40000", "server": "10.0.0.2:80", "state": "RSTR", "start": 0,
        "duration": 650 * MS, "bytes": 54 * 7 + 18 * 2 + 2, "packets": 7, "retransmissions": 1,
        "rtt": 20 * MS, "reset": "aborted by server", "troubled": True,
    }  # fmt: skip
    assert (udp["connection"], udp["protocol"], udp["stream"]) == (1, "udp", 0)
    assert (udp["service"], udp["rtt"]) == ("dns", None)


def test_pages_cover_all_connections_once(crowd):
    seen = []
    for offset in range(0, 300, 100):
        seen += [row["connection"] for row in rows(crowd, offset=offset)]
    assert seen == list(range(250))
    assert crowd.connections.connections(limit=10**6)["total"] == 250


@pytest.mark.parametrize(
    "column",
    ["service", "client", "server", "state", "start", "duration", "bytes", "packets", "rtt",
     "retransmissions", "reset"],
)  # fmt: skip
def test_it_is_sorted_by_any_column(crowd, column):
    up = [row[column] for row in rows(crowd, sort=column, limit=500)]
    down = [row[column] for row in rows(crowd, sort=column, descending=True, limit=500)]
    assert len(up) == len(down) == 250
    if column in ("start", "bytes", "packets", "retransmissions", "duration", "service"):
        assert up == sorted(up)
        assert down == sorted(down, reverse=True)


def test_a_search_looks_at_ports_addresses_and_states(crowd):
    assert [row["server"] for row in rows(crowd, text=":1007")] == ["10.1.0.1:1007"]
    assert len(rows(crowd, text="/10.0.0.[78]:/", limit=500)) == 4
    assert len(rows(crowd, text="sf", limit=500)) == 250
    assert rows(crowd, text="tcp249")[0]["connection"] == 249


def test_a_stretch_of_time_keeps_what_was_active_in_it(crowd):
    found = rows(crowd, start=95 * MS, end=121 * MS)
    assert [row["connection"] for row in found] == [9, 10, 11, 12]
    assert rows(crowd, start=96 * MS, end=100 * MS) == []


@pytest.mark.parametrize("only", FILTERS)
def test_filters_of_trouble_are_true_of_a_healthy_and_a_sick_capture(pages, only):
    kept = {row["connection"] for row in rows(pages, only=only)}
    expected = {
        "findings": set(), "trouble": {0, 1}, "failed": {1}, "reset": {0}, "retransmissions": {0},
        "zero_window": set(), "tcp": {0}, "udp": {1},
    }  # fmt: skip
    assert kept == expected[only]


def test_connections_that_a_finding_names_are_marked(tmp_path):
    capture = capture_of(tmp_path, many())
    rows_of = {"connections": [7, 9], "packets": [43]}
    named = Finding("network.x", "possible", "low", "t", "w", rows_of)
    cleared = Finding("network.x", "cleared", "low", "t", "w", {"connections": [8]})
    capture.findings = lambda: Findings([named, cleared])
    found = rows(CapturePages(capture), only="findings")
    assert [row["connection"] for row in found] == [7, 9]
    assert all(row["troubled"] for row in found)


def test_a_stream_of_udp_is_not_taken_for_one_of_tcp(tmp_path):
    capture = capture_of(tmp_path, talk())
    named = Finding("network.x", "possible", "low", "t", "w", {"connections": [0], "packets": [5]})
    capture.findings = lambda: Findings([named])
    pages = CapturePages(capture)
    assert [row["protocol"] for row in rows(pages, only="findings")] == ["udp"]
    assert pages.findings()["rows"][0]["connection"] == 1


def test_a_healthy_capture_has_no_trouble():
    assert rows(CapturePages(sample("healthy.http")), only="trouble") == []


def test_what_makes_no_sense_is_refused(pages):
    with pytest.raises(UnknownName):
        rows(pages, sort="colour")
    with pytest.raises(UnknownName):
        rows(pages, only="<b>")
    for bad in ({"start": "x"}, {"start": 5, "end": 5}, {"offset": 1.5}, {"start": True}):
        with pytest.raises(BadOption):
            rows(pages, **bad)
    for place in (-1, 2, "0", None):
        with pytest.raises(BadOption):
            pages.connections.connection(place)


def test_a_ladder_comes_by_the_page_and_around_a_frame(tmp_path):
    pages = CapturePages(capture_of(tmp_path, long_talk())).connections
    first = pages.ladder(0)
    assert (first["offset"], first["total"]) == (0, 450)
    assert len([part for part in first["parts"] if part["key"]]) == 100
    around = pages.ladder(0, frame=304)
    assert around["offset"] <= 303 < around["offset"] + 100
    assert pages.ladder(0, frame=450)["offset"] == 350
    assert len(pages.ladder(0, offset=10**9)["parts"]) > 0


def test_packets_with_trouble_are_walked_in_both_directions(tmp_path):
    pages = CapturePages(capture_of(tmp_path, long_talk())).connections
    found = pages.capture.frames["packets"]
    wrong = (found.index[found["analysis"] != 0]).tolist()
    assert wrong
    walked, here = [], 0
    for _ in wrong:
        here = pages.flagged(0, frame=here)["frame"]
        walked.append(here)
    assert walked == wrong
    assert pages.flagged(0, frame=wrong[-1])["frame"] == wrong[0]
    assert pages.flagged(0, frame=wrong[0], step=-1)["frame"] == wrong[-1]


def test_nothing_to_walk_where_nothing_is_wrong(crowd):
    assert crowd.connections.flagged(3) == {"frame": None}


def test_a_finding_leads_to_its_connection(pages):
    def proof(**of):
        return pages.connections.proof_of(Finding("network.x", "likely", "low", "t", "w", of))

    assert proof(packets=[6, 8, 5], connections=[0]) == (0, [6, 8])
    assert proof(packets=[5]) == (1, [5])
    assert proof(connections=[0]) == (0, [])
    assert proof(connections=[99]) == (None, [])
    assert proof(packets=[10**6]) == (None, [])
    assert proof() == (None, [])


def test_a_finding_of_a_protocol_leads_to_its_packet():
    pages = CapturePages(sample("tls.expired")).connections
    of = {"tls": [1], "connections": [1]}
    finding = Finding("network.x", "likely", "low", "t", "w", of)
    alert = int(pages.capture.frames["tls"].loc[1, "alert_frame"])
    assert pages.proof_of(finding) == (1, [alert])


@pytest.mark.parametrize("name", ["healthy.quic", "dns.fragments", "ipv6.too_big", "vxlan", "tun"])
def test_answers_are_json_and_bounded(name):
    pages = CapturePages(sample(name))
    answers = [pages.about(), pages.findings(), pages.overview(), pages.connections.connections()]
    answers += [pages.connections.ladder(place) for place in range(len(pages.connections))]
    for answer in answers:
        text = json.dumps(answer, allow_nan=False)
        assert len(text) < 400_000


def test_the_bins_of_an_overview_are_those_of_the_capture(pages):
    answer = pages.overview(width=700)
    keys = [part["key"] for part in answer["parts"] if part["key"] is not None]
    assert keys == list(range(answer["spans"]))
    assert answer["start"] == 0
    assert answer["end"] >= 650 * MS
    part = pages.overview(width=700, start=10 * MS, end=30 * MS)
    assert part["start"] == 10 * MS
    assert np.isclose(part["end"], 30 * MS, rtol=0.02)
