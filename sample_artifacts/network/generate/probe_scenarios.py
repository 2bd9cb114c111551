"""What the tools print that probe a path from outside: mtr, curl's timings, ping."""

from __future__ import annotations

import json
import signal
import time

from labels import Sample, expect, printed, scenario, text
from path_scenarios import SILENT, narrow
from servers import certificate, nginx
from tls_scenarios import NAME
from topology import Network, resolver

TIMINGS = (
    "DNS: %{time_namelookup}s\\nConnect: %{time_connect}s\\nTLS: %{time_appconnect}s\\n"
    "TTFB: %{time_starttransfer}s\\nTotal: %{time_total}s\\nHTTP Code: %{http_code}\\n"
    "Size: %{size_download} bytes\\n"
)
PHASES = ("time_namelookup", "time_connect", "time_appconnect", "time_starttransfer", "time_total")


@scenario("mtr")
def mtr(network: Network) -> list[Sample]:
    """Four hops: loss that goes on to the last; loss at one hop that only saves its answers."""
    hosts = [network.host(name) for name in ("client", "gateway", "carrier", "edge", "server")]
    nets = ("192.0.2", "198.51.100", "203.0.113", "10.30.0")
    for left, right, net, delay in zip(hosts[:-1], hosts[1:], nets, (0.3, 4, 9, 1), strict=True):
        devices = ("eth0" if left is hosts[0] else "eth1", "eth0")
        network.wire(
            left, right, (f"{net}.1/24", f"{net}.2/24"), f"--delay {delay} --jitter 0.2", devices
        )
    for host in hosts[1:-1]:
        host.forwards()
        host.sysctl("net.ipv4.icmp_ratelimit=0")
    for index, host in enumerate(hosts):
        for number, net in enumerate(nets):
            if number > index:
                host.route(f"{net}.0/24", f"{nets[index]}.2")
            elif number < index - 1:
                host.route(f"{net}.0/24", f"{nets[index - 1]}.1")
    samples = []
    cases = {
        "loss": (
            hosts[2],
            "chain forward { type filter hook forward priority 0; "
            "iifname eth0 numgen random mod 100 < 25 drop; }",
        ),
        "rate_limited": (
            hosts[1],
            "chain output { type filter hook output priority 0; "
            "icmp type time-exceeded limit rate over 4/second burst 3 packets drop; }",
        ),
        "healthy": (hosts[1], ""),
    }
    for case, (host, rules) in cases.items():
        if rules:
            host.filter(rules)
        fault = (
            {"rule": "mtr_loss", "verdict": "likely" if case == "loss" else "cleared"}
            if rules
            else {}
        )
        where = {
            "loss": "198.51.100.2 -> 203.0.113.2",
            "rate_limited": "192.0.2.2 limits its ICMP",
        }.get(case)
        for kind, option in (
            ("text", "--report --report-wide"),
            ("json", "--json"),
            ("csv", "--csv"),
        ):
            made = printed(
                host=hosts[0],
                name=f"mtr.{case}.{kind.replace('text', 'txt')}",
                kind=f"mtr-{kind}",
                title=f"mtr, {case.replace('_', ' ')}, {kind}",
                role=f"{case}-{kind}",
                command=f"mtr {option} -n --report-cycles 40 -i 0.12 10.30.0.2",
                **fault,
                hops=4,
                where=where,
            )
            if kind == "json":
                loss = [hub["Loss%"] for hub in json.loads(text(made))["report"]["hubs"]]
                expect(len(loss) == 4, f"four hops: {loss}")
                expect((loss[-1] > 8) == (case == "loss"), f"loss to the last hop: {loss}")
                expect(
                    (loss[0] > 8) == (case == "rate_limited"),
                    f"loss at the first hop alone: {loss}",
                )
                made.truth["loss_percent"] = loss
            samples.append(made)
        if rules:
            host.must("nft delete table inet faults")
    return samples


@scenario("curl_timings")
def curl_timings(network: Network) -> list[Sample]:
    """The phases of a request, in the form of the field and as JSON: fast, and each phase slow."""
    client, server = network.host("client"), network.host("server")
    addresses = ("10.20.0.10/24", "10.20.0.20/24")
    certificate(network.folder, "good", NAME)
    samples = []
    for case, phase in (
        ("fast", None),
        ("slow_dns", "dns"),
        ("slow_connect", "connect"),
        ("slow_tls", "tls"),
        ("slow_ttfb", "ttfb"),
        ("slow_transfer", "transfer"),
        ("refused", None),
    ):
        options = "--delay 3 --rate 900" if case == "slow_transfer" else "--delay 3"
        wire = network.wire(client, server, addresses, options)
        if case == "slow_connect":  # the first SYN is lost, the second is sent after a second
            server.filter(
                "chain input { type filter hook input priority 0; "
                "tcp flags & (syn | ack) == syn tcp dport 443 numgen inc mod 2 < 1 drop; }"
            )
        programs = [
            wire,
            server.start(
                "dnsmasq -k -C /dev/null --no-resolv --no-hosts --user=root --log-facility=- "
                f"--address=/{NAME}/10.20.0.20",
                port=53,
                udp=True,
            ),
        ]
        silent = "nameserver 10.20.0.99\n" if case == "slow_dns" else ""
        resolver(f"{silent}nameserver 10.20.0.20\noptions timeout:1 attempts:2\n")
        port = 443
        if case == "slow_tls":
            programs.append(server.start("/usr/bin/python3 slow_tls.py 443 0.8", port=443))
        elif case != "refused":
            shop_process = server.start(
                f"/usr/bin/python3 shop.py 8080 {'pause' if case == 'slow_ttfb' else ''}", port=8080
            )
            programs += [
                shop_process,
                nginx(
                    server,
                    "server { listen 443 ssl; ssl_certificate good.pem;\n"
                    "ssl_certificate_key good.key;\n"
                    "location / { proxy_pass http://127.0.0.1:8080; } }",
                    port=port,
                ),
            ]
        path = "/report?bytes=150000" if case == "slow_transfer" else "/order/7"
        for kind, form in (("txt", TIMINGS), ("json", "%{json}")):
            command = f"curl -o /dev/null -s --cacert ca.pem -w '{form}' 'https://{NAME}{path}'"
            label = {"rule": "curl_phase", "verdict": "likely"} if phase else {}
            if case == "refused":
                label = {"rule": "service_down", "verdict": "likely"}
            made = printed(
                client,
                f"curl.{case}.{kind}",
                "curl-timings",
                f"curl timings, {case.replace('_', ' ')}, {kind}",
                command,
                f"{case}-{kind}",
                fails=case == "refused",
                **label,
                phase=phase,
            )
            if kind == "json":
                times = [json.loads(text(made))[name] for name in PHASES]
                made.truth["times_s"] = dict(zip(PHASES, times, strict=True))
                spans = {
                    "dns": times[0],
                    "connect": times[1] - times[0],
                    "tls": times[2] - times[1],
                    "ttfb": times[3] - times[2],
                    "transfer": times[4] - times[3],
                }
                slowest = max(spans, key=spans.get)
                expect(slowest == phase if phase else times[4] < 0.3, f"{case}: {spans}")
            samples.append(made)
        server.run("nft delete table inet faults")
        for process in programs:
            process.send_signal(signal.SIGTERM)
            process.wait()
        time.sleep(0.3)
    return samples


@scenario("ping")
def ping(network: Network) -> list[Sample]:
    """`ping -M do -s 1472`: the path carries it, says that it does not, or is silent."""
    client, middle, _ = narrow(network)
    command = "ping -n -M do -s 1472 -c 4 -i 0.3 -W 1 {}"
    samples = [
        printed(
            client,
            "ping.good.txt",
            "ping",
            "ping -M do: the path carries 1500 bytes",
            command.format("10.20.0.1"),
            "good",
            received=4,
        )
    ]
    client.run("ip route flush cache")
    samples.append(
        printed(
            client,
            "ping.frag_needed.txt",
            "ping",
            "ping -M do: a router says 1400 bytes",
            command.format("10.30.0.20"),
            "frag_needed",
            fails=True,
            rule="mtu_black_hole",
            verdict="possible",
            mtu=1400,
            received=0,
        )
    )
    expect("mtu" in text(samples[-1]).lower(), text(samples[-1]))
    client.run("ip route flush cache")
    middle.filter(SILENT)
    samples.append(
        printed(
            client,
            "ping.black_hole.txt",
            "ping",
            "ping -M do: nobody says why",
            command.format("10.30.0.20"),
            "black_hole",
            fails=True,
            rule="mtu_black_hole",
            verdict="possible",
            mtu=None,
            received=0,
        )
    )
    expect("100% packet loss" in text(samples[-1]), text(samples[-1]))
    samples.append(
        printed(
            client,
            "ping.small.txt",
            "ping",
            "ping -M do: small packets pass the same path",
            command.replace("1472", "1300").format("10.30.0.20"),
            "small",
            received=4,
        )
    )
    return samples
