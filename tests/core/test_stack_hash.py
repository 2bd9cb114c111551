"""A stack hash names a fault: equal for another run and build, different for another way."""

import pytest

from prodforensics.core.stack_hash import (
    first_of_program,
    hashes,
    normalised,
    normalised_frames,
    stack_hash,
)
from tests.core.sample_cores import sample_core


def crashed_hash(scenario):
    with sample_core(scenario) as core:
        return hashes(core)[1]


def test_the_same_fault_of_another_run_and_another_build_has_the_same_hash():
    assert crashed_hash("null") == crashed_hash("null.again") == crashed_hash("null.optimised")


def test_the_same_function_reached_by_another_way_has_another_hash():
    assert crashed_hash("null") != crashed_hash("null.refund")


def test_equal_stacks_are_one_row_and_the_crashed_one_is_first():
    with sample_core("deadlock") as core:
        stacks, threads = core.frames["stacks"], core.frames["threads"]
        assert stacks["count"].sum() == len(threads)
        crowd = stacks.iloc[0]
        assert crowd["count"] == 12
        assert crowd["top"] == "reserve_stock"
        assert set(threads.loc[crowd["threads"], "stack_hash"]) == {stacks.index[0]}
    with sample_core("exception") as core:
        assert core.frames["stacks"].iloc[0]["is_crashed"]


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("main.(*ledger).post", "main.(*ledger).post"),
        ("<module>", "<module>"),
        ("parse.isra.0.cold", "parse"),
        ("std::rt::__rust_abort", "std::rt::__rust_abort"),
        ("shop::Catalogue<int, shop::Article>::find", "shop::Catalogue<>::find"),
    ],
)
def test_names_lose_only_what_differs_between_builds(name, plain):
    assert normalised(name) == plain


def test_how_a_program_dies_has_no_part_in_it():
    rust = ["std::rt::__rust_abort", "panic_abort::__rust_start_panic", "rust_panic", "shop::buy"]
    assert normalised_frames(rust, [""] * 4) == ["shop::buy"]
    dying = ["raise", "abort", "__libc_message", "malloc_printerr", "free_it"]
    assert normalised_frames(dying, [""] * 5) == ["free_it"]
    assert normalised_frames(["raise", "abort"], ["", ""]) == ["raise", "abort"]


def test_recursion_counts_once():
    assert stack_hash(["f"] * 3 + ["main"], [""] * 4) == stack_hash(["f"] * 9 + ["main"], [""] * 10)


def test_the_first_function_of_the_program_is_not_of_the_system():
    modules = ["/lib/libc.so.6", "/lib/libc.so.6", "/srv/app"]
    assert first_of_program(["raise", "abort", "check"], modules) == "check"
    assert first_of_program([], []) == ""
