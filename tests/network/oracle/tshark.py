"""What tshark says of a capture: the fields of its packets, and its conversations."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest

import prodforensics as pf
from prodforensics import tools
from prodforensics.kernels.tcp_analysis import FLAGS
from prodforensics.source import Source
from tests.conftest import require_tool

CAPTURES = [
    pytest.param(entry["path"], marks=pytest.mark.xdist_group(entry["path"]))
    for entry in pf.samples.entries()
    if entry["format"] in ("pcap", "pcapng")
]
"""Every recorded capture; what is asked of one runs in one process, so that tshark runs once."""

FIELDS = (
    "frame.number", "frame.time_epoch", "frame.len", "frame.cap_len", "vlan.id", "ip.proto",
    "ipv6.nxt", "ip.src", "ip.dst", "ipv6.src", "ip.ttl", "ipv6.hlim", "ip.id", "ip.flags.df",
    "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport", "tcp.stream", "udp.stream",
    "tcp.len", "tcp.flags", "tcp.seq_raw", "tcp.ack_raw", "tcp.window_size_value",
    "tcp.options.mss_val", "tcp.options.wscale.shift", "tcp.options.timestamp.tsval",
    "tcp.options.timestamp.tsecr", "icmp.type", "icmp.code", "icmpv6.type", "icmpv6.code",
    "tcp.completeness", "tcp.window_size", "tcp.analysis.ack_rtt", "tcp.analysis.bytes_in_flight",
    "tcp.analysis.initial_rtt", *(f"tcp.analysis.{name}" for name in FLAGS),
)  # fmt: skip

_CONVERSATION = re.compile(
    r"(\S+):(\d+)\s+<->\s+(\S+):(\d+)\s+(\d+) (\d+ \S+)\s+(\d+) (\d+ \S+)\s+\d+ \d+ \S+"
)


@dataclass(frozen=True)
class Answer:
    """What tshark printed.

    Attributes
    ----------
    packets : DataFrame of str
        A row a packet, indexed by its number; of headers within headers the innermost.
    conversations : dict of str to Counter
        By protocol: how often a pair of (address, port, packets, bytes as printed) comes.
    """

    packets: pd.DataFrame
    conversations: dict[str, Counter]


def printed(size: int) -> str:
    """Write a sum of bytes as the table of conversations does."""
    for unit, factor in (("MB", 1000_000), ("kB", 1000)):
        if size >= 10 * factor:
            return f"{size // factor} {unit}"
    return f"{size} bytes"


@cache
def loaded(name: str) -> pf.Evidence:
    """Load a sample, once."""
    return pf.load(pf.samples.path(name))


@cache
def asked(name: str) -> Answer:
    """Let tshark read a sample, in two passes: then it knows its sums at every packet."""
    require_tool("tshark")
    with TemporaryDirectory() as folder:
        return ask(unpacked(name, folder), "-2")


def unpacked(name: str, folder: Path | str) -> Path:
    """Write a sample as tshark can read it."""
    source = Source(pf.samples.path(name))
    file = Path(folder, source.name)
    file.write_bytes(b"".join(source.chunks()))
    return file


def ask(file: Path, *options: str) -> Answer:
    """Let tshark read a file."""
    arguments = ["-n", *options, "-r", file, "-z", "conv,udp", "-z", "conv,tcp"]
    arguments += ["-T", "fields", "-E", "separator=/t", "-E", "occurrence=l"]
    for field in FIELDS:
        arguments += ["-e", field]
    lines = tools.run("tshark", arguments, seconds=60).stdout.splitlines()
    packets = [line.split("\t") for line in lines if line.count("\t") == len(FIELDS) - 1]
    frame = pd.DataFrame(packets, columns=FIELDS)
    tables: dict[str, Counter] = {}
    for line in lines:
        if line.endswith(" Conversations"):
            tables[line.split()[0].lower()] = table = Counter()
        elif found := _CONVERSATION.match(line):
            one, here, other, there, back, down, forth, up = found.groups()
            sides = ((one, int(here), int(forth), up), (other, int(there), int(back), down))
            table[frozenset(sides)] += 1
    return Answer(frame.set_index(frame["frame.number"].astype(int)), tables)


def fields(
    name: str, wanted: str, names: Sequence[str], folder: Path, *options: str
) -> dict[int, dict[str, str]]:
    """Return fields of the packets of a sample that a display filter wants, by frame number.

    What comes more than once in a packet is joined by commas.
    """
    require_tool("tshark")
    arguments = ["-n", *options, "-r", unpacked(name, folder), "-Y", wanted, "-T", "fields"]
    arguments += ["-E", "separator=/t", "-e", "frame.number"]
    for field in names:
        arguments += ["-e", field]
    lines = tools.run("tshark", arguments, seconds=60).stdout.splitlines()
    rows = [line.split("\t") for line in lines if line.count("\t") == len(names)]
    return {int(frame): dict(zip(names, rest, strict=True)) for frame, *rest in rows}


def numbers(texts: pd.Series, none: int = -1) -> np.ndarray:
    """Read a column of tshark's; hexadecimal where it prints so."""
    return texts.map(lambda text: int(text, 0) if text else none).to_numpy(np.int64)


def nanoseconds(texts: pd.Series, none: int) -> np.ndarray:
    """Read seconds with nine decimals."""
    return texts.map(lambda text: int(text.replace(".", "")) if text else none).to_numpy(np.int64)


def analysis_flags(packets: pd.DataFrame) -> np.ndarray:
    """Return tshark's flags as bits of `FLAGS`.

    Its field of a retransmission is set for a fast or a spurious one, too; here it stands for the
    other ones alone.
    """
    found = np.zeros(len(packets), np.int64)
    for bit, flag in enumerate(FLAGS):
        found |= (packets[f"tcp.analysis.{flag}"] != "").to_numpy() * np.int64(1 << bit)
    own_kind = 1 << FLAGS.index("fast_retransmission") | 1 << FLAGS.index("spurious_retransmission")
    return found & ~np.where(found & own_kind, 1, 0)
