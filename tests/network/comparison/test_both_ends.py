"""The same traffic at both ends: packets found again, loss and delay placed, clocks compared."""

import random

import numpy as np
import pytest

import prodforensics as pf
from prodforensics.errors import BadOption
from prodforensics.findings import Verdict
from prodforensics.network.comparison.both_ends import BothEnds
from tests.network.two_ends import MS, Path
from tests.network.wire import ACK, PSH, SYN, pcap, tcp, udp

LOSSY = {one: pf.samples.path(f"network/lossy_path.{one}.pcap.zst") for one in ("client", "server")}


@pytest.fixture(scope="module")
def lossy():
    return pf.compare(*(pf.load(LOSSY[one]) for one in ("client", "server")))


@pytest.fixture(scope="module")
def truth():
    (entry,) = (
        one for one in pf.samples.entries() if one["path"] == "network/lossy_path.server.pcap.zst"
    )
    return entry["ground_truth"]


# -- the recorded path --------------------------------------------------------------------------


def test_two_captures_of_one_path_are_recognised(lossy):
    assert isinstance(lossy, BothEnds)
    assert lossy.kind == "both ends of a path"
    assert len(lossy.frames["streams"]) == 4
    assert lossy.frames["streams"]["near_orig"].tolist() == ["base"] * 4


def test_every_lost_packet_is_found_and_none_beside(lossy, truth):
    directions = lossy.frames["directions"]
    assert directions["lost"].to_dict() == {
        "to_other": truth["lost"]["to_server"],
        "to_base": truth["lost"]["to_client"],
    }
    assert directions["appeared"].sum() == directions["outside"].sum() == 0
    sent = sum(one.streams.packets.sum() for one in (lossy.base, lossy.other))
    assert 2 * directions["matched"].sum() + directions["lost"].sum() == sent


def test_the_clock_s_offset_is_found(lossy, truth):
    clock = lossy.clock
    assert clock.offset_ns == pytest.approx(truth["clock_offset_s"] * 1e9, abs=0.2 * MS)
    assert clock.uncertainty_ns == pytest.approx(truth["one_way_delay_ms"] * MS, rel=0.05)
    assert clock.drift_ppm == 0


def test_delays_are_those_of_the_path(lossy, truth):
    for name in ("least", "median", "p95"):
        found = lossy.frames["directions"][f"delay_{name}_ns"]
        np.testing.assert_allclose(found, truth["one_way_delay_ms"] * MS, rtol=0.05)


def test_the_order_of_the_ends_does_not_matter(lossy):
    turned = pf.compare(lossy.other, lossy.base)
    assert turned.clock.offset_ns == -lossy.clock.offset_ns
    one, two = lossy.frames["directions"], turned.frames["directions"]
    assert two.loc["to_base", "lost"] == one.loc["to_other", "lost"]
    assert two.loc["to_other", "delay_median_ns"] == one.loc["to_base", "delay_median_ns"]
    frames = turned.frames["lost"]
    assert sorted(zip(frames["seen_by"], frames["frame"], strict=True)) == sorted(
        ("other" if by == "base" else "base", frame)
        for by, frame in lossy.frames["lost"][["seen_by", "frame"]].values.tolist()
    )


def test_matched_frames_are_the_same_packet(lossy):
    base, other = lossy.base.frames["packets"], lossy.other.frames["packets"]
    frame = lossy.frames["matched"]
    one, two = base.loc[frame["base_frame"]], other.loc[frame["other_frame"]]
    for column in ("seq", "ack", "payload_len", "src_port", "tcp_flags"):
        np.testing.assert_array_equal(one[column], two[column])
    np.testing.assert_array_equal(
        lossy.base.packets.ip_id[frame["base_frame"] - 1],
        lossy.other.packets.ip_id[frame["other_frame"] - 1],
    )


def test_the_findings_place_the_loss_and_name_the_frames(lossy):
    found = {one.rule: one for one in lossy.findings()}
    assert found["network.path_loss"].verdict == Verdict.LIKELY
    assert "8 of 165 packets to the other end (4.8 %)" in found["network.path_loss"].title
    assert "frame.number in {19, 37, 96" in found["network.path_loss"].next_step
    assert len(found["network.path_loss"].rows["lost"]) == 18
    assert "137.4" in found["network.clock_offset"].title
    assert "8 of 165 packets lost to the other end" in lossy.headline()


def test_frames_and_pictures_are_as_documented(lossy):
    for name, frame in lossy.frames.items():
        lossy.schemas[name].validate(frame)
    assert "Lost between the ends" in [one.title for one in lossy.sections()]
    assert "8 of 165" in lossy._repr_mimebundle_()["text/html"]


# -- paths of which all is known ----------------------------------------------------------------


@pytest.mark.parametrize("offset", [0, -7_200 * 10**9, 3_600 * 10**9 + 137])
@pytest.mark.parametrize("nat", [False, True])
def test_offset_loss_and_translation_are_told_apart(tmp_path, offset, nat):
    path = Path(offset=offset, nat=nat)
    for port in range(40000, 40010):
        path.talk(port, loss=0.05)
    path.talk(41000)  # the last of a capture is not lost
    both = pf.compare(*path.captures(tmp_path))
    lost = both.frames["directions"]["lost"]
    assert lost.to_dict() == {
        "to_other": path.lost["to_server"],
        "to_base": path.lost["to_client"],
    }
    assert abs(both.clock.offset_ns - offset) < path.jitter
    assert abs(both.clock.uncertainty_ns - path.delay) < path.jitter
    streams = both.frames["streams"]
    assert len(streams) == 11
    assert streams["translated"].tolist() == [nat] * 11
    if nat:
        assert streams["orig_other"].iloc[0] == "192.0.2.9:40009"


def test_datagrams_are_matched_by_what_they_carry(tmp_path):
    path = Path(offset=5 * MS, nat=True).ask(turns=40, loss=0.1).ask(port=50001, turns=5)
    both = pf.compare(*path.captures(tmp_path))
    assert both.frames["directions"]["lost"].to_dict() == {
        "to_other": path.lost["to_server"],
        "to_base": path.lost["to_client"],
    }
    assert set(both.frames["matched"]["protocol"]) == {"udp"}
    assert abs(both.clock.offset_ns - 5 * MS) < path.jitter


def test_a_clock_that_gains_is_followed(tmp_path):
    path = Path(offset=MS, drift=40e-6)
    for port in range(40000, 40030):
        path.talk(port, step=200 * MS)
    both = pf.compare(*path.captures(tmp_path))
    assert both.clock.drift_ppm == pytest.approx(40, rel=0.05)
    delay = both.frames["matched"]["delay_ns"]
    assert delay.between(path.delay - path.jitter, path.delay + 2 * path.jitter).all()
    assert "gains 4" in both.clock_in_words()


def test_one_direction_alone_says_nothing_of_the_clock(tmp_path):
    path = Path(offset=20 * MS).ask(turns=30)
    client, server = path.captures(tmp_path, path.client[::2], path.server[::2])
    both = pf.compare(client, server)
    assert both.clock.uncertainty_ns == -1
    assert "cannot be compared" in both.clock_in_words()
    assert not [one for one in both.findings() if one.rule == "network.clock_offset"]


def test_a_stream_of_one_direction_takes_its_way_from_the_others(tmp_path):
    path = Path(offset=5 * MS).talk()
    path.port = 50000
    for number in range(20):

        def pushed(client, ip_id, number=number):
            return udp("10.0.0.2:9999", client, b"metric %d" % number * 4, ip_id)

        path.send(False, pushed)
        path.now += MS
    both = pf.compare(*path.talk(40001).captures(tmp_path))
    frame = both.frames["matched"]
    assert frame[frame["protocol"] == "udp"]["direction"].tolist() == ["to_base"] * 20
    assert abs(both.clock.offset_ns - 5 * MS) < path.jitter


def test_what_was_sent_while_the_other_did_not_capture_is_not_lost(tmp_path):
    path = Path(offset=3 * MS)
    for port in range(40000, 40004):
        path.talk(port)
    both = pf.compare(*path.captures(tmp_path, server=path.server[100:200]))
    directions = both.frames["directions"]
    assert directions["lost"].sum() == 0
    assert directions["outside"].sum() == len(path.client) - 100
    assert len(both.frames["streams"]) == 2


def test_a_connection_whose_only_packets_are_lost_is_not_forgotten(tmp_path):
    path = Path().talk(40000)
    for _ in range(3):
        path.port = 40001
        path.send(
            True, lambda client, ip_id: tcp(client, "10.0.0.2:443", SYN, 5, ip_id=ip_id), True
        )
        path.now += 1000 * MS
    path.talk(40002)
    both = pf.compare(*path.captures(tmp_path))
    assert both.frames["directions"].loc["to_other", "lost"] == 3
    lost = both.frames["lost"]
    assert lost[["stream", "pair", "tcp_flags"]].values.tolist() == [[1, -1, SYN]] * 3


def test_equal_acknowledgments_are_matched_in_order(tmp_path):
    # Neither a timestamp nor an identification tells them apart.
    rng = random.Random(5)
    path = Path(jitter=0, offset=MS).talk(turns=4)
    path.port = 40000
    kept = []
    for number in range(12):
        lose = number in (3, 7)
        kept += [] if lose else [path.now]

        def build(client, _):
            return tcp(client, "10.0.0.2:443", ACK, 77, 99, ip_id=0)

        path.send(True, build, lose)
        path.now += rng.randrange(10, 20) * MS
    path.talk(40001)
    both = pf.compare(*path.captures(tmp_path))
    assert both.frames["directions"].loc["to_other", "lost"] == 2
    assert (both.frames["matched"]["delay_ns"] - path.delay).abs().max() < MS
    lost = both.frames["lost"]
    assert len(lost) == 2


def test_segments_cut_by_the_card_are_not_lost(tmp_path):
    path = Path(offset=MS).talk(turns=4)
    path.port = 40002
    whole = bytes(range(200)) * 20
    for turn in range(3):
        start = 1000 + turn * len(whole)
        large = tcp("10.0.0.1:40002", "10.0.0.2:443", ACK | PSH, start, 5, whole, ip_id=9)
        path.client.append((path.now, large))
        for at in range(0, len(whole), 1000):
            part = whole[at : at + 1000]
            one = tcp("10.0.0.1:40002", "10.0.0.2:443", ACK, start + at, 5, part, ip_id=10 + at)
            path.server.append((path.clock(path.now + path.delay), one))
        for k in range(3):  # what both see alike
            same = tcp("10.0.0.1:40002", "10.0.0.2:443", ACK, 90_000 + start + k, 5, b"x")
            path.client.append((path.now, same))
            path.server.append((path.clock(path.now + path.delay), same))
            path.now += 10 * MS
    path.talk(40003)
    both = pf.compare(*path.captures(tmp_path))
    directions = both.frames["directions"]
    assert directions["lost"].sum() == 0
    assert directions.loc["to_other", "resegmented"] == 3 + 12
    assert set(both.frames["unmatched"]["reason"]) == {"resegmented"}


def test_a_reset_from_the_path_itself_is_told_from_the_client_s(tmp_path):
    path = Path().talk()
    path.inject()
    path.talk(40001)
    both = pf.compare(*path.captures(tmp_path))
    (found,) = (one for one in both.findings() if one.rule == "network.injected_reset")
    assert found.verdict == Verdict.LIKELY
    assert "server.pcap" in found.why
    assert both.frames["unmatched"]["reason"].tolist() == ["appeared"]


def test_a_clean_path_clears_itself_and_looks_beyond(tmp_path):
    both = pf.compare(*Path().talk().captures(tmp_path))
    (one,) = both.findings()
    assert (one.rule, one.verdict) == ("network.path_loss", Verdict.CLEARED)
    assert one.title == "All 83 packets came to the other end"


def test_a_queue_on_the_way_shows_in_the_delays(tmp_path):
    both = pf.compare(*Path(jitter=100 * MS).talk(turns=60).captures(tmp_path))
    found = [one for one in both.findings() if one.rule == "network.path_delay"]
    assert {one.verdict for one in found} == {Verdict.LIKELY}


def test_packets_that_a_bridge_shows_twice_are_matched_once(tmp_path):
    path = Path().talk()
    twice = [(time + k * 1000, one) for time, one in path.server for k in range(2)]
    both = pf.compare(*path.captures(tmp_path, server=twice))
    assert both.frames["directions"]["matched"].sum() == 83
    assert len(both.frames["unmatched"]) == len(both.frames["lost"]) == 0


# -- choosing what is compared ------------------------------------------------------------------


def test_captures_of_different_traffic_are_not_both_ends(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir(), other.mkdir()
    first, _ = Path(seed=1).talk().captures(one)
    second, _ = Path(seed=2).talk().captures(other)
    assert not isinstance(pf.compare(first, second), BothEnds)
    with pytest.raises(BadOption, match="no packets in common"):
        pf.compare(first, second, both_ends=True)


def test_who_asks_for_what_changed_gets_it(lossy):
    assert pf.compare(lossy.base, lossy.other, both_ends=False).kind == "capture comparison"


def test_three_captures_are_too_many(lossy):
    with pytest.raises(BadOption, match="3 captures"):
        pf.compare(lossy.base, lossy.other, lossy.base)


def test_captures_without_packets_can_be_compared(tmp_path):
    empty = tmp_path / "empty.pcap"
    empty.write_bytes(pcap([]))
    one, two = pf.load(empty), pf.load(empty)
    comparison = pf.compare(one, two)
    for name, frame in comparison.frames.items():
        comparison.schemas[name].validate(frame)
    assert len(comparison.findings()) == 0
    assert comparison.headline()
