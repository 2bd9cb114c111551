"""Cores beside each other are the same crash or another, and many are few crashes."""

import os
from functools import cache

import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.errors import ForensicsError
from tests.conftest import require_tool
from tests.core.node_cores import node_core
from tests.core.sample_cores import PATHS, sample_core, sample_files

MANY = ("null", "null.again", "double_free", "null.optimised", "exception", "stack_overflow")


loaded = cache(sample_core)


def compared(*scenarios):
    require_tool("gdb")
    return pf.compare(*map(loaded, scenarios))


@pytest.fixture(scope="module")
def many():
    return compared(*MANY)


@pytest.fixture(scope="module")
def two():
    return compared("null", "null.again")


def rules(comparison):
    return [(found.rule, str(found.verdict)) for found in comparison.findings()]


def test_the_same_fault_with_other_arguments_at_other_addresses_is_the_same_crash(two):
    assert rules(two) == [("core.same_crash", "likely")]
    assert two.headline() == "the same crash: SIGSEGV in discounted"
    cores = two.frames["cores"]
    assert cores["bucket"].nunique() == cores["stack_hash"].nunique() == 1
    assert set(two.frames["frames"]["change"]) == {"same"}


def test_the_frames_are_as_documented(two):
    for name, schema in two.schemas.items():
        schema.validate(two.frames[name])


def test_stacks_stand_side_by_side_as_gdb_told_them(two):
    told = samples.truth(PATHS["null"])["gdb"]["stack"]
    shown = two.frames["frames"]
    places = [f"{file}:{line}" for _, file, line in told]
    assert shown["function_base"].tolist()[: len(told)] == [one[0] for one in told]
    assert shown["place_other"].tolist()[: len(told)] == places


@pytest.mark.parametrize(
    ("other", "expected", "headline"),
    [
        ("null.refund", ("core.another_crash", "possible"), "reached by another way"),
        ("null.truncated", ("core.same_crash", "possible"), "one stack is cut"),
        ("illegal", ("core.another_crash", "likely"), "then SIGILL in currency_index"),
    ],
)
def test_another_core_beside_it_is(other, expected, headline):
    comparison = compared("null", other)
    assert rules(comparison) == [expected]
    assert headline in comparison.headline()


def test_where_two_ways_part_is_told():
    way = compared("null", "null.refund")
    assert "The first has basket_total where the other has refund, behind discounted." in (
        way.findings()[0].why
    )
    changes = way.frames["frames"].set_index("position")["change"].tolist()
    assert changes[:4] == ["same", "base", "base", "other"]


def test_many_cores_are_few_crashes(many):
    buckets = many.frames["buckets"]
    assert buckets["count"].tolist() == [3, 1, 1, 1]
    assert buckets["top"].tolist()[:2] == ["discounted", "cancel"]
    assert buckets["cores"].iloc[0] == [0, 1, 3]
    assert len(buckets["build_ids"].iloc[0]) == 2  # -O0 and -O2
    assert many.headline() == "4 different crashes; 3 of 6 are SIGSEGV in discounted"


def test_the_same_crash_in_two_builds_says_that_the_change_is_not_the_cause(many):
    same = next(one for one in many.findings() if one.rule == "core.same_crash")
    assert same.title == "3 of 6 died of the same: SIGSEGV in discounted"
    assert "2 builds of the program are among them" in same.why


def test_the_latest_that_is_like_none_before_it_is_new(many):
    new = next(one for one in many.findings() if one.rule == "core.new_bucket")
    assert new.title.startswith("The latest, stack_overflow.core, is a crash that was not there")
    assert new.rows["cores"] == (5,)


def test_an_overflow_is_named_by_the_functions_of_its_circle(many):
    truth = samples.truth(PATHS["stack_overflow"])
    assert set(many.stacks[5].cycle) == set(truth["cycle"])
    assert many.stacks[5].top in truth["cycle"]


def test_first_and_last_time_are_those_of_the_files():
    names = ("null", "null.again")
    times = (1_790_000_000, 1_790_003_600)
    for name, time in zip(names, times, strict=True):
        os.utime(sample_files(name)["artifact"], (time, time))
    told = compared(*names).frames["buckets"].iloc[0]
    assert [one.timestamp() for one in (told["first"], told["last"])] == list(times)


def test_living_processes_are_compared_by_the_stacks_of_all_their_threads():
    other = compared("deadlock.static", "healthy")
    assert other.headline().startswith("another state: no signal in ")
    assert rules(other)[0][0] == "core.another_crash"
    assert other.stacks[0].thread_id == 4  # the first of the twelve that wait


def test_a_core_of_python_is_named_by_the_function_of_python():
    if not loaded("python_null").image.executable.found:
        pytest.skip("another build of Python 3.11 is installed than recorded the sample")
    two = compared("python_null", "python_healthy")
    assert two.headline() == "another crash: SIGSEGV in device_name, then no signal in main"
    assert list(two.stacks[0].names[-5:]) == samples.truth(PATHS["python_null"])["python"]


def test_cores_of_node_are_named_by_the_functions_of_javascript():
    made = [node_core("20", name) for name in ("exception", "server")]
    two = pf.compare(*(pf.load(one.core, executable=one.node) for one in made))
    assert [stack.top for stack in two.stacks] == ["discounted", "hold"]


def test_cards_and_reports_show_the_crashes(many, tmp_path):
    html = many._repr_mimebundle_()["text/html"]
    assert "discounted &lt; basket_total" in html
    report = many.report(tmp_path / "crashes.html").read_text()
    assert "null.core beside double_free.core" in report
    assert "price_bundle" in report


def test_a_folder_of_cores_with_a_truncated_one_is_loaded_and_compared(tmp_path):
    require_tool("gdb")
    for name in ("null", "null.truncated"):
        (tmp_path / f"{name}.core").write_bytes(sample_files(name)["artifact"].read_bytes())
    files = sample_files("null")
    with pytest.warns(pf.PartialEvidenceWarning, match=r"null\.truncated\.core"):
        cores = pf.load_many(
            f"{tmp_path}/*.core", executable=files["executable"], debug_dirs=(files["debug"],)
        )
    comparison = pf.compare(*cores)
    assert "one stack is cut" in comparison.headline()
    assert len(comparison.gaps)


def test_a_file_among_them_that_is_no_core_is_named(tmp_path):
    (tmp_path / "a.core").write_bytes(sample_files("null")["artifact"].read_bytes())
    (tmp_path / "b.core").write_bytes(b"\x7fELF no core at all" + bytes(100))
    with pytest.raises(ForensicsError, match=r"b\.core"):
        pf.load_many(f"{tmp_path}/*.core")
