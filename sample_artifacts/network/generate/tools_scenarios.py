"""What tools print of the kernel's sockets, of names and of TLS, well and in trouble."""

from __future__ import annotations

import re
import time

from dns_scenarios import bind
from http_scenarios import shop
from labels import Sample, expect, printed, scenario, text
from servers import certificate
from tls_scenarios import NAME, days, server_of
from topology import Network


@scenario("sockets")
def sockets(network: Network) -> list[Sample]:
    """`ss` and `netstat -s` of a quiet host, and of one in trouble."""
    client, server = network.pair(
        "--delay 8 --loss 0.04 --loss-back 0.06 --clean-frames 150 --seed 3"
    )
    shop(server)
    samples = []
    ss_summary, ss_sockets, statistics = "ss -s", "ss -tanpi", "netstat -s"
    holder = client.start("/usr/bin/python3 holder.py 10.20.0.20 8080 keepalive")
    time.sleep(0.6)
    healthy = [
        ("ss-summary", "ss.summary.healthy.txt", ss_summary),
        ("ss-sockets", "ss.sockets.healthy.txt", ss_sockets),
        ("netstat-statistics", "netstat.healthy.txt", statistics),
    ]
    for kind, name, command in healthy:
        samples.append(
            printed(client, name, kind, f"{command} of a quiet client", command, f"healthy-{kind}")
        )
    holder.kill()
    holder.wait()
    # THE FAULT: a new connection for each request, a path with loss, a service that reads nothing,
    # a connection that its program never closes, a full listen queue.
    client.run(
        "/usr/bin/python3 buyer.py 10.20.0.20 8080 --close --buyers 8 --requests 14 --pause 0.01",
        60,
    )
    for _ in range(3):
        client.run("curl -s -m 6 -o /dev/null http://10.20.0.20:8080/report?bytes=200000", 10)
    server.start("/usr/bin/python3 stuck.py listen 0.0.0.0 9000", port=9000)
    client.start("/usr/bin/python3 stuck.py fill 10.20.0.20 9000")
    client.start("/usr/bin/python3 stuck.py forget 10.20.0.20 8080")
    time.sleep(3)
    trouble = {
        "ss-summary": (
            "ss.summary.time_wait.txt",
            client,
            ss_summary,
            "port_exhaustion",
            "possible",
        ),
        "ss-sockets": ("ss.sockets.trouble.txt", client, ss_sockets, "retransmission", "possible"),
        "netstat-statistics": ("netstat.loss.txt", server, statistics, "retransmission", "likely"),
    }
    for kind, (name, host, command, rule, verdict) in trouble.items():
        samples.append(
            printed(
                host,
                name,
                kind,
                f"{command} of a host in trouble",
                command,
                f"trouble-{kind}",
                rule=rule,
                verdict=verdict,
            )
        )
    states = [line.split()[0] for line in client.must("ss -Htan").splitlines()]
    samples[3].truth["states"] = samples[4].truth["states"] = {
        state: states.count(state) for state in sorted(set(states))
    }
    samples.append(
        printed(
            server,
            "ss.sockets.listen_queue.txt",
            "ss-sockets",
            "ss -tanpi of a server whose accept queue is full",
            ss_sockets,
            "listen-queue",
            rule="service_down",
            verdict="possible",
            cause="accept queue full",
            listens="0.0.0.0:9000",
            backlog=3,
        )
    )
    expect(re.search(r"LISTEN +4 +3 ", text(samples[-1])), "a full accept queue")
    expect(
        states.count("TIME-WAIT") > 80 and states.count("CLOSE-WAIT") >= 5,
        f"states {samples[4].truth['states']}",
    )
    sent = int(re.search(r"(\d+) segments retransmitted", text(samples[5])).group(1))
    out = int(re.search(r"(\d+) segments sent out", text(samples[5])).group(1))
    expect(sent / out > 0.01, f"{sent} of {out} segments sent again")
    samples[5].truth |= {"retransmitted": sent, "sent": out}
    return samples


@scenario("conntrack")
def conntrack(network: Network) -> list[Sample]:
    """The connection table of a router that translates addresses."""
    client, middle, server = network.chain("--delay 1", "--delay 1")
    shop(server)
    bind(server)
    middle.filter(
        "chain postrouting { type nat hook postrouting priority 100; oifname eth1 masquerade; }\n"
        "chain forward { type filter hook forward priority 0; ct state new counter accept; }"
    )
    client.must("/usr/bin/python3 buyer.py 10.30.0.20 8080 --close --requests 6", 30)
    client.start("/usr/bin/python3 holder.py 10.30.0.20 8080 keepalive")
    client.run("dig +tries=1 +time=1 @10.30.0.20 api.shop.example")
    client.run("dig +tries=1 +time=1 -p 5353 @10.30.0.21 api.shop.example")
    client.run("ping -c 1 -W 1 10.30.0.20")
    client.run("curl -s -m 1 http://10.30.0.77:81/")
    table = printed(
        middle,
        "conntrack.table.txt",
        "conntrack-table",
        "conntrack -L of a router with NAT",
        "conntrack -L",
        "table",
    )
    entries = [line for line in text(table).splitlines() if "src=" in line]
    expect(
        any("UNREPLIED" in line for line in entries) and any("ASSURED" in line for line in entries),
        "both kinds of entries",
    )
    table.truth |= {
        "entries": len(entries),
        "unreplied": sum("UNREPLIED" in line for line in entries),
        "protocols": sorted({line.split()[0] for line in entries}),
    }
    return [
        table,
        printed(
            middle,
            "conntrack.stats.txt",
            "conntrack-stats",
            "conntrack -S of a router at ease",
            "conntrack -S",
            "stats",
        ),
    ]


@scenario("dig")
def dig(network: Network) -> list[Sample]:
    """What dig prints of good answers and of every bad one."""
    client, server = network.pair()
    bind(server)
    ask = "dig +tries=1 +time=2 @10.20.0.20"
    cases = (
        ("noerror", f"{ask} api.shop.example", None, {"status": "NOERROR", "answers": 1}),
        ("cname", f"{ask} www.shop.example AAAA", None, {"status": "NOERROR", "answers": 2}),
        ("nxdomain", f"{ask} orders-v1.shop.example", "likely", {"status": "NXDOMAIN"}),
        ("nodata", f"{ask} api.shop.example MX", "possible", {"status": "NOERROR", "answers": 0}),
        ("servfail", f"{ask} pay.broken.example", "likely", {"status": "SERVFAIL"}),
        ("refused", f"{ask} elsewhere.example", "likely", {"status": "REFUSED"}),
        (
            "timeout",
            "dig +tries=2 +time=1 @10.20.0.99 api.shop.example",
            "likely",
            {"status": None},
        ),
    )
    samples = []
    for case, command, verdict, facts in cases:
        fault = {"rule": "dns_failure", "verdict": verdict} if verdict else {}
        samples.append(
            printed(
                client,
                f"dig.{case}.txt",
                "dig",
                f"dig, {case}",
                command,
                case,
                fails=case == "timeout",
                **fault,
                **facts,
            )
        )
        expect(facts["status"] is None or f"status: {facts['status']}" in text(samples[-1]), case)
    return samples


@scenario("s_client")
def s_client(network: Network) -> list[Sample]:
    """What openssl s_client prints of a good server and of bad ones."""
    client, server = network.pair()
    folder = network.folder
    certificate(folder, "good", NAME)
    certificate(folder, "expired", NAME, days(-400), days(-35))
    certificate(folder, "other", "internal.shop.example")
    server_of(server, "good", "-no_ticket", 443)
    server_of(server, "expired", "-no_ticket -no_tls1_3", 8443)
    server_of(server, "other", "-no_ticket", 8444)
    server_of(server, "good", "-tls1_3", 8445)
    ask = (
        f"openssl s_client -connect 10.20.0.20:{{}} -servername {NAME} "
        "-CAfile ca.pem {} </dev/null"
    )
    host = f"-verify_hostname {NAME}"
    cases = (
        ("good", ask.format(443, host), None, "Verify return code: 0 (ok)", "verified"),
        (
            "expired",
            ask.format(8443, host),
            "certificate_expired",
            "certificate has expired",
            "verified",
        ),
        ("wrong_name", ask.format(8444, host), "wrong_name", "hostname mismatch", "verified"),
        (
            "wrong_version",
            ask.format(8445, "-tls1_2"),
            "version mismatch",
            "alert protocol version",
            "",
        ),
        ("refused", ask.format(9443, ""), "refused", "errno=111", ""),
    )
    samples = []
    for case, command, cause, says, _ in cases:
        rule = "service_down" if case == "refused" else "tls_failure"
        fault = {"rule": rule, "verdict": "likely"} if cause else {}
        samples.append(
            printed(
                client,
                f"s_client.{case}.txt",
                "openssl-s_client",
                f"openssl s_client, {case.replace('_', ' ')}",
                command,
                case,
                fails=bool(cause),
                **fault,
                cause=cause,
            )
        )
        expect(says in text(samples[-1]), f"{case}: {text(samples[-1])[:600]}")
    return samples
