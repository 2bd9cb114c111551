"""The bytes that packets carry, read from the file when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from prodforensics.network.packets import Packets
from prodforensics.source import Source

__all__ = ["Payloads"]


class Payloads:
    """The payloads of a capture's packets.

    Parameters
    ----------
    source : Source
    packets : Packets
    """

    def __init__(self, source: Source, packets: Packets) -> None:
        self._source, self._packets = source, packets
        self._data: np.ndarray | None = None

    @contextmanager
    def open(self) -> Iterator[np.ndarray]:
        """Give the unpacked file as an array of bytes, uint8[:].

        Blocks within each other share one; a packed file is unpacked once for all of them.
        """
        if self._data is not None:
            yield self._data
            return
        with self._source.buffer() as data:
            self._data = data
            try:
                yield data
            finally:
                self._data = None

    def of(self, packet: int) -> bytes:
        """Return what was captured of a packet's payload.

        Parameters
        ----------
        packet : int
            Place in the capture, from 0.
        """
        if packet in self._packets.reassembled:
            return self._packets.reassembled[packet]
        start, size = (
            int(self._packets.payload[packet]),
            int(self._packets.payload_captured[packet]),
        )
        if start < 0:
            return b""
        with self.open() as data:
            return data[start : start + size].tobytes()
