"""What DNS, TLS and HTTP say of the packets of one stream: the words beside a ladder."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from prodforensics._text import plain
from prodforensics.network.explorer.troubles import rows_of_frame

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["packet_notes"]

_MOST = 5000
_LONGEST = 200


def packet_notes(capture: Capture, stream: int, protocol: str = "tcp") -> dict[int, str]:
    """Return what protocols say of a stream's packets.

    Parameters
    ----------
    capture : Capture
    stream : int
    protocol : {"tcp", "udp"}

    Returns
    -------
    dict of int to str
        By the packet's place in the capture, from 0.
    """
    found: dict[int, str] = {}
    for name, note in _NOTES.items():
        frame = rows_of_frame(capture, name)
        if frame is None:
            continue
        mine = frame["stream"] == stream
        if name != "http":
            udp = frame["protocol"].isin(("udp", "quic"))
            mine &= udp if protocol == "udp" else ~udp
        elif protocol != "tcp":
            continue
        # A long stream has so many requests that nobody walks through all of them.
        for row in frame[mine].head(_MOST).to_dict("records"):
            for number, words in note(row):
                if number > 0 and words:
                    before = f"{found[number - 1]}; " if number - 1 in found else ""
                    found[number - 1] = plain(before + words, _LONGEST)
    return found


Row = dict[str, Any]


def _dns(row: Row) -> list[tuple[int, str]]:
    asked = f"{row['qtype']} {row['query'] or '.'}"
    answer = f"{row['rcode']}: {row['answers']}" if row["answers"] else str(row["rcode"])
    notes = [(row["request_frame"], f"{asked}?"), (row["response_frame"], answer)]
    if row["last_request_frame"] != row["request_frame"]:
        notes.append((row["last_request_frame"], f"{asked}? (again)"))
    return notes


def _tls(row: Row) -> list[tuple[int, str]]:
    notes = [
        (row["client_hello_frame"], f"ClientHello {row['sni']}"),
        (row["server_hello_frame"], f"ServerHello {row['version']} {row['cipher']}"),
        (row["certificate_frame"], f"Certificate {row['subject']}"),
        (row["first_app_frame"], "first data"),
        (row["alert_frame"], f"Alert: {row['alert']}"),
        (row["encrypted_alert_frame"], "encrypted alert"),
    ]
    return [(number, words.strip()) for number, words in notes]


def _http(row: Row) -> list[tuple[int, str]]:
    status = f"{row['status']}" if row["status"] > 0 else "answer"
    notes = [
        (row["request_frame"], f"{row['method']} {row['uri']}"),
        (row["response_frame"], f"HTTP {status}"),
    ]
    if row["last_frame"] not in (row["response_frame"], row["request_frame"]):
        notes.append((row["last_frame"], "end of the answer"))
    return notes


_NOTES: dict[str, Callable[[Row], list[tuple[int, str]]]] = {
    "dns": _dns,
    "tls": _tls,
    "http": _http,
}
