"""Small heaps of any shape, for properties that must hold in all of them."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.heap.tiny import TinyHeap

__all__ = ["heaps"]

_NAMES = st.sampled_from(["next", "item", "table", "x"])
_TYPES = st.sampled_from(["property", "property", "element", "internal", "weak", "context"])


@st.composite
def heaps(draw: st.DrawFn, most: int = 14) -> TinyHeap:
    """Draw a heap whose objects refer to each other at random; some are reached by nothing."""
    heap = TinyHeap()
    ids = [3]
    for id_ in range(5, 5 + 2 * draw(st.integers(0, most)), 2):
        holder = draw(st.sampled_from(ids))
        heap.add(id_, holder, draw(st.sampled_from(["A", "B", "Object"])), size=draw(_SIZES))
        if draw(st.integers(0, 5)) == 0:
            heap.nodes[holder].edges.pop()
        ids.append(id_)
    for _ in range(draw(st.integers(0, 2 * len(ids)))):
        source, target = draw(st.sampled_from(ids)), draw(st.sampled_from(ids))
        type_ = draw(_TYPES)
        heap.link(
            source, target, type_, draw(st.integers(0, 9)) if type_ == "element" else draw(_NAMES)
        )
    return heap


_SIZES = st.integers(1, 100)
