"""Java frames and monitors, as jhsdb tells them."""

from __future__ import annotations

import os
import subprocess
from types import SimpleNamespace

import pytest

import prodforensics as pf
from prodforensics.core import schemas
from prodforensics.core.runtimes import java
from prodforensics.core.runtimes.told import RuntimeFrame
from prodforensics.core.symptoms.lock_rules import RULES
from prodforensics.errors import ToolFailed
from prodforensics.findings import run
from tests.conftest import require_tool

PROGRAM = """
public class Till {
  static final Object stock = new Object(), ledger = new Object();

  static void both(Object first, Object second) throws InterruptedException {
    synchronized (first) {
      Thread.sleep(100);
      synchronized (second) { System.out.println("never"); }
    }
  }

  static Thread clerk(String name, Object first, Object second) {
    Thread thread = new Thread(() -> {
      try { both(first, second); } catch (InterruptedException e) { }
    }, name);
    thread.start();
    return thread;
  }

  public static void main(String[] arguments) throws InterruptedException {
    Thread[] clerks = { clerk("seller", stock, ledger), clerk("buyer", ledger, stock) };
    for (Thread one : clerks)
      while (one.getState() != Thread.State.BLOCKED) Thread.sleep(10);
    System.out.println("ready");
    Thread.sleep(600000);
  }
}
"""
SMALL = (
    *("-Xmx8m", "-Xss256k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
    *(
        "-XX:ReservedCodeCacheSize=8m",
        "-XX:MaxMetaspaceSize=16m",
        "-XX:CompressedClassSpaceSize=8m",
    ),
)


@pytest.fixture(scope="module")
def till(tmp_path_factory):
    """The core of a JVM in which two threads wait for each other's monitor."""
    for tool in ("javac", "java", "jhsdb", "gcore"):
        require_tool(tool)
    folder = tmp_path_factory.mktemp("java")
    (folder / "Till.java").write_text(PROGRAM)
    subprocess.run(["javac", "Till.java"], cwd=folder, check=True)
    process = subprocess.Popen(
        ["java", *SMALL, "-cp", ".", "Till"],
        cwd=folder,
        stdout=subprocess.PIPE,
        # One arena of malloc in place of one of 64 MB a thread.
        env={**os.environ, "MALLOC_ARENA_MAX": "1"},
    )
    try:
        assert process.stdout.readline() == b"ready\n"
        (folder.joinpath("/proc", str(process.pid), "coredump_filter")).write_text("0x33")
        subprocess.run(
            ["gcore", "-o", "core", str(process.pid)], cwd=folder, check=True, capture_output=True
        )
    finally:
        process.kill()
        process.communicate()
    core = folder / f"core.{process.pid}"
    yield pf.load(core)
    core.unlink()


@pytest.fixture(scope="module")
def threads(till):
    return {one.name: one for one in java.read(till.image).threads}


def test_threads_have_javas_own_names_states_and_frames(till, threads):
    seller = threads["seller"]
    assert seller.state == "BLOCKED"
    assert seller.frames[0].function == "Till.both"
    assert seller.frames[0].line == 8
    assert threads["main"].frames[-1].function == "Till.main"
    tids = {one.os_tid for one in till.image.threads}
    assert {one.os_tid for one in threads.values()} <= tids


def test_each_monitor_that_is_waited_for_is_held_by_the_other_thread(till, threads):
    seller, buyer = threads["seller"], threads["buyer"]
    owners = java.read(till.image).owners
    assert owners[seller.wants.address] == buyer.os_tid
    assert owners[buyer.wants.address] == seller.os_tid
    assert seller.wants.type == "java.lang.Object"


def test_a_jvm_of_another_build_is_not_asked(till):
    library = SimpleNamespace(path="/x/libjvm.so", found=None, matched="missing")
    image = SimpleNamespace(executable=till.image.executable, modules=(library,))
    assert java.is_java(image)
    with pytest.raises(ToolFailed, match="another build"):
        java.read(image)


def test_a_core_that_jhsdb_cannot_read_is_told_in_words(till, tmp_path):
    path = tmp_path / "core"
    with till.image.path.open("rb") as whole:
        path.write_bytes(whole.read(65536))
    image = SimpleNamespace(executable=till.image.executable, modules=till.image.modules, path=path)
    with pytest.raises(ToolFailed, match="jhsdb cannot read the Java threads"):
        java.read(image)


def thread(name, tid, state, *lines):
    head = f'"{name}" #{tid} prio=5 tid=0x00007fa468017aa0 nid={tid:#x} waiting [0x0000]'
    return [head, f"   java.lang.Thread.State: {state}", *lines, "", ""]


BOTH = " - Till.both(java.lang.Object, java.lang.Object) @bci=14, line=3 (Interpreted frame)"


def test_a_monitor_on_the_way_is_not_held_though_its_frame_lists_it():
    owner = thread("owner", 16, "RUNNABLE", BOTH, "\t- locked <0x00000000ff0c7ee0> (a Lock)")
    waits = thread(
        "waits", 17, "BLOCKED (on object monitor)", BOTH,
        "\t- locked <0x00000000ff0c7ed0> (a Lock)", "\t- locked <0x00000000ff0c7ee0> (a Lock)",
    )  # fmt: skip
    told = java.parse([*owner, *waits])
    assert told.threads[1].wants == java.Monitor(0xFF0C7EE0, "Lock")
    assert told.owners == {0xFF0C7EE0: 16, 0xFF0C7ED0: 17}


def test_a_monitor_is_let_go_while_a_thread_waits_on_it():
    told = java.parse(
        thread(
            "Finalizer", 18, "WAITING (on object monitor)",
            " - java.lang.Object.wait(long) @bci=0 (Interpreted frame)",
            "\t- waiting on <0x00000000ff00d798> (a java.lang.ref.ReferenceQueue$Lock)",
            " - Till.queue() @bci=59, line=155, pc=0x00007fa45f000a08 (Compiled frame)",
            "\t- locked <0x00000000ff00d798> (a java.lang.ref.ReferenceQueue$Lock)",
        )
    )  # fmt: skip
    assert told.owners == {}
    assert told.threads[0].frames == [
        RuntimeFrame("java.lang.Object.wait"),
        RuntimeFrame("Till.queue", line=155, address=0x7FA45F000A08),
    ]


@pytest.mark.parametrize("text", ["", "Error attaching to core file\n", '"a" #1 without a number'])
def test_anything_else_is_no_thread(text):
    assert java.parse(text.splitlines()).threads == ()


def test_a_deadlock_of_java_is_found_among_its_monitors(till):
    waits = till.frames["waits"]
    cycle = waits[waits["in_cycle"]]
    assert cycle["kind"].tolist() == ["monitor", "monitor"]
    assert set(cycle["lock_name"]) == {"java.lang.Object"}
    (found,) = run(RULES, till)
    assert found.rule == "core.deadlock"
    assert "Till.both" in found.why


def test_frames_of_java_stand_among_the_native_ones(till, threads):
    frames = till.frames["frames"]
    schemas.STACK_FRAMES.validate(frames)
    own = frames[frames["os_tid"] == threads["seller"].os_tid]
    of_java = own[own["frame_kind"] == "java"]
    assert of_java["function"].tolist() == [one.function for one in threads["seller"].frames]
    assert set(of_java["source"]) == {"jhsdb"}
    waiting = own[own["waits_on"] != ""].iloc[0]
    assert (waiting["function"], int(waiting["waits_on"], 16)) == (
        "Till.both",
        threads["seller"].wants.address,
    )
    # Native frames are inside of them, and outside: the JVM's own thread.
    assert own["frame_kind"].tolist()[0] != "java"
    assert own["frame_kind"].tolist()[-1] != "java"
