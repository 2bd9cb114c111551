"""Findings of a machine's sockets: full queues, used up ports, loss, readers that do not read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from prodforensics.display.tables import human_bytes, human_count, human_ns
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule
from prodforensics.network.tools.counter_rules import EPHEMERAL_PORTS, ports_used

if TYPE_CHECKING:
    from prodforensics.network.tools.socket_reports import SocketTable

__all__ = ["RULES"]

_SHOWN = 20
_AGAIN = (3, 0.01, 0.02)
"""Segments sent again, and their part of all: what may be a finding; the part that is one."""
_SEGMENTS = 1000
_CLOSE_WAIT = (5, 100)
_UNREAD_BYTES = 32_768
_IDLE_NS = 10**9


@rule("network.service_down")
def accept_queue(table: SocketTable) -> Iterator[Finding]:
    """Find listeners whose queue of connections is full."""
    sockets = table.last("sockets")
    listens = sockets["state"] == "LISTEN"
    full = sockets[listens & (sockets["recv_queue"] > 0)]
    full = full[full["recv_queue"] >= full["send_queue"]]
    for row, one in full.head(_SHOWN).iterrows():
        who = f" ({one['process']}, process {one['pid']})" if one["process"] else ""
        yield Finding(
            "network.service_down", Verdict.POSSIBLE, Severity.HIGH,
            f"The accept queue of {one['local_ip']}:{one['local_port']} is full: "
            f"{one['recv_queue']} wait, its backlog is {one['send_queue']}",
            f"The program{who} does not accept connections as fast as they come: it hangs, or has "
            "too few threads. New SYNs are dropped; clients see connections that take one, three, "
            "seven seconds, or time out.",
            {"sockets": [row]},
            "where does the program hang? A profile or a stack dump of it; then the backlog of "
            "listen() and net.core.somaxconn",
        )  # fmt: skip


@rule("network.service_down")
def unanswered(table: SocketTable) -> Iterator[Finding]:
    """Find connections whose SYN was sent again without an answer."""
    sockets = table.last("sockets")
    waiting = sockets[(sockets["state"] == "SYN-SENT") & (sockets["retransmitted"] > 0)]
    targets = waiting.groupby(["peer_ip", "peer_port"], observed=True, sort=False)
    for (ip, port), group in list(targets)[:_SHOWN]:
        yield Finding(
            "network.service_down", Verdict.POSSIBLE, Severity.HIGH,
            f"{ip}:{port} does not answer: {len(group)} connections wait, their SYN was sent again",
            "Nothing came back, not even a refusal: the host is down, a firewall drops, or the "
            "listener's queue is full.",
            {"sockets": group.index[:_SHOWN].tolist()},
            f"nc -vz {ip} {port}; mtr --tcp --port {port} {ip}",
        )  # fmt: skip


@rule("network.retransmission")
def retransmission(table: SocketTable) -> Iterator[Finding]:
    """Find that open connections send again what was lost."""
    sockets = table.last("sockets")
    services = table.last("services")
    again, sent = (int(services[name].sum()) for name in ("retransmitted", "data_segments"))
    share = again / max(sent, 1)
    if again < _AGAIN[0] or share < _AGAIN[1]:
        return
    sure = share >= _AGAIN[2] and sent >= _SEGMENTS
    worst = sockets[sockets["retransmitted"] > 0].nlargest(_SHOWN, "retransmitted")
    first = worst.iloc[0] if len(worst) else None
    most = (
        ""
        if first is None
        else f" Most: {first['local_ip']}:{first['local_port']} → {first['peer_ip']}:"
        f"{first['peer_port']} ({first['process'] or 'no process told'}), {first['retransmitted']} "
        f"segments, round trip {human_ns(max(first['rtt_ns'], 0))}, cwnd {first['cwnd']}."
    )
    yield Finding(
        "network.retransmission", Verdict.LIKELY if sure else Verdict.POSSIBLE,
        Severity.HIGH if sure else Severity.MEDIUM,
        f"{human_count(again)} of {human_count(sent)} segments were sent again by "
        f"{len(sockets[sockets['retransmitted'] > 0])} connections",
        "They, or their acknowledgments, were lost, or the peer had no room for them. What is "
        f"closed already is not counted.{most}",
        {"sockets": worst.index.tolist()},
        "netstat -s, twice, for the whole machine; mtr to the peers of these connections",
    )  # fmt: skip


@rule("network.port_exhaustion")
def port_exhaustion(table: SocketTable) -> Iterator[Finding]:
    """Find services towards which the ports of this machine are used up."""
    services = table.last("services")
    clients = services[services["role"] == "client"]
    for row, one in clients.iterrows():
        verdict = ports_used(one["time_wait"], one["established"])
        if one["sockets"] >= 0.7 * EPHEMERAL_PORTS:
            verdict = Verdict.LIKELY
        if verdict is None:
            continue
        yield Finding(
            "network.port_exhaustion", verdict,
            Severity.HIGH if verdict == Verdict.LIKELY else Severity.MEDIUM,
            f"{human_count(one['sockets'])} ports are used towards {one['ip']}:{one['port']}, "
            f"{human_count(one['time_wait'])} of them in TIME-WAIT",
            f"{human_count(one['established'])} connections are open. A connection that this "
            "machine closed first holds its port for a minute; towards one address and port there "
            f"are {EPHEMERAL_PORTS:,}. Each request seems to open a connection of its own.",
            {"services": [row]},
            "keep connections alive, use a pool, or widen net.ipv4.ip_local_port_range",
        )  # fmt: skip


@rule("network.close_wait")
def close_wait(table: SocketTable) -> Iterator[Finding]:
    """Find programs that do not close what their peer has closed."""
    sockets = table.last("sockets")
    waiting = sockets[sockets["state"] == "CLOSE-WAIT"]
    for (process, pid), group in waiting.groupby(["process", "pid"], observed=True, sort=False):
        if len(group) < _CLOSE_WAIT[0]:
            continue
        same = sockets[(sockets["process"] == process) & (sockets["pid"] == pid)]
        open_ = int((same["state"] == "ESTAB").sum())
        sure = len(group) >= _CLOSE_WAIT[1] and len(group) >= open_
        unread = int(group["recv_queue"].sum())
        who = f"{process} (process {pid})" if process else "A program"
        yield Finding(
            "network.close_wait", Verdict.LIKELY if sure else Verdict.POSSIBLE,
            Severity.HIGH if sure else Severity.MEDIUM,
            f"{who} has not closed {human_count(len(group))} connections that its peers closed",
            "In CLOSE-WAIT a socket waits for its own program alone: it forgot to close (a leak of "
            f"descriptors), or it hangs. {human_bytes(unread)} wait to be read. {open_} "
            "connections of it are open.",
            {"sockets": group.index[:_SHOWN].tolist()},
            "where is the connection taken from a pool or opened and not closed on an error? "
            "ls /proc/PID/fd | wc -l twice: does it grow?",
        )  # fmt: skip


@rule("network.zero_window")
def zero_window(table: SocketTable) -> Iterator[Finding]:
    """Find who does not read: here, or on the other side."""
    sockets = table.last("sockets")
    open_ = sockets["state"] == "ESTAB"
    lasting = (sockets["last_receive_ns"] < 0) | (sockets["last_receive_ns"] >= _IDLE_NS)
    unread = sockets[open_ & (sockets["recv_queue"] >= _UNREAD_BYTES) & lasting]
    if len(unread):
        names = list(dict.fromkeys(unread["process"].astype("str")[unread["process"] != ""]))
        yield Finding(
            "network.zero_window", Verdict.POSSIBLE, Severity.MEDIUM,
            f"{len(unread)} connections hold {human_bytes(int(unread['recv_queue'].sum()))} that "
            "the program does not read",
            f"{', '.join(names[:5]) or 'The program'} lets them wait in the kernel; when the "
            "buffer is full the window closes and the sender must wait. No process is told for "
            "connections that were never accepted.",
            {"sockets": unread.nlargest(_SHOWN, "recv_queue").index.tolist()},
            "where does the program hang? A profile or a stack dump of it",
        )  # fmt: skip
    limited = sockets["rwnd_limited_ns"] * 2 >= sockets["busy_ns"].clip(lower=1)
    closed = (sockets["send_window_bytes"] == 0) & (sockets["send_queue"] > 0)
    slow = sockets[open_ & (closed | (limited & (sockets["rwnd_limited_ns"] > _IDLE_NS)))]
    if len(slow):
        first = slow.iloc[0]
        yield Finding(
            "network.zero_window", Verdict.POSSIBLE, Severity.MEDIUM,
            f"{len(slow)} connections wait for a peer that does not read",
            "The window of the peer is closed, or held up half of the time that there was "
            f"something to send; the first is {first['peer_ip']}:{first['peer_port']}.",
            {"sockets": slow.index[:_SHOWN].tolist()},
            "ss -tnpi on the peer: whose Recv-Q is large?",
        )  # fmt: skip


RULES: list[Rule] = [
    accept_queue,
    unanswered,
    retransmission,
    port_exhaustion,
    close_wait,
    zero_window,
]
