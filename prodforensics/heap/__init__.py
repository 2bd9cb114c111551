"""Heap snapshots and leak reports.

The vocabulary is that of Chrome DevTools. A *node* is an object of the heap, or something of the
virtual machine's own; it is named by its *ordinal*, its place in the file, and keeps its *id*
(``@1234``) from one snapshot of a process to the next. An *edge* is a reference. Objects live as
long as a *path* of edges leads to them from the *root*; the nodes that refer to one are its
*retainers*, its *distance* is the length of the shortest path. A node *dominates* another if every
path to the other passes through it; what it dominates is its *retained size*: the memory that
would be free without it. The *shallow* or *self size* is its own memory alone.

`HeapSnapshot` is one snapshot. `prodforensics.compare` makes of two and more a
`prodforensics.heap.compare.HeapComparison`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodforensics._reference import exports

if TYPE_CHECKING:
    from prodforensics.heap.model import HeapSnapshot

__all__ = ["HeapSnapshot"]

# Whoever looks into a file for its format imports the rooms of all formats.
__getattr__ = exports(__name__, HeapSnapshot="prodforensics.heap.model:HeapSnapshot")
