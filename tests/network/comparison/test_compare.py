"""A baseline and an incident: what is slower, lost, refused, new or gone, beyond chance."""

import random

import numpy as np
import pandas as pd
import pytest

import prodforensics as pf
from prodforensics.findings import Verdict
from prodforensics.network.comparison.named_requests import NamedRequests, named_requests, route
from tests.network.wire import ACK, FIN, PSH, RST, SYN, pcap, tcp, udp

START = 1_700_000_000 * 10**9
MS = 1_000_000
SAMPLES = "network/compare.{}.pcap.zst"


@pytest.fixture(scope="module")
def recorded():
    names = [SAMPLES.format(one) for one in ("baseline", "incident")]
    return pf.compare(*(pf.load(pf.samples.path(one)) for one in names))


@pytest.fixture(scope="module")
def truth():
    (entry,) = (e for e in pf.samples.entries() if e["path"] == SAMPLES.format("incident"))
    return entry["ground_truth"]


class Service:
    """Connections to one service: how fast, how lossy, how often reset or refused."""

    def __init__(self, seed=1, server="10.0.0.2:80", rtt=2 * MS):
        self.chance, self.server, self.rtt = random.Random(seed), server, rtt
        self.packets, self.now = [], START

    def ask(self, count=10, answer=20 * MS, spread=2 * MS, slow=0.0, again=0.0, end=FIN, host=1):
        """Open one connection and ask over it.

        Parameters
        ----------
        count : int
            Questions.
        answer, spread : int
            The service takes so long, and up to so much more, ns.
        slow : float
            Share of answers that take ten times as long.
        again : float
            Share of questions that are sent twice.
        end : int
            FIN or RST.
        """
        client = f"10.0.1.{host}:{self.chance.randrange(40000, 60000)}"
        up, down = self.chance.randrange(2**31), self.chance.randrange(2**31)

        def sent(wait, flags, to_server=True, payload=b""):
            nonlocal up, down
            self.now += wait
            ends, numbers = (client, self.server), (up, down)
            if not to_server:
                ends, numbers = ends[::-1], numbers[::-1]
            self.packets.append((self.now, tcp(*ends, flags, *numbers, payload)))
            size = len(payload) + bool(flags & (SYN | FIN))
            up, down = (up + size, down) if to_server else (up, down + size)

        sent(MS, SYN)
        sent(self.rtt, SYN | ACK, to_server=False)
        sent(1000, ACK)
        for _ in range(count):
            sent(MS, ACK | PSH, payload=b"q" * 50)
            if self.chance.random() < again:
                up -= 50
                sent(250 * MS, ACK | PSH, payload=b"q" * 50)
            wait = answer + self.chance.randrange(spread + 1)
            wait *= 10 if self.chance.random() < slow else 1
            sent(self.rtt + wait, ACK | PSH, to_server=False, payload=b"a" * 90)
            sent(1000, ACK)
        sent(MS, end | ACK)
        if end == FIN:
            sent(self.rtt, FIN | ACK, to_server=False)
        return self

    def refused(self, count=1):
        """Let attempts to connect be refused."""
        for _ in range(count):
            ends = f"10.0.1.1:{self.chance.randrange(40000, 60000)}", self.server
            self.packets.append((self.now, tcp(*ends, SYN, 7)))
            self.now += self.rtt
            self.packets.append((self.now, tcp(*ends[::-1], RST | ACK, 0, 8)))
        return self


@pytest.fixture
def compared(tmp_path):
    """Compare the traffic of services of two times."""

    def write(*services):
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.pcap"
        packets = [one for service in services for one in service.packets]
        file.write_bytes(pcap(sorted(packets, key=lambda one: one[0])))
        return pf.load(file)

    def compare(base, other):
        comparison = pf.compare(write(*base), write(*other))
        for name, frame in comparison.frames.items():
            comparison.schemas[name].validate(frame)
        return comparison

    return compare


def rules(comparison):
    return {one.rule: one.verdict for one in comparison.findings()}


# -- the recorded pair ----------------------------------------------------------------------------


def test_the_incident_is_explained(recorded, truth):
    found = rules(recorded)
    assert found["network.latency_regression"] == Verdict.LIKELY
    assert found["network.retransmission_regression"] == Verdict.LIKELY
    assert found["network.peers_changed"] == Verdict.LIKELY
    assert found["network.error_regression"] == Verdict.LIKELY
    latency, errors, *_ = recorded.findings()
    assert truth["service"] in latency.title
    assert "Round trips did not grow" in latency.why
    assert errors.title.startswith(f"{truth['service']}/pay/{{id}}: 100.0 % of requests fail")
    peers = next(one for one in recorded.findings() if one.rule == "network.peers_changed")
    assert peers.title.startswith(truth["new_service"].partition(",")[0])


def test_numbers_of_the_frames_are_those_of_the_captures(recorded, truth):
    service = recorded.frames["services"].iloc[0]
    assert f"{service.resp_ip}:{service.resp_port}" == truth["service"]
    for end, capture in (("base", recorded.base), ("other", recorded.other)):
        frame = capture.frames["connections"]
        mine = frame[frame["resp_port"] == 8080]
        assert service[f"connections_{end}"] == len(mine)
        assert service[f"packets_{end}"] == (mine["orig_packets"] + mine["resp_packets"]).sum()
        assert service[f"handshake_median_ns_{end}"] == mine["irtt_ns"].median()
    again = recorded.other.frames["connections"]["orig_retransmissions"].sum()
    assert service.orig_retransmission_percent_other == pytest.approx(100 * again / 114)
    assert recorded.frames["paths"].index.name == "path"


def test_the_way_back_clears_itself(recorded):
    back = pf.compare(recorded.other, recorded.base)
    assert rules(back)["network.nothing_worse"] == Verdict.CLEARED
    assert "is asked no longer" in back.findings()[0].title


def test_rows_of_findings_stand_in_the_frames(recorded):
    for finding in recorded.findings():
        for frame, rows in finding.rows.items():
            assert set(rows) <= set(recorded.frames[frame].index)


def test_the_card_and_the_report_name_what_changed(recorded):
    assert "10.20.0.20:8080" in recorded._repr_mimebundle_()["text/html"]
    assert {"What changed", "Services"} <= {one.title for one in recorded.sections()}


# -- what is told from chance ---------------------------------------------------------------------


def services(seed):
    return [Service(seed + one, f"10.0.0.{one}:80").ask(40).ask(40) for one in range(2, 6)]


@pytest.mark.parametrize("seed", range(5))
def test_chance_is_no_regression(compared, seed):
    pair = [
        [Service(10 * seed + one, "10.0.0.2:80").ask(60, slow=0.1, again=0.02)] for one in range(2)
    ]
    assert rules(compared(*pair)) == {"network.nothing_worse": Verdict.CLEARED}


def test_a_service_that_answers_later_is_named_and_the_network_cleared(compared):
    base = [*services(10), Service(7, "10.0.0.7:443").ask(50)]
    other = [*services(20), Service(8, "10.0.0.7:443").ask(50, answer=60 * MS)]
    (one,) = compared(base, other).findings()
    assert (one.rule, one.verdict) == ("network.latency_regression", Verdict.LIKELY)
    assert one.title.startswith("Answers of 10.0.0.7:443 take longer")
    assert "the time passes in the service." in one.why
    assert "tcp.port == 443" in one.next_step


def test_a_longer_way_is_told_from_a_slow_service(compared):
    def ask(seed, rtt):
        service = Service(seed, rtt=rtt)
        for _ in range(12):
            service.ask(5)
        return service

    (one,) = compared([ask(1, 2 * MS)], [ask(2, 12 * MS)]).findings()
    assert one.rule == "network.latency_regression"
    assert "the time passes on the network" in one.why


def test_the_slowest_answers_alone_are_enough(compared):
    (one,) = compared([Service().ask(200)], [Service(2).ask(200, slow=0.2)]).findings()
    assert one.verdict == Verdict.LIKELY
    assert "95 % within" in one.title


def test_a_difference_too_small_to_matter_is_passed_over(compared):
    found = compared([Service().ask(200)], [Service(2).ask(200, answer=21 * MS)])
    shifts = found.frames["changes"].query("metric == 'answer' and test == 'shift'")
    assert (shifts["p_value"] < 0.01).all()
    assert rules(found) == {"network.nothing_worse": Verdict.CLEARED}


def test_more_resets_and_more_failures_are_found(compared):
    def many(seed, resets, refused):
        service = Service(seed)
        for one in range(40):
            service.ask(1, end=RST if one < resets else FIN)
        return [service.refused(refused)]

    found = rules(compared(many(1, 1, 0), many(2, 20, 20)))
    assert found["network.reset_regression"] == Verdict.LIKELY
    assert found["network.connect_regression"] == Verdict.LIKELY


def test_few_measurements_make_no_finding_sure(compared):
    base = Service().ask(10)
    other = Service(2).ask(10, answer=200 * MS)
    (one,) = compared([base], [other]).findings()
    assert one.verdict == Verdict.POSSIBLE


def test_questions_that_are_sent_again_last_from_the_first_time_on(compared):
    found = compared([Service().ask(20)], [Service(2).ask(20, again=1.0)])
    line = found.frames["services"].iloc[0]
    assert line.answer_median_ns_other - line.answer_median_ns_base > 240 * MS
    assert line.orig_retransmission_percent_other > 40


def test_new_and_vanished_peers_are_told(compared):
    base = [Service(1, "10.0.0.2:80").ask(), Service(2, "10.0.0.3:5432").ask()]
    other = [Service(3, "10.0.0.2:80").ask(host=9), Service(4, "10.0.0.4:6379").ask()]
    found = compared(base, other)
    titles = [one.title for one in found.findings() if one.rule == "network.peers_changed"]
    assert titles == ["10.0.0.4:6379 is asked only now", "10.0.0.3:5432 is asked no longer"]
    paths = found.frames["paths"].set_index(["orig_ip", "resp_ip"])["change"]
    assert paths["10.0.1.9", "10.0.0.2"] == "new"
    assert paths["10.0.1.1", "10.0.0.3"] == "gone"


def test_datagrams_without_an_answer_count_as_failed(compared):
    def dns(answered):
        service = Service()
        for one in range(30):
            ends = f"10.0.1.1:{50000 + one}", "10.0.0.53:53"
            service.packets.append((service.now, udp(*ends, b"?" * 30)))
            service.now += 3 * MS
            if one < answered:
                service.packets.append((service.now, udp(*ends[::-1], b"!" * 60)))
        return [service]

    found = compared(dns(30), dns(5))
    assert found.frames["services"]["failed_percent_other"].tolist() == [pytest.approx(250 / 3)]
    assert rules(found)["network.connect_regression"] == Verdict.LIKELY
    assert found.hosts[1].names == ["10.0.0.53:53/udp"]


def test_addresses_of_ipv6_are_written_in_brackets(compared):
    one = Service(1, "[2001:db8::2]:80")
    one.packets = [(START, tcp("[2001:db8::1]:4000", "[2001:db8::2]:80", SYN, 1))]
    found = compared([one], [one])
    assert found.hosts[1].names == ["[2001:db8::2]:80"]


# -- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/orders/1234/items", "/orders/{id}/items"),
        ("/user/550e8400-e29b-41d4-a716-446655440000", "/user/{id}"),
        ("/blob/d41d8cd98f00b204e9800998ecf8427e?token=secret", "/blob/{id}"),
        ("/v2/health", "/v2/health"),
        ("/a" * 40, "/a" * 11 + "/…"),
        ("", ""),
    ],
)
def test_paths_that_differ_by_an_id_are_one(path, said):
    assert route(path) == said


class Told:
    """What stands in frames of names, without a capture."""

    def __init__(self, **frames):
        self.frames = frames


def test_requests_are_grouped_by_layer_host_and_route():
    http = pd.DataFrame(
        {
            "host": pd.Categorical(["shop", "shop", "api", "shop"]),
            "uri": ["/order/1", "/order/2?x=1", "/", "/pay"],
            "ttfb_ns": [5, 7, -1, 9],
            "status": [200, 503, -1, 404],
        }
    )
    dns = pd.DataFrame(
        {
            "query": ["shop.example", "nope.example"],
            "rcode": pd.Categorical(["NOERROR", "NXDOMAIN"]),
            "timed_out": [False, False],
            "rtt_ns": [3, 4],
        }
    )
    found = named_requests(Told(http=http, dns=dns))
    measured = found.grouped(found.group, len(found.keys))
    rows = {
        key: (
            int(measured.sums["requests"][place]),
            int(measured.shares["error"][0][place]),
            int(measured.shares["refusal"][0][place]),
        )
        for place, key in enumerate(found.keys)
    }
    assert rows == {
        ("http", "shop", "/order/{id}"): (2, 1, 0),
        ("http", "shop", "/pay"): (1, 0, 1),
        ("http", "api", "/"): (1, 1, 0),
        ("dns", "shop.example", ""): (1, 0, 0),
        ("dns", "nope.example", ""): (1, 0, 1),
    }
    assert sorted(measured.times["answer"][1].tolist()) == [3, 4, 5, 7, 9]


def test_a_capture_without_names_has_none():
    found = named_requests(Told())
    assert isinstance(found, NamedRequests)
    assert len(found.keys) == len(found.group) == 0


# -- at size --------------------------------------------------------------------------------------


def test_many_services_are_compared_at_once(compared):
    rng = np.random.default_rng(1)
    base, other = (
        [
            Service(int(rng.integers(2**30)), f"10.0.{k // 250}.{k % 250}:80").ask(9)
            for k in range(300)
        ]
        for _ in range(2)
    )
    found = compared(base, other)
    assert len(found.frames["services"]) == 300
    assert rules(found) == {"network.nothing_worse": Verdict.CLEARED}
