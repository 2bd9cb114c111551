"""Names: what fails, and what only looks so."""

from struct import pack

import pytest

from prodforensics.findings import Verdict
from tests.network.talk import START, Wire
from tests.network.wire import udp

LIKELY, POSSIBLE = Verdict.LIKELY, Verdict.POSSIBLE
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3


def message(number, name, rcode=None):
    """Write a question, or with a code its answer."""
    labels = b"".join(bytes([len(one)]) + one.encode() for one in name.split("."))
    flags = 0x0100 if rcode is None else 0x8180 | rcode
    found = rcode == NOERROR
    question = labels + b"\0" + pack(">HH", 1, 1)
    answer = pack(">HHHIHI", 0xC00C, 1, 1, 60, 4, 0x0A000007) if found else b""
    return pack(">HHHHHH", number, flags, 1, int(found), 0, 0) + question + answer


class Resolver:
    """A client that asks, each 100 ms, and what it hears."""

    def __init__(self):
        self.wire, self.now, self.number = Wire(), 0.0, 0

    def ask(self, name, rcode=NOERROR, times=1, again=0):
        for _ in range(times):
            self.number += 1
            client = f"10.0.0.1:{40000 + self.number}"
            for _ in range(1 + again):
                self._add(udp(client, "10.0.0.53:53", message(self.number, name)))
                self.now += 1 if again else 0
            if rcode is not None:
                self.now += 0.002
                self._add(udp("10.0.0.53:53", client, message(self.number, name, rcode)))
            self.now += 0.1

    def _add(self, packet):
        self.wire.add(START + self.now * 1e9, packet)

    def found(self, folder):
        return list(self.wire.write(folder).findings())


@pytest.fixture
def resolver():
    one = Resolver()
    one.ask("api.example", times=20)
    return one


def test_names_that_are_found_are_sound(resolver, tmp_path):
    assert resolver.found(tmp_path) == []


def test_a_server_that_stops_answering_fails(resolver, tmp_path):
    resolver.ask("api.example", None, times=4, again=1)
    resolver.now += 3
    resolver.ask("api.example")
    (one,) = resolver.found(tmp_path)
    assert one.verdict == LIKELY
    assert one.title == "The name server 10.0.0.53 does not answer: 8 questions in vain"
    assert len(one.rows["dns"]) == 4


def test_questions_alone_may_be_one_direction(tmp_path):
    resolver = Resolver()
    resolver.ask("api.example", None, times=20)
    resolver.now += 3
    resolver.ask("api.example", None)
    assert [one.verdict for one in resolver.found(tmp_path)] == [POSSIBLE]


def test_one_error_of_many_answers_is_possible(resolver, tmp_path):
    resolver.ask("api.example", times=200)
    resolver.ask("pay.example", SERVFAIL)
    assert [one.verdict for one in resolver.found(tmp_path)] == [POSSIBLE]


def test_a_name_that_is_gone_is_told_with_all_its_search_domains(resolver, tmp_path):
    for _ in range(12):
        for name in ("gone.example.ns.svc.cluster.local", "gone.example.cluster.local"):
            resolver.ask(name, NXDOMAIN)
        resolver.ask("gone.example", NXDOMAIN)
    (one,) = resolver.found(tmp_path)
    assert one.verdict == LIKELY
    assert one.title == "gone.example does not exist, and is asked for 36 times"


@pytest.mark.parametrize(
    "found", ["orders.shop", "orders.shop.svc.cluster.local", "orders.shop.cluster.local"]
)
def test_the_list_of_search_domains_is_no_storm(tmp_path, found):
    resolver = Resolver()
    domains = ("ns.svc.cluster.local", "svc.cluster.local", "cluster.local")
    for _ in range(15):
        for name in (*(f"orders.shop.{domain}" for domain in domains), "orders.shop"):
            resolver.ask(name, NOERROR if name == found else NXDOMAIN)
            if name == found:
                break
    findings = resolver.found(tmp_path)
    assert [one.verdict for one in findings] == [POSSIBLE]
    assert "look for names in search domains in vain" in findings[0].title


@pytest.mark.parametrize(
    "name", ["7.0.0.10.in-addr.arpa", "2.0.0.10.zen.example", "wpad.example", "_ldap._tcp.example"]
)
def test_names_that_are_usually_not_there_are_sound(resolver, tmp_path, name):
    resolver.ask(name, NXDOMAIN, times=30)
    assert resolver.found(tmp_path) == []


def test_a_hostile_name_is_quoted_where_a_shell_would_run_it(resolver, tmp_path):
    resolver.ask("$(reboot)`x`;a", SERVFAIL, times=5)
    (one,) = resolver.found(tmp_path)
    assert r"dig @10.0.0.53 '\036\040reboot\041`x`\059a'" in one.next_step
