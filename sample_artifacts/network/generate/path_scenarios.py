"""The path: packets too large for it, tables too full for it, IPv6 as it comes."""

from __future__ import annotations

import subprocess
from pathlib import Path

from http_scenarios import shop
from labels import Sample, capture, expect, scenario
from topology import Host, Network

SILENT = """chain output {
    type filter hook output priority 0; icmp type destination-unreachable drop;
}"""
UPLOAD = "curl -s -m {seconds} -T upload.txt -X POST http://{host}:8080/upload"


def narrow(network: Network, *, ipv6: bool = False) -> tuple[Host, Host, Host]:
    """Make a path whose second half carries 1400 bytes, which neither end knows."""
    client, middle, server = (network.host(n, ipv6=ipv6) for n in ("client", "middle", "server"))
    six = [
        f",2001:db8:{net}::{end}/64" if ipv6 else ""
        for net, end in ((20, 10), (20, 1), (30, 1), (30, 20))
    ]
    network.wire(client, middle, (f"10.20.0.10/24{six[0]}", f"10.20.0.1/24{six[1]}"), "--delay 2")
    network.veth(
        middle, server, (f"10.30.0.1/24{six[2]}", f"10.30.0.20/24{six[3]}"), ("eth1", "eth0")
    )
    middle.must("ip link set eth1 mtu 1400")
    middle.forwards()
    client.route("10.30.0.0/24", "10.20.0.1")
    server.route("10.20.0.0/24", "10.30.0.1")
    if ipv6:
        client.route("2001:db8:30::/64", "2001:db8:20::1")
        server.route("2001:db8:20::/64", "2001:db8:30::1")
    (network.folder / "upload.txt").write_text("2026-11-02;order;0123456789\n" * 800)
    shop(server, "ipv6" if ipv6 else "")
    return client, middle, server


@scenario("mtu")
def mtu(network: Network) -> list[Sample]:
    """ICMP says that a packet was too large (TCP goes on); or a firewall drops what it says."""
    client, middle, _ = narrow(network)
    samples = []
    with capture(client, "mtu.frag_needed") as seen:
        client.must(UPLOAD.format(seconds=9, host="10.30.0.20"))
    seen.activity.append("an upload over a path of 1400 bytes; ICMP 3/4 comes back")
    told = seen.having(icmp_type="3", icmp_code="4")
    told = told or [p for p in seen.having("icmp.type") if p["icmp.type"].startswith("3")]
    expect(told, "ICMP fragmentation needed")
    samples.append(
        seen.sample(
            "A path of 1400 bytes that says so",
            role="frag_needed",
            mtu=1400,
            icmp=len(told),
            cause="path MTU discovery at work",
        )
    )
    client.must("ip route flush cache")
    middle.filter(SILENT)
    with capture(client, "mtu.black_hole") as seen:
        done = client.run(UPLOAD.format(seconds=5, host="10.30.0.20"))
        client.run("curl -s http://10.30.0.20:8080/order/1")
    seen.activity.append(
        "the same upload, and a firewall that drops ICMP; a small request meanwhile works"
    )
    again = seen.having("tcp.analysis.retransmission", ip_src="10.20.0.10")
    expect(
        done.returncode == 28 and len(again) >= 3 and not seen.having("icmp.type"),
        "sent again and again in vain",
    )
    samples.append(
        seen.sample(
            "A path of 1400 bytes that does not say so",
            rule="mtu_black_hole",
            verdict="likely",
            stream=0,
            role="black_hole",
            mtu=1400,
            largest_payload=1448,
            server="10.30.0.20:8080",
        )
    )
    return samples


@scenario("ipv6")
def ipv6(network: Network) -> list[Sample]:
    """IPv6: HTTP, packet too big, fragments, a routing header, hop-by-hop options."""
    client, middle, server = narrow(network, ipv6=True)
    with capture(client, "ipv6.too_big", only="ip6") as seen:
        client.must(UPLOAD.format(seconds=9, host="[2001:db8:30::20]"))
    seen.activity.append("an upload over a path of 1400 bytes; ICMPv6 packet too big comes back")
    told = [p for p in seen.having("icmpv6.type") if p["icmpv6.type"] == "2"]
    expect(told, "packet too big")
    samples = [
        seen.sample(
            "IPv6, a path of 1400 bytes that says so", role="too_big", mtu=1400, icmp=len(told)
        )
    ]
    for host in (client, middle, server):
        for device in ("all", "eth0", "eth1"):
            host.run(f"sysctl -qw net.ipv6.conf.{device}.seg6_enabled=1")
    with capture(client, "ipv6.headers", options="", only="ip6") as seen:
        client.run("ping -6 -c 2 -i 0.3 -s 3000 2001:db8:20::1")
        client.must(
            "ip -6 route replace 2001:db8:30::/64 encap seg6 mode inline "
            "segs 2001:db8:20::1 dev eth0"
        )
        client.run("curl -s -m 4 http://[2001:db8:30::20]:8080/order/7")
        client.run("ping -6 -c 1 -W 1 ff02::1%eth0")
        client.must("ip -6 addr add 2001:db8:20::11/64 dev eth0")
    seen.activity.append(
        "ping -s 3000 (fragments); curl along segments (routing header); MLD (hop-by-hop)"
    )
    expect(seen.having("icmpv6.type") and len(seen.packets) > 10, "IPv6 packets")
    kinds = _headers(seen.path)
    expect({"44", "43", "0"} <= kinds, f"extension headers {kinds}")
    samples.append(
        seen.sample(
            "IPv6 with fragments and extension headers", role="headers", next_headers=sorted(kinds)
        )
    )
    return samples


def _headers(path: Path) -> set[str]:
    """Return the kinds of extension headers of a capture, as tshark names the next header."""
    command = [
        "tshark",
        "-n",
        "-r",
        path,
        "-T",
        "fields",
        "-e",
        "ipv6.nxt",
        "-e",
        "ipv6.hopopts.nxt",
        "-e",
        "ipv6.routing.nxt",
    ]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {kind for line in out.splitlines() for kind in line.split("\t")[0].split(",") if kind}


@scenario("conntrack_overflow")
def conntrack_overflow(network: Network) -> list[Sample]:
    """A router that tracks connections, and whose table is full: new SYNs vanish."""
    client, middle, server = network.chain("--delay 1", "--delay 1")
    shop(server)
    middle.filter(
        "chain forward { type filter hook forward priority 0; ct state new counter accept; }"
    )
    limit = int(middle.must("sysctl -n net.netfilter.nf_conntrack_max"))
    flows = (
        f"-A -s 10.40.0.{1 + k // 60000} -d 10.30.0.20 -p tcp --sport {1024 + k % 60000} "
        "--dport 8080 --state ESTABLISHED -u ASSURED,SEEN_REPLY -t 300"
        for k in range(limit + 50)
    )
    (network.folder / "flows.txt").write_text("\n".join(flows) + "\n")
    with capture(client, "conntrack_overflow", only="tcp") as seen:
        client.must("curl -s http://10.30.0.20:8080/order/1")
        middle.run("conntrack -R flows.txt", 60)
        for _ in range(3):
            client.run("curl -s -m 3.3 http://10.30.0.20:8080/order/2", 9)
    seen.activity.append(
        "a router whose conntrack table was filled with established flows (conntrack -R)"
    )
    stats = middle.run("conntrack -S").stdout
    syns = seen.having(tcp_flags_syn="1", tcp_flags_ack="0")
    expect(len(syns) >= 7, f"SYNs in vain: {len(syns)} {stats}")
    (network.folder / "conntrack.overflow.stats.txt").write_text(stats)
    count = int(middle.must("sysctl -n net.netfilter.nf_conntrack_count"))
    return [
        seen.sample(
            "New connections vanish in a router whose table is full",
            rule="service_down",
            verdict="likely",
            stream=1,
            role="capture",
            cause="conntrack overflow",
            syns=len(syns),
            server="10.30.0.20:8080",
        ),
        Sample(
            network.folder / "conntrack.overflow.stats.txt",
            "conntrack-stats",
            "Counters of a router whose connection table is full",
            "conntrack -S",
            {
                "rule": "network.connection_reset",
                "verdict": "likely",
                "cause": "conntrack overflow",
                "count": count,
                "max": limit,
            },
            "stats",
            "",
        ),
    ]
