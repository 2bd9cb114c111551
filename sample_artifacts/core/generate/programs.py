"""Build the programs of the core samples: stripped, with their debug file beside them."""

from __future__ import annotations

import hashlib
import lzma
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
GO_TOOLCHAIN = "go1.20.14"
"""The newest whose format of DWARF Debian's delve (1.20) reads."""


@dataclass(frozen=True)
class Program:
    """How one program is made of its source.

    Attributes
    ----------
    source : str
        Below this folder.
    command : str
        Run in the neutral folder, where the source is copied to: no path of the machine is in it.
    version : str
        The command that tells the version of the compiler.
    is_stripped : bool
        Whether symbols go into a file of their own, as packages of distributions have it.
    tools : str
        What the names of the binutils for its machine begin with.
    """

    source: str
    command: str
    version: str
    is_stripped: bool = True
    tools: str = ""


# What is linked statically unwinds on every machine, whatever the C library there.
PROGRAMS = {
    "till": Program("till/till.c", "gcc -g -O0 -pthread till.c -o till", "gcc --version"),
    "till-static": Program(
        "till/till.c", "gcc -g -O0 -static -pthread till.c -o till-static", "gcc --version"
    ),
    "till-aarch64": Program(
        "till/till.c",
        "aarch64-linux-gnu-gcc -g -O0 -static -pthread till.c -o till-aarch64",
        "aarch64-linux-gnu-gcc --version",
        tools="aarch64-linux-gnu-",
    ),
    "till-optimised": Program(
        "till/till.c", "gcc -g -O2 -pthread till.c -o till-optimised", "gcc --version"
    ),
    "till-rebuilt": Program(
        "till/till.c", "gcc -g -O0 -pthread -DREBUILT till.c -o till-rebuilt", "gcc --version"
    ),
    "orders": Program(
        "orders/orders.cpp", "g++ -std=c++17 -g -O0 -static orders.cpp -o orders", "g++ --version"
    ),
    "stock": Program(
        "stock/stock.rs",
        "rustc -g -C opt-level=0 -C debug-assertions=off -C panic=abort"
        " -C target-feature=+crt-static -C relocation-model=static"
        " --remap-path-prefix=/srv/app=. stock.rs -o stock",
        "rustc --version",
    ),
    "ledger": Program(
        "ledger/ledger.go",
        "go build -trimpath -ldflags=-B=0x{sha1} -o ledger ledger.go",
        "go version",
        is_stripped=False,
    ),
}


def build(name: str, app: Path) -> Path:
    """Build a program in the neutral folder; its debug file, if it has one, is beside it."""
    program = PROGRAMS[name]
    source = Path(shutil.copy(HERE / program.source, app))
    sha1 = hashlib.sha1(source.read_bytes()).hexdigest()
    _run(program.command.format(sha1=sha1), app)
    built = app / name
    if program.is_stripped:
        objcopy = f"{program.tools}objcopy"
        _run(f"{objcopy} --only-keep-debug {name} {name}.debug", app)
        _run(f"{objcopy} --strip-all --add-gnu-debuglink={name}.debug {name}", app)
        (app / f"{name}.debug").chmod(0o644)
    return built


def store(built: Path, folder: Path) -> list[dict[str, str]]:
    """Pack a program and its debug file into ``programs``; tell their paths, role and place.

    The debug file is found where it stands under its build-id, as in /usr/lib/debug.
    """
    debug = built.with_name(f"{built.name}.debug")
    build_id = re.search(r"Build ID: (\w+)", _run(f"readelf -n {built.name}", built.parent).stdout)[
        1
    ]
    below = f"debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug"
    (folder / "programs").mkdir(exist_ok=True)
    stored = []
    for role, file, place in (("executable", built, built.name), ("debug", debug, below)):
        if file.exists():
            packed = folder / "programs" / f"{file.name}.xz"
            packed.write_bytes(lzma.compress(file.read_bytes(), preset=9 | lzma.PRESET_EXTREME))
            stored.append({"role": role, "as": place, "path": f"core/programs/{packed.name}"})
    return stored


def version(name: str) -> str:
    """Return the first line that the compiler tells of itself."""
    told = _run(PROGRAMS[name].version, HERE).stdout.splitlines()[0]
    return told.replace(" linux/amd64", "")


def _run(command: str, folder: Path) -> subprocess.CompletedProcess:
    own = {"GOTOOLCHAIN": GO_TOOLCHAIN, "CGO_ENABLED": "0"}
    done = subprocess.run(
        command.split(), cwd=folder, env=os.environ | own, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{command} failed:\n{done.stderr[-2000:]}")
    return done
