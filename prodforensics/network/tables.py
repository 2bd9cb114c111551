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
        "time": pd.DatetimeIndex(given.time, tz="UTC"),
        "captured_bytes": given.captured,
        "length_bytes": given.length,
        "interface": given.interface,
        "vlan_id": given.vlan,
        "tunnel": vocabulary(_TUNNELS, given.tunnel),
        "ip_protocol": given.ip_protocol,
        "source_ip": vocabulary(texts, given.source),
        "destination_ip": vocabulary(texts, given.destination),
        "source_port": given.source_port,
        "destination_port": given.destination_port,
        "payload_bytes": given.payload_length,
        "tcp_flags": given.tcp_flags,
        "sequence": given.sequence,
        "acknowledgment": given.acknowledgment,
        "window": given.window,
        "stream": given.stream,
        "direction": given.direction,
        "analysis": tcp.analysis.astype("int32"),
        "ack_rtt_ns": tcp.ack_rtt_ns,
        "in_flight_bytes": tcp.in_flight,
        "scaled_window": tcp.scaled_window,
    }
    return pd.DataFrame(columns, index=index, copy=False)
