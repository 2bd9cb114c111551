"""Record the core samples: small programs that die, or are held for a moment by gcore.

They are built and run in ``/srv/app`` with an environment of a few words, so nothing of the
recording machine is in a core but its C library's version. Needs gcc, g++, rustc, go (which fetches
its toolchain 1.20.14), gdb with gcore, binutils, Debian's python3, a core_pattern of ``core``, and
root for /srv; for the core of another processor gcc-aarch64-linux-gnu, qemu-user and gdb-multiarch.
gdb names each stack right after it is recorded: that is in the ground truth.
"""

from __future__ import annotations

import json
import lzma
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import cores  # noqa: E402
import lz4.frame  # noqa: E402
import programs  # noqa: E402
import settings_file  # noqa: E402
from recording import APP, neutral_folder, pack  # noqa: E402
from scenarios import CORES, PYTHON, Core  # noqa: E402

KIOSK = "kiosk/kiosk.py"
DIES = ("crash", "qemu")


def record(scenarios: list[str], folder: Path) -> list[dict]:
    """Record the named scenarios, or all, and return their entries for the manifest.

    Every core of a program is recorded with it: a build of another compiler fits no older core.
    """
    chosen = {CORES[name].program for name in scenarios or CORES}
    names = [name for name, core in CORES.items() if core.program in chosen]
    entries = []
    with neutral_folder():
        built = {one: programs.build(one, APP) for one in _programs(names)}
        stored = {one: programs.store(path, folder) for one, path in built.items()}
        shutil.copy(HERE / KIOSK, APP)
        settings_file.write(APP / "till.conf")
        for name in names:
            print(f"recording {name}")
            entries.append(_recorded(name, CORES[name], stored, folder))
    return entries


def _programs(names: list[str]) -> list[str]:
    wanted = {one for name in names for one in (CORES[name].program, CORES[name].rebuilt)}
    return [one for one in programs.PROGRAMS if one in wanted]


def _recorded(name: str, core: Core, stored: dict, folder: Path) -> dict:
    arguments = core.arguments.split()
    is_python = core.program == "kiosk"
    command = [f"{APP}/{core.program}", *arguments]
    if is_python:
        command = [PYTHON, "-I", "-S", "kiosk.py", *arguments]
    limit = cores.UNLIMITED
    if core.is_cut:
        # The kernel counts what it writes, not the holes that it leaves for empty pages.
        whole = cores.crash(command, APP, **core.settings).stat()
        limit = int(whole.st_blocks * 512 * 0.55)
    if core.how == "crash":
        file = cores.crash(command, APP, limit, **core.settings)
    else:
        take = {"gcore": cores.stop, "quit": cores.quit_, "qemu": cores.emulated}[core.how]
        file = take(command, APP, **core.settings)
    source = KIOSK if is_python else programs.PROGRAMS[core.program].source
    files = [{"role": "source", "as": Path(source).name, "path": f"core/generate/{source}"}]
    files += stored.get(core.program, [])
    if core.rebuilt:
        rebuilt, debug = stored[core.rebuilt]
        files += [rebuilt | {"role": "rebuilt", "as": f"rebuilt/{core.program}"}, debug]
    packed = _pack(file, folder, f"{name}.core", core.packing)
    truth = _truth(core, HERE / source, _told_by_gdb(core, file, is_python))
    file.unlink()
    _check(name, core, truth)
    return {
        "investigation": "core",
        "path": f"core/{packed.name}",
        "format": "elf-core",
        "title": core.title,
        "scenario": name,
        "role": "rebuilt" if core.program.endswith("optimised") else core.how,
        "recorded_with": {"command": _told(command, core), "versions": _versions(core)},
        "files": files,
        "ground_truth": truth,
    }


def _pack(file: Path, folder: Path, name: str, packing: str) -> Path:
    if packing == "zst":
        return pack(file, folder, name=name)
    packers = {
        "xz": lambda data: lzma.compress(data, preset=9),
        "lz4": lambda data: lz4.frame.compress(data, compression_level=12),
    }
    path = folder / f"{name}.{packing}"
    path.write_bytes(packers[packing](file.read_bytes()))
    return path


def _truth(core: Core, source: Path, gdb: dict) -> dict:
    """Return what is known: by the label, by the mark in the source, and as gdb tells it."""
    truth: dict = {"rules": list(core.rules)}
    if core.fault:
        mark = f"THE FAULT: {core.fault}"
        lines = source.read_text().splitlines()
        marked = next(n for n, text in enumerate(lines, 1) if text.rstrip(" */").endswith(mark))
        function, line = core.function, marked
        if core.how in DIES and gdb.get("stack"):
            function, _, line = gdb["stack"][0]
        where = "crashed_function" if core.how in DIES else "function"
        truth |= {where: function, "file": source.name, "line": line, "fault_line": marked}
    return truth | core.truth | {"gdb": gdb}


def _told_by_gdb(core: Core, file: Path, is_python: bool) -> dict:
    """Return how many threads gdb counts, and their frames that are of our sources."""
    program = PYTHON if is_python else str(APP / core.program)
    command = [
        "gdb-multiarch" if core.how == "qemu" else "gdb",
        "--nx",
        "--batch",
        "-iex",
        "set debuginfod enabled off",
    ]
    command += ["-iex", f"set debug-file-directory {APP}:/usr/lib/debug"]
    command += ["-x", str(HERE / "gdb_stacks.py"), program, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    line = next(one for one in done.stdout.splitlines() if one.startswith("STACKS "))
    stacks = json.loads(line.removeprefix("STACKS "))
    told: dict = {"threads": len(stacks)}
    if any(stacks) and core.how == "gcore":
        told["stacks"] = [[frame[0] for frame in stack] for stack in stacks]
    elif any(stacks):
        told["stack"] = stacks[0][:12]
    return told


def _check(name: str, core: Core, truth: dict) -> None:
    """Refuse a core in which gdb does not find the function that the label names."""
    if core.program in ("kiosk", "ledger") or not core.fault:
        return
    if core.how in DIES:
        found = [truth["crashed_function"]]
    else:
        found = [one for stack in truth["gdb"]["stacks"] for one in stack]
    if core.function not in found:
        raise SystemExit(f"{name}: no {core.function} in {truth['gdb']}")


def _told(command: list[str], core: Core) -> str:
    words = [f"{k}={v}" for k, v in core.settings.get("environment", {}).items()]
    words += ["qemu-aarch64"] if core.how == "qemu" else []
    words += command
    if core.program in programs.PROGRAMS:
        words += ["#", programs.PROGRAMS[core.program].command.replace("0x{sha1}", "0x...")]
    if core.how == "gcore":
        words += ["; gcore PID"]
    if core.how == "quit":
        words += ["; kill -QUIT PID"]
    return " ".join(words)


def _versions(core: Core) -> dict[str, str]:
    gdb = subprocess.run(["gdb", "--version"], capture_output=True, text=True, check=True)
    versions = {"gdb": gdb.stdout.splitlines()[0].rpartition(" ")[2]}
    if core.program == "kiosk":
        python = subprocess.run([PYTHON, "--version"], capture_output=True, text=True, check=True)
        versions["python"] = python.stdout.split()[1]
    else:
        versions["compiler"] = programs.version(core.program)
    libc = subprocess.run(["getconf", "GNU_LIBC_VERSION"], capture_output=True, text=True)
    kernel = subprocess.run(["uname", "-r"], capture_output=True, text=True)
    versions["libc"] = libc.stdout.split()[-1]
    versions["kernel"] = kernel.stdout.strip().partition("-")[0]
    return versions
