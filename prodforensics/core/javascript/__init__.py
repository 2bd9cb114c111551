"""The JavaScript side of a core of Node.js: its stacks and its objects.

V8 puts constants about itself into the program (`constants`); with them and with what `versions`
adds, `words` and `heap` read objects out of the memory of a core, `properties` their properties.
Objects are named by their address, with or without V8's tag of one. Whatever is damaged or not in
the core raises a `LookupError` inside; it becomes a note in the answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from prodforensics._reference import Later
from prodforensics.core.javascript.constants import Constants, read_constants
from prodforensics.core.javascript.heap import Heap
from prodforensics.errors import BadOption

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.core.image import Module
    from prodforensics.core.javascript.backtrace import Backtrace
    from prodforensics.core.javascript.code import CodeSpace
    from prodforensics.core.javascript.fatal import Fatal
    from prodforensics.core.javascript.inspection import Inspection
    from prodforensics.core.javascript.search import Search
    from prodforensics.core.model import CoreDump

__all__ = ["JavaScript", "is_node", "of"]

backtrace = Later("prodforensics.core.javascript.backtrace")
coding = Later("prodforensics.core.javascript.code")
endings = Later("prodforensics.core.javascript.fatal")
inspection = Later("prodforensics.core.javascript.inspection")
searching = Later("prodforensics.core.javascript.search")

_LIBRARIES = ("libnode", "libv8", "node", "electron")
"""How the files begin that V8 may be in, where it is not in the program."""


class JavaScript:
    """What V8 held when the process died.

    Parameters
    ----------
    core : CoreDump
    constants : Constants
        Of the very program that ran.

    Examples
    --------
    ``core.javascript.backtrace()``, ``core.javascript.find_objects()``,
    ``core.javascript.instances("Order")``, ``core.javascript.inspect(0x2f3a8c1)``.
    """

    def __init__(self, core: CoreDump, constants: Constants) -> None:
        self.core = core
        self.constants = constants

    @cached_property
    def heap(self) -> Heap:
        """The heap; `BadOption` where the version of V8 is not known."""
        return Heap(self.core.image.memory, self.constants)

    @cached_property
    def code(self) -> CodeSpace:
        """Where V8's code is in the process."""
        return coding.CodeSpace(self.core.image, self.heap)

    @cached_property
    def search(self) -> Search:
        """The Maps of the heap and the objects that have them."""
        return searching.Search(self.heap)

    @cached_property
    def fatal(self) -> Fatal | None:
        """How V8 or Node.js ended the process, and what was thrown; None where they did not."""
        return endings.fatal(self)

    def backtrace(self, thread: int | None = None) -> Backtrace:
        """Return the calls of JavaScript: printed as Node.js prints a stack, and as a frame.

        Parameters
        ----------
        thread : int, optional
            As in the frame `threads`; by default every thread that ran JavaScript.

        Raises
        ------
        BadOption
            There is no such thread, or the version of V8 is not known.
        """
        return backtrace.backtrace(self, thread)

    def inspect(self, address: int, *, redact: bool | None = None) -> Inspection:
        """Return what is at an address: an object's properties and elements, a string, a closure.

        Parameters
        ----------
        address : int
            With or without V8's tag.
        redact : bool, optional
            Mask what may be secret; by default as the core was loaded.

        Raises
        ------
        BadOption
            There is no object of V8 at the address.
        """
        hide = self.core.options.redact if redact is None else redact
        return inspection.inspect(self.heap, address, redact=hide)

    def find_objects(self) -> pd.DataFrame:
        """Return how many objects of each constructor there are, and their own bytes."""
        return self.search.objects()

    def instances(self, name: str) -> pd.DataFrame:
        """Return every object of a constructor.

        Parameters
        ----------
        name : str
            As in `find_objects`.

        Raises
        ------
        UnknownName
        """
        return self.search.instances(name)

    def __repr__(self) -> str:
        node = self.constants.node_version or "of an unknown version"
        return f"<JavaScript: Node.js {node}, V8 {self.constants.v8_version or 'unknown'}>"


def is_node(core: CoreDump) -> bool:
    """Tell, by names alone, whether the process may have run V8."""
    return next(_modules(core), None) is not None


def of(core: CoreDump) -> JavaScript:
    """Return the JavaScript side of a core.

    Raises
    ------
    BadOption
        The process did not run Node.js, its program is not on this machine, or it is another build.
    """
    first: BadOption | None = None
    for module in _modules(core):
        try:
            return JavaScript(core, read_constants(_file_of(module)))
        except BadOption as error:
            first = first or error
    if first is not None:
        raise first
    raise BadOption(
        f"{core.image.program or 'the process'} did not run Node.js: none of its modules is named "
        "so, and V8 is looked for in no other",
        hint="core.frames['frames'] has the native stacks",
    )


def _modules(core: CoreDump) -> Iterator[Module]:
    """Give the modules that may hold V8."""
    for module in core.image.modules:
        name = Path(module.path).name.removesuffix(" (deleted)").lower()
        if name.startswith(_LIBRARIES):
            yield module


def _file_of(module: Module) -> Path:
    path = module.found
    if path is None:
        raise BadOption(
            f"the program {module.path} (build-id {module.build_id or 'unknown'}) is not on this "
            "machine: without it the layout of V8's objects is unknown",
            hint="pf.load(core, executable='that very node'), or debug_dirs=[folder with it]",
        )
    if module.matched == "mismatched":
        raise BadOption(
            f"{path} is not the build that ran: the core holds the build-id {module.build_id}",
            hint="pf.load(core, executable='the node of that build')",
        )
    return Path(path)
