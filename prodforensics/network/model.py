"""A capture as evidence: its frames, and the questions one asks of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from prodforensics._reference import Later
from prodforensics.display.tables import human_bytes, human_count, human_ns
from prodforensics.evidence import Evidence
from prodforensics.gaps import Gap
from prodforensics.network import schemas
from prodforensics.network.operations import Operations
from prodforensics.network.packets import Packets
from prodforensics.network.payloads import Payloads
from prodforensics.schema import Schema
from prodforensics.source import Source

if TYPE_CHECKING:
    from prodforensics.network.connections import Flows, Streams
    from prodforensics.network.protocols.http import Exchanges
    from prodforensics.network.symptoms.endings import Endings
    from prodforensics.network.tcp_analysis import TcpAnalysis

__all__ = ["Capture"]

# Loading needs no frames, so it does not wait for pandas: what makes them is imported on use.
connection_table = Later("prodforensics.network.connection_table")
connections = Later("prodforensics.network.connections")
dns = Later("prodforensics.network.protocols.dns")
ending = Later("prodforensics.network.symptoms.endings")
http = Later("prodforensics.network.protocols.http")
icmp = Later("prodforensics.network.protocols.icmp")
pictures = Later("prodforensics.network.explorer.pictures")
quality = Later("prodforensics.network.quality")
tables = Later("prodforensics.network.tables")
tcp_analysis = Later("prodforensics.network.tcp_analysis")
tls_table = Later("prodforensics.network.protocols.tls_table")


class Capture(Operations, Evidence):
    """What was captured on a network.

    Parameters
    ----------
    source : Source
    packets : Packets
    gaps : iterable of Gap
        What the file lacks.
    comments : sequence of str
        Comments of the file (pcapng).

    Attributes
    ----------
    packets : Packets
        The arrays behind the frames.
    payloads : Payloads
    """

    kind: ClassVar[str] = "capture"
    schemas: ClassVar[Mapping[str, Schema]] = schemas.FRAMES
    _view = "prodforensics.network.views:explorer"
    _sections = "prodforensics.network.explorer.pictures:capture_sections"
    _compare = "prodforensics.network.compare:compare"
    _rules = "prodforensics.network.rules:RULES"

    def __init__(
        self,
        source: Source,
        packets: Packets,
        gaps: Iterable[Gap] = (),
        comments: Sequence[str] = (),
    ) -> None:
        self.packets = packets
        self.payloads = Payloads(source, packets)
        self.comments = tuple(comments)
        own = [gap for gap in gaps if gap not in source.gaps]
        builders = {
            "connections": lambda: connection_table.connections(
                packets, self.streams, self.udp_streams
            ),
            "dns": lambda: dns.dns(self),
            "http": lambda: http.http(self),
            "icmp": lambda: icmp.icmp(self),
            "packets": lambda: tables.packets(packets, self.tcp),
            "quality": lambda: quality.quality(packets, self.tcp, self.streams),
            "tls": lambda: tls_table.tls(self),
        }
        super().__init__(builders, source=source, gaps=own)

    # -- analyses, made on use ----------------------------------------------------------------

    @cached_property
    def tcp(self) -> TcpAnalysis:
        """Wireshark's analysis of every TCP packet."""
        return tcp_analysis.analysed(self.packets)

    @cached_property
    def streams(self) -> Streams:
        """The TCP connections, by the number of their stream."""
        return connections.tcp_streams(self.packets, self.tcp)

    @cached_property
    def udp_streams(self) -> Flows:
        """The UDP connections, by the number of their stream."""
        return connections.udp_streams(self.packets)

    @property
    def names(self) -> dict[str, str]:
        """Host names by address, as the file tells them (pcapng's name resolution blocks)."""
        return self.packets.addresses.names

    @cached_property
    def endings(self) -> Endings:
        """How every TCP connection stood at its first RST, or at the end."""
        return ending.endings(self.packets, self.tcp, self.streams)

    @cached_property
    def exchanges(self) -> Exchanges:
        """The requests of HTTP with their responses."""
        return http.find_exchanges(self)

    # -- in short -----------------------------------------------------------------------------

    @cached_property
    def duration_ns(self) -> int:
        """Nanoseconds from the first packet to the last."""
        time = self.packets.time
        return int(time.max()) - int(time.min()) if len(time) else 0

    def headline(self) -> str:
        """Say how much was captured."""
        count = len(self.packets)
        bytes_ = int(self.packets.length.sum(dtype=np.int64))
        return (
            f"{human_count(count)} packets, {human_bytes(bytes_)} in {human_ns(self.duration_ns)}"
        )

    def facts(self) -> list[tuple[str, str]]:
        """Return the few numbers for the card."""
        packets = self.packets
        tcp = packets.stream[packets.ip_protocol == 6].max(initial=-1) + 1
        udp = packets.stream[packets.ip_protocol == 17].max(initial=-1) + 1
        return [
            ("packets", human_count(len(packets))),
            ("duration", human_ns(self.duration_ns)),
            ("TCP streams", human_count(int(tcp))),
            ("UDP streams", human_count(int(udp))),
            ("hosts", human_count(len(packets.addresses))),
        ]

    def _card_body(self) -> str:
        return pictures.capture_card(self)

    def _held(self) -> Iterable[tuple[str, int]]:
        yield "packets", self.packets.nbytes
        if "tcp" in self.__dict__:
            yield "TCP analysis", self.tcp.nbytes
        if "exchanges" in self.__dict__:
            yield "HTTP exchanges", self.exchanges.nbytes
