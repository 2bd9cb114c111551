"""Packets in packets, and links that are not Ethernet: VXLAN, Geneve, GRE, VLAN, QinQ, tun, lo."""

from __future__ import annotations

from http_scenarios import shop
from labels import Sample, capture, expect, scenario
from topology import Host, Network

ORDERS = "curl -s http://10.244.0.2:8080/order/1 http://10.244.0.2:8080/order/2"


@scenario("vxlan")
def vxlan(network: Network) -> list[Sample]:
    """Two pods on two nodes, joined by the kernel's VXLAN and a bridge each."""
    nodes = network.pair()
    for node, peer, number in zip(nodes, reversed(nodes), (1, 2), strict=True):
        node.must(
            f"ip link add vxlan0 type vxlan id 42 remote {peer.address} dstport 4789 dev eth0"
        )
        node.must("ip link add cni0 type bridge")
        node.must("ip link set vxlan0 master cni0")
        node.must("ip link set vxlan0 up")
        node.address_on("cni0", f"10.244.0.{number}/24", network.mac())
        node.must("ip link set cni0 mtu 1450")
    shop(nodes[1])
    with capture(nodes[0], "vxlan") as seen:
        nodes[0].must(ORDERS)
        nodes[0].must("curl -s -o /dev/null http://10.244.0.2:8080/report?bytes=9000")
    seen.activity.append("ip link add vxlan0 type vxlan id 42 dstport 4789; curl between two pods")
    return [tunnelled(seen, "VXLAN between two nodes", vni=42)]


def switch(node: Host, number: int, *commands: str) -> None:
    """Run Open vSwitch in user space on a node, and carry out commands of ovs-vsctl."""
    folder = f"OVS_RUNDIR=/srv/app/ovs{number} OVS_DBDIR=/srv/app/ovs{number}"
    node.must(
        f"mkdir -p ovs{number} && {folder} ovsdb-tool create ovs{number}/conf.db "
        "/usr/share/openvswitch/vswitch.ovsschema"
    )
    node.start(
        f"env {folder} ovsdb-server ovs{number}/conf.db --remote=punix:/srv/app/ovs{number}/db.sock"
    )
    node.must(
        f"for k in 1 2 3 4 5 6 7 8 9; do test -S ovs{number}/db.sock && break; sleep 0.2; done"
    )
    node.start(f"env {folder} ovs-vswitchd unix:/srv/app/ovs{number}/db.sock")
    ask = f"{folder} ovs-vsctl --db=unix:/srv/app/ovs{number}/db.sock --timeout=10"
    node.must(f"{ask} --no-wait set Open_vSwitch . other_config:vlan-limit=2")
    for command in commands:
        node.must(f"{ask} {command}")


POD = "add-port br0 pod0 {} -- set interface pod0 type=internal"
BRIDGES = {
    "geneve": (
        "add-port br0 tun0 -- set interface tun0 type=geneve "
        "options:remote_ip={peer} options:key=77",
    ),
    "gre": (
        "add-port br0 tun0 -- set interface tun0 type=gre options:remote_ip={peer} options:key=5",
    ),
    "vlan": ("add-port br0 eth0",),
    "qinq": (
        "add-br br1 -- set bridge br1 datapath_type=netdev",
        "add-port br0 to1 -- set interface to1 type=patch options:peer=to0",
        "add-port br1 to0 tag=200 vlan_mode=dot1q-tunnel other_config:qinq-ethtype=802.1ad "
        "-- set interface to0 type=patch options:peer=to1",
        "add-port br1 eth0",
    ),
}
TITLES = {
    "geneve": "Geneve between two nodes",
    "gre": "GRE (Ethernet inside) between two nodes",
    "vlan": "A VLAN tag",
    "qinq": "Two VLAN tags (QinQ)",
}


@scenario("open_vswitch")
def open_vswitch(network: Network) -> list[Sample]:
    """The same two pods, joined by Open vSwitch: what this kernel itself does not know."""
    samples = []
    for kind, commands in BRIDGES.items():
        nodes = [network.host(f"{kind}{number}") for number in (1, 2)]
        network.veth(*nodes, ("10.20.0.10/24", "10.20.0.20/24"))
        for node, peer, number in zip(nodes, ("10.20.0.20", "10.20.0.10"), (1, 2), strict=True):
            overlay = kind in ("geneve", "gre")
            steps = [
                "add-br br0 -- set bridge br0 datapath_type=netdev",
                POD.format("" if overlay else "tag=100"),
                *(c.format(peer=peer) for c in commands),
            ]
            if overlay:  # in user space the tunnel leaves by a bridge that owns the node's address
                steps.append(
                    "add-br phy -- set bridge phy datapath_type=netdev -- add-port phy eth0"
                )
            switch(node, f"{kind}{number}", *steps)
            if overlay:
                node.must("ip addr flush dev eth0")
                node.address_on("phy", f"10.20.0.{number}0/24")
            node.address_on("pod0", f"10.244.0.{number}/24")
            node.must("ip link set pod0 mtu 1400")
        shop(nodes[1])
        with capture(nodes[0], kind) as seen:
            nodes[0].must(ORDERS, 20)
        seen.activity.append("ovs-vsctl " + "; ".join(commands).format(peer="PEER"))
        samples.append(tunnelled(seen, TITLES[kind], role=kind))
    return samples


@scenario("links")
def links(network: Network) -> list[Sample]:
    """Bare IP packets of a tun device; a loopback."""
    client, server = network.host("client"), network.host("server")
    network.wire(
        client, server, ("10.244.0.1/24", "10.244.0.2/24"), "--tun --delay 2", ("tun0", "tun0")
    )
    shop(server)
    with capture(client, "tun", "tun0") as seen:
        client.must(ORDERS)
    seen.activity.append("curl through a tun device")
    samples = [tunnelled(seen, "A tun device: bare IP packets", role="tun")]
    with capture(server, "loopback", "lo") as seen:
        server.must("curl -s http://127.0.0.1:8080/order/1 http://127.0.0.1:8080/order/2")
        server.must("curl -s -o /dev/null http://127.0.0.1:8080/report?bytes=200000")
    seen.activity.append("curl on the same host: segments of up to 64 kB")
    samples.append(tunnelled(seen, "Loopback", role="loopback", requests=3))
    return samples


def tunnelled(seen: object, title: str, role: str = "only", **facts: object) -> Sample:
    """Label a healthy capture whose requests tshark finds inside."""
    found = len(seen.having("http.request.method"))
    expect(found >= 2, f"{title}: {found} requests inside")
    expect(not seen.resets(), "no connection is reset")
    return seen.sample(title, role=role, **{"requests": found} | facts)
