"""Every socket of a machine, as ``ss -tanpi`` lists them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from prodforensics._reference import Later
from prodforensics.display.tables import human_count
from prodforensics.gaps import Gap
from prodforensics.network.tools.tool_reports import LINE, Measure, ToolReport
from prodforensics.schema import Column, Schema
from prodforensics.source import Source

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SocketTable"]

bulk_lines = Later("prodforensics.network.tools.bulk_lines")

SOCKETS = Schema(
    "sockets",
    (
        Column("run", "int64", "ordinal", "Which output of ss in the file."),
        Column("state", "category", "", "LISTEN, ESTAB, TIME-WAIT, CLOSE-WAIT ..."),
        Column("recv_queue", "int64", "", "Bytes not read; of a listener: waiting connections."),
        Column("send_queue", "int64", "", "Bytes not acknowledged; of a listener: its backlog."),
        Column("local_ip", "category", "", "Its own address."),
        Column("local_port", "int64", "", "-1: written as a name, or any."),
        Column("peer_ip", "category", "", "The other side."),
        Column("peer_port", "int64", "", "-1: written as a name, or any."),
        Column("process", "category", "", "Name of the first process that has it open."),
        Column("pid", "int64", "", "Its number; -1: not told."),
        Column("rto_ns", "int64", "ns", "Retransmission timeout; -1: not told, as in all below."),
        Column("rtt_ns", "int64", "ns", "Smoothed round trip."),
        Column("rtt_deviation_ns", "int64", "ns", "Its mean deviation."),
        Column("min_rtt_ns", "int64", "ns", "Shortest round trip."),
        Column("mss_bytes", "int64", "bytes", "Largest segment that it sends."),
        Column("pmtu_bytes", "int64", "bytes", "Path MTU."),
        Column("cwnd", "int64", "count", "Congestion window, segments."),
        Column("ssthresh", "int64", "count", "Slow start threshold, segments."),
        Column("sent_bytes", "int64", "bytes", "Sent, what was sent again included."),
        Column("retransmitted_bytes", "int64", "bytes", "Sent again."),
        Column("received_bytes", "int64", "bytes", "Received."),
        Column("segments_out", "int64", "count", "Segments sent."),
        Column("data_segments_out", "int64", "count", "Of them with data."),
        Column("retransmitting", "int64", "count", "Sent again and not acknowledged yet."),
        Column("retransmitted", "int64", "count", "Segments sent again, in all."),
        Column("lost", "int64", "count", "Segments held for lost."),
        Column("unacked", "int64", "count", "Segments in flight."),
        Column("send_window_bytes", "int64", "bytes", "What the peer takes (snd_wnd)."),
        Column("last_send_ns", "int64", "ns", "Since it last sent."),
        Column("last_receive_ns", "int64", "ns", "Since it last received."),
        Column("busy_ns", "int64", "ns", "Time with something to send."),
        Column("rwnd_limited_ns", "int64", "ns", "Of it held up by the peer's window."),
        LINE,
    ),
    Column("socket", "int64", "ordinal", "Place in the file."),
    "One row for each socket.",
)
STATES = Schema(
    "states",
    (
        Column("run", "int64", "ordinal", "Which output of ss in the file."),
        Column("state", "str", "", "LISTEN, ESTAB, TIME-WAIT, CLOSE-WAIT ..."),
        Column("sockets", "int64", "count", "How many."),
        LINE,
    ),
    Column("row", "int64", "ordinal", "Place, most first."),
    "The sockets by state; `line` is that of the first.",
)
SERVICES = Schema(
    "services",
    (
        Column("run", "int64", "ordinal", "Which output of ss in the file."),
        Column("role", "str", "", "server: this machine listens there; client: a peer does."),
        Column("ip", "str", "", "Address of the service; * for a server's."),
        Column("port", "int64", "", "Its port."),
        Column("sockets", "int64", "count", "Connections, listeners left out."),
        Column("established", "int64", "count", "Of them open."),
        Column("time_wait", "int64", "count", "Of them in TIME-WAIT."),
        Column("close_wait", "int64", "count", "Of them in CLOSE-WAIT."),
        Column("connecting", "int64", "count", "Of them in SYN-SENT."),
        Column("data_segments", "int64", "count", "Segments with data that they sent."),
        Column("retransmitted", "int64", "count", "Segments that they sent again."),
        LINE,
    ),
    Column("row", "int64", "ordinal", "Place, most first."),
    "The connections by service, a thousand at most; `line` is that of the first.",
)
_LISTED = 1000


class SocketTable(ToolReport):
    """The TCP sockets of a machine.

    Parameters
    ----------
    source : Source or None
    columns : mapping of str to array
        Those of ``frames["sockets"]``.
    gaps : iterable of Gap

    Examples
    --------
    >>> import prodforensics as pf
    >>> table = pf.load(pf.samples.path("network/ss.sockets.trouble.txt"))
    >>> table.frames["states"][["state", "sockets"]].values.tolist()[:2]
    [['TIME-WAIT', 116], ['ESTAB', 6]]
    """

    kind: ClassVar[str] = "socket table"
    schemas: ClassVar = {one.name: one for one in (SERVICES, SOCKETS, STATES)}
    _rules: ClassVar[str] = "prodforensics.network.tools.socket_rules:RULES"

    def __init__(
        self, source: Source | None, columns: Mapping[str, Any], gaps: Iterable[Gap] = ()
    ) -> None:
        self.size = len(columns["line"])
        self.last_run = int(columns["run"][-1]) if self.size else 0
        builders = {
            "services": self._services,
            "sockets": partial(_sockets, columns),
            "states": self._states,
        }
        super().__init__(source, builders, gaps)

    def last(self, frame: str) -> pd.DataFrame:
        """Return the rows of the last output of ss in the file."""
        whole = self.frames[frame]
        return whole[whole["run"] == self.last_run]

    def _states(self) -> pd.DataFrame:
        grouped = self.frames["sockets"].groupby(["run", "state"], observed=True)
        counted = grouped["line"].agg(["size", "min"]).reset_index()
        counted = counted.sort_values(["size", "min"], ascending=[False, True])
        return STATES.frame(list(counted.itertuples(index=False)))

    def _services(self) -> pd.DataFrame:
        import numpy as np
        import pandas as pd

        sockets = self.frames["sockets"]
        state = sockets["state"].astype("str")
        here = set(sockets.loc[state == "LISTEN", "local_port"])
        server = sockets["local_port"].isin(here)
        segments = np.where(
            sockets["data_segments_out"] >= 0,
            sockets["data_segments_out"],
            sockets["segments_out"].clip(lower=0),
        )
        work = pd.DataFrame(
            {
                "run": sockets["run"],
                "role": np.where(server, "server", "client"),
                "ip": sockets["peer_ip"].astype("str").mask(server, "*"),
                "port": sockets["local_port"].where(server, sockets["peer_port"]),
                "sockets": 1,
                "established": state == "ESTAB",
                "time_wait": state == "TIME-WAIT",
                "close_wait": state == "CLOSE-WAIT",
                "connecting": state == "SYN-SENT",
                "data_segments": segments,
                "retransmitted": sockets["retransmitted"].clip(lower=0),
                "line": sockets["line"],
            }
        )
        work = work[~state.isin(["LISTEN", "UNCONN"])]
        keys = ["run", "role", "ip", "port"]
        sums = dict.fromkeys(work.columns[4:-1], "sum")
        counted = work.groupby(keys, sort=False).agg({**sums, "line": "min"}).reset_index()
        counted = counted.sort_values(["sockets", "line"], ascending=[False, True]).head(_LISTED)
        return SERVICES.frame(list(counted.itertuples(index=False)))

    def headline(self) -> str:
        """Say how many sockets there are, by state."""
        states = self.last("states")
        told = [f"{human_count(row.sockets)} {row.state}" for row in states.head(4).itertuples()]
        return f"{', '.join(told)}."

    def facts(self) -> list[tuple[str, str]]:
        """Return the sockets of the commonest states."""
        states = self.last("states")
        facts = [("sockets", human_count(int(states["sockets"].sum())))]
        facts += [(row.state, human_count(row.sockets)) for row in states.head(5).itertuples()]
        return [*facts, ("outputs", str(self.last_run + 1))] if self.last_run else facts

    def measures(self) -> list[Measure]:
        """Return the sockets by state, and what was sent again."""
        sockets = self.last("sockets")
        found = [
            Measure(row.state, "count", row.sockets) for row in self.last("states").itertuples()
        ]
        for name, column in (("segments sent", "segments_out"), ("sent again", "retransmitted")):
            found.append(Measure(name, "count", int(sockets[column].clip(lower=0).sum())))
        return found


def _sockets(columns: Mapping[str, Any]) -> pd.DataFrame:
    return bulk_lines.frame_of(SOCKETS, columns)
