"""V8's sampling heap profile: ``.heapprofile`` of ``node --heap-prof`` and Chrome DevTools.

One JSON object: ``head`` is a tree of functions, each with the bytes that it allocated and that
were still alive in the end (``selfSize``, estimated by V8 from what it sampled); ``samples`` (newer
ones) lists the sampled allocations of the nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.profile.building import ThreadTable, stacks_from_tree
from prodforensics.profile.data import ProfileData, Recording, Samples, ValueType
from prodforensics.profile.formats.json_document import keys, read_document
from prodforensics.profile.formats.json_fields import Fields, column
from prodforensics.profile.formats.v8_frames import FrameNames
from prodforensics.source import Source

if TYPE_CHECKING:
    from prodforensics.profile.model import Profile

__all__ = ["read", "sniff"]

_VALUE_TYPES = (ValueType("samples", "count"), ValueType("inuse_space", "bytes"))


def sniff(probe: Probe) -> Match | None:
    """Recognise a tree of call frames that have a size."""
    if {"head.callFrame", "head.selfSize"} <= keys(probe.head):
        return Match(1.0, "a JSON object whose head is a call frame with a selfSize")
    return None


def read(source: Source, *, progress: bool | None = None) -> Profile:  # noqa: ARG001 (one call)
    """Read a sampling heap profile; self sizes are those of Chrome DevTools.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Taken, as by all readers: the file is parsed in one go.

    Returns
    -------
    Profile
        A sample is a node of the tree that holds memory: ``inuse_space`` its bytes, ``samples``
        how many of its allocations V8 sampled, 0 where the file does not tell.

    Raises
    ------
    Corrupt
        There is no tree in the file.
    """
    from prodforensics.profile.model import Profile

    document, gaps = read_document(source)
    fields = Fields()
    profile = fields.record(document, "the document")
    head = fields.record(profile.get("head"), "head")
    if "callFrame" not in head:
        raise Corrupt(source.path, 0, "a heap profile", "a JSON object without a head")
    nodes, parent = _flattened(head, fields)
    frames = [fields.record(node.get("callFrame"), "callFrame") for node in nodes]
    names = FrameNames(frames, fields)
    call = [-1 if frame[0] == "(root)" else names.call(frame) for frame in names.frames]
    stacks, place = stacks_from_tree(parent, np.array(call, np.int64))
    size = fields.integers(column(nodes, "selfSize"), "selfSize", optional=True)
    size = fields.summable(np.maximum(size, 0), "selfSize")
    held = np.flatnonzero(size)
    values = (_sampled(profile, nodes, fields)[held], size[held])
    threads = ThreadTable()
    data = ProfileData(
        _VALUE_TYPES,
        names.table.functions(),
        names.table.calls(),
        stacks,
        Samples(place[held], values),
        threads.threads(),
        recording=Recording(producer="V8", mode="heap"),
        default=1,
    )
    return Profile(source, data, [*gaps, *fields.gaps])


def _flattened(head: dict[str, Any], fields: Fields) -> tuple[list[dict[str, Any]], np.ndarray]:
    """List the nodes, callers first, and the place of each one's parent."""
    nodes, parent = [head], [-1]
    for place, node in enumerate(nodes):  # which grows on the way
        children = fields.records(node.get("children"), "children")
        nodes += children
        parent += [place] * len(children)
    return nodes, np.array(parent)


def _sampled(profile: dict[str, Any], nodes: list[dict[str, Any]], fields: Fields) -> np.ndarray:
    """Count the sampled allocations of each node, int64[n]."""
    samples = fields.records(profile.get("samples"), "samples")
    sampled = fields.integers(column(samples, "nodeId"), "nodeId", fill=-1)
    ids = fields.integers(column(nodes, "id"), "id", fill=-1, optional=True)
    unique, count = np.unique(sampled, return_counts=True)
    if not len(unique):
        return np.zeros(len(nodes), np.int64)
    at = np.minimum(np.searchsorted(unique, ids), len(unique) - 1)
    return np.where((unique[at] == ids) & (ids >= 0), count[at], 0)
