"""A core made by hand for the tests of what a person sees: its frames, and answers to its verbs."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from prodforensics.core import schemas
from prodforensics.core.options import Options
from prodforensics.errors import SourceError
from prodforensics.evidence import Evidence
from prodforensics.findings import Finding, Findings

BASE = 0x7F0000000000
PROGRAM = "/srv/app/orders"
LIBC = "/usr/lib/x86_64-linux-gnu/libc.so.6"
LOCK_A, LOCK_B, QUEUE = 0x4040A0, 0x4040E0, 0x404200
CODE = {12: "    return order->total;", 30: "    price(lookup(id));"}


class MadeCore(Evidence):
    """What `prodforensics.core.model.CoreDump` is for a view."""

    kind = "core dump"
    schemas = schemas.FRAMES
    _view = "prodforensics.core.views:explorer"
    _sections = "prodforensics.core.explorer.pictures:core_sections"

    def __init__(self, frames, found=()):
        super().__init__({name: (lambda frame=frame: frame) for name, frame in frames.items()})
        self._made = Findings(list(found))
        threads = list(frames["threads"].index)
        self.image = SimpleNamespace(
            threads=threads, modules=list(frames["modules"].index),
            command_line=(PROGRAM, "--token=hunter22hunter22"),
        )  # fmt: skip
        self.options = Options()

    title = "core.orders.4711"

    def headline(self):
        return "orders: SIGSEGV, address 0x18 is not mapped"

    def facts(self):
        return [("program", "orders"), ("signal", "SIGSEGV"), ("threads", "x")]

    def findings(self):
        return self._made

    def source(self, frame=0, root=None, *, thread=None):
        if frame > 1:
            raise SourceError("main.c is not here", hint="name a folder: root")
        line = {0: 12, 1: 30}[frame]
        around = range(line - 3, line + 4)
        marks = ["=>" if one == line else "  " for one in around]
        return "\n".join(f"{m} {n}\t{CODE.get(n, '')}" for m, n in zip(marks, around, strict=True))

    def disassemble(self, frame=0, thread=None):
        return "   0x401000:\tmov rax, rdi\n=> 0x401003:\tmov eax, [rax+0x18]\n   0x401006:\tret"


def thread(number, stack, *, name="", state="running", crashed=False, waits=None):
    """One thread: functions of its stack (innermost first), and what it waits for."""
    return SimpleNamespace(
        number=number, stack=stack, name=name, state=state, crashed=crashed, waits=waits
    )


def wait(lock, holder=None, *, kind="mutex", name="", cycle=False):
    """What a thread waits for."""
    return SimpleNamespace(lock=lock, holder=holder, kind=kind, name=name, cycle=cycle)


def typed(schema, rows):
    """Make a frame as its schema says."""
    names = [column.name for column in schema.columns]
    index = schema.index.name if schema.index else None
    if not rows:
        return schema.empty()
    frame = pd.DataFrame(rows)
    if index:
        frame = frame.set_index(index)
    return frame[names].astype({one.name: one.dtype for one in schema.columns})


def _locked(one):
    return one.waits is not None and one.waits.lock is not None


def _frames(threads):
    kinds = {"<module>": "python", "handler": "js", "main.serve": "go", "Server.run": "java"}
    for one in threads:
        for place, function in enumerate(one.stack):
            known = bool(function)
            mine = not function.startswith(("pthread", "__", "raise", "clone"))
            last = place == len(one.stack) - 1
            yield {
                "source": "gdb", "pid": 4711, "thread_id": one.number,
                "os_tid": 4710 + one.number, "thread_name": one.name, "state": one.state,
                "is_crashed": one.crashed, "frame_index": place,
                "frame_kind": kinds.get(function, "inline" if "inl" in function else "native"),
                "function": function, "file": "/build/src/main.c" if known and mine else "",
                "line": {0: 12, 1: 30}.get(place, 40) if known and mine else -1, "column": -1,
                "module": PROGRAM if mine else LIBC, "build_id": "ab" * 20,
                "address": BASE + 16 * place, "module_offset": 0x1000 + place,
                "waits_on": hex(one.waits.lock) if not place and _locked(one) else "",
                "held_by": one.waits.holder if one.waits and not place else None,
                "unwind_status": "complete" if last else "",
                "symbol_trust": "matched" if known else "mismatched",
            }  # fmt: skip


def _stacks(threads):
    groups = {}
    for one in threads:
        groups.setdefault((tuple(one.stack), one.crashed), []).append(one)
    order = sorted(groups.values(), key=lambda group: (not group[0].crashed, -len(group)))
    return [
        {
            "stack_hash": f"h{place}", "count": len(group),
            "threads": [one.number for one in group], "state": group[0].state,
            "is_crashed": group[0].crashed, "depth": len(group[0].stack),
            "top": next((f for f in group[0].stack if not f.startswith(("pthread", "__"))), ""),
            "summary": " < ".join(group[0].stack[:6]),
        }
        for place, group in enumerate(order)
    ]  # fmt: skip


def mapping(start, pages, segment, path="", *, here=None, missing=0, rights="rw-p"):
    """One mapping; all of it is in the core unless ``here`` says how many pages are."""
    size = 4096 * pages
    return {
        "start": start, "end": start + size, "size_bytes": size,
        "resident_bytes": size if here is None else 4096 * here, "missing_bytes": 4096 * missing,
        "permissions": rights, "segment": segment, "path": path, "file_offset": -1, "offset": 0,
    }  # fmt: skip


MAPPINGS = [
    mapping(0x400000, 1, "file", PROGRAM, rights="r--p", here=0),
    mapping(0x401000, 20, "file", PROGRAM, rights="r-xp", here=0),
    mapping(0x404000, 2, "file", PROGRAM),
    mapping(0x1000000, 3000, "heap", "[heap]", here=2000, missing=1000),
    mapping(BASE, 400, "file", LIBC, rights="r-xp", here=1),
    mapping(BASE + (1 << 22), 2048, "anonymous"),
    mapping(BASE + (1 << 32), 34, "stack", "[stack]"),
]


def made(threads, *, found=(), mappings=MAPPINGS, secrets=(), strings=()):
    """Make a core of threads."""
    rows = [
        {
            "thread_id": one.number, "os_tid": 4710 + one.number, "thread_name": one.name,
            "state": one.state, "is_crashed": one.crashed,
            "signal": "SIGSEGV" if one.crashed else "", "pc": BASE, "stack_hash": "h",
        }
        for one in threads
    ]  # fmt: skip
    waits = [
        {
            "thread_id": one.number, "os_tid": 4710 + one.number, "frame_index": 1,
            "kind": one.waits.kind, "lock": one.waits.lock, "lock_name": one.waits.name,
            "held_by": one.waits.holder,
            "held_by_tid": None if one.waits.holder is None else 4710 + one.waits.holder,
            "in_cycle": one.waits.cycle,
        }
        for one in threads
        if one.waits
    ]  # fmt: skip
    local = [
        {"thread_id": 1, "frame_index": 0, "name": "order", "kind": "argument",
         "type": "struct order *", "value": "0x0", "masked": ""},
        {"thread_id": 1, "frame_index": 0, "name": "password", "kind": "local",
         "type": "char [16]", "value": "••••••", "masked": "its name: password"},
    ]  # fmt: skip
    registers = [
        {"thread_id": one.number, "register": name, "value": value}
        for one in threads
        for name, value in (("rip", 0x401003), ("rsp", BASE + (1 << 32) + 64), ("rax", 0))
    ]
    modules = [
        {"path": PROGRAM, "start": 0x400000, "end": 0x406000, "build_id": "ab" * 20,
         "found": PROGRAM, "matched": "matched", "debug_info": "full", "is_executable": True},
        {"path": LIBC, "start": BASE, "end": BASE + (400 << 12), "build_id": "cd" * 20,
         "found": LIBC, "matched": "mismatched", "debug_info": "none", "is_executable": False},
    ]  # fmt: skip
    environment = [
        {"name": "PATH", "value": "/usr/bin", "masked": ""},
        {"name": "DB_PASSWORD", "value": "••••••", "masked": "its name: password"},
    ]
    tables = {
        "threads": rows, "frames": list(_frames(threads)), "locals": local,
        "registers": registers, "modules": modules, "mappings": list(mappings),
        "environment": environment, "stacks": _stacks(threads), "waits": waits,
        "secrets": list(secrets), "strings": list(strings),
    }  # fmt: skip
    frames = {name: typed(schemas.FRAMES[name], value) for name, value in tables.items()}
    return MadeCore(frames, found)


def crash(workers=40, **more):
    """A service of which a thread died in a nested call while others wait for work."""
    threads = [
        thread(1, ["total", "price_inl", "price", "handle", "main"], name="orders", crashed=True)
    ]
    idle = ["pthread_cond_wait", "next_job", "worker", "clone"]
    threads += [
        thread(n, idle, name=f"worker-{n}", state="lock", waits=wait(QUEUE, kind="condition"))
        for n in range(2, workers + 2)
    ]
    threads.append(thread(workers + 2, ["__poll", "handler", "", "main.serve"], state="io"))
    found = Finding(
        "core.null_dereference", "likely", "high", "order is null in total", "It was read at 0x18.",
        {"frames": [0]}, "Look at who calls total().",
    )  # fmt: skip
    return made(threads, found=more.pop("found", [found]), **more)


def deadlock(waiters=12):
    """Two threads that wait for each other, and a crowd behind one of them."""
    locked = ["__lll_lock_wait", "pthread_mutex_lock", "transfer", "worker", "clone"]
    threads = [
        thread(1, locked, state="lock", waits=wait(LOCK_B, 2, name="accounts_b", cycle=True)),
        thread(2, locked, state="lock", waits=wait(LOCK_A, 1, name="accounts_a", cycle=True)),
    ]
    threads += [
        thread(n, locked, state="lock", waits=wait(LOCK_A, 1, name="accounts_a"))
        for n in range(3, waiters + 3)
    ]
    return made(threads)


def secret(number):
    """A row of what looks like a secret."""
    return {
        "offset": 64 * number, "address": BASE + 64 * number, "segment": "heap",
        "pattern": "jwt" if number % 2 else "aws_access_key", "length": 20 + number,
        "value": "AKIA••••••",
    }  # fmt: skip
