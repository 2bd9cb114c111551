"""One healthy conversation in every kind of capture file that tools write."""

from __future__ import annotations

import signal
import subprocess
import time

import big_endian as tcpdump_s390x
from http_scenarios import buy, shop
from labels import Capture, Sample, capture, expect, scenario
from servers import certificate, nginx
from tls_scenarios import NAME
from topology import Network


@scenario("files")
def files(network: Network) -> list[Sample]:
    """Nanoseconds, a snap length, offloaded segments, a capture that starts too late."""
    client, server = network.pair()
    shop(server)
    with (
        capture(client, "nanoseconds", options="--time-stamp-precision=nano") as nano,
        capture(client, "snaplen", options="-s 96") as cut,
    ):
        buy(client, "10.20.0.20 8080", "--requests 4")
        client.must("curl -s -o /dev/null http://10.20.0.20:8080/report?bytes=20000")
    expect(nano.path.read_bytes()[:4] == b"\x4d\x3c\xb2\xa1", "nanoseconds")
    samples = [
        nano.sample("Nanosecond timestamps", role="nanoseconds"),
        cut.sample("A snap length of 96 bytes", role="snaplen", snap_length=96),
    ]
    buyer = client.start("/usr/bin/python3 buyer.py 10.20.0.20 8080 --requests 20 --pause 0.1")
    buyer.poll()
    time.sleep(1)
    with capture(client, "midstream") as late:
        buyer.wait(20)
    late.activity.append("tcpdump was started after the connection")
    expect(not late.having(tcp_flags_syn="1"), "no SYN")
    samples.append(
        late.sample("A capture that starts in the middle of a connection", role="midstream")
    )
    left, right = network.host("left"), network.host("right")
    network.veth(left, right, ("10.60.0.1/24", "10.60.0.2/24"), offload=True)
    shop(right)
    with capture(right, "offload") as large:
        left.must("curl -s -o /dev/null http://10.60.0.2:8080/report?bytes=300000")
    longest = max(int(p.get("tcp.len", 0)) for p in large.packets)
    expect(longest > 1460, "segments larger than the MTU")
    samples.append(
        large.sample(
            "Segmentation offload: packets larger than the MTU, checksums not yet made",
            role="offload",
            largest_segment=longest,
        )
    )
    return samples


@scenario("filtered")
def filtered(network: Network) -> list[Sample]:
    """A capture filter that leaves out what carries data."""
    client, server = network.pair()
    shop(server)
    with capture(client, "filtered", only="less 400") as seen:
        client.must("curl -s -o /dev/null http://10.20.0.20:8080/report?bytes=60000")
    unseen = seen.having("tcp.analysis.ack_lost_segment")
    expect(unseen, "ACKs of segments that the filter left out")
    return [
        seen.sample(
            "A filter that leaves out large packets: ACKs of data that nobody saw",
            unseen_segments=len(unseen),
        )
    ]


@scenario("pcapng")
def pcapng(network: Network) -> list[Sample]:
    """Two interfaces, names, comments, TLS secrets, two sections."""
    client, middle, server = network.chain()
    certificate(network.folder, "good", NAME)
    shop(server)
    nginx(
        middle,
        "server { listen 443 ssl; ssl_certificate good.pem; ssl_certificate_key good.key;\n"
        "location / { proxy_pass http://10.30.0.20:8080; } }",
        port=443,
    )
    middle.must("gcc -shared -fPIC -o uname.so uname.c")
    dump = (
        "dumpcap -i eth0 -f tcp -i eth1 -f tcp --capture-comment 'proxy, both sides' -w two.pcapng"
    )
    dumping = middle.start(f"env LD_PRELOAD=./uname.so {dump}")
    with (
        capture(middle, "front", "eth0", only="tcp") as front,
        capture(middle, "back", "eth1", only="tcp") as back,
    ):
        time.sleep(1)
        client.must(
            "SSLKEYLOGFILE=keys.log curl -s -o /dev/null --cacert ca.pem "
            "--connect-to ::10.20.0.1:443 "
            f"https://{NAME}/order/1 https://{NAME}/order/2"
        )
        time.sleep(0.5)
    dumping.send_signal(signal.SIGINT)
    dumping.wait(9)
    (network.folder / "names").write_text(
        "10.20.0.10 buyer.shop.example\n10.20.0.1 proxy.shop.example\n"
        "10.30.0.20 orders.shop.example\n"
    )
    steps = [
        "editcap --inject-secrets tls,keys.log -a '4:the hello of the buyer' "
        "-a '9:the proxy answers' two.pcapng noted.pcapng",
        "tshark -P -r noted.pcapng -w named.pcapng -W n -H names -N n",
        "editcap -F pcapng front.pcap first.pcapng",
        "editcap -F pcapng back.pcap second.pcapng",
        "cat first.pcapng second.pcapng > sections.pcapng",
    ]
    for step in steps:
        subprocess.run(step, shell=True, cwd=network.folder, check=True, capture_output=True)
    both = f"{front.command} & {back.command}"
    commands = [
        " && ".join(part) for part in ([dump, steps[0]], [dump, *steps[:2]], [both, *steps[2:]])
    ]
    whole = len(front.packets) + len(back.packets)
    samples = []
    for name, title, command in (
        ("noted", "pcapng: two interfaces, comments, TLS secrets", commands[0]),
        ("named", "pcapng: two interfaces, name resolution", commands[1]),
        ("sections", "pcapng: two sections", commands[2]),
    ):
        made = Capture(network.folder / f"{name}.pcapng", command)
        expect(len(made.packets) == whole, f"{name}: {len(made.packets)} packets, not {whole}")
        text = made.path.read_bytes()
        expect((b"the hello of the buyer" in text) == (name != "sections"), "comments")
        expect((b"orders.shop.example" in text) == (name == "named"), f"names in {name}")
        expect(b"Linux 6.1.0" in text or b"Linux" not in text, f"nothing of the machine in {name}")
        final = made.path.with_name(f"pcapng.{name}.pcapng")
        made.path.rename(final)
        made.path = final
        samples.append(
            made.sample(
                title,
                role=name,
                kind="pcapng",
                packing="" if name == "noted" else "zst",
                interfaces=2,
                sections=2 if name == "sections" else 1,
            )
        )
    return samples


@scenario("big_endian")
def big_endian(network: Network) -> list[Sample]:
    """A file that tcpdump wrote on a big-endian machine."""
    client, server = network.pair()
    shop(server)
    with capture(client, "little") as little:
        buy(client, "10.20.0.20 8080", "--requests 4")
        client.must("curl -s -o /dev/null http://10.20.0.20:8080/report?bytes=20000")
    client.must(f"{tcpdump_s390x.command()} -r little.pcap -w big_endian.pcap")
    both = (
        f"{little.command} && tcpdump -r little.pcap -w {{}}  # the second on s390x, by qemu-user"
    )
    big = Capture(network.folder / "big_endian.pcap", both.format("big_endian.pcap"))
    expect(big.path.read_bytes()[:4] == b"\xa1\xb2\xc3\xd4", "big-endian")
    expect(big.packets == little.packets, "the same packets")
    return [big.sample("A big-endian file")]
