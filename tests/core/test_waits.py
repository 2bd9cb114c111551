"""Who waits for which lock, held by whom, in real cores."""

from __future__ import annotations

import subprocess

import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.core import schemas
from prodforensics.core.symptoms.lock_rules import RULES
from prodforensics.core.waits import annotate, read
from prodforensics.findings import run
from tests.conftest import require_tool

PROGRAM = """
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <unistd.h>

struct shop { long orders; pthread_mutex_t lock; } shop = {0, PTHREAD_MUTEX_INITIALIZER};
pthread_rwlock_t prices = PTHREAD_RWLOCK_INITIALIZER;
pthread_cond_t came = PTHREAD_COND_INITIALIZER;
pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER, robust, orphan = PTHREAD_MUTEX_INITIALIZER;
sem_t tickets;

static void *takes_mutex(void *x) { pthread_mutex_lock(&shop.lock); return x; }
static void *takes_robust(void *x) { pthread_mutex_lock(&robust); return x; }
static void *takes_orphan(void *x) { pthread_mutex_lock(&orphan); return x; }
static void *reads_prices(void *x) { pthread_rwlock_rdlock(&prices); return x; }
static void *writes_prices(void *x) { pthread_rwlock_wrlock(&prices); return x; }
static void *takes_ticket(void *x) { sem_wait(&tickets); return x; }
static void *prints(void *x) { puts("hello"); return x; }
static void *waits_for_news(void *x) {
  pthread_mutex_lock(&guard); pthread_cond_wait(&came, &guard); return x;
}
static void *leaves_it_locked(void *x) { pthread_mutex_lock(&orphan); return x; }

typedef void *work(void *);
static work *works[] = {takes_mutex, takes_robust, takes_orphan, reads_prices, writes_prices,
                        takes_ticket, prints, waits_for_news};

static void *joins(void *x) {
  static pthread_t threads[8];
  for (int i = 0; i < 8; i++) pthread_create(&threads[i], 0, works[i], 0);
  for (int i = 0; i < 8; i++) pthread_join(threads[i], 0);
  return x;
}

int main(void) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&robust, &attributes);
  sem_init(&tickets, 0, 0);
  pthread_t gone, joiner;
  pthread_create(&gone, 0, leaves_it_locked, 0);
  pthread_join(gone, 0);
  pthread_mutex_lock(&shop.lock); pthread_mutex_lock(&robust); pthread_rwlock_wrlock(&prices);
  flockfile(stdout);
  pthread_create(&joiner, 0, joins, 0);
  sleep(1);
  write(1, "ready\\n", 6);
  pause();
}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A process whose threads wait for every kind of lock, most of them held by its main thread."""
    for tool in ("gcc", "gcore"):
        require_tool(tool)
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop.c").write_text(PROGRAM)
    subprocess.run(["gcc", "-g", "-pthread", "-o", "shop", "shop.c"], cwd=folder, check=True)
    process = subprocess.Popen([folder / "shop"], cwd=folder, stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"ready\n"
        subprocess.run(
            ["gcore", "-o", "core", str(process.pid)], cwd=folder, check=True, capture_output=True
        )
    finally:
        process.kill()
        process.communicate()
    return pf.load(folder / f"core.{process.pid}")


@pytest.fixture(scope="module")
def by_function(shop):
    """The rows of `waits`, by the function of the program that waits."""
    frames = shop.frames["frames"]
    own = frames[frames["file"].astype(str).str.endswith("shop.c")]
    names = own.drop_duplicates("thread_id").set_index("thread_id")["function"].to_dict()
    return {names[row.thread_id]: row for row in shop.frames["waits"].itertuples()}


def main_thread(core):
    return next(one.thread_id for one in core.image.threads if one.os_tid == core.image.pid)


@pytest.mark.parametrize(
    ("function", "kind", "name"),
    [
        ("takes_mutex", "mutex", "shop+0x8"),
        ("takes_robust", "mutex", "robust"),
        ("reads_prices", "rwlock", "prices"),
        ("writes_prices", "rwlock", "prices"),
        ("prints", "stdio", "_IO_stdfile_1_lock"),
    ],
)
def test_a_lock_is_named_and_held_by_the_thread_that_took_it(
    shop, by_function, function, kind, name
):
    row = by_function[function]
    assert (row.kind, row.held_by) == (kind, main_thread(shop))
    assert row.held_by_tid == shop.image.pid
    # The symbols of libc may not be installed.
    assert row.lock_name in ((name, "") if kind == "stdio" else (name,))


@pytest.mark.parametrize(
    ("function", "kind", "name"),
    [("takes_ticket", "semaphore", "tickets"), ("waits_for_news", "condition", "came")],
)
def test_what_nobody_holds_has_no_holder(by_function, function, kind, name):
    row = by_function[function]
    assert (row.kind, row.lock_name) == (kind, name)
    assert str(row.held_by) == "<NA>"


def test_a_join_is_held_by_the_thread_that_has_to_end(shop, by_function):
    row = by_function["joins"]
    assert row.kind == "join"
    assert row.lock_name == f"thread {row.held_by}"
    assert row.held_by == by_function["takes_mutex"].thread_id


def test_a_holder_that_ended_is_known_to_the_kernel_alone(shop, by_function):
    row = by_function["takes_orphan"]
    assert str(row.held_by) == "<NA>"
    assert row.held_by_tid not in {one.os_tid for one in shop.image.threads}


def test_a_mutex_of_a_thread_that_ended_is_a_finding(shop):
    (found,) = run(RULES, shop)
    assert found.rule == "core.deadlock"
    assert found.title == "1 thread waits for a lock whose holder is gone"
    assert "mutex orphan" in found.why


def test_without_stacks_what_leaves_a_doubt_is_a_futex(shop):
    rows = read(shop, schemas.STACK_FRAMES.empty())
    whole = shop.frames["waits"].set_index("thread_id")
    assert [one.thread_id for one in rows] == whole.index.tolist()
    sure = {one.thread_id: one for one in rows if one.kind != "futex"}
    assert {one.kind for one in sure.values()} == {"mutex", "stdio", "join"}
    for thread, one in sure.items():
        assert (one.kind, one.held_by) == (whole.loc[thread, "kind"], whole.loc[thread, "held_by"])


def test_the_frame_that_waits_tells_for_what(shop, by_function):
    frames = shop.frames["frames"]
    waiting = frames[frames["waits_on"] != ""].set_index("thread_id")
    row = by_function["takes_mutex"]
    frame = waiting.loc[row.thread_id]
    assert frame["function"].endswith("pthread_mutex_lock")
    assert (int(frame["waits_on"], 16), frame["held_by"]) == (row.lock, row.held_by)
    assert len(waiting) == len(shop.frames["waits"])
    schemas.WAITS.validate(shop.frames["waits"])
    schemas.STACK_FRAMES.validate(frames)


def test_frames_without_any_wait_stay_the_same(shop):
    frames = shop.frames["frames"]
    none = frames[frames["thread_id"] == main_thread(shop)]
    assert annotate(shop, none)["waits_on"].eq("").all()


@pytest.mark.parametrize("name", ["deadlock", "deadlock.static"])
def test_a_deadlock_is_marked_in_the_rows_of_its_threads(tmp_path_factory, name):
    found = samples.files(f"core/{name}.core.zst", tmp_path_factory.mktemp(name))
    core = pf.load(found["artifact"], executable=found["executable"], debug_dirs=[found["debug"]])
    waits = core.frames["waits"]
    cycle = waits[waits["in_cycle"]]
    assert dict(zip(cycle["thread_id"], cycle["held_by"], strict=True)) == {2: 3, 3: 2}
    crowd = waits[~waits["in_cycle"] & (waits["kind"] == "mutex")]
    assert set(crowd["lock_name"]) == {samples.truth(f"core/{name}.core.zst")["lock"]}
    assert len(crowd) == samples.truth(f"core/{name}.core.zst")["waiters"]
