"""What TCP itself shows: loss, resets, closed windows, idle and dead connections, pauses."""

from __future__ import annotations

import signal
import subprocess
import time

from http_scenarios import buy, shop
from labels import Capture, Sample, capture, expect, scenario
from servers import nginx
from topology import Network

REPORT = "curl -s -o /dev/null http://10.20.0.20:8080/report?bytes={}"
CLOCK = 0.1375
"""Seconds that the server's clock is ahead in `lossy_path`: the machine has only one."""


@scenario("lossy_path")
def lossy_path(network: Network) -> list[Sample]:
    """One path that loses packets, seen from both ends, by two clocks."""
    client, server = network.pair(
        "--delay 12 --loss 0.03 --loss-back 0.03 --clean-frames 6 --seed 5"
    )
    shop(server)
    with capture(client, "lossy_path.client") as near, capture(server, "lossy_path.far") as far:
        for size in (90000, 60000, 150000):
            client.must(REPORT.format(size))
        buy(client, "10.20.0.20 8080", "--requests 12 --pause 0.03")
    ahead = far.path.with_name("lossy_path.server.pcap")
    subprocess.run(["editcap", "-F", "pcap", "-t", str(CLOCK), far.path, ahead], check=True)
    far = Capture(
        ahead, f"{far.command} && editcap -F pcap -t {CLOCK} lossy_path.far.pcap {ahead.name}"
    )
    lost = {
        "to_server": _sent(near, "10.20.0.10") - _sent(far, "10.20.0.10"),
        "to_client": _sent(far, "10.20.0.20") - _sent(near, "10.20.0.20"),
    }
    expect(min(lost.values()) > 0, f"both directions lose packets: {lost}")
    expect(near.facts().get("duplicate_acks", 0) > 3, "duplicate ACKs")
    expect(far.facts().get("retransmissions", 0) > 3, "the server sends again")
    label = {
        "rule": "retransmission",
        "verdict": "likely",
        "lost": lost,
        "one_way_delay_ms": 12,
        "clock_offset_s": CLOCK,
        "cause": "loss on the path",
    }
    for seen in (near, far):
        seen.activity.append("3 reports and 12 orders over 2 x 12 ms, 3 % lost each way")
    return [
        near.sample(
            "A lossy path, seen by the client",
            role="client",
            **label,
            stream=near.stream(near.having("tcp.analysis.retransmission")),
        ),
        far.sample(
            "A lossy path, seen by the server, whose clock is ahead",
            role="server",
            **label,
            stream=far.stream(far.having("tcp.analysis.retransmission")),
        ),
    ]


def _sent(seen: Capture, source: str) -> int:
    return sum(packet.get("ip.src") == source and "tcp.stream" in packet for packet in seen.packets)


@scenario("reordering")
def reordering(network: Network) -> list[Sample]:
    """Packets overtake each other, or arrive twice; none is lost."""
    samples = []
    client, server = network.host("client"), network.host("server")
    for kind, options in (
        ("reordered", "--delay 15 --rate 20000 --reorder 0.06 --reorder-ms 0.9"),
        ("duplicated", "--delay 15 --duplicate 0.06"),
    ):
        wire = network.wire(client, server, ("10.20.0.10/24", "10.20.0.20/24"), options)
        service = server.start("/usr/bin/python3 shop.py 8080", port=8080)
        with capture(client, kind) as seen:
            client.must(REPORT.format(250000))
        for process in (service, wire):
            process.terminate()
            process.wait()
        time.sleep(0.3)
        seen.activity.append(f"one report; wire {options}")
        facts = seen.facts()
        if kind == "reordered":
            expect(facts.get("out_of_order", 0) >= 3, f"packets out of order: {facts}")
        else:
            expect(facts.get("retransmissions", 0) >= 3, "the same packets twice")
        samples.append(
            seen.sample(
                f"A report whose packets are {kind}",
                rule="retransmission",
                verdict="possible",
                stream=0,
                role=kind,
                cause=f"packets {kind}, none lost",
            )
        )
    return samples


@scenario("service_down")
def service_down(network: Network) -> list[Sample]:
    """Nobody answers the SYN; or the host refuses it."""
    client, server = network.pair()
    shop(server)
    server.filter("chain input { type filter hook input priority 0; tcp dport 8443 drop; }")
    samples = []
    for way, port in (("unanswered", 8443), ("refused", 8081)):
        with capture(client, f"service_down.{way}") as seen:
            client.must(REPORT.format(500))
            for _ in range(3):
                client.run(f"curl -s -m 3.3 http://10.20.0.20:{port}/health", 8)
        seen.activity.append(f"curl 3 x port {port}, 3.3 s at most")
        resets = seen.resets("10.20.0.20")
        syns = seen.having(tcp_dstport=str(port), tcp_flags_syn="1")
        expect((len(resets) == 3) == (way == "refused"), "refused by RST")
        expect(len(syns) > 3 or way == "refused", "SYN again and again")
        samples.append(
            seen.sample(
                f"A service that is down: SYN {way}",
                rule="service_down",
                verdict="likely",
                stream=seen.stream(syns),
                role=way,
                server=f"10.20.0.20:{port}",
                syns=len(syns),
            )
        )
    return samples


@scenario("resets")
def resets(network: Network) -> list[Sample]:
    """A reset by the client, by the server, by a box between them; and one by a proxy."""
    client, middle, server = network.chain()
    shop(server, "crash", 8080)
    shop(server, "", 8081)
    proxy = "server {{ listen 80; location / {{ proxy_pass http://10.30.0.20:{}; {} }} }}"
    samples = []

    with capture(client, "resets.client") as seen:
        for _ in range(2):
            client.must("/usr/bin/python3 holder.py 10.30.0.20 8081 abort")
    seen.activity.append("a client that goes away in the middle of a report of 300 kB")
    samples.append(_reset(seen, "client", "10.20.0.10", server="10.30.0.20:8081"))

    with capture(client, "resets.server") as seen:
        for _ in range(2):
            client.run("curl -s -o /dev/null http://10.30.0.20:8080/report?bytes=90000")
    seen.activity.append("a service that throws the connection away after 30 kB")
    also = ["network.partial_response"]
    samples.append(_reset(seen, "server", "10.30.0.20", server="10.30.0.20:8080", also=also))

    with capture(client, "resets.middlebox") as seen:
        holder = client.start("/usr/bin/python3 holder.py 10.30.0.20 8081 idle")
        time.sleep(1)
        middle.filter(
            "chain forward { type filter hook forward priority 0;\n"
            "tcp dport 8081 reject with tcp reset; }"
        )
        holder.wait(9)
    seen.activity.append(
        "a firewall forgets an idle connection and answers its next packet with RST"
    )
    made = _reset(seen, "middlebox", "10.30.0.20", server="10.30.0.20:8081")
    ttl = {p["ip.ttl"] for p in seen.having("ip.ttl", tcp_srcport="8081", tcp_flags_reset="0")}
    reset_ttl = seen.resets("10.30.0.20")[0]["ip.ttl"]
    expect(ttl == {"63"} and reset_ttl == "64", f"the RST comes from nearer: {ttl}, {reset_ttl}")
    made.truth |= {"ttl": {"server": 63, "reset": 64}, "cause": "a firewall on the path"}
    samples.append(made)
    middle.must("nft delete table inet faults")

    nginx(
        middle,
        proxy.format(8081, "limit_rate 20k; send_timeout 1s;").replace(
            "listen 80;", "listen 80; reset_timedout_connection on; sendfile off;"
        ),
        port=80,
    )
    with capture(middle, "resets.proxy", "any", only="tcp") as seen:
        slow = "/usr/bin/python3 slow_reader.py 10.20.0.1 80 /report?bytes=900000 400 6"
        client.run(slow.replace("limit_rate", ""), 12)
    seen.activity.append(
        "nginx send_timeout 1s, reset_timedout_connection on; a client that does not read"
    )
    samples.append(
        _reset(seen, "proxy", "10.20.0.1", server="10.30.0.20:8081", proxy="10.20.0.1:80")
    )
    return samples


def _reset(seen: Capture, side: str, address: str, **facts: object) -> Sample:
    found = seen.resets(address)
    expect(found, f"RST from the {side}")
    return seen.sample(
        f"Connections reset by the {side}",
        rule="connection_reset",
        verdict="likely",
        stream=seen.stream(found),
        role=side,
        reset_by=side,
        **facts,
    )


@scenario("slow_reader")
def slow_reader(network: Network) -> list[Sample]:
    """A reader that does not keep up: its window closes."""
    client, server = network.pair("--delay 5")
    shop(server)
    with capture(server, "slow_reader") as seen:
        client.must("/usr/bin/python3 slow_reader.py 10.20.0.20 8080 /report?bytes=300000 2000 3")
    seen.activity.append("a client with a receive buffer of 16 kB reads 2 kB/s for 3 s, then all")
    expect(len(seen.having("tcp.analysis.zero_window")) >= 2, "zero windows")
    return [
        seen.sample(
            "A slow reader closes its window",
            rule="zero_window",
            verdict="likely",
            stream=0,
            reader="10.20.0.10",
            probes=len(seen.having("tcp.analysis.zero_window_probe")),
        )
    ]


@scenario("window_probe")
def window_probe(network: Network) -> list[Sample]:
    """A stack that asks a closed window with a byte, as BSD's does: Linux asks without one."""
    client, host = network.host("client"), network.host("server")
    shop(host)
    host.start("slirp4netns --configure --netns-type=path /run/netns/client tap0")
    client.until("ip -4 -o addr show tap0", "10.0.2.100")
    with capture(client, "window_probe", "tap0", only="tcp") as seen:
        client.must("/usr/bin/python3 slow_reader.py 10.0.2.2 8080 /report?bytes=60000 4 20")
    seen.activity.append(
        "slirp4netns between them; a client with a receive buffer of 16 kB reads 4 B/s for 20 s"
    )
    probes = seen.having("tcp.analysis.zero_window_probe")
    expect(probes, "zero window probes")
    return [
        seen.sample(
            "A closed window that is asked with a byte",
            rule="zero_window",
            verdict="likely",
            stream=0,
            reader="10.0.2.100",
            probes=len(probes),
        )
    ]


@scenario("slow_start_idle")
def slow_start_idle(network: Network) -> list[Sample]:
    """A kept connection that starts slowly again after each idle second."""
    client, server = network.pair("--delay 30")
    server.sysctl("net.ipv4.tcp_slow_start_after_idle=1", "net.ipv4.tcp_no_metrics_save=1")
    shop(server)
    url = "http://10.20.0.20:8080/report?bytes=120000"
    with capture(server, "slow_start_idle", options="-s 120") as seen:
        buy(client, "10.20.0.20 8080", "--requests 3 --steady 1.6 --paths /report?bytes=120000")
    seen.activity.append(f"3 x {url} on one connection, 1.6 s apart, RTT 60 ms; snap length 120")
    bursts = _bursts(seen, "10.20.0.20")
    expect(max(bursts) <= 14, f"the first flight after the pause is small: {bursts}")
    return [
        seen.sample(
            "Slow start again after each idle pause",
            rule="slow_start_idle",
            verdict="likely",
            stream=0,
            server="10.20.0.20:8080",
            rtt_ms=60,
            snap_length=120,
            first_flight_segments=bursts,
        )
    ]


def _bursts(seen: Capture, server: str) -> list[int]:
    """Count the segments that the server sends within 25 ms after each pause of a second."""
    sent = [
        float(p["frame.time_relative"])
        for p in seen.packets
        if p.get("ip.src") == server and int(p.get("tcp.len", 0)) > 200
    ]
    starts = [at for before, at in zip([-9.0, *sent], sent, strict=False) if at - before > 1]
    return [sum(start <= at < start + 0.025 for at in sent) for start in starts]


@scenario("half_open")
def half_open(network: Network) -> list[Sample]:
    """The peer vanishes: probes without answer; or it comes back and knows nothing."""
    client, server = network.host("client"), network.host("server")
    wire = network.wire(client, server, ("10.20.0.10/24", "10.20.0.20/24"), "--delay 3")
    shop(server)
    samples = []
    with capture(client, "half_open.vanished") as seen:
        holder = client.start("/usr/bin/python3 holder.py 10.20.0.20 8080 keepalive")
        time.sleep(0.7)
        wire.send_signal(signal.SIGUSR1)
        holder.wait(12)
    wire.send_signal(signal.SIGUSR1)
    seen.activity.append("the cable is cut; keep-alive probes each second, 4 at most")
    probes = seen.having("tcp.analysis.keep_alive")
    expect(len(probes) >= 3, "keep-alive probes")
    samples.append(
        seen.sample(
            "A peer that vanished",
            rule="half_open",
            verdict="likely",
            stream=0,
            role="vanished",
            probes=len(probes),
            peer="10.20.0.20:8080",
        )
    )
    with capture(client, "half_open.restarted") as seen:
        holder = client.start("/usr/bin/python3 holder.py 10.20.0.20 8080 idle")
        time.sleep(0.7)
        wire.send_signal(signal.SIGUSR1)  # nothing of the end of the old server reaches the client
        for process in network.processes:
            if "shop.py" in " ".join(map(str, process.args)):
                process.kill()
                process.wait()
        time.sleep(0.3)
        server.run("ss -K dst 10.20.0.10")
        server.start("/usr/bin/python3 shop.py 8080", port=8080)
        time.sleep(0.4)
        wire.send_signal(signal.SIGUSR1)
        holder.wait(12)
    seen.activity.append("the server restarts behind a cut cable; the client goes on after 3 s")
    found = seen.resets("10.20.0.20")
    expect(
        found and not seen.having(tcp_flags_fin="1", ip_src="10.20.0.20"), "RST, and no FIN before"
    )
    samples.append(
        seen.sample(
            "A peer that restarted and knows the connection no more",
            rule="half_open",
            verdict="likely",
            stream=seen.stream(found),
            role="restarted",
            reset_by="server",
            peer="10.20.0.20:8080",
        )
    )
    return samples


@scenario("port_exhaustion")
def port_exhaustion(network: Network) -> list[Sample]:
    """A client with ten ports makes a connection for every request."""
    client, server = network.pair("--delay 1")
    client.sysctl("net.ipv4.ip_local_port_range=40000 40009", "net.ipv4.tcp_tw_reuse=1")
    shop(server)
    with capture(client, "port_exhaustion") as seen:
        buy(client, "10.20.0.20 8080", "--close --requests 45 --pause 0.08")
    seen.activity.append("45 requests, a connection each; ip_local_port_range 40000 40009")
    sockets = client.must("ss -Htan state time-wait").splitlines()
    reused = seen.having("tcp.analysis.reused_ports")
    expect(len(reused) >= 5, "ports are used again")
    return [
        seen.sample(
            "A client runs out of ports",
            rule="port_exhaustion",
            verdict="likely",
            stream=seen.stream(reused),
            client="10.20.0.10",
            ports=[40000, 40009],
            server="10.20.0.20:8080",
            time_wait=len(sockets),
            requests=45,
        )
    ]
