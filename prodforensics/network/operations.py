"""What one can ask of a capture beside its frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from prodforensics._reference import Later

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.network.packets import Packets
    from prodforensics.network.protocols.conversation import Conversation

__all__ = ["Operations"]

# Imported on use: who loads and looks needs little of it.
conversation = Later("prodforensics.network.protocols.conversation")
filters = Later("prodforensics.network.filters")
http = Later("prodforensics.network.protocols.http")
questions = Later("prodforensics.network.questions")
tcp_analysis = Later("prodforensics.network.tcp_analysis")


class Operations:
    """The methods of `Capture` that answer with a frame or a conversation.

    Each is a function of another module. Frame numbers and streams are those of the file, so that
    every row can be looked up in Wireshark (``frame.number == 17``, ``tcp.stream eq 3``).
    """

    packets: Packets

    def flags(self, mask: int) -> list[str]:
        """Return the names of the bits of a packet's ``analysis``.

        Parameters
        ----------
        mask : int
            As in ``frames["packets"].analysis``.

        Returns
        -------
        list of str
            As in Wireshark's fields ``tcp.analysis.<name>``.
        """
        return tcp_analysis.names(int(mask))

    def follow(self, stream: int, protocol: str = "tcp") -> Conversation:
        """Return what both sides of a stream said: the bytes, in order, every one once.

        Parameters
        ----------
        stream : int
            Its number, as in ``frames["connections"]``.
        protocol : {"tcp", "udp"}

        Returns
        -------
        Conversation
            ``.client`` and ``.server`` are the bytes, ``.text()`` and ``.hex()`` show them in
            turns, ``.segments`` and ``.holes`` tell which packets they came in and what is missing.

        Raises
        ------
        UnknownName
            There is no such stream.
        """
        return conversation.follow(self, stream, protocol)

    def headers(self, exchange: int, *, redact: bool = True) -> pd.DataFrame:
        """Return the headers of one request and of its response.

        Parameters
        ----------
        exchange : int
            Number of the row in ``frames["http"]``.
        redact : bool
            Whether secrets (authorisation, cookies, keys) are masked.

        Returns
        -------
        DataFrame
            `prodforensics.network.protocols.schemas_http.HEADERS`.

        Raises
        ------
        UnknownName
            There is no such exchange.
        """
        return http.headers(self, exchange, redact)

    def packets_of(self, stream: int, protocol: str = "tcp") -> pd.DataFrame:
        """Return the packets of one stream.

        Parameters
        ----------
        stream : int
            Its number, as in ``frames["connections"]``.
        protocol : {"tcp", "udp"}

        Returns
        -------
        DataFrame
            Rows of ``frames["packets"]``.

        Raises
        ------
        UnknownName
            There is no such stream.
        """
        return questions.packets_of(self, stream, protocol)

    def packets_in_chunks(self, size: int = 1_000_000) -> Iterator[pd.DataFrame]:
        """Give the rows of ``frames["packets"]`` piece by piece.

        The frame of a very large capture need not fit into memory this way; its columns that do
        not fit stand in files (see ``docs/pages/network/large-captures.md``). Streams, directions
        and the analysis are those of the whole capture.

        Parameters
        ----------
        size : int
            Packets of a piece.

        Yields
        ------
        DataFrame
            Rows of ``frames["packets"]``, in order.
        """
        return questions.packets_in_chunks(self, size)

    def between(
        self, start: str | float | pd.Timestamp, end: str | float | pd.Timestamp
    ) -> pd.DataFrame:
        """Return the packets of a span of time.

        Parameters
        ----------
        start, end : str, Timestamp or number
            Timestamps (UTC where they name no zone), or seconds since the first packet. The end
            itself is not in the span.

        Returns
        -------
        DataFrame
            Rows of ``frames["packets"]``.

        Raises
        ------
        BadOption
            It cannot be read as a time.
        """
        return questions.between(self, start, end)

    def where(
        self,
        *,
        host: str | Iterable[str] | None = None,
        port: int | Iterable[int] | None = None,
        stream: int | None = None,
        protocol: str | int | None = None,
        flags: str | int | Iterable[str] | None = None,
    ) -> pd.DataFrame:
        """Return the packets that fulfil all of some conditions.

        Parameters
        ----------
        host : str or list of str, optional
            Addresses (``"10.0.0.1"``), networks (``"10.0.0.0/8"``) or names that the file tells;
            of either side.
        port : int or list of int, optional
            Of either side.
        stream : int, optional
            Of TCP or UDP: the two are numbered apart.
        protocol : str or int, optional
            ``"tcp"``, ``"udp"``, ``"icmp"``, ``"icmpv6"``, or the number of IP.
        flags : str, int or list of str, optional
            Flags of TCP (``"syn"``, ``"ack"`` ...) and marks of the analysis
            (``"retransmission"`` ...) that are all set; or bits of ``tcp_flags``.

        Returns
        -------
        DataFrame
            Rows of ``frames["packets"]``.

        Raises
        ------
        UnknownName
            There is no such host, protocol or flag.
        """
        return filters.where(self, host, port, stream, protocol, flags)

    def filter(self, text: str) -> pd.DataFrame:
        """Return the packets that a display filter of Wireshark chooses.

        Parameters
        ----------
        text : str
            As in ``tcp.port == 443 && !tcp.analysis.retransmission``. The fields are those of
            headers (``docs/pages/network/wireshark.md`` lists them).

        Returns
        -------
        DataFrame
            Rows of ``frames["packets"]``.

        Raises
        ------
        BadOption
            It cannot be read, or names what there is not; the message points at the place.

        Examples
        --------
        >>> import prodforensics as pf
        >>> capture = pf.load(pf.samples.path("network/healthy.http.pcap"))
        >>> len(capture.filter("tcp.flags.syn == 1 && tcp.flags.ack == 0"))
        4
        """
        return filters.chosen(self, text)

    def rtt(self, stream: int | None = None) -> pd.DataFrame:
        """Return the round trips that acknowledgments tell.

        Parameters
        ----------
        stream : int, optional
            A TCP stream; of all by default.

        Returns
        -------
        DataFrame
            `prodforensics.network.schemas.RTT`: a row for every packet that acknowledges the end
            of a segment of the capture. ``side`` sent the acknowledgment: the time is that from the
            place of capture to that side and back, with what the side waited.
        """
        return questions.rtt(self, stream)

    def throughput(
        self,
        bin: str | pd.Timedelta = "1s",  # noqa: A002 (the word for it)
        stream: int | None = None,
    ) -> pd.DataFrame:
        """Return packets, bytes, retransmissions and resets of equal spans of time.

        Parameters
        ----------
        bin : str or Timedelta
            How long a span is: ``"100ms"``, ``"1s"`` ...
        stream : int, optional
            A TCP stream; the whole capture by default.

        Returns
        -------
        DataFrame
            `prodforensics.network.schemas.THROUGHPUT`, a row for every span from the first packet
            to the last, also where nothing was sent.

        Raises
        ------
        BadOption
            It is no span of time, or there would be more than 100,000 of them.
        """
        return questions.throughput(self, bin, stream)

    def sequence(self, stream: int) -> pd.DataFrame:
        """Return what a time-sequence graph of a TCP connection shows (as tcptrace draws it).

        Parameters
        ----------
        stream : int

        Returns
        -------
        DataFrame
            `prodforensics.network.schemas.SEQUENCE`, a row a packet. Bytes are counted from the
            first one after the SYN of each flow. ``begin`` and ``end`` are in the flow of the side
            that sent the packet; ``acknowledged``, ``window_end`` and ``sacked`` in the other one.
        """
        return questions.sequence(self, stream)
