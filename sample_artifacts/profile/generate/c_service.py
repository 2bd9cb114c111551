"""The C service under perf, printed by ``perf script`` in all its ways, and under callgrind."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from recording import ENVIRONMENT, pack

HERE = Path(__file__).parent
SOURCES = HERE.parent / "c"
PORT = 18080
SECONDS = 3
BUILD = (
    "g++ -g -O2 -fno-omit-frame-pointer -c tax.cpp && "
    "gcc -g -O2 -fno-omit-frame-pointer -pthread service.c tax.o -lstdc++ -o c_service"
)
CLOCK = "-F 499 -e cpu-clock -g"
SERVICE = {
    "healthy": (CLOCK, "healthy", "An order service in C, nothing wrong"),
    "quadratic": (CLOCK, "after", "An order service in C: coupons compared in a quadratic loop"),
    "lock": (
        "-F 499 -e context-switches/period=10/ -e cpu-clock -e page-faults/period=1/ -g",
        "after",
        "An order service in C: threads wait for one lock; three events",
    ),
}
TRUTH = {
    "healthy": {"fault": None, "function": None, "rule": None, "verdict": None},
    "quadratic": {
        "fault": "quadratic",
        "function": "unique_coupons.isra.0",
        "rule": "profile.hot_function",
        "verdict": "likely",
    },
    "lock": {
        "fault": "lock",
        "function": "reserve_stock",
        # The C library's lock has no frame pointer, so its caller is missing in the stacks.
        "seen_in": "handle_request",
        "rule": "profile.lock_contention",
        "verdict": "likely",
    },
}
# The program is not on the machine that reads the file of perf record: it has no symbols there.
UNSYMBOLISED = {
    "fault": None,
    "function": None,
    "rule": "profile.unsymbolised",
    "verdict": "likely",
    "symbols": "of the machine that reads it",
}
# What perf script is asked for: name -> options, what is special.
VARIANTS = {
    "no-period": ("-F comm,tid,time,event,ip,sym,dso", "no period, no offsets"),
    "no-time": ("-F comm,pid,tid,event,ip,sym", "no time, no binaries"),
    "symbols": ("-F ip,sym", "stacks alone, without headers"),
    "srcline": ("-F +srcline", "a line of source behind each frame"),
    "header": ("--header", "the header of the recording"),
    "no-callchain": ("-G", "the innermost frame on the line of the header"),
    "events": ("--show-mmap-events --show-task-events", "mappings and threads between samples"),
    "pid-cpu": ("-F comm,pid,tid,cpu,time,period,event,ip,sym,symoff,dso --ns", "nanoseconds"),
    "reltime": ("--reltime", "times from the first sample"),
}
TOGGLES = {"plain": "", "instructions": "--dump-instr=yes --separate-threads=yes"}


def recordings(app: Path, folder: Path) -> dict[str, Callable[[], list[dict]]]:
    """Return what records each scenario."""
    one = _Recorder(app, folder / "c")
    return {
        "c": one.services,
        "c-variants": one.variants,
        "c-perf-data": one.perf_data,
        "c-callgrind": one.callgrind,
    }


class _Recorder:
    def __init__(self, app: Path, folder: Path) -> None:
        self.app, self.folder = app, folder

    def services(self) -> list[dict]:
        """Record the service with each fault, as perf script prints it by default."""
        self._build()
        entries = []
        for name, (options, role, title) in SERVICE.items():
            command = self._record(name, options)
            text = self._script(f"{name}.data", "", f"{name}.perf.txt")
            pack(text, self.folder)
            entries.append(
                self._entry(f"{name}.perf.txt.zst", "perf-script", "c", title, role,
                            f"{command}; perf script", TRUTH[name])
            )  # fmt: skip
        return entries

    def variants(self) -> list[dict]:
        """Print one short recording in every way, and record it in others."""
        self._build()
        command = self._record("healthy", "-F 299 -e cpu-clock --sample-cpu -g", seconds=1.5)
        made = [
            (name, command, self._script("healthy.data", options, f"{name}.perf.txt"), title)
            for name, (options, title) in VARIANTS.items()
        ]
        for name, options, title in (
            ("dwarf", "-F 199 -e cpu-clock --call-graph dwarf,4096", "inlined frames"),
            ("tracepoint", "-c 100 -e sched:sched_switch -g", "a tracepoint with its text"),
        ):
            command = self._record("healthy", options, seconds=0.5)
            made.append(
                (name, command, self._script("healthy.data", "", f"{name}.perf.txt"), title)
            )
        command = self._node()
        jit = self._script("node.data", "", "jit.perf.txt")
        made.append(("jit", command, jit, "frames of V8's compilers"))
        entries = []
        for name, command, text, title in made:
            pack(text, self.folder / "variants")
            options = VARIANTS.get(name, ("",))[0]
            entries.append(
                self._entry(f"variants/{name}.perf.txt.zst", "perf-script", "c-variants",
                            f"perf script: {title}", "variant",
                            f"{command}; perf script {options}".strip(), TRUTH["healthy"])
            )  # fmt: skip
        return entries

    def perf_data(self) -> list[dict]:
        """Keep the files that perf record writes."""
        self._build()
        entries = []
        for name in ("healthy", "quadratic"):
            title = f"{SERVICE[name][2]}: the file of perf record"
            command = self._record(name, CLOCK, seconds=1.5)
            path = pack(self.app / f"{name}.data", self.folder, name=f"{name}.perf.data")
            entries.append(
                self._entry(path.name, "perf-script", "c-perf-data", title, "raw", command,
                            UNSYMBOLISED)
            )  # fmt: skip
        return entries

    def callgrind(self) -> list[dict]:
        """Count the instructions of some orders."""
        self._build()
        entries = []
        for name, options in TOGGLES.items():
            for fault in ("healthy", "quadratic"):
                file = f"{fault}.{name}.callgrind.out"
                command = f"valgrind --tool=callgrind {options} --callgrind-out-file={file}"
                command = f"{command} ./c_service 0 {fault}".replace("  ", " ")
                self._run(command)
                found = sorted(self.app.glob(f"{file}*"), key=lambda path: path.stat().st_size)
                pack(found[-1], self.folder, name=file)
                truth = TRUTH[fault] | (
                    {"function": "unique_coupons.isra.0"} if TRUTH[fault]["fault"] else {}
                )
                role = "healthy" if fault == "healthy" else "after"
                entries.append(
                    self._entry(f"{file}.zst", "callgrind", "c-callgrind",
                                f"{SERVICE[fault][2]}; instructions counted", role, command, truth)
                )  # fmt: skip
        return entries

    # -- running --------------------------------------------------------------------------------

    def _build(self) -> None:
        for source in SOURCES.glob("*.c*"):
            if source.suffix in {".c", ".cpp"}:
                shutil.copy(source, self.app)
        self._run(BUILD)
        (self.folder / "variants").mkdir(parents=True, exist_ok=True)

    def _run(self, command: str) -> str:
        done = subprocess.run(
            command, shell=True, cwd=self.app, env=ENVIRONMENT, capture_output=True, text=True
        )
        if done.returncode:
            code = done.returncode
            raise SystemExit(f"{command} failed ({code}):\n{done.stdout}{done.stderr}")
        return done.stdout

    def _record(self, fault: str, options: str, seconds: float = SECONDS) -> str:
        """Record the service alone while it is asked for orders; no sample may be lost."""
        service = subprocess.Popen(["./c_service", str(PORT), fault], cwd=self.app, env=ENVIRONMENT)
        try:
            time.sleep(0.3)
            load = subprocess.Popen([sys.executable, HERE / "load.py", str(PORT), str(seconds + 2)])
            time.sleep(0.4)
            command = f"perf record {options} -p $(pgrep c_service) -o {fault}.data"
            actual = command.replace("$(pgrep c_service)", str(service.pid))
            for attempt in range(4):  # now and then it cannot attach to a thread that ends
                try:
                    self._run(f"{actual} -- sleep {seconds}")
                    break
                except SystemExit:
                    if attempt == 3:
                        raise
            load.wait()
        finally:
            service.send_signal(signal.SIGKILL)
            service.wait()
        self._check_lost(f"{fault}.data")
        return f"{command} -- sleep {seconds}"

    def _node(self) -> str:
        """Record a short JavaScript program, whose compiled functions perf knows from a map."""
        program = (
            "function price(n) { let s = 0; for (let i = 0; i < n; i++) s += i % 7; return s }\n"
            "function orders() {\n"
            "  let t = 0; for (let i = 0; i < 400; i++) t += price(20000); return t\n}\n"
            "const end = Date.now() + 400; while (Date.now() < end) orders();\n"
        )
        (self.app / "orders.js").write_text(program)
        command = "perf record -F 199 -e cpu-clock -g -o node.data node --perf-basic-prof orders.js"
        self._run(command)
        self._check_lost("node.data")
        return command

    def _check_lost(self, file: str) -> None:
        lost = self._run(
            f"perf script -i {file} --show-lost-events -F comm,time | grep -c LOST || true"
        )
        if lost.strip() != "0":
            raise SystemExit(f"{file}: perf lost samples; record again on a quiet machine")

    def _script(self, data: str, options: str, file: str) -> Path:
        self._run(f"perf script -i {data} {options} > {file}")
        return self.app / file

    def _entry(
        self, file: str, kind: str, scenario: str, title: str, role: str, command: str, truth: dict
    ) -> dict:
        tool = "valgrind" if kind == "callgrind" else "perf"
        versions = {tool: self._run(f"{tool} --version").split()[-1]}
        return {
            "path": f"profile/c/{file}",
            "format": kind,
            "title": title,
            "scenario": scenario,
            "role": role,
            "recorded_with": {"command": command, "versions": versions},
            "ground_truth": truth,
        }
