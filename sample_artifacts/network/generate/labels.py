"""Captures and outputs with their labels, and the checks that a label is true, by tshark."""

from __future__ import annotations

import contextlib
import functools
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from recording import APP, pack
from topology import Host, Network

SCENARIOS: dict[str, Callable[[Network], list[Sample]]] = {}
"""Scenario -> the function that records it, filled by the modules ``*_scenarios``."""
FIELDS = """
    frame.number frame.time_relative tcp.stream ip.src ipv6.src ip.dst ipv6.dst ip.ttl ip.proto
    udp.stream tcp.srcport tcp.dstport udp.srcport udp.dstport tcp.len tcp.seq tcp.flags.syn
    tcp.flags.ack tcp.flags.fin tcp.flags.reset tcp.window_size_value
    tcp.analysis.retransmission tcp.analysis.fast_retransmission
    tcp.analysis.spurious_retransmission tcp.analysis.out_of_order tcp.analysis.duplicate_ack
    tcp.analysis.lost_segment tcp.analysis.ack_lost_segment tcp.analysis.zero_window
    tcp.analysis.zero_window_probe tcp.analysis.window_full tcp.analysis.keep_alive
    tcp.analysis.reused_ports tcp.analysis.ack_rtt dns.flags.response dns.flags.rcode
    dns.qry.name dns.id dns.flags.truncated http.request.method http.request.uri
    http.response.code http.time http2.type tls.handshake.type tls.alert_message.desc
    tls.handshake.extensions_server_name icmp.type icmp.code icmp.mtu icmpv6.type icmpv6.mtu
    _ws.col.Protocol
""".split()  # noqa: SIM905 (a table of words)
COUNTED = {
    "retransmissions": "tcp.analysis.retransmission",
    "fast_retransmissions": "tcp.analysis.fast_retransmission",
    "spurious_retransmissions": "tcp.analysis.spurious_retransmission",
    "out_of_order": "tcp.analysis.out_of_order",
    "duplicate_acks": "tcp.analysis.duplicate_ack",
    "lost_segments": "tcp.analysis.lost_segment",
    "zero_windows": "tcp.analysis.zero_window",
    "keep_alives": "tcp.analysis.keep_alive",
    "reused_ports": "tcp.analysis.reused_ports",
    "http_requests": "http.request.method",
}


class NotAsLabelled(Exception):
    """The capture does not hold what its label says."""


def scenario(name: str) -> Callable:
    """Enter a function in `SCENARIOS`."""

    def enter(function: Callable[[Network], list[Sample]]) -> Callable:
        SCENARIOS[name] = function
        return function

    return enter


def expect(true: object, what: str) -> None:
    """Refuse the recording unless it is as labelled."""
    if not true:
        raise NotAsLabelled(what)


@dataclass
class Sample:
    """One artifact as it stands, and what is true of it."""

    artifact: Path
    format: str
    title: str
    command: str
    truth: dict
    role: str = "only"
    packing: str = "zst"

    def entry(self, name: str, folder: Path) -> dict:
        """Pack the artifact into the folder and return its entry for the manifest."""
        path = pack(self.artifact, folder, self.packing)
        return {
            "path": f"{folder.name}/{path.name}",
            "format": self.format,
            "title": self.title,
            "scenario": name,
            "role": self.role,
            "recorded_with": {"command": self.command, "versions": versions(self.command)},
            "ground_truth": {"rule": None, "verdict": None, "stream": None} | self.truth,
        }


@dataclass
class Capture:
    """A capture file and how it was made."""

    path: Path
    command: str
    activity: list[str] = field(default_factory=list)

    @functools.cached_property
    def packets(self) -> list[dict[str, str]]:
        """What tshark says of each packet: the fields that it has, of `FIELDS`."""
        options = [part for name in FIELDS for part in ("-e", name)]
        done = subprocess.run(
            ["tshark", "-n", "-r", self.path, "-T", "fields", *options],
            capture_output=True,
            text=True,
            check=True,
        )
        rows = (line.split("\t") for line in done.stdout.splitlines())
        return [{n: v for n, v in zip(FIELDS, row, strict=True) if v} for row in rows]

    def having(self, *names: str, **same: str) -> list[dict[str, str]]:
        """Return the packets that have all the fields, and these values (``tcp_len="0"``)."""
        wanted = {
            name.replace("__", "\0").replace("_", ".").replace("\0", "_"): value
            for name, value in same.items()
        }
        return [
            packet
            for packet in self.packets
            if all(name in packet for name in names)
            and all(packet.get(name) == value for name, value in wanted.items())
        ]

    def resets(self, source: str = "") -> list[dict[str, str]]:
        """Return the packets with RST, of one address where it is given."""
        found = self.having(tcp_flags_reset="1")
        return [one for one in found if not source or one.get("ip.src") == source]

    def stream(self, packets: list[dict[str, str]]) -> int | None:
        """Return the number of the TCP stream that the first of these packets belongs to."""
        return next((int(p["tcp.stream"]) for p in packets if "tcp.stream" in p), None)

    def facts(self) -> dict:
        """Count what tshark flags."""
        streams = {p["tcp.stream"] for p in self.packets if "tcp.stream" in p}
        counts = {name: len(self.having(flag)) for name, flag in COUNTED.items()}
        counts |= {"resets": len(self.resets())}
        return {"packets": len(self.packets), "tcp_streams": len(streams)} | {
            name: count for name, count in counts.items() if count
        }

    def sample(
        self,
        title: str,
        *,
        rule: str | None = None,
        verdict: str | None = None,
        stream: int | None = None,
        role: str = "only",
        packing: str = "zst",
        kind: str = "pcap",
        **facts: object,
    ) -> Sample:
        """Label the capture."""
        expect(self.packets, f"{self.path.name} is empty")
        label = {"rule": f"network.{rule}" if rule else None, "verdict": verdict, "stream": stream}
        truth = label | facts | {"tshark": self.facts()}
        command = (
            "  # ".join([self.command, "; ".join(self.activity)]) if self.activity else self.command
        )
        return Sample(self.path, kind, title, command, truth, role, packing)


@contextlib.contextmanager
def capture(
    host: Host, name: str, interface: str = "eth0", options: str = "", only: str = ""
) -> Iterator[Capture]:
    """Run tcpdump on a host while the body runs."""
    words = ["tcpdump", "-i", interface, *options.split(), "-w", f"{name}.pcap", only]
    command = " ".join(filter(None, words))
    hidden = "-Z root -n -U --immediate-mode -B 131072"  # as root; at once into the file, none lost
    process = subprocess.Popen(
        ["ip", "netns", "exec", host.name, *words[:1], *hidden.split(), *filter(None, words[1:])],
        cwd=APP,
        stderr=subprocess.PIPE,
        text=True,
    )
    host.network.processes.append(process)
    if not any("listening on" in line for line in iter(process.stderr.readline, "")):
        raise SystemExit(f"tcpdump does not listen: {command}")
    try:
        made = Capture(APP / f"{name}.pcap", command)
        yield made
        time.sleep(0.4)
    finally:
        process.send_signal(signal.SIGINT)
        said = process.communicate()[1]
    expect("\n0 packets dropped by kernel" in said, f"tcpdump lost packets: {said}")


@functools.cache
def versions_of(tool: str) -> str:
    """Return the version that a program prints."""
    ask = {
        "ip": "-V",
        "ss": "-V",
        "ping": "-V",
        "openssl": "version",
        "dig": "-v",
        "java": "-version",
    }
    done = subprocess.run(
        [tool, ask.get(tool, "--version")], capture_output=True, text=True, check=False
    )
    found = re.search(r"\d+(\.\d+)+|\d{6,}", done.stdout + done.stderr)
    return found.group() if found else ""


def versions(command: str) -> dict[str, str]:
    """Return the versions of the programs that a command names."""
    known = """
        tcpdump dumpcap editcap mergecap tshark nginx haproxy dnsmasq openssl curl mtr ss
        conntrack netstat dig ping node java gdbserver gdb named
    """.split()  # noqa: SIM905 (a table of words)
    words = set(re.findall(r"[a-z]+", command))
    return {tool: versions_of(tool) for tool in known if tool in words}


def printed(
    host: Host,
    name: str,
    kind: str,
    title: str,
    command: str,
    role: str,
    *,
    seconds: float = 40,
    fails: bool = False,
    rule: str | None = None,
    verdict: str | None = None,
    **facts: object,
) -> Sample:
    """Run a command and keep all that it prints."""
    done = host.run(f"{command} 2>&1", seconds)
    expect(
        bool(done.returncode) <= fails and done.stdout,
        f"{command}: {done.returncode} {done.stdout[-300:]}",
    )
    artifact = host.network.folder / name
    artifact.write_text(done.stdout)
    label = {"rule": f"network.{rule}" if rule else None, "verdict": verdict}
    return Sample(artifact, kind, title, command, label | facts, role, "")


def text(sample: Sample) -> str:
    """Return what was printed."""
    return sample.artifact.read_text()
