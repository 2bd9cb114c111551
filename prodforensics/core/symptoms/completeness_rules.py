"""Findings on what is missing to read a core to its end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from prodforensics._text import plain
from prodforensics.core.symptoms.crash import crash_of
from prodforensics.display.tables import human_bytes
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.core.model import CoreDump

__all__ = ["RULES"]

_MOST = 6
_NAME = 120
_KERNEL = "[vdso]"


@rule("core.truncated")
def truncated(core: CoreDump) -> Iterator[Finding]:
    """Tell that the file ends before the memory that it promises."""
    missing = core.image.memory.missing_bytes
    cut = [gap for gap in core.all_gaps() if "ends" in gap.what or "cut" in gap.what]
    if not missing and not cut:
        return
    mappings = core.frames["mappings"]
    lost = mappings[mappings["missing_bytes"] > 0]
    stacks = lost[lost["segment"].astype(str) == "stack"]
    resident = core.image.memory.resident_bytes
    share = missing / (missing + resident) if missing + resident else 0
    what = f"{human_bytes(missing)} of memory ({share:.0%})" if missing else "its end"
    said = "Stacks are among it: frames and variables are lost." if len(stacks) else (
        "The stacks are there."
    )  # fmt: skip
    yield Finding(
        "core.truncated",
        Verdict.LIKELY,
        Severity.MEDIUM,
        f"The core is cut: {what} is missing",
        f"The headers promise more than the file has. {said} A limit (ulimit -c, "
        "ProcessSizeMax and ExternalSizeMax of systemd-coredump), a full disk or a copy that "
        "broke off does this.",
        {"mappings": lost.index[:100].tolist()},
        "raise ulimit -c or systemd-coredump's limits, look at the space of the disk, and compare "
        "the size with the original",
    )


@rule("core.mismatched_executable")
def mismatched_executable(core: CoreDump) -> Iterator[Finding]:
    """Tell that files on this machine are of another build than those that ran."""
    modules = core.frames["modules"]
    wrong = modules[modules["matched"].astype(str) == "mismatched"]
    if wrong.empty:
        return
    program = wrong[wrong["is_executable"]]
    names = ", ".join(plain(one, _NAME) for one in wrong["path"].head(_MOST))
    ids = "; ".join(
        f"{plain(row.path, _NAME)} needs build-id {row.build_id}"
        for row in wrong.head(_MOST).itertuples()
    )
    yield Finding(
        "core.mismatched_executable",
        Verdict.LIKELY if len(program) else Verdict.POSSIBLE,
        Severity.HIGH if len(program) else Severity.MEDIUM,
        f"Of another build: {names}",
        f"The file that was found is not the one that ran: {ids}. Its symbols would be plausible "
        "and wrong, so none of them is used: those frames have no names.",
        {"modules": wrong.index.tolist()},
        "get the files of the machine and the day of the crash: pf.load(core, executable=..., "
        "sysroot=..., debug_dirs=[...]); debuginfod-find executable BUILD-ID",
    )


@rule("core.missing_symbols")
def missing_symbols(core: CoreDump) -> Iterator[Finding]:
    """Tell which files would give names to the frames of the crashed thread."""
    crash = crash_of(core)
    every = core.frames["frames"]
    frames = crash.frames if crash else every
    native = frames["frame_kind"].astype(str).isin(("native", "inline", "signal", "tail"))
    nameless = frames[native & (frames["function"].astype(str) == "")]
    modules = core.frames["modules"]
    paths = set(nameless["module"].astype(str)) - {"", _KERNEL}
    lacking = modules[modules["path"].isin(paths)]
    lacking = lacking[lacking["matched"].astype(str) != "mismatched"]
    if lacking.empty:
        return
    program = lacking[lacking["is_executable"]]
    bare = program["debug_info"].astype(str).isin(("none", "dynamic")).any()
    yield Finding(
        "core.missing_symbols",
        Verdict.LIKELY if bare and crash is not None and not _is_named(frames) else
        Verdict.POSSIBLE,
        Severity.MEDIUM if bare else Severity.LOW,
        f"{len(nameless)} of {len(frames)} frames have no name: symbols of "
        f"{', '.join(_name(path) for path in lacking['path'].head(_MOST))} are missing",
        f"{_each(lacking)} With them the frames have functions, files and lines.",
        {"frames": nameless.index[:50].tolist(), "modules": lacking.index.tolist()},
        "pf.load(core, executable=..., debug_dirs=[...]); on Debian and Ubuntu: "
        f"apt install {_package(lacking)}; elsewhere: debuginfod-find debuginfo BUILD-ID",
    )  # fmt: skip


def _is_named(frames: pd.DataFrame) -> bool:
    """Tell whether any frame has a source file: then the program is known."""
    return bool((frames["file"].astype(str) != "").any())


def _name(path: str) -> str:
    return plain(path.rpartition("/")[2] or path, _NAME)


def _each(lacking: pd.DataFrame) -> str:
    said = []
    for row in lacking.head(_MOST).itertuples():
        what = "no file of it is here" if str(row.matched) == "missing" else (
            "its file has no debug information"
        )  # fmt: skip
        known = f", build-id {row.build_id}" if row.build_id else ""
        said.append(f"{plain(row.path, _NAME)}: {what}{known}.")
    return " ".join(said)


def _package(lacking: pd.DataFrame) -> str:
    names = [_name(path) for path in lacking["path"]]
    if any(name.startswith(("libc.so", "libc-", "ld-linux")) for name in names):
        return "libc6-dbg"
    return "the package with -dbgsym or -dbg (dpkg -S FILE names the package)"


RULES: tuple[Rule, ...] = (truncated, mismatched_executable, missing_symbols)
