"""Names: looked up well, and every way in which a lookup fails. dnsmasq and BIND answer."""

from __future__ import annotations

from collections import Counter

from labels import Capture, Sample, capture, expect, scenario
from topology import Host, Network, resolver

ZONE = """$TTL 60
@ IN SOA ns.shop.example. admin.shop.example. 1 3600 600 86400 30
@ IN NS ns.shop.example.
@ IN MX 10 mail.shop.example.
@ IN TXT "v=spf1 -all"
ns IN A 10.20.0.20
api IN A 203.0.113.10
api IN AAAA 2001:db8:113::10
www IN CNAME api
mail IN A 203.0.113.25
_http._tcp IN SRV 0 5 80 api.shop.example.
"""
SEARCH = "search prod.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n"
RCODES = {"0": "NOERROR", "2": "SERVFAIL", "3": "NXDOMAIN", "5": "REFUSED"}


def bind(server: Host) -> None:
    """Start BIND: the zone shop.example, a zone that cannot be loaded, a large record."""
    folder = server.network.folder
    large = "\n".join(f'big IN TXT "{k:03d}-{"x" * 150}"' for k in range(16))
    (folder / "shop.zone").write_text(f"{ZONE}{large}\n")
    (folder / "named.conf").write_text(
        'options { directory "/srv/app"; listen-on { any; }; recursion no; pid-file none;\n'
        " max-udp-size 4096; edns-udp-size 4096; allow-query { any; }; session-keyfile none; };\n"
        'zone "shop.example" { type master; file "shop.zone"; };\n'
        'zone "broken.example" { type master; file "absent.zone"; };\n'
        'zone "cluster.local" { type master; file "empty.zone"; };\n'
    )
    (folder / "empty.zone").write_text(
        ZONE.split("@ IN MX")[0] + "ns.shop.example. IN A 10.20.0.20\n"
    )
    server.start("named -f -c named.conf", port=53, udp=True)


def answered(seen: Capture) -> dict[str, int]:
    """Count the answers by their code."""
    codes = Counter(p["dns.flags.rcode"].split(",")[0] for p in seen.having("dns.flags.rcode"))
    return {RCODES.get(code, code): count for code, count in codes.items()}


def queries(seen: Capture) -> int:
    """Count the queries."""
    return sum(p["dns.flags.response"] in ("0", "False") for p in seen.having("dns.flags.response"))


def look_up(host: Host, *questions: str) -> None:
    """Ask each question with dig."""
    for question in questions:
        host.run(f"dig +tries=1 +time=2 @10.20.0.20 {question}", 20)


@scenario("dns")
def dns(network: Network) -> list[Sample]:
    """All is well: usual types, an answer over TCP, a large answer in fragments."""
    client, server = network.pair()
    bind(server)
    with capture(client, "dns.healthy") as seen:
        look_up(
            client,
            *(
                "api.shop.example",
                "AAAA api.shop.example",
                "www.shop.example",
                "MX shop.example",
                "TXT shop.example",
                "SRV _http._tcp.shop.example",
                "SOA shop.example",
            ),
        )
    expect(answered(seen) == {"NOERROR": 7}, f"all answered: {answered(seen)}")
    samples = [
        seen.sample(
            "DNS answers of the usual types", role="healthy", queries=7, answers=answered(seen)
        )
    ]
    with capture(client, "dns.tcp") as seen:
        look_up(
            client,
            "+tcp api.shop.example",
            "+noedns TXT big.shop.example",
            "+tcp AXFR none.example",
        )
    seen.activity.append("dig +tcp; an answer of 2.6 kB that is truncated, then asked for over TCP")
    expect(seen.having("dns.flags.response", "tcp.stream"), "DNS over TCP")
    truncated = [
        p
        for p in seen.having("dns.flags.truncated", "udp.stream")
        if p["dns.flags.truncated"] in ("1", "True")
    ]
    expect(truncated, "a truncated answer")
    samples.append(
        seen.sample(
            "DNS over TCP, after a truncated answer",
            role="tcp",
            packing="gz",
            truncated=len(truncated),
            over_tcp=len(seen.having("dns.flags.response", "tcp.stream")),
        )
    )
    with capture(client, "dns.fragments") as seen:
        look_up(client, "+bufsize=4096 +ignore TXT big.shop.example")
    seen.activity.append("dig +bufsize=4096: an answer of 2.6 kB in two IP fragments")
    whole = seen.having("dns.flags.response", udp_srcport="53")
    expect(whole and len(seen.packets) > 2, "fragments that make an answer")
    samples.append(seen.sample("A DNS answer in IP fragments", role="fragments", fragments=2))
    return samples


@scenario("dns_timeout")
def dns_timeout(network: Network) -> list[Sample]:
    """The name server does not answer: the resolver asks again, then gives up."""
    client, server = network.pair()
    bind(server)
    resolver("nameserver 10.20.0.20\noptions timeout:1 attempts:2\n")
    samples = []
    server.filter("chain input { type filter hook input priority 0; udp dport 53 drop; }")
    with capture(client, "dns_timeout") as seen:
        client.run("curl -s http://api.shop.example/", 20)
        client.run("dig +tries=3 +time=1 @10.20.0.20 api.shop.example", 20)
    seen.activity.append("curl http://api.shop.example/; dig +tries=3 +time=1")
    expect(queries(seen) >= 5 and not answered(seen).get("NOERROR"), "queries and no answer")
    samples.append(
        seen.sample(
            "A name server that does not answer",
            rule="dns_failure",
            verdict="likely",
            kind="pcap",
            cause="timeout",
            server="10.20.0.20",
            queries=queries(seen),
        )
    )
    return samples


@scenario("dns_servfail")
def dns_servfail(network: Network) -> list[Sample]:
    """A zone that the server could not load: SERVFAIL; a zone that is not its own: REFUSED."""
    client, server = network.pair()
    bind(server)
    resolver("nameserver 10.20.0.20\noptions timeout:1 attempts:2\n")
    with capture(client, "dns_servfail") as seen:
        for name in ("pay.broken.example", "stock.broken.example"):
            client.run(f"curl -s http://{name}/", 20)
        look_up(client, "elsewhere.example")
    seen.activity.append("curl to names of a zone that cannot be loaded; dig a foreign name")
    expect(answered(seen).get("SERVFAIL", 0) >= 4, f"SERVFAIL: {answered(seen)}")
    return [
        seen.sample(
            "A zone that the name server cannot load",
            rule="dns_failure",
            verdict="likely",
            cause="SERVFAIL",
            server="10.20.0.20",
            answers=answered(seen),
        )
    ]


@scenario("dns_search")
def dns_search(network: Network) -> list[Sample]:
    """Names with few dots are tried in each search domain first, as in a pod (ndots:5)."""
    client, server = network.pair()
    bind(server)
    resolver(f"nameserver 10.20.0.20\n{SEARCH}")
    with capture(client, "dns_search") as seen:
        for _ in range(5):
            client.run("getent ahosts api.shop.example", 20)
    seen.activity.append(
        "getent ahosts api.shop.example, 5 times; ndots:5 and three search domains"
    )
    codes = answered(seen)
    expect(
        codes.get("NXDOMAIN", 0) >= 3 * codes["NOERROR"], f"three in vain for each answer: {codes}"
    )
    return [
        seen.sample(
            "Every lookup goes through three search domains",
            rule="dns_failure",
            verdict="possible",
            cause="search domains",
            search=SEARCH.split()[1:4],
            ndots=5,
            lookups=5,
            answers=codes,
        )
    ]


@scenario("dns_nxdomain")
def dns_nxdomain(network: Network) -> list[Sample]:
    """A service looks for a name that is gone, again and again (dnsmasq answers)."""
    client, server = network.pair()
    server.start(
        "dnsmasq -k -C /dev/null --no-resolv --no-hosts --log-facility=- --user=root "
        "--auth-ttl=60 --local=/shop.example/ --address=/api.shop.example/203.0.113.10",
        port=53,
        udp=True,
    )
    resolver("nameserver 10.20.0.20\n")
    with capture(client, "dns_nxdomain") as seen:
        client.run("getent ahosts api.shop.example", 20)
        for _ in range(12):
            client.run("getent ahosts orders-v1.shop.example", 20)
    seen.activity.append("getent ahosts of a name that does not exist, 12 times")
    codes = answered(seen)
    expect(codes.get("NXDOMAIN", 0) >= 12, f"NXDOMAIN: {codes}")
    return [
        seen.sample(
            "A service asks for a name that is gone",
            rule="dns_failure",
            verdict="likely",
            cause="NXDOMAIN",
            name="orders-v1.shop.example",
            answers=codes,
        )
    ]
