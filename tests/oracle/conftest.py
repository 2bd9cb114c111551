"""Snapshots and DevTools' answers about them, each made once a session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.source import Source
from tests.conftest import require_tool
from tests.oracle import recordings
from tests.oracle.worker import Answers, Oracle

Pair = tuple[Path, Path]


def _samples() -> dict[str, list[str]]:
    """Return the heap snapshots among the samples: scenario -> paths, in order of time."""
    scenarios: dict[str, list[str]] = {}
    for entry in samples.entries():
        if entry["format"] == "v8-heap-snapshot":
            # One process recorded the tracked one, another the rest: they are not to be compared.
            process = f"{entry['scenario']} {'tracked' if entry['role'] == 'tracked' else ''}"
            scenarios.setdefault(process.strip(), []).append(entry["path"])
    return {scenario: sorted(paths) for scenario, paths in scenarios.items()}


SAMPLES = _samples()
RECORDED = [
    "node",
    *(f"node-{version}" for version in recordings.NODE_VERSIONS),
    "node exposing internals",
    "chromium",
]
TRACKED = ["node tracking allocations", "chromium tracking allocations"]


def in_one_process(what: str, parameter: object) -> object:
    """Make a test parameter; those of one recording stay in one worker, so it is made once."""
    name = parameter if isinstance(parameter, str) else " -> ".join(parameter)
    return pytest.param(parameter, id=name, marks=pytest.mark.xdist_group(f"oracle {what}"))


@dataclass(frozen=True)
class Compared:
    """The same question answered by us and by DevTools."""

    ours: pf.Evidence
    theirs: Answers
    path: Path


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    """DevTools' worker, installed once."""
    require_tool("node")
    require_tool("npm")
    return Oracle.build()


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Pair]:
    """Two snapshots of one process: of ``node``, ``node-12``, ``chromium tracking allocations``."""

    @cache
    def record(what: str) -> Pair:
        folder = tmp_path_factory.mktemp("recorded")
        program, _, how = what.partition(" ")
        if program == "chromium":
            return recordings.chromium_page(require_tool(program), folder, track=bool(how))
        flags = {"": [], "exposing internals": ["--expose"], "tracking allocations": ["--track"]}
        if program == "node":
            node: str | Path = require_tool(program)
        else:
            require_tool("npm")
            node = recordings.node_binary(int(program.removeprefix("node-")))
        return recordings.node_program(node, folder, *flags[how])

    return record


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Sample path -> a plain file, as DevTools wants it."""

    @cache
    def unpack(name: str) -> Path:
        plain = tmp_path_factory.mktemp("sample") / "plain.heapsnapshot"
        with Source(samples.path(name)).open() as stream:
            plain.write_bytes(stream.read())
        return plain

    return unpack


@pytest.fixture(scope="session")
def snapshot_file(
    recorded: Callable[[str], Pair], unpacked: Callable[[str], Path]
) -> Callable[[str], Path]:
    """Name of a snapshot -> its plain file: a sample's path, or ``node-12: before``."""

    def find(name: str) -> Path:
        what, _, when = name.partition(": ")
        return recorded(what)[when == "after"] if when else unpacked(name)

    return find


@pytest.fixture(scope="session")
def asked(oracle: Oracle, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Compared]:
    """A plain snapshot -> our evidence and all of DevTools' numbers."""

    @cache
    def ask(path: Path) -> Compared:
        out = tmp_path_factory.mktemp("answers")
        questions = ["numbers", "names"]
        return Compared(pf.load(path), oracle.ask(path, out, questions), path)

    return ask
