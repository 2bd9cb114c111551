"""Answers that come late now and then: because the service pauses, or because the path is full."""

from __future__ import annotations

import re
from statistics import median, pstdev

from http_scenarios import buy, shop
from labels import Capture, Sample, capture, expect, scenario
from topology import Network


@scenario("remote_pause")
def remote_pause(network: Network) -> list[Sample]:
    """The answers of a JVM wait for its garbage collector, while the network is steady."""
    client, server = network.pair("--delay 10")
    server.must("javac -d . GcService.java", 60)
    java = "java -XX:+UseSerialGC -Xms700m -Xmx700m -Xlog:gc:file=gc.log GcService 8080 1000000"
    server.start(java, port=8080)
    with capture(client, "remote_pause") as seen:
        buy(client, "10.20.0.20 8080", "--buyers 2 --requests 70 --pause 0.06")
    seen.activity.append(java)
    pauses = re.findall(r"Pause Full.* ([\d.]+)ms", (network.folder / "gc.log").read_text())
    expect(pauses, "full collections")
    return [
        _variance(
            seen,
            "Answers wait for the garbage collector of the service",
            cause="remote pause",
            pauses_ms=[round(float(p)) for p in pauses],
        )
    ]


@scenario("congestion")
def congestion(network: Network) -> list[Sample]:
    """The same answers while a download fills the queue of a slow link: the RTT itself varies."""
    client, server = network.pair("--delay 10 --rate 4000 --queue-ms 260")
    shop(server)
    shop(server, port=8081)
    with capture(client, "congestion", options="-s 512") as seen:
        download = client.start(
            "sh -c 'sleep 2; curl -s -o /dev/null http://10.20.0.20:8081/report?bytes=1400000'"
        )
        buy(client, "10.20.0.20 8080", "--buyers 2 --requests 50 --pause 0.06")
        download.wait(20)
    seen.activity.append(
        "orders during a download over 4 Mbit/s with a queue of 260 ms; snap length 512"
    )
    return [
        _variance(
            seen,
            "Answers wait in the queue of a full link",
            cause="congestion",
            also=["network.retransmission"],  # the queue is full at times
            snap_length=512,
        )
    ]


def _variance(seen: Capture, title: str, *, cause: str, **facts: object) -> Sample:
    """Label by what varies: the time to the first byte alone, or the RTT with it."""
    first_byte = [float(p["http.time"]) for p in seen.having("http.time", tcp_srcport="8080")]
    rtt = [
        float(p["tcp.analysis.ack_rtt"])
        for p in seen.having("tcp.analysis.ack_rtt", ip_src="10.20.0.20")
        if p.get("tcp.len") == "0"
    ]
    varies = pstdev(rtt) > 0.025
    expect(varies == (cause == "congestion"), f"RTT deviates by {pstdev(rtt):.4f} s")
    expect(max(first_byte) > 4 * median(first_byte) or varies, "the time to the first byte varies")
    measured = {
        "ttfb_s": {"median": round(median(first_byte), 4), "max": round(max(first_byte), 4)},
        "pure_ack_rtt_s": {
            "median": round(median(rtt), 4),
            "max": round(max(rtt), 4),
            "count": len(rtt),
        },
    }
    slowest = max(seen.having("http.time", tcp_srcport="8080"), key=lambda p: float(p["http.time"]))
    return seen.sample(
        title,
        rule="latency_variance",
        verdict="likely",
        stream=int(slowest["tcp.stream"]),
        cause=cause,
        server="10.20.0.20:8080",
        **measured,
        **facts,
    )
