"""Packed streams (gz, zst, xz, bz2, lz4) unpacked piece by piece, up to the damage if there is any.

The file objects of the standard library and of the zstd and lz4 packages lose what they had
unpacked when they meet damage, and some pass over bytes behind the end in silence. So the
decompressors below them, which are alike, are driven here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["PIECE", "Damage", "Packing", "recognise", "unpack"]

PIECE = 2**18
"""Most bytes that `unpack` yields at a time."""


class Damage(Exception):
    """The packed stream ends early or is damaged; what is whole was yielded before."""


class _Gunzip:
    """zlib's decompressor for one gzip member, with the interface of the others."""

    def __init__(self) -> None:
        import zlib

        self._inflate = zlib.decompressobj(wbits=31)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out = self._inflate.decompress(self._inflate.unconsumed_tail + data, max_length)
        self.needs_input = len(out) < max_length
        return out


def _zstd() -> Any:
    from backports import zstd

    # Snapshots are often packed with --long: allow the widest window.
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: 31})


def _lz4() -> Any:
    import lz4.frame

    return lz4.frame.LZ4FrameDecompressor()


def _bz2() -> Any:
    import bz2

    return bz2.BZ2Decompressor()


def _xz() -> Any:
    import lzma

    return lzma.LZMADecompressor()


@dataclass(frozen=True)
class Packing:
    """One way to pack: its file name ending, how it begins, and its decompressor.

    Parameters
    ----------
    name : str
        Also the usual ending of the file name.
    magic : re.Pattern
        Matches the first bytes.
    decompressor : callable
        Makes a decompressor of one member or frame.
    """

    name: str
    magic: re.Pattern[bytes]
    decompressor: Callable[[], Any]


_PACKINGS = (
    Packing("gz", re.compile(rb"\x1f\x8b\x08"), _Gunzip),
    # pzstd begins with a skippable frame.
    Packing("zst", re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"), _zstd),
    Packing("xz", re.compile(rb"\xfd7zXZ\x00"), _xz),
    # The three letters alone also begin words: the first block's mark or the end's must follow.
    Packing("bz2", re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)", re.DOTALL), _bz2),
    Packing("lz4", re.compile(rb"\x04\x22\x4d\x18"), _lz4),
)


def recognise(head: bytes) -> Packing | None:
    r"""Return how the bytes are packed, by their first sixteen.

    Examples
    --------
    >>> recognise(b"\x1f\x8b\x08\x00").name
    'gz'
    >>> recognise(b"BZh is no magic number") is None
    True
    """
    return next((one for one in _PACKINGS if one.magic.match(head)), None)


def unpack(packed: Iterator[bytes], packing: Packing) -> Iterator[bytes]:
    """Yield the unpacked bytes of all members, in pieces of at most `PIECE`.

    Parameters
    ----------
    packed : iterator of bytes
        The smaller its pieces, the less is lost before damage.
    packing : Packing
        How they are packed.

    Raises
    ------
    Damage
        After everything that could be unpacked.

    Examples
    --------
    >>> import gzip
    >>> packed = gzip.compress(b"one ") + gzip.compress(b"two")
    >>> b"".join(unpack(iter([packed]), recognise(packed)))
    b'one two'
    """
    broken = _errors()
    engine, begun, members = packing.decompressor(), False, 0
    for data in packed:
        while data or not engine.needs_input:
            if members and not begun:
                data = data.lstrip(b"\0")
                if not data:
                    break
            begun = True
            try:
                out = engine.decompress(data, PIECE)
            except broken as error:
                raise Damage(f"is damaged: {error}") from error
            data = b""
            if out:
                yield out
            if engine.eof:
                data = engine.unused_data
                engine, begun, members = packing.decompressor(), False, members + 1
    if begun or not members:
        raise Damage("ends early")


def _errors() -> tuple[type[Exception], ...]:
    """Return what the five decompressors raise on damaged input."""
    import lzma
    import zlib

    from backports import zstd

    # lz4.frame raises RuntimeError; the others EOFError, OSError, ValueError or their own.
    own = (zlib.error, lzma.LZMAError, zstd.ZstdError)
    return (EOFError, OSError, RuntimeError, ValueError, MemoryError, *own)
