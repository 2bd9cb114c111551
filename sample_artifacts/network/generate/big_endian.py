"""A tcpdump of a big-endian machine (s390x), run under qemu-user: its files are big-endian.

Debian's packages are fetched by apt into ``.cache``, with lists of their own: the machine's apt
stays as it is. Needs qemu-user-static.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

CACHE = Path(__file__).parents[3] / ".cache" / "tcpdump-s390x"
SYSTEM = CACHE / "system"
PACKAGES = """
    tcpdump libpcap0.8 libc6 libssl3 libdbus-1-3 libsystemd0 liblzma5 libzstd1 liblz4-1 libcap2
    libgcrypt20 libgpg-error0 libibverbs1 libnl-3-200 libnl-route-3-200
""".split()  # noqa: SIM905 (a table of words)


def command() -> str:
    """Return the words that run it."""
    return f"qemu-s390x-static -L {SYSTEM} {SYSTEM / 'usr/bin/tcpdump'}"


def fetch() -> None:
    """Fetch and unpack the packages, once."""
    if (SYSTEM / "usr/bin/tcpdump").exists():
        return
    for folder in ("lists/partial", "apt/archives/partial", "system"):
        (CACHE / folder).mkdir(parents=True, exist_ok=True)
    apart = {
        "APT::Architecture": "s390x",
        "APT::Architectures": "s390x",
        "Dir::State::lists": CACHE / "lists",
        "Dir::Cache": CACHE / "apt",
        "APT::Sandbox::User": "root",
    }
    options = [part for name, value in apart.items() for part in ("-o", f"{name}={value}")]
    subprocess.run(["apt-get", *options, "update", "-q"], check=True)
    subprocess.run(["apt-get", *options, "download", "-q", *PACKAGES], cwd=CACHE, check=True)
    for package in CACHE.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, SYSTEM], check=True)
        package.unlink()
    for folder in ("lists", "apt"):
        shutil.rmtree(CACHE / folder)
