"""Hosts that are network namespaces, and what joins them: cables, veth pairs, a bridge.

A `Network` ends every program that it started and removes every namespace that it made.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from recording import APP, ENVIRONMENT

PROGRAMS = Path(__file__).parent / "programs"
ENVIRONMENT = ENVIRONMENT | {"PATH": f"{ENVIRONMENT['PATH']}:/usr/local/sbin:/usr/sbin:/sbin"}
WAIT_SECONDS = 20


def prepare_machine() -> None:
    """Hide the machine behind neutral names; only what runs in these namespaces sees it."""
    name = b"host"  # without a domain, which a resolver would try too
    ctypes.CDLL("libc.so.6").sethostname(name, len(name))
    Path("/run/netns").mkdir(exist_ok=True)
    for folder in ("/srv", "/run/netns", "/home", "/var/lib/bind", "/var/cache/bind"):
        if Path(folder).exists():
            subprocess.run(["mount", "-t", "tmpfs", "none", folder], check=True)
    APP.mkdir()
    names = APP.parent / "names"
    names.mkdir()
    (names / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
    (names / "resolv.conf").write_text("")
    for file in ("hosts", "resolv.conf"):
        target = str(Path("/etc", file).resolve())
        subprocess.run(["mount", "--bind", names / file, target], check=True)


def resolver(text: str) -> None:
    """Write the ``resolv.conf`` that the hosts of the network read."""
    (APP.parent / "names" / "resolv.conf").write_text(text)


class Host:
    """A network namespace with a name and the address that others reach it by."""

    def __init__(self, network: Network, name: str, *, ipv6: bool) -> None:
        self.network, self.name, self.address, self.address6 = network, name, "", ""
        system("ip", "netns", "add", name)
        system("ip", "-n", name, "link", "set", "lo", "up")
        self.sysctl("net.ipv4.tcp_congestion_control=reno")  # the one that every kernel allows here
        if not ipv6:
            self.sysctl("net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")

    def sysctl(self, *settings: str) -> None:
        """Set parameters of this host's kernel network stack."""
        for setting in settings:
            self.must(f"sysctl -qw '{setting}'")

    def run(self, command: str, seconds: float = 30) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, whatever it answers."""
        return subprocess.run(
            self._inside(command),
            cwd=APP,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )

    def must(self, command: str, seconds: float = 30) -> str:
        """Run a command that must succeed, and return what it prints."""
        done = self.run(command, seconds)
        if done.returncode:
            raise SystemExit(f"{self.name}: {command}\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self, command: str, *, port: int = 0, udp: bool = False) -> subprocess.Popen[bytes]:
        """Start a program; wait until it listens on its port, without a packet on the wire."""
        log = (APP / f"{self.name}.log").open("ab")
        process = subprocess.Popen(
            self._inside(f"exec {command}"),
            cwd=APP,
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.network.processes.append(process)
        if port:
            self.wait_for(port, udp=udp)
        return process

    def wait_for(self, port: int, *, udp: bool = False) -> None:
        """Wait until something listens on the port."""
        self.until(f"ss -Hln{'u' if udp else 't'}", f":{port} ")

    def until(self, command: str, words: str) -> None:
        """Wait until a command prints these words."""
        until = time.monotonic() + WAIT_SECONDS
        while words not in self.run(command).stdout:
            if time.monotonic() > until:
                log = (APP / f"{self.name}.log").read_text(errors="replace")[-2000:]
                raise SystemExit(f"{self.name}: no {words!r} of {command}\n{log}")
            time.sleep(0.1)

    def address_on(self, device: str, address: str, mac: str = "") -> None:
        """Give a device its addresses (``a/24`` or ``a/24,b/64``) and set it up."""
        if mac:
            self.must(f"ip link set {device} address {mac}")
        for one in address.split(","):
            six = ":" in one
            self.must(f"ip {'-6 ' if six else ''}addr add {one} dev {device}{' nodad' * six}")
            plain = one.partition("/")[0]
            self.address6 = self.address6 or (plain if six else "")
            self.address = self.address or ("" if six else plain)
        self.must(f"ip link set {device} up")

    def route(self, target: str, via: str) -> None:
        """Add a route."""
        self.must(f"ip {'-6 ' if ':' in via else ''}route add {target} via {via}")

    def forwards(self) -> None:
        """Make a router of this host."""
        self.sysctl("net.ipv4.ip_forward=1")
        self.run("sysctl -qw net.ipv6.conf.all.forwarding=1")

    def filter(self, rules: str) -> None:
        """Load firewall rules (nft) into a table of their own."""
        (APP / f"{self.name}.nft").write_text(f"table inet faults {{\n{rules}\n}}\n")
        self.must(f"nft -f {self.name}.nft")

    def _inside(self, command: str) -> list[str]:
        return ["ip", "netns", "exec", self.name, "sh", "-c", command]


class Network:
    """Namespaces, what joins them and the programs in them, all gone at the end."""

    def __init__(self) -> None:
        self.hosts: dict[str, Host] = {}
        self.processes: list[subprocess.Popen[bytes]] = []
        self._macs = itertools.count(1)
        self.folder = APP

    def __enter__(self) -> Network:
        for old in APP.iterdir():
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        shutil.copytree(PROGRAMS, APP, dirs_exist_ok=True)
        resolver("")
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        for process in self.processes:
            process.wait()
        for name in self.hosts:
            system("ip", "netns", "del", name)

    def host(self, name: str, *, ipv6: bool = False) -> Host:
        """Make a host, or find it."""
        if name not in self.hosts:
            self.hosts[name] = Host(self, name, ipv6=ipv6)
        return self.hosts[name]

    def wire(
        self,
        left: Host,
        right: Host,
        addresses: tuple[str, str],
        options: str = "",
        devices: tuple[str, str] = ("eth0", "eth0"),
    ) -> subprocess.Popen[bytes]:
        """Join two hosts by the cable of ``programs/wire.py``, with its options."""
        ends = [
            f"{host.name}:{device}" for host, device in zip((left, right), devices, strict=True)
        ]
        command = ["chrt", "-f", "20", sys.executable, "wire.py", *ends, *options.split()]
        process = subprocess.Popen(command, cwd=APP, stdout=subprocess.PIPE, start_new_session=True)
        self.processes.append(process)
        if process.stdout.readline() != b"up\n":
            raise SystemExit(f"the wire does not come up: {' '.join(command)}")
        for host, device, address in zip((left, right), devices, addresses, strict=True):
            host.address_on(device, address, "" if "--tun" in options else self.mac())
        return process

    def veth(
        self,
        left: Host,
        right: Host,
        addresses: tuple[str, str],
        devices: tuple[str, str] = ("eth0", "eth0"),
        *,
        offload: bool = False,
    ) -> None:
        """Join two hosts by a veth pair: no delay, and frames as on a cable unless `offload`."""
        peer = ("peer", "name", devices[1], "netns", right.name)
        system("ip", "link", "add", devices[0], "netns", left.name, "type", "veth", *peer)
        for host, device, address in zip((left, right), devices, addresses, strict=True):
            if not offload:
                host.must(f"ethtool -K {device} tx off tso off gso off gro off")
            host.address_on(device, address, self.mac())

    def pair(self, options: str = "--delay 2", *, ipv6: bool = False) -> tuple[Host, Host]:
        """Make a client and a server with a cable between them, the usual case."""
        client, server = self.host("client", ipv6=ipv6), self.host("server", ipv6=ipv6)
        six = (",2001:db8:20::10/64", ",2001:db8:20::20/64") if ipv6 else ("", "")
        self.wire(client, server, (f"10.20.0.10/24{six[0]}", f"10.20.0.20/24{six[1]}"), options)
        return client, server

    def chain(
        self, left: str = "--delay 2", right: str = "--delay 2", *, ipv6: bool = False
    ) -> tuple[Host, Host, Host]:
        """Make a client, a router (or proxy) and a server, with a cable between each two."""
        client, middle, server = (self.host(n, ipv6=ipv6) for n in ("client", "middle", "server"))
        first, second = ("10.20.0.10/24", "10.20.0.1/24"), ("10.30.0.1/24", "10.30.0.20/24")
        if ipv6:
            first = (f"{first[0]},2001:db8:20::10/64", f"{first[1]},2001:db8:20::1/64")
            second = (f"{second[0]},2001:db8:30::1/64", f"{second[1]},2001:db8:30::20/64")
        self.wire(client, middle, first, left)
        self.wire(middle, server, second, right, ("eth1", "eth0"))
        middle.forwards()
        client.route("10.30.0.0/24", "10.20.0.1")
        server.route("10.20.0.0/24", "10.30.0.1")
        if ipv6:
            client.route("2001:db8:30::/64", "2001:db8:20::1")
            server.route("2001:db8:20::/64", "2001:db8:30::1")
        return client, middle, server

    def mac(self) -> str:
        """Return the next locally administered hardware address."""
        return f"02:00:00:00:00:{next(self._macs):02x}"


def system(*command: str) -> None:
    """Run a command of the recorder itself."""
    subprocess.run(command, check=True, capture_output=True)
