"""HTTP between a client, a proxy and a service: healthy, and what an engineer is called for."""

from __future__ import annotations

import time
from statistics import median

from labels import Sample, capture, expect, scenario
from servers import nginx
from topology import Host, Network

TRACED = (
    "-H 'X-Request-Id: 7d1f0c2e-00{0}' -H 'X-Correlation-Id: checkout-{0}' "
    "-H 'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e47{0}-00f067aa0ba902b7-01'"
)


def shop(host: Host, fault: str = "", port: int = 8080) -> None:
    """Start the shop on a host."""
    host.start(f"/usr/bin/python3 shop.py {port} {fault}", port=port)


def buy(host: Host, target: str, options: str) -> None:
    """Run the buyers against a host."""
    host.must(f"/usr/bin/python3 buyer.py {target} {options}", 60)


PROXY = """
upstream shop {{ server {shop}:8080; keepalive 4; }}
server {{
  listen 80; listen [::]:80 ipv6only=on;
  location / {{ proxy_pass http://shop; {more} }}
}}
"""
KEPT = 'proxy_http_version 1.1; proxy_set_header Connection "";'


@scenario("healthy_http")
def healthy_http(network: Network) -> list[Sample]:
    """A client, nginx as proxy, a service; the same requests with their ids on both hops."""
    client, middle, server = network.chain()
    shop(server)
    nginx(middle, PROXY.format(shop="10.30.0.20", more=KEPT), port=80)
    samples = []
    with (
        capture(client, "healthy.http", only="tcp") as plain,
        capture(middle, "healthy.any", "any", only="tcp") as both,
        capture(middle, "healthy.sll", "any", "-y LINUX_SLL", only="tcp") as old,
    ):
        for number in (36, 37, 38):
            urls = " ".join(f"http://10.20.0.1/order/{number}{k}" for k in range(4))
            client.must(f"curl -s {TRACED.format(number)} {urls}")
        client.must("curl -s http://10.20.0.1/report?bytes=20000 -o /dev/null")
    for one in (plain, both, old):
        one.activity.append("curl 3 x 4 orders and a report, through nginx, to the shop")
        expect(not one.facts().get("retransmissions"), "nothing is sent twice")
        expect(not one.resets(), "no connection is reset")
    expect(len(plain.having("http.request.method")) == 13, "13 requests")
    expect(len(both.having("http.request.method")) == 26, "each request on both hops")
    hosts = {"client": "10.20.0.10", "proxy": "10.20.0.1", "service": "10.30.0.20:8080"}
    samples += [
        plain.sample(
            "Healthy HTTP with request ids, seen at the client",
            role="client",
            packing="",
            hosts=hosts,
        ),
        both.sample("Healthy HTTP through a proxy, -i any (SLL2)", role="proxy", hosts=hosts),
        old.sample("Healthy HTTP through a proxy, -i any (SLL)", role="proxy-sll", hosts=hosts),
    ]
    return samples


@scenario("h2c")
def h2c(network: Network) -> list[Sample]:
    """HTTP/2 in clear, by prior knowledge, several requests on one connection."""
    client, server = network.pair()
    nginx(
        server,
        'server { listen 80 http2; location / { return 200 \'{"order": "$uri"}\'; }\n'
        "location /missing { return 404; } }",
        port=80,
    )
    with capture(client, "healthy.h2c") as seen:
        client.must(
            f"curl -s --http2-prior-knowledge {TRACED.format(41)} http://10.20.0.20/order/0"
        )
        paths = " ".join(f"/order/{k}" for k in range(1, 5))
        client.must(f"node h2_client.js http://10.20.0.20 {paths} /missing")
    seen.activity.append("curl --http2-prior-knowledge; node http2, 5 requests at once")
    expect(seen.having("http2.type"), "HTTP/2 frames")
    return [
        seen.sample(
            "Healthy HTTP/2 in clear", packing="gz", http2_requests=6, statuses={"200": 5, "404": 1}
        )
    ]


@scenario("keep_alive_race")
def keep_alive_race(network: Network) -> list[Sample]:
    """The pool sends on a connection in the very moment the server closes it."""
    client, server = network.pair("--delay 40")
    nginx(
        server,
        "server { listen 80; keepalive_timeout 1s; location / { return 200 'ok'; } }",
        port=80,
    )
    with capture(client, "keep_alive_race") as seen:
        buy(client, "10.20.0.20 80", "--buyers 2 --requests 6 --steady 0.98")
    seen.activity.append("nginx keepalive_timeout 1s; a pool that sends each 0.98 s, 40 ms away")
    resets = seen.resets("10.20.0.20")
    expect(len(resets) >= 2, "the server answers late requests with RST")
    return [
        seen.sample(
            "A pool reuses connections that the server closes",
            rule="connection_reset",
            verdict="likely",
            stream=seen.stream(resets),
            cause="keep-alive race",
            reset_by="server",
            server="10.20.0.20:80",
            keep_alive_seconds=1,
        )
    ]


@scenario("pool_exhaustion")
def pool_exhaustion(network: Network) -> list[Sample]:
    """Requests wait in HAProxy for one of two connections to the service."""
    client, middle, server = network.chain()
    shop(server, "pool")
    (middle.network.folder / "haproxy.cfg").write_text(
        "defaults\n mode http\n timeout connect 2s\n timeout client 9s\n timeout server 9s\n"
        " timeout queue 900ms\nfrontend web\n bind :80\n default_backend shop\n"
        "backend shop\n http-reuse always\n server one 10.30.0.20:8080 maxconn 2\n"
    )
    middle.start("haproxy -f haproxy.cfg", port=80)
    with capture(middle, "pool_exhaustion", "any", only="tcp") as seen:
        buy(client, "10.20.0.1 80", "--buyers 14 --requests 3 --pause 0.02")
    seen.activity.append(
        "HAProxy maxconn 2 to a service of 150 ms; 14 clients at once; timeout queue 900ms"
    )
    waits = {  # hop -> time to first byte
        hop: [float(p["http.time"]) for p in seen.having("http.time") if p["ip.src"] == address]
        for hop, address in {"client": "10.20.0.1", "service": "10.30.0.20"}.items()
    }
    expect(max(waits["client"]) > 3 * median(waits["service"]), "the wait is in the proxy's queue")
    refused = seen.having(http_response_code="503")
    expect(refused, "some waited longer than 900 ms")
    return [
        seen.sample(
            "Requests wait for one of two connections to the service",
            rule="latency_variance",
            verdict="possible",
            stream=seen.stream(refused),
            cause="connection pool exhausted in the proxy",
            pool=2,
            service_ms=150,
            hosts={"proxy": "10.20.0.1:80", "service": "10.30.0.20:8080"},
            answers_503=len(refused),
            ttfb_median_s={hop: round(median(times), 3) for hop, times in waits.items()},
        )
    ]


@scenario("truncated")
def truncated(network: Network) -> list[Sample]:
    """Fewer bytes than Content-Length promises, then FIN, or RST."""
    client, server = network.pair()
    samples = []
    for way, fault, port in (("fin", "partial", 8080), ("rst", "partial-reset", 8081)):
        shop(server, fault, port)
        with capture(client, f"truncated.{way}") as seen:
            for _ in range(2):
                client.run(f"curl -s -o /dev/null 'http://10.20.0.20:{port}/report?bytes=60000'")
        seen.activity.append("curl /report?bytes=60000, of which the service sends 24000")
        expect(bool(seen.resets("10.20.0.20")) == (way == "rst"), f"ends with {way}")
        got = sum(int(p["tcp.len"]) for p in seen.having(tcp_srcport=str(port)))
        samples.append(
            seen.sample(
                f"An answer shorter than its Content-Length, then {way.upper()}",
                rule="partial_response",
                verdict="likely",
                stream=0,
                role=way,
                server=f"10.20.0.20:{port}",
                content_length=60000,
                body_seen=24000,
                ends_with=way,
                bytes_from_server=got,
                **({"also": ["network.connection_reset"]} if way == "rst" else {}),
            )
        )
    return samples


@scenario("proxy_buffering")
def proxy_buffering(network: Network) -> list[Sample]:
    """Events come each 200 ms to the proxy, which keeps them back; or passes them on."""
    client, middle, server = network.chain()
    shop(server)
    samples = []
    for way in ("on", "off"):
        process = nginx(
            middle, PROXY.format(shop="10.30.0.20", more=f"proxy_buffering {way};"), port=80
        )
        with capture(middle, f"proxy_buffering.{way}", "any", only="tcp") as seen:
            client.must("curl -s -o /dev/null http://10.20.0.1/events")
        process.terminate()
        process.wait()
        seen.activity.append(f"10 events in 2 s; nginx proxy_buffering {way}")
        bodies = {
            hop: [
                float(p["frame.time_relative"])
                for p in seen.packets
                if p.get("ip.src") == address and int(p.get("tcp.len", 0)) > 0
            ]
            for hop, address in {"to_client": "10.20.0.1", "from_service": "10.30.0.20"}.items()
        }
        spread = {hop: round(max(times) - min(times), 2) for hop, times in bodies.items()}
        late = round(min(bodies["to_client"]) - min(bodies["from_service"]), 2)
        expect((late > 1.5) == (way == "on"), f"the client's first byte is {late} s later")
        fault = {"rule": "proxy_buffering", "verdict": "likely", "stream": 0} if way == "on" else {}
        samples.append(
            seen.sample(
                f"A stream of events through a proxy, buffering {way}",
                **fault,
                role=way,
                hosts={"proxy": "10.20.0.1:80", "service": "10.30.0.20:8080"},
                spread_s=spread,
                held_back_s=late,
            )
        )
    return samples


@scenario("clear_text_secret")
def clear_text_secret(network: Network) -> list[Sample]:
    """Invented passwords, tokens and cookies over HTTP without TLS."""
    client, server = network.pair()
    shop(server)
    url = "http://10.20.0.20:8080"
    with capture(client, "clear_text_secret") as seen:
        client.must(f"curl -s -u harriet:correct-horse {url}/order/1")
        client.must(
            "curl -s -H 'Authorization: Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJpbnZlbnRlZCJ9.' "
            f"{url}/order/2"
        )
        client.must(f"curl -s -b 'session=5f1d7a84a2c94d0b; theme=dark' {url}/order/3")
        client.must(f"curl -s -H 'X-Api-Key: example-0123456789abcdef' {url}/order/4")
        client.must(f"curl -s '{url}/order/5?access_token=example-fedcba9876543210'")
        client.must(f"curl -s -d 'user=harriet&password=correct-horse' {url}/login")
    seen.activity.append(
        "curl with basic, bearer, cookie, API key, token in the URL, form; all invented"
    )
    expect(len(seen.having("http.request.method")) == 6, "6 requests")
    return [
        seen.sample(
            "Secrets over HTTP in clear",
            rule="clear_text_secret",
            verdict="likely",
            stream=0,
            secrets={"authorization": 2, "cookie": 1, "api_key": 1, "query": 1, "form": 1},
            never_shown=[
                "correct-horse",
                "aGFycmlldDpjb3JyZWN0LWhvcnNl",
                "5f1d7a84a2c94d0b",
                "example-0123456789abcdef",
                "example-fedcba9876543210",
            ],
        )
    ]


@scenario("compare")
def compare(network: Network) -> list[Sample]:
    """The same buyers of one service: on a good day, and during an incident."""
    samples = []
    paths = "--buyers 4 --requests 24 --pause 0.04 --paths /order/N,/order/N,/cart/N,/pay/N"
    client, server = network.host("client"), network.host("server")
    addresses = ("10.20.0.10/24", "10.20.0.20/24")
    for role, fault, options in (
        ("baseline", "", "--delay 5"),
        ("incident", "incident", "--delay 5 --loss 0.03 --loss-back 0.05 --clean-frames 8"),
    ):
        wire = network.wire(client, server, addresses, options)
        service = server.start(f"/usr/bin/python3 shop.py 8080 {fault}", port=8080)
        with capture(client, f"compare.{role}", only="tcp") as seen:
            buy(client, "10.20.0.20 8080", paths)
            if fault:
                client.run("curl -s -m 1 http://10.20.0.20:9200/", 5)
        for process in (service, wire):
            process.terminate()
            process.wait()
        time.sleep(0.3)
        seen.activity.append(f"4 buyers, 24 requests each; wire {options}")
        failed = len(seen.having(http_response_code="503"))
        twice = seen.facts().get("retransmissions", 0)
        expect(bool(failed) == bool(fault), "payments fail in the incident alone")
        expect((twice > 5) == bool(fault), f"{twice} retransmissions")
        label = {"rule": "retransmission", "verdict": "likely"} if fault else {}
        samples.append(
            seen.sample(
                f"Buyers of one service, {role}",
                role=role,
                **label,
                service="10.20.0.20:8080",
                answers_503=failed,
                slow="orders that 5 divides: 400 ms more" if fault else None,
                new_service="10.20.0.20:9200, refused" if fault else None,
            )
        )
    return samples
