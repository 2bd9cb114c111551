"""Record the network samples: real programs talking between network namespaces of their own.

Everything runs in namespaces that are made here and die with the recorder: mounts, host name,
processes, networks. So nothing of the recording machine is in a capture (its name, its paths, its
traffic), and nothing of the recording stays on the machine. Needs root, and of Debian: nginx-light,
haproxy, dnsmasq-base, bind9, openssl, curl, tcpdump, tshark, wireshark-common, mtr-tiny, conntrack,
nftables, ethtool, iputils-ping, bind9-dnsutils, net-tools, openvswitch-switch, nodejs,
default-jdk-headless, python3-debugpy, gdb, gdbserver, gcc, qemu-user-static, slirp4netns; and
aioquic (PyPI) in the environment that runs this.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
NAMESPACES = "unshare --mount --uts --net --pid --fork --kill-child --mount-proc"
ATTEMPTS = 3
"""The timing of a busy machine spoils a capture now and then: the check fails, it is made again."""


def record(scenarios: list[str], folder: Path) -> list[dict]:
    """Record the named scenarios, or all, and return their entries for the manifest."""
    sys.path.insert(0, str(HERE))
    import big_endian

    big_endian.fetch()  # before the networks go
    with tempfile.NamedTemporaryFile("r", suffix=".json") as answer:
        command = [
            *NAMESPACES.split(),
            sys.executable,
            __file__,
            answer.name,
            str(folder),
            *scenarios,
        ]
        subprocess.run(command, check=True)
        return json.load(answer)


def _record_inside(answer: Path, folder: Path, scenarios: list[str]) -> None:
    sys.path[:0] = [str(HERE), str(HERE.parents[1])]
    import topology
    from labels import SCENARIOS, NotAsLabelled

    for module in sorted(HERE.glob("*_scenarios.py")):
        importlib.import_module(module.stem)
    topology.prepare_machine()
    entries = []
    for name in scenarios or SCENARIOS:
        for attempt in range(1, ATTEMPTS + 1):
            print(f"recording {name}", flush=True)
            try:
                with topology.Network() as network:
                    made = SCENARIOS[name](network)
                entries += [{"investigation": "network"} | one.entry(name, folder) for one in made]
                break
            except NotAsLabelled as reason:
                print(f"  not as labelled: {reason}", flush=True)
                if attempt == ATTEMPTS:
                    raise
    answer.write_text(json.dumps(entries))


if __name__ == "__main__":
    _record_inside(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
