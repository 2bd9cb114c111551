"""Profiles: where time, memory and locks go, by stack.

The vocabulary is pprof's and speedscope's. A *function* has a name, a file and a module (the
binary, library or package that it is of). A *call* is one place in a function that was seen in a
stack: a line, an address, or the function alone; an *inlined* call has no frame of its own. A
*stack* is a chain of calls; all stacks are kept as one prefix tree, in which a node stands for the
stack from the outermost call down to itself. A *sample* is what the profiler recorded at one
moment, or summed up: a stack, a thread, and a value for each *value type* (samples, nanoseconds of
cpu, bytes allocated ...). *Self* (pprof: flat) is what a function was seen doing itself, *total*
(cum) what it and all that it called did; a function that calls itself counts once in a stack.

`Profile` is one recording, of whatever profiler. `prodforensics.compare` makes of two a
`prodforensics.profile.compare.ProfileComparison`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodforensics._reference import exports

if TYPE_CHECKING:
    from prodforensics.profile.model import Profile

__all__ = ["Profile"]

# Whoever looks into a file for its format imports the rooms of all formats.
__getattr__ = exports(__name__, Profile="prodforensics.profile.model:Profile")
