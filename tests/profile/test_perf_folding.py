"""Folded stacks of perf are those of ``stackcollapse-perf.pl``, line for line."""

import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.source import Source
from tests.conftest import require_tool
from tests.oracle import flamegraph

OPTIONS = ("", "all", "pid", "tid", "addrs")
# The script keeps nothing of stacks without a command, frames without a binary, and of -G.
BEYOND = ("symbols", "no-callchain", "no-time")
SAMPLES = [
    entry["path"]
    for entry in samples.entries()
    if entry["format"] == "perf-script"
    and entry["path"].endswith(".txt.zst")
    and not any(name in entry["path"] for name in BEYOND)
]
THE_SCRIPTS_OWN = (
    "perf-cycles-instructions-01", "perf-dd-stacks-01", "perf-funcab-cmd-01", "perf-funcab-pid-01",
    "perf-iperf-stacks-pidtid-01", "perf-java-faults-01", "perf-java-stacks-01",
    "perf-java-stacks-02", "perf-js-stacks-01", "perf-mirageos-stacks-01", "perf-numa-stacks-01",
    "perf-rust-Yamakaky-dcpu", "perf-vertx-stacks-01", "example",
)  # fmt: skip


@pytest.fixture
def plain(tmp_path):
    def write(data):
        path = tmp_path / "perf.txt"
        path.write_bytes(data)
        return path

    return write


@pytest.fixture(scope="module")
def perl():
    require_tool("perl")
    return flamegraph.folded


def same(perl, path):
    profile = pf.load(path, format="perf-script")
    for option in OPTIONS:
        theirs = perl(path, *([f"--{option}"] if option else []))
        ours = profile.to_folded(**({option: True} if option else {})).splitlines()
        assert sorted(ours) == theirs, option


@pytest.mark.oracle
@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample(plain, perl, name):
    same(perl, plain(b"".join(Source(samples.path(name)).chunks())))


@pytest.mark.oracle
@pytest.mark.parametrize("name", THE_SCRIPTS_OWN)
def test_recordings_of_the_scripts_own_tests(plain, perl, name):
    # The script drops a last sample that no empty line ends, and calls what has an empty name by a
    # blank; old perf wrote that where it writes [unknown] now.
    data = flamegraph.recordings()[name] + b"\n"
    same(perl, plain(data.replace(b"  (", b" [unknown] (")))


@pytest.mark.oracle
@pytest.mark.parametrize(
    "frame",
    [
        "ffff net/http.(*Client).Do (/srv/app)",
        "ffff a::b<int>(char const*, int) const (/srv/app)",
        "ffff f(std::function<void (int)>) (/srv/app)",
        "ffff (anonymous namespace)::f(int) (/srv/app)",
        "ffff x::(anonymous namespace)::f(int) (/srv/app)",
        "ffff a;b;c (/srv/app)",
        "ffff std::unique_ptr<int>::operator->() const (/srv/app)",
        "ffff Lorg/A;::outer->Lorg/B;::inner (/tmp/perf-7.map)",
        "ffff \"quoted\" 'name' (/srv/app)",
        "ffff [unknown] (/srv/lib/libz.so.1)",
        "ffff [unknown] ([unknown])",
        "ffff [unknown] ([kernel.kallsyms])",
        "ffff f+0x12 (/lib/modules/vmlinux)",
        "ffff f+0x7f8f80b8 ([nf_conntrack_ipv4])",
        "ffff jitted_[j] (/tmp/perf-7.map)",
        "ffff f ([JIT app cache])",
        "ffff __strlen+0x1 (inlined)",
    ],
)
@pytest.mark.parametrize("command", ["java", "app", "C2 CompilerThre", "Thread 1 pool", "a:b"])
def test_every_way_to_name_a_frame_and_a_command(plain, perl, frame, command):
    text = f"{command} 71/72 [001] 12.345678: 400 cycles:u: \n\t{frame}\n\t1 main (/srv/app)\n\n"
    same(perl, plain(text.encode()))


@pytest.mark.oracle
def test_the_first_event_counts_and_what_names_none(plain, perl):
    text = (
        "app 7 1.000001: sched:sched_switch: prev=app\n\t1 a (/x)\n\n"
        "app 7 1.000002:     30 cycles: \n\t1 a (/x)\n\n"
        "app 7 1.000003:     50 faults: \n\t1 b (/x)\n\n"
        "app 7 1.000004:     12 cycles: \n\n"
    )
    same(perl, plain(text.encode()))


def test_frames_in_parentheses_are_kept_if_asked_for(plain):
    text = "app 7 1.000001: 30 cycles: \n\t1 (anonymous namespace)::f(int) (/x)\n\t2 main (/x)\n\n"
    profile = pf.load(plain(text.encode()))
    assert profile.to_folded() == "app;main 30\n"
    kept = profile.to_folded(keep_parenthesised=True)
    assert kept == "app;main;(anonymous namespace)::f 30\n"


def test_what_the_script_drops_is_kept(plain):
    profile = pf.load(plain(b"\n\tffff0001 f\n\tffff0002 main\n\n\n\tffff0002 main\n\n"))
    assert profile.to_folded() == "main 1\nmain;f 1\n"


def test_another_value_type_is_folded_as_of_any_profiler(plain):
    profile = pf.load(plain(b"app 7 1.000001: 30 cycles: \n\t1 f (/x)\n\n"))
    assert profile.using("samples").to_folded() == "f 1\n"
