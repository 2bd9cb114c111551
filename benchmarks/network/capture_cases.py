"""The bars of captures: packets, connections and TCP analysis, against tshark on the same file."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.measure import Run, best, race, warm
from benchmarks.network.captures import amplified
from benchmarks.peers import program
from benchmarks.table import Row, against

__all__ = ["CASES"]

SMALL, LARGE = 5, 1300  # megabytes

_FIELDS = (
    "frame.number", "frame.time_epoch", "frame.cap_len", "frame.len", "frame.interface_id",
    "vlan.id", "ip.proto", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.srcport",
    "tcp.dstport", "udp.srcport", "udp.dstport", "tcp.len", "udp.length", "tcp.flags",
    "tcp.seq_raw", "tcp.ack_raw", "tcp.window_size_value", "tcp.window_size", "tcp.stream",
    "udp.stream", "tcp.analysis.flags", "tcp.analysis.ack_rtt", "tcp.analysis.bytes_in_flight",
    "tcp.analysis.initial_rtt", "tcp.completeness",
)  # fmt: skip


def _tshark(file: Path, *arguments: str) -> list[str]:
    tool = shutil.which("tshark")
    if tool is None:
        raise RuntimeError("tshark is needed (apt install tshark)")
    return [tool, "-n", "-r", str(file), *arguments]


def _fields(file: Path) -> list[str]:
    """Let tshark print the columns of our frame of packets."""
    return _tshark(file, "-T", "fields", *(word for name in _FIELDS for word in ("-e", name)))


def _ours(task: str, file: Path) -> list[str]:
    return program("benchmarks.network.capture_ours", task, file)


def _memory(case: str, ours: Run, peer: Run) -> Row:
    share = ours.peak_rss_bytes / peer.peak_rss_bytes
    return Row(
        f"{case}: peak memory", ours.peak_rss_bytes / 1e6, "MB", peer.peak_rss_bytes / 1e6,
        "tshark -T fields", share, "<= 1 of its", share <= 1, best_of=ours.of,
    )  # fmt: skip


def capture_small() -> Iterator[Row]:
    """A 5 MB capture: from process start, and again in a process that has loaded one."""
    file = warm(amplified(SMALL))
    tshark, ours = race(5, _fields(file), _ours("load", file))
    share = ours.wall_s / tshark.wall_s
    yield replace(
        against("capture of 5 MB: from process start", ours, tshark, "tshark -T fields"),
        ratio=share,
        bar="<= 3x its time",
        met=share <= 3,
    )
    warm_s = best(_ours("warm", file), 3).said["warm_s"]
    share = warm_s / tshark.wall_s
    yield Row(
        "capture of 5 MB: in a warm kernel", warm_s, "s", tshark.wall_s, "tshark -T fields",
        share, "<= 0.3x its time", share <= 0.3, best_of=3,
    )  # fmt: skip


def capture() -> Iterator[Row]:
    """A 1.3 GB capture of three million packets; its protocols; in pieces."""
    file = warm(amplified(LARGE))
    case = "capture of 1.3 GB: packets, TCP analysis, connections"
    ours = best(_ours("load", file), 3)
    fields, conversations = race(1, _fields(file), _tshark(file, "-q", "-z", "conv,tcp"))
    yield against(case, ours, fields, "tshark -T fields", faster=20)
    yield against(case, ours, conversations, "tshark -q -z conv,tcp", faster=5)
    yield _memory(case, ours, fields)
    deeper = best(_ours("protocols", file), 3)
    case = "capture of 1.3 GB: with DNS, TLS and HTTP"
    yield against(case, deeper, fields, "tshark -T fields", faster=10)
    yield _memory(case, deeper, fields)
    pieces = best(_ours("chunks", file), 1)
    allowed, size = pieces.said["allowed_bytes"], file.stat().st_size
    yield Row(
        "capture of 1.3 GB: in pieces, private memory allowed", allowed / 1e6, "MB",
        ratio=allowed / size, bar="< 1 of the file", met=allowed < size,
    )  # fmt: skip
    yield Row("capture of 1.3 GB: in pieces", pieces.wall_s, "s")


CASES: dict[str, Callable[[], Iterator[Row]]] = {
    "capture-small": capture_small,
    "capture": capture,
}
