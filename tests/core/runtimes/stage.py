"""Native frames made by hand, and a core around them."""

from __future__ import annotations

from types import SimpleNamespace

from prodforensics.core import schemas
from prodforensics.core.options import Options
from prodforensics.core.runtimes.told import RuntimeFrame, RuntimeStack

MODULES = {"libpython3.11.so.1.0": 0x1000, "till": 0x9000}


class Image:
    """An image of threads and modules alone."""

    def __init__(self, tids):
        self.pid = tids[0]
        self.threads = tuple(
            SimpleNamespace(
                thread_id=place + 1, os_tid=tid, name="", state="running", is_crashed=not place,
                system_call="",
            )
            for place, tid in enumerate(tids)
        )  # fmt: skip
        self.executable = SimpleNamespace(matched="matched")

    def module_at(self, address):
        """Every address below 64 KiB is of the program."""
        inside = 0 < address < 0x10000
        return SimpleNamespace(path="till", build_id="aa", start=0x1000) if inside else None


def core(tids=(100, 101), python=None, java=None, go=None, **options):
    """A core whose runtimes tell this."""
    runtimes = SimpleNamespace(python=python, java=java, go=go)
    return SimpleNamespace(
        image=Image(tids), runtimes=runtimes, options=Options(**options), frames={}
    )


def native(**stacks):
    """Frames of threads: ``t1=["inner", "outer"]``; ``name@module`` for one with a module."""
    rows = []
    for thread, functions in stacks.items():
        number = int(thread[1:])
        for index, text in enumerate(functions):
            function, _, module = text.partition("@")
            rows.append(
                (
                    "gdb", 100, number, 99 + number, f"worker {number}", "running", number == 1,
                    index, "native", function, "", -1, -1, module, "", 0x2000 + index, -1, "", None,
                    "complete", "matched",
                )
            )  # fmt: skip
    return schemas.STACK_FRAMES.frame(rows).astype({"address": "uint64"})


def stack(tid, *frames):
    """A stack of a runtime, innermost first; ``name!`` was called by native code."""
    return RuntimeStack(
        tid, tuple(RuntimeFrame(one.rstrip("!"), is_entry=one.endswith("!")) for one in frames)
    )


def functions(frames, thread=1):
    """The functions of one thread, innermost first, with a mark for those of runtimes."""
    own = frames[frames["thread_id"] == thread]
    assert own["frame_index"].tolist() == list(range(len(own)))
    return [
        name if kind == "native" else f"{kind}:{name}"
        for name, kind in zip(own["function"], own["frame_kind"], strict=True)
    ]
