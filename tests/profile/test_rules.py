"""Each finding on a profile of a few lines: when it speaks, and when it is silent."""

import pytest

from prodforensics.findings import Verdict
from prodforensics.profile.data import Recording, ValueType
from tests.profile.tiny import profile


def found(one, rule):
    return [finding for finding in one.findings() if finding.rule == f"profile.{rule}"]


def cpu(*stacks, **recording):
    return profile(*stacks, recording=Recording(mode="cpu", **recording))


SPREAD = [(f"main;serve;step{k}", 100) for k in range(10)]


def test_work_that_is_spread_gives_no_finding():
    assert not cpu(*SPREAD).findings()


def test_a_plateau_is_named_with_its_share_and_its_callers():
    (one,) = found(cpu(*SPREAD, ("main;serve;price;sum", 3000)), "hot_function")
    assert one.verdict == Verdict.LIKELY
    assert one.title == "sum takes 75 % of the samples itself"
    assert "75.0 % (73.6 to 76.3 %) of 4,000 in 4,000 samples" in one.why
    assert "called by price (100 %)" in one.why


def test_work_in_a_library_is_blamed_on_the_program_s_call():
    (one,) = found(
        cpu(
            *SPREAD,
            ("main;serve;price;java.util.regex.Pattern.match;java.util.regex.Loop.match", 1000),
            ("main;serve;price;java.util.regex.Pattern.match;java.util.regex.Curly.match", 1000),
        ),
        "hot_function",
    )
    assert one.title.startswith("java.util.regex.Pattern.match, called by price, takes 67 %")


def test_few_samples_are_never_likely():
    one = cpu(("main;sum", 60), ("main", 10))
    assert [f.verdict for f in found(one, "hot_function")] == [Verdict.POSSIBLE]
    assert [f.title for f in found(one, "too_few_samples")] == ["Only 70 samples"]


def test_idle_time_and_collections_are_no_work():
    one = cpu(*SPREAD, ("(root);(idle)", 9000))
    assert not found(one, "hot_function")
    (idle,) = found(one, "idle")
    assert idle.title == "90 % of the samples is waiting"
    assert not cpu(*SPREAD).findings().likely


@pytest.mark.parametrize(
    "stack", ["(root);(garbage collector)", "runtime.gcBgMarkWorker;runtime.systemstack;x"]
)
def test_collecting_garbage_is_told_apart(stack):
    (one,) = found(cpu(*SPREAD, (stack, 500)), "gc_pressure")
    assert one.verdict == Verdict.LIKELY
    assert one.title == "33 % of the samples collects garbage"
    assert not found(cpu(*SPREAD, (stack, 50)), "gc_pressure")


@pytest.mark.parametrize(
    "stack",
    [
        "main;serve;pthread_mutex_lock;__lll_lock_wait;futex_wait",
        "main.serve;sync.(*Mutex).Lock;sync.(*Mutex).lockSlow;runtime.procyield",
        "main;serve;native_queued_spin_lock_slowpath",
    ],
)
def test_getting_locks_is_told_apart(stack):
    (one,) = found(cpu(*SPREAD, (stack, 1000)), "lock_contention")
    assert one.verdict == Verdict.LIKELY
    assert "goes into locks, most asked for by " in one.title
    assert not found(cpu(*SPREAD, (stack, 30)), "lock_contention")


def test_a_profile_of_waiting_names_who_waits():
    delay = (ValueType("contentions", "count"), ValueType("delay", "ns"))
    one = profile(
        ("main.serve;main.count;sync.(*Mutex).Lock", (900, 9_000_000_000)),
        ("main.log;sync.(*Mutex).Lock", (9, 10_000_000)),
        value_types=delay,
        recording=Recording(producer="Go", mode="lock", duration_ns=3_000_000_000),
    ).using("delay")
    (wait,) = one.findings()
    assert wait.rule == "profile.lock_contention"
    assert wait.title == "Threads waited 9.01 s for locks, most in main.count"
    assert "909 waits of 9.91 ms each, 3.0 threads at any moment" in wait.why


def test_waiting_for_a_channel_is_not_waiting_for_a_lock():
    delay = (ValueType("contentions", "count"), ValueType("delay", "ns"))
    one = profile(
        ("main.work;runtime.chanrecv1", (900, 9_000_000_000)),
        ("main.count;sync.(*Mutex).Lock", (900, 90_000_000)),
        value_types=delay,
        recording=Recording(producer="Go", mode="lock"),
    )
    assert not one.using("delay").findings()


def test_frames_without_a_name_are_counted_with_how_to_name_them():
    one = cpu(*SPREAD, ("main;[unknown]", 800))
    (unknown,) = found(one, "unsymbolised")
    assert unknown.verdict == Verdict.LIKELY
    assert unknown.title == "44 % of the samples is in functions without a name"
    assert "perf-basic-prof" in unknown.why


def test_stacks_as_deep_as_the_limit_are_cut():
    deep = ";".join(f"f{k}" for k in range(128))
    one = cpu(*SPREAD, (deep, 900), producer="perf", max_depth=127)
    (cut,) = found(one, "truncated_stacks")
    assert "stacks are cut at 127 calls" in cut.title
    assert "perf_event_max_stack" in cut.next_step
    assert not found(cpu(*SPREAD, producer="perf", max_depth=127), "truncated_stacks")


def test_much_time_in_the_kernel_is_possible_never_likely():
    one = cpu(*SPREAD, ("main;write;entry_SYSCALL_64;__x64_sys_write", 3000))
    (kernel,) = found(one, "syscall_heavy")
    assert kernel.verdict == Verdict.POSSIBLE
    assert "__x64_sys_write (75 %)" in kernel.why


def test_instrumentation_and_a_high_rate_are_risky():
    one = profile(*SPREAD, recording=Recording(mode="instrumented"))
    assert [f.title for f in found(one, "risky_collection")] == [
        "Recorded by instrumenting every call"
    ]
    fast = cpu(*SPREAD, interval_ns=100_000)
    assert "10,000 samples a second" in found(fast, "risky_collection")[0].title
    assert not found(cpu(*SPREAD, interval_ns=10_000_000), "risky_collection")


def test_nothing_is_found_in_nothing():
    assert not found(profile(), "hot_function")
    assert [f.rule for f in profile().findings()] == ["profile.too_few_samples"]
