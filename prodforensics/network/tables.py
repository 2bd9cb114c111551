"""The frames of a capture, made from its arrays."""

from __future__ import annotations

import numpy as np
import pandas as pd

from prodforensics.categories import vocabulary
from prodforensics.network.packets import Packets
from prodforensics.network.tcp_analysis import TcpAnalysis

__all__ = ["packets"]

_TUNNELS = ("", "VXLAN", "GRE", "Geneve", "IP in IP")


def packets(
    given: Packets, tcp: TcpAnalysis, rows: np.ndarray | slice | None = None
) -> pd.DataFrame:
    """Return one row a packet (`schemas.PACKETS`), of all or of those in some places."""
    index = pd.RangeIndex(1, len(given) + 1, name="frame_number")
    if rows is not None:
        given, tcp = given.take(rows), tcp.take(rows)
        index = (
            pd.RangeIndex(rows.start + 1, rows.stop + 1, name="frame_number")
            if isinstance(rows, slice)
            else pd.Index(rows + 1, name="frame_number")
        )
    texts = given.addresses.texts()
    columns = {
        "ts": pd.DatetimeIndex(given.time, tz="UTC"),
        "caplen": given.captured,
        "len": given.length,
        "interface": given.interface,
        "vlan_id": given.vlan,
        "tunnel": vocabulary(_TUNNELS, given.tunnel),
        "ip_proto": given.ip_protocol,
        "src_ip": vocabulary(texts, given.source),
        "dst_ip": vocabulary(texts, given.destination),
        "src_port": given.source_port,
        "dst_port": given.destination_port,
        "payload_len": given.payload_length,
        "tcp_flags": given.tcp_flags,
        "seq": given.sequence,
        "ack": given.acknowledgment,
        "window_raw": given.window,
        "stream": given.stream,
        "direction": given.direction,
        "analysis": tcp.analysis.astype("int32"),
        "ack_rtt_ns": tcp.ack_rtt_ns,
        "in_flight_bytes": tcp.in_flight,
        "window": tcp.scaled_window,
    }
    return pd.DataFrame(columns, index=index, copy=False)
