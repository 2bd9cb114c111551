"""``perf.data`` as perf's own text: the program ``perf script`` reads it, `perf_script` its text.

The file names programs and libraries, and perf looks their symbols up on this machine: those of
another machine stay addresses. perf is asked for nothing that would start other programs on what
the file names (``--no-inline`` keeps it from addr2line, nothing is disassembled) and reads no
configuration.
What it does with a file made to break it is up to perf: give files of strangers to it in a sandbox.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prodforensics import tools
from prodforensics.errors import Corrupt
from prodforensics.gaps import Gap
from prodforensics.source import Source

__all__ = ["MAGIC", "as_text", "cut"]

MAGIC = b"PERFILE2"
_HEADER = struct.Struct("<8s13Q")
_SECONDS = 1800.0
_SECTION = 16


@contextmanager
def as_text(source: Source) -> Iterator[Source]:
    """Give what ``perf script`` prints of the file.

    Raises
    ------
    MissingTool
        perf is not installed.
    Corrupt
        perf cannot read the file.
    """
    tools.find("perf")
    with tempfile.TemporaryDirectory(prefix="prodforensics-") as folder:
        data, text = Path(folder) / "perf.data", Path(folder) / "perf.txt"
        with data.open("wb") as file:
            for chunk in source.chunks():
                file.write(chunk)
        arguments = ["script", "--force", "--no-inline", "--show-lost-events", "--input", data]
        with text.open("wb") as output:
            # Neither the user's nor the system's configuration, and nothing from the network.
            environment = {"PERF_CONFIG": "/dev/null", "DEBUGINFOD_URLS": "", "PAGER": "cat"}
            done = tools.run(
                "perf", arguments, seconds=_SECONDS, check=False, output=output,
                environment=environment,
            )  # fmt: skip
        data.unlink()
        if not text.stat().st_size:
            said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            raise Corrupt(source.path, 0, "a perf.data file that perf reads", said[:200])
        yield Source(text, progress=source.show_progress)


def cut(source: Source) -> list[Gap]:
    """Tell whether the file is shorter than its header says, or was never closed."""
    head = source.head(_HEADER.size)
    if len(head) < _HEADER.size:
        return [Gap("the header is cut short", offset=len(head))]
    fields = _HEADER.unpack(head)
    header_size, data_at, data_size, features = fields[1], fields[5], fields[6], fields[9:13]
    if header_size == _SECTION:
        return []  # what was written to a pipe tells no sizes
    size = sum(len(chunk) for chunk in source.chunks())
    if not data_size:
        return [Gap("perf record was stopped before it closed the file", offset=size)]
    end = data_at + data_size
    count = sum(word.bit_count() for word in features)
    ends = [end + count * _SECTION]
    table = _bytes(source, end, count * _SECTION)
    for at in range(0, len(table) - _SECTION + 1, _SECTION):
        start, length = struct.unpack_from("<2Q", table, at)
        ends.append(start + length)
    if max(ends) <= size:
        return []
    return [Gap("the file is cut short", offset=size, lost_bytes=min(max(ends) - size, 2**62))]


def _bytes(source: Source, start: int, count: int) -> bytes:
    with source.open() as file:
        if start >= 2**62:
            return b""
        file.seek(start)
        return file.read(count)
