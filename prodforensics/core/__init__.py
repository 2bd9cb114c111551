"""Core dumps: what a process held at the moment it died.

The vocabulary is that of ELF and of GDB. A *core* is a file of *segments*, the parts of the address
space that were written to it, and of *notes*: what the kernel (or gcore) tells of the process. A
*module* is the program or a library, named by its *build-id*; a *mapping* is a range of addresses
and the file behind it. A *thread* has registers and a stack of *frames*, frame 0 the innermost; the
thread that got the *signal* stands first, as in the file. A frame is native, or it belongs to a
runtime (JavaScript, Python, Go, Java). A *stack hash* names what a stack says without its
addresses: equal in two cores of one fault.

`CoreDump` is one core. `prodforensics.compare` makes of two or more a
`prodforensics.core.compare.CoreComparison`.

The room is divided: here stands what ELF alone tells; `debuggers` asks gdb, lldb and drgn for the
stacks, `runtimes` those who know Python, Go and Java, `javascript` reads the stacks and objects of
Node.js, `explorer` is what a person sees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodforensics._reference import exports

if TYPE_CHECKING:
    from prodforensics.core.model import CoreDump

__all__ = ["CoreDump"]

# Whoever looks into a file for its format imports the rooms of all formats.
__getattr__ = exports(__name__, CoreDump="prodforensics.core.model:CoreDump")
