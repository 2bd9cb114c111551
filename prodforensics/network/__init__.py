"""Network captures, and what the tools of the network print.

The vocabulary is Wireshark's for packets and Zeek's for connections. A *packet* (frame) is what
was captured at one moment; it is named by its frame number, which counts from 1. A *stream* is what
two ends exchange over one pair of ports: Wireshark's ``tcp.stream`` or ``udp.stream``. A
*connection* is a stream summed up: its *originator* sent the first packet, its *responder*
answered. The *analysis* of a TCP packet are Wireshark's ``tcp.analysis`` flags: retransmission,
lost segment, zero window ...

`Capture` is one capture file. `prodforensics.compare` makes of two a
`prodforensics.network.compare.CaptureComparison`, or of both ends of one path a
`prodforensics.network.comparison.both_ends.BothEnds`.

The room is divided: here stands what the headers tell of packets and connections; `protocols`
reads what they carry; `symptoms` holds the findings of one capture, `comparison` what two of them
say together, `explorer` what a person sees, `tools` the reports of mtr, curl, ss and others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodforensics._reference import exports

if TYPE_CHECKING:
    from prodforensics.network.model import Capture

__all__ = ["Capture"]

# Whoever looks into a file for its format imports the rooms of all formats.
__getattr__ = exports(__name__, Capture="prodforensics.network.model:Capture")
