"""gdb, the reference: one process behind every question, driven through its machine interface.

pygdbmi parses what gdb answers. Bulk work runs in gdb's own Python (`scripts/in_gdb.py`) and
passes through a file; a question of a person is one command. Each command bears a token, and its
answer is read until the result with that token: nothing is polled.
"""

from __future__ import annotations

import time
from itertools import count
from typing import Any

import orjson

from prodforensics import tools
from prodforensics.core.debuggers.interface import Answer, Limits, Stacks, Target
from prodforensics.core.debuggers.process import Process
from prodforensics.core.debuggers.worker import SCRIPTS
from prodforensics.errors import BadOption, MissingTool, ToolFailed

__all__ = ["Gdb", "installed"]

# No script of the evidence, no network, no question back, nothing that runs or changes anything.
_SETTINGS = (
    "auto-load off",
    "auto-load safe-path /nonexistent",
    "debuginfod enabled off",
    "confirm off",
    "pagination off",
    "width 0",
    "height 0",
    "style enabled off",
    "history save off",
    "startup-with-shell off",
    "may-call-functions off",
    "may-write-memory off",
    "may-write-registers off",
    "python print-stack none",
    "max-value-size 65536",
)
# How long gdb may be silent within an answer before what it said is looked at.
_PIECE_SECONDS = 0.0005
_LOOK_SECONDS = 0.25


def installed(is_foreign: bool) -> bool:
    """Tell whether the gdb is there that knows the machine."""
    try:
        return bool(tools.find(_tool(is_foreign)))
    except MissingTool:
        return False


def _tool(is_foreign: bool) -> str:
    # Distributions build gdb for one processor, and another one for all.
    return "gdb-multiarch" if is_foreign else "gdb"


class Gdb:
    """One core, open in gdb.

    Raises
    ------
    MissingTool
        It is not installed.
    ToolFailed
        It cannot read the core.
    """

    name = "gdb"

    def __init__(self, target: Target, limits: Limits) -> None:
        from pygdbmi.IoManager import IoManager

        self._limits = limits
        self._folder = target.sysroot
        self._tokens = count(1)
        command = [tools.find(_tool(target.is_foreign)), "--interpreter=mi3", "-nx", "-q"]
        for setting in _SETTINGS:
            command += ["-iex", f"set {setting}"]
        self._process = Process(self.name, command, limits, target, target.sysroot)
        pipes = self._process.popen
        self._io = IoManager(pipes.stdin, pipes.stdout, None, _PIECE_SECONDS)
        self._open(target)

    def _open(self, target: Target) -> None:
        folders = ":".join(str(one) for one in (*target.debug_dirs, "/usr/lib/debug"))
        self._console(f"set debug-file-directory {folders}")
        self._console(f"set sysroot {target.sysroot}")
        self._console(f"set solib-search-path {target.sysroot}")
        try:
            if target.executable:
                self._console(f"file {target.executable}")
            self._console(f"core-file {target.core}")
            self._console(f"source {SCRIPTS / 'in_gdb.py'}")
            self._python(f"pf_start({str(SCRIPTS)!r})")
            code = target.frame_pointer_code
            if code.parts:
                self._python(f"pf_frame_pointers({code.parts!r}, {code.entries!r})")
        except BadOption as error:
            self.close()
            raise ToolFailed(
                error.message, hint="install a gdb with Python, or take debugger='lldb'"
            ) from error

    # -- the interface ------------------------------------------------------------------------

    def stacks(self, variables: bool) -> Stacks:
        """Walk every thread."""
        self._console("set backtrace past-main on")
        try:
            told = self._told("pf_stacks", variables, doing="walked the stacks")
        finally:
            if self._process.alive:
                self._console("set backtrace past-main off")
        return Stacks.of(self.name, told)

    def backtrace(self, tid: int, full: bool) -> str:
        """Return the stack of a thread as ``bt`` or ``bt full`` prints it."""
        return self._text(f"bt {'-full ' if full else ''}5000", tid, 0)

    def evaluate(self, expression: str, tid: int, frame: int) -> Answer:
        """Return the value of an expression that was found to be read-only."""
        told = self._told("pf_evaluate", expression, tid, frame, doing="evaluated an expression")
        if "error" in told:
            raise BadOption(f"{expression}: {told['error']}")
        return Answer(told["type"], told["value"])

    def disassemble(self, tid: int, frame: int) -> str:
        """Return the instructions of the frame's function."""
        return self._text("disassemble", tid, frame)

    def close(self) -> None:
        """End its process."""
        self._process.close()

    # -- how gdb is asked ---------------------------------------------------------------------

    def _text(self, command: str, tid: int, frame: int) -> str:
        told = self._told("pf_text", command, tid, frame, doing=f"ran {command.split()[0]}")
        if "error" in told:
            raise BadOption(f"gdb cannot {command}: {told['error']}")
        return told["text"]

    def _told(self, function: str, *arguments: Any, doing: str) -> dict[str, Any]:
        """Call a function of the script, and return what it wrote."""
        path = self._folder / f"answer-{next(self._tokens)}.json"
        listed = ", ".join(repr(one) for one in (str(path), *arguments))
        try:
            self._python(f"{function}({listed})", doing)
            return orjson.loads(path.read_bytes())
        except (OSError, orjson.JSONDecodeError) as error:
            raise self._process.died(doing) from error
        finally:
            path.unlink(missing_ok=True)

    def _python(self, code: str, doing: str = "started") -> None:
        self._console(f"python {code}", doing)

    def _console(self, command: str, doing: str = "opened the core") -> None:
        quoted = command.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        self._ask(f'-interpreter-exec console "{quoted}"', doing)

    def _ask(self, command: str, doing: str) -> None:
        """Send a command of the machine interface, and wait for its result."""
        token = next(self._tokens)
        deadline = time.monotonic() + self._limits.seconds
        try:
            self._io.write(f"{token}{command}", read_response=False)
        except (OSError, ValueError) as error:
            raise self._process.died(doing) from error
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise self._process.late(doing, self._limits.seconds)
            try:
                answers = self._io.get_gdb_response(
                    min(left, _LOOK_SECONDS), raise_error_on_timeout=False
                )
            except (OSError, ValueError, TypeError) as error:
                raise self._process.died(doing) from error
            for one in answers:
                if one["type"] == "result" and one.get("token") == token:
                    if one["message"] == "error":
                        said = (one.get("payload") or {}).get("msg", "it failed")
                        raise BadOption(f"gdb: {said}")
                    return
            if not answers and not self._process.alive:
                raise self._process.died(doing)
