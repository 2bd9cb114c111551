"""V8 heap snapshots: ``.heapsnapshot`` of Node.js, Chrome, Electron, Deno, and Julia's.

The file is one JSON object: ``snapshot`` (the vocabulary and the counts), then arrays of numbers
(``nodes``, ``edges``, ``locations`` ...) and of ``strings``. Every position and code is taken from
``snapshot.meta``; the order of the arrays does not matter.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from prodforensics.formats import Match, Probe
from prodforensics.gaps import Gap
from prodforensics.heap.formats.v8_graph import assemble
from prodforensics.heap.formats.v8_header import START
from prodforensics.heap.formats.v8_sections import Reader, TooNarrow
from prodforensics.heap.graph import HeapGraph
from prodforensics.progress import bar, compiling
from prodforensics.source import Source

if TYPE_CHECKING:
    from prodforensics.heap.model import HeapSnapshot

__all__ = ["read", "read_graph", "sniff"]


def sniff(probe: Probe) -> Match | None:
    """Recognise a heap snapshot by its first key and its vocabulary."""
    if START.match(probe.head) and b'"node_fields"' in probe.head:
        return Match(1.0, "a JSON object whose first key is 'snapshot', with node_fields")
    return None


def read(source: Source, *, progress: bool | None = None) -> HeapSnapshot:
    """Read a heap snapshot and compute all that Chrome DevTools shows of it.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Show progress bars: always, never, or (None) for large files.
    """
    from prodforensics.heap.model import HeapSnapshot

    graph, gaps = read_graph(source, progress=progress)
    return HeapSnapshot(source, graph, gaps)


def read_graph(
    source: Source | str | Path, progress: bool | None = None
) -> tuple[HeapGraph, list[Gap]]:
    """Read a heap snapshot into a graph with all that Chrome DevTools computes on it.

    Returns
    -------
    graph : HeapGraph
    gaps : list of Gap
        What the file lacks.

    Raises
    ------
    Corrupt
        The file has no readable header.

    Examples
    --------
    >>> from prodforensics import samples
    >>> graph, gaps = read_graph(samples.path("heap/cache.3.heapsnapshot.zst"))
    >>> gaps, "Session" in graph.classes.name
    ([], True)
    >>> bool(graph.total_size == graph.retained_size[graph.root] + graph.extra_bytes)
    True
    """
    from prodforensics.heap.v8 import analyse

    with compiling(progress):
        graph, gaps = parse(source, progress=progress)
        analyse(graph)
    return graph, gaps


def parse(
    source: Source | str | Path, *, progress: bool | None = None
) -> tuple[HeapGraph, list[Gap]]:
    """Read the arrays of the file as they are, without computing anything on them."""
    if not isinstance(source, Source):
        source = Source(source, progress=progress)
    with source.buffer() as buf, bar(buf.size, "parsing", show=progress) as done:
        reader = Reader(source.path, buf, done.update)
        try:
            reader.sections()
        except TooNarrow:
            done.reset()
            reader = Reader(source.path, buf, done.update, wide=True)
            reader.sections()
        graph = assemble(reader)
        gaps = [*source.gaps, *reader.gaps]
        # Nothing may hold the buffer beyond this block.
        del buf
        reader.buf = None
    return graph, gaps
