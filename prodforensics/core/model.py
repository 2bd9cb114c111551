"""A core dump as evidence: its frames, and the questions one asks of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from prodforensics._reference import Later
from prodforensics.core import schemas
from prodforensics.core.operations import Operations
from prodforensics.core.session import begin
from prodforensics.display.tables import human_bytes, human_count
from prodforensics.evidence import Evidence
from prodforensics.gaps import Gap
from prodforensics.schema import Schema
from prodforensics.source import Source

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.core.image import Image
    from prodforensics.core.javascript import JavaScript
    from prodforensics.core.options import Options
    from prodforensics.core.runtimes.processes import Runtimes
    from prodforensics.core.stacks import Walk

__all__ = ["CoreDump"]

# Loading reads ELF alone: what asks debuggers, and pandas, is imported on use.
javascript = Later("prodforensics.core.javascript")
pictures = Later("prodforensics.core.explorer.pictures")
merging = Later("prodforensics.core.runtimes.merging")
processes = Later("prodforensics.core.runtimes.processes")
runtime_tables = Later("prodforensics.core.runtimes.tables")
secret_scan = Later("prodforensics.core.secret_scan")
stack_groups = Later("prodforensics.core.stack_groups")
stacks = Later("prodforensics.core.stacks")
strings = Later("prodforensics.core.strings")
tables = Later("prodforensics.core.tables")
waits = Later("prodforensics.core.waits")


class CoreDump(Operations, Evidence):
    """What a process held when it died.

    Parameters
    ----------
    source : Source
    image : Image
        What ELF alone tells.
    options : Options
        Where the program is looked for, which debugger is asked, whether secrets are masked.
    gaps : iterable of Gap
        What the file lacks.

    Attributes
    ----------
    image : Image
    options : Options
    """

    kind: ClassVar[str] = "core dump"
    schemas: ClassVar[Mapping[str, Schema]] = schemas.FRAMES
    _view = "prodforensics.core.views:explorer"
    _sections = "prodforensics.core.explorer.pictures:core_sections"
    _compare = "prodforensics.core.compare:compare"
    _rules = "prodforensics.core.rules:RULES"

    def __init__(
        self, source: Source, image: Image, options: Options, gaps: Iterable[Gap] = ()
    ) -> None:
        self.image = image
        self.options = options
        own = [gap for gap in gaps if gap not in source.gaps]
        builders = {
            "threads": lambda: tables.threads(self),
            "frames": self._stack_frames,
            "locals": self._locals,
            "registers": lambda: tables.registers(image),
            "modules": lambda: tables.modules(image),
            "mappings": lambda: tables.mappings(image),
            "signal": lambda: tables.signal(image),
            "environment": lambda: tables.environment(image, options),
            "auxiliary": lambda: tables.auxiliary(image),
            "stacks": lambda: stack_groups.stacks(self),
            "waits": lambda: waits.waits(self),
            "goroutines": lambda: runtime_tables.goroutines(self),
            "goroutine_frames": lambda: runtime_tables.goroutine_frames(self),
            "strings": lambda: strings.strings(self),
            "secrets": lambda: secret_scan.secrets(self),
        }
        super().__init__(builders, source=source, gaps=own)

    # The debugger starts before what makes frames of its answer is imported.

    def _stack_frames(self) -> pd.DataFrame:
        begin(self)
        return stacks.frames(self)

    def _locals(self) -> pd.DataFrame:
        begin(self)
        return merging.with_variables(self, stacks.locals_(self))

    def __reduce__(self) -> tuple[Any, ...]:
        # The frames are made again where they are asked for: debuggers do not travel.
        state = (self._source, self.image, self.options, self._gaps, self.format, self.reader)
        return _restored, state

    # -- analyses, made on use ----------------------------------------------------------------

    @cached_property
    def walk(self) -> Walk:
        """The stacks as the debugger tells them, and which debugger that was."""
        return stacks.walk(self)

    @cached_property
    def runtimes(self) -> Runtimes:
        """What Python, Go and Java tell of their own stacks, each asked when it is needed."""
        return processes.Runtimes(self)

    @cached_property
    def javascript(self) -> JavaScript:
        """The JavaScript side of a Node.js core."""
        return javascript.of(self)

    # -- in short -----------------------------------------------------------------------------

    def headline(self) -> str:
        """Say what died, and of what."""
        return f"{self.image.program}: {self.image.cause}"

    def facts(self) -> list[tuple[str, str]]:
        """Return the few numbers for the card."""
        image = self.image
        return [
            ("program", image.program),
            ("signal", image.cause),
            ("threads", human_count(len(image.threads))),
            ("modules", human_count(len(image.modules))),
            ("memory in the file", human_bytes(image.memory.resident_bytes)),
            ("machine", image.machine.name),
        ]

    def _card_body(self) -> str:
        return pictures.core_card(self)


def _restored(
    source: Source, image: Image, options: Options, gaps: list[Gap], name: str, reader: str
) -> CoreDump:
    """Make a core dump again that came from another process."""
    core = CoreDump(source, image, options, gaps)
    core.format, core.reader = name, reader
    return core
