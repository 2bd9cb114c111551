"""When questions failed: the times of what a timeline counts as errors of DNS and HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.network.model import Capture

__all__ = [
    "FILTERS",
    "dns_failed",
    "dns_troubles",
    "http_failed",
    "http_troubles",
    "rows_of_frame",
    "tls_failed",
    "troubled",
]


def rows_of_frame(capture: Capture, name: str) -> pd.DataFrame | None:
    """Return a frame of a protocol; None where there is no row of it."""
    if name not in capture.frames:
        return None
    frame = capture.frames[name]
    return frame if len(frame) else None


def dns_failed(frame: pd.DataFrame) -> np.ndarray:
    """Return which queries got no good answer, bool[n]: nothing came, or an error."""
    return frame["timed_out"].to_numpy(bool) | ~frame["rcode"].isin(("", "NOERROR")).to_numpy()


def http_failed(frame: pd.DataFrame) -> np.ndarray:
    """Return which requests the server failed, bool[n]: a status of 500 and above."""
    return frame["status"].to_numpy() >= 500


def dns_troubles(capture: Capture) -> np.ndarray:
    """Return when queries were asked that got no good answer, ns since 1970."""
    frame = rows_of_frame(capture, "dns")
    return _times(frame, "ts", None if frame is None else dns_failed(frame))


def http_troubles(capture: Capture) -> np.ndarray:
    """Return when requests were sent that the server failed, ns since 1970."""
    frame = rows_of_frame(capture, "http")
    return _times(frame, "request_ts", None if frame is None else http_failed(frame))


def _times(frame: pd.DataFrame | None, when: str, failed: np.ndarray | None) -> np.ndarray:
    if frame is None:
        return np.empty(0, np.int64)
    return frame[when].to_numpy("datetime64[ns]").astype(np.int64)[failed]


FILTERS = {
    "findings": "Named by a finding",
    "trouble": "With trouble",
    "failed": "Not established",
    "reset": "Reset",
    "retransmissions": "Segments sent again",
    "zero_window": "Window closed",
    "tcp": "TCP",
    "udp": "UDP",
}
"""What the table of connections can be cut down to, and its words."""

_FAILED = ("S0", "REJ", "RSTOS0", "RSTRH", "SH", "SHR")


def troubled(connections: pd.DataFrame, only: str) -> np.ndarray:
    """Return which connections a filter keeps, bool[n]; all for no filter.

    Parameters
    ----------
    connections : DataFrame
        The frame ``connections`` of a capture.
    only : str
        One of `FILTERS` but ``findings``, or empty.
    """
    if not only:
        return np.ones(len(connections), np.bool_)

    def either(name: str) -> np.ndarray:
        return (connections[f"orig_{name}"] + connections[f"resp_{name}"]).to_numpy() > 0

    failed = connections["conn_state"].isin(_FAILED).to_numpy()
    # Who sends logs or metrics by UDP expects no answer.
    answers = (connections["protocol"] == "tcp") | (connections["resp_port"] == 53)
    failed = failed & answers.to_numpy()
    kinds = {
        "failed": lambda: failed,
        "reset": lambda: (
            connections["rst_kind"].isin(("refused", "aborted", "midstream")).to_numpy()
        ),
        "retransmissions": lambda: either("retransmissions"),
        "zero_window": lambda: either("zero_window"),
        "tcp": lambda: (connections["protocol"] == "tcp").to_numpy(),
        "udp": lambda: (connections["protocol"] == "udp").to_numpy(),
    }
    if only == "trouble":
        return np.logical_or.reduce(
            [kinds[name]() for name in ("failed", "reset", "retransmissions", "zero_window")]
        )
    return np.array(kinds[only](), np.bool_)


def tls_failed(frame: pd.DataFrame) -> np.ndarray:
    """Return which handshakes failed, or showed a certificate that must not be trusted, bool[n]."""
    wrong = (frame["alert_level"] == "fatal").to_numpy() | (frame["alert_code"] > 0).to_numpy()
    for name in ("expired_at_capture", "not_yet_valid", "wrong_name", "plain_answer"):
        wrong = wrong | frame[name].to_numpy(bool)
    return wrong
