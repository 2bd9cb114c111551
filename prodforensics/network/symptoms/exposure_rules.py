"""Findings on what is open that should not be: debuggers on the wire, secrets in clear."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.display.tables import human_bytes, plain
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule
from prodforensics.network.explorer.troubles import rows_of_frame
from prodforensics.network.protocols.openings import (
    beginnings,
    carrying,
    heads,
    of_host_itself,
    openings,
)
from prodforensics.network.symptoms.clear_secrets import Secret, clear_secrets
from prodforensics.network.symptoms.wording import (
    address,
    caveats,
    counted,
    end,
    in_wireshark,
    listed,
    named,
    proof,
    services,
)

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["RULES"]

_WIDTH = 48
_CANDIDATES = 2000
_MOST = 5
_UUID = re.compile(rb"GET /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12} HTTP/1\.1\r\n")
_INSPECTED = re.compile(
    rb'"(?:webSocketDebuggerUrl|Protocol-Version)"|"method" ?: ?"(?:Runtime|Debugger|Profiler)\.'
)
_DAP = re.compile(
    rb'Content-Length: ?\d{1,9}\r\n(?:[\w-]+: ?[^\r\n]{0,80}\r\n)*\r\n\{(?=.{0,400}"seq")'
    rb'(?=.{0,400}"type" ?: ?"(?:request|response|event)")', re.DOTALL
)  # fmt: skip
_DELVE = re.compile(rb'\{"method" ?: ?"RPCServer\.')
_GDB = re.compile(rb"[+-]{0,4}\$[^#\r\n]{0,4000}#[0-9a-f]{2}")
_NAMES = {
    "node-inspector": "the inspector of Node.js (or of a browser)",
    "jdwp": "Java's debugger (JDWP)",
    "dap": "a debug adapter (DAP: debugpy, Delve, an editor)",
    "delve": "Delve, the debugger of Go",
    "gdb-remote": "gdbserver (GDB's remote protocol)",
}
_CURES = {
    "node-inspector": "node --inspect=127.0.0.1:9229, and reach it by ssh -L or kubectl "
    "port-forward.",
    "jdwp": "address=127.0.0.1:5005 in -agentlib:jdwp, and reach it by ssh -L or kubectl "
    "port-forward.",
    "dap": "debugpy --listen 127.0.0.1:5678, and reach it by ssh -L or kubectl port-forward.",
    "delve": "dlv --listen=127.0.0.1:2345, and reach it by ssh -L or kubectl port-forward.",
    "gdb-remote": "gdbserver 127.0.0.1:2345, or gdbserver - over ssh.",
}


@rule("network.exposed_debugger")
def exposed_debugger(capture: Capture) -> Iterator[Finding]:
    """Find debuggers that are used over the network, by the first bytes of both sides."""
    sessions = _sessions(capture)
    if not sessions:
        return
    streams = np.array(sorted(sessions))
    service = services(capture.streams)[streams]
    for one in list(dict.fromkeys(service.tolist()))[:_MOST]:
        yield _exposed(capture, streams[service == one], sessions)


def _sessions(capture: Capture) -> dict[int, str]:
    """Return the streams that speak the protocol of a debugger, with its name."""
    rows = carrying(capture)
    if not len(rows):
        return {}
    first = openings(capture, rows)
    candidates: set[int] = set()
    for side in (0, 1):
        having = np.flatnonzero(first[:, side] >= 0)
        opening = heads(capture, first[having, side], _WIDTH)
        suspect = np.isin(opening[:, 0], (ord("+"), ord("$")))
        for start in (b"JDWP-Handshake", b"Content-Length:", b"GET /json", b'{"method"'):
            suspect |= (opening[:, : len(start)] == np.frombuffer(start, np.uint8)).all(axis=1)
        websocket = (opening[:, :5] == np.frombuffer(b"GET /", np.uint8)).all(axis=1)
        dashes = opening[:, [13, 18, 23, 28]] == ord("-")
        suspect |= websocket & dashes.all(axis=1)
        candidates |= set(having[suspect][:_CANDIDATES].tolist())
    said = beginnings(capture, sorted(candidates), rows)
    found = {stream: _protocol(*both) for stream, both in said.items()}
    return {stream: name for stream, name in found.items() if name}


def _protocol(asked: bytes, answered: bytes) -> str:
    """Return which debugger two sides speak; empty for none."""
    if asked.startswith(b"JDWP-Handshake") or answered.startswith(b"JDWP-Handshake"):
        return "jdwp"
    if _DAP.match(asked) or _DAP.match(answered):
        return "dap"
    if _DELVE.match(asked):
        return "delve"
    # Either side may be missing; what is there must fit, and not by its first byte alone.
    speaks = [bool(_GDB.match(one)) for one in (asked, answered)]
    if any(speaks) and all(
        fits or one in (b"", b"+") for fits, one in zip(speaks, (asked, answered), strict=True)
    ):
        return "gdb-remote"
    if asked.startswith(b"GET /json") or _UUID.match(asked):
        return "node-inspector" if _INSPECTED.search(answered) else ""
    return ""


def _exposed(capture: Capture, rows: np.ndarray, sessions: dict[int, str]) -> Finding:
    streams, first = capture.streams, int(rows[0])
    protocol = sessions[first]
    server = end(capture, int(streams.address[first, 1]), int(streams.port[first, 1]))
    inside = np.array([of_host_itself(capture, int(one)) for one in rows])
    clients = sorted({address(capture, int(one)) for one in streams.address[rows, 0]})
    passed = int(streams.payload_bytes[rows].sum())
    open_ = not inside.all()
    return Finding(
        "network.exposed_debugger",
        Verdict.LIKELY if open_ else Verdict.POSSIBLE,
        Severity.HIGH if open_ else Severity.LOW,
        f"{_NAMES[protocol]} at {server} is used "
        + (f"from {listed(clients[:3])}" if open_ else "on the host itself"),
        f"{counted(len(rows), 'session')} ({named(rows)}, from frame "
        f"{int(streams.first[first]) + 1}), {human_bytes(passed)}, by "
        f"{counted(len(clients), 'client')}. Who reaches this port can read the memory of the "
        "process and run code in it, without a password. "
        + (
            "It listens on an address that others reach."
            if open_
            else "Only this host used it, which is as it should be; see that it stays so, and that "
            "it is closed afterwards."
        )
        + caveats(capture, "snap_length", "missing_handshake"),
        proof(rows, streams.first[rows]),
        f"{in_wireshark(rows)}. {_CURES[protocol]} Close the port: ss -ltnp on the host.",
    )


@rule("network.clear_text_secret")
def clear_text_secret(capture: Capture) -> Iterator[Finding]:
    """Find passwords, tokens and session cookies that anybody on the way can read."""
    secrets = [*clear_secrets(capture, carrying(capture)), *_in_http2(capture)]
    if not secrets:
        return
    service = services(capture.streams)
    groups: dict[int, list[Secret]] = {}
    for one in secrets:
        groups.setdefault(int(service[one.stream]), []).append(one)
    order = sorted(groups.values(), key=len, reverse=True)
    for group in order[:_MOST]:
        yield _in_clear(capture, group)
    if len(order) > _MOST:
        rest = [one for group in order[_MOST:] for one in group]
        streams = list(dict.fromkeys(one.stream for one in rest))
        yield Finding(
            "network.clear_text_secret",
            Verdict.POSSIBLE,
            Severity.MEDIUM,
            f"{counted(len(order) - _MOST, 'more service')} to which secrets pass in clear",
            f"{counted(len(rest), 'packet')} ({named(streams)}).",
            proof(streams, (one.packet for one in rest)),
            in_wireshark(streams[:3]),
        )


def _in_http2(capture: Capture) -> Iterator[Secret]:
    """Give the requests of HTTP/2 whose headers, once unpacked, hold secrets."""
    http = rows_of_frame(capture, "http")
    if http is None:
        return
    held = http[(http["protocol"] == "2") & (http["secrets"].astype(str) != "")]
    for row in held.head(_CANDIDATES).itertuples():
        kinds = tuple(str(row.secrets).split(", "))
        yield Secret(max(int(row.request_frame), 1) - 1, int(row.stream), kinds, "http2")


def _in_clear(capture: Capture, group: list[Secret]) -> Finding:
    streams = list(dict.fromkeys(one.stream for one in group))
    first = group[0]
    known = capture.streams
    server = end(capture, int(known.address[first.stream, 1]), int(known.port[first.stream, 1]))
    kinds: dict[str, int] = {}
    for one in group:
        for kind in one.kinds:
            kinds[kind] = kinds.get(kind, 0) + 1
    words = listed(f"{plain(kind)} ({count})" for kind, count in kinds.items())
    inside = all(of_host_itself(capture, one) for one in streams)
    return Finding(
        "network.clear_text_secret",
        Verdict.POSSIBLE if inside else Verdict.LIKELY,
        Severity.LOW if inside else Severity.HIGH,
        f"Secrets pass to {server} in clear, in {counted(len(group), 'packet')}",
        f"{words}, in {counted(len(streams), 'connection')} ({named(streams)}; frame "
        f"{first.packet + 1} the first). "
        + (
            "They did not leave the host. "
            if inside
            else "Everybody on the way can read them, and so can whoever gets this file. "
        )
        + "Their values are shown nowhere here; the capture holds them."
        + caveats(capture, "snap_length", "missed_bytes"),
        proof(streams, (one.packet for one in group)),
        f"{in_wireshark(streams, first.filter)}. Use TLS on this hop, change these secrets, and "
        "delete or protect the capture.",
    )


RULES: tuple[Rule, ...] = (exposed_debugger, clear_text_secret)
