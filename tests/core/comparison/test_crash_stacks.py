"""Stacks are compared without what chance decides."""

from prodforensics.core.comparison.alignment import align, first_difference
from prodforensics.core.comparison.crash_stacks import (
    ComparedFrame,
    CrashStack,
    bucket_of,
    collapsed,
)


def frame(name, line=1):
    return ComparedFrame(name, name, "till.c", line, "/srv/app/till", False)


def stack(*names, signal="SIGSEGV", is_whole=True):
    frames = tuple(frame(name) for name in names)
    return CrashStack(
        signal, 1, frames, names, (), bucket_of(signal, names), "", names[0], True, is_whole,
        len(names), "gdb",
    )  # fmt: skip


def test_a_function_that_calls_itself_counts_once():
    assert collapsed(["leaf", *["walk"] * 9, "main"]) == (("leaf", "walk", "main"), ())


def test_two_functions_in_turn_count_once_from_the_third_time_on():
    twice = ["read", "visit", "read", "visit", "main"]
    assert collapsed(twice)[0] == tuple(twice)
    assert collapsed(["leaf", *["read", "visit"] * 3, "main"])[0] == (
        "leaf",
        "read",
        "visit",
        "main",
    )


def test_where_a_recursion_was_cut_off_makes_no_difference():
    circle = ["part", "bundle"]
    assert collapsed([*circle * 3, "part", "main"])[0] == ("part", "bundle", "main")


def test_an_overflow_is_named_by_its_circle_wherever_it_was_interrupted():
    circle = ["part", "bundle", "box"]
    seen = {
        collapsed([*leaf, *(circle[turn:] + circle[:turn]) * depth])
        for leaf in ([], ["printf"], ["vprintf", "printf"])
        for turn in range(3)
        for depth in (30, 90)
    }
    assert seen == {(("box", "part", "bundle"), ("box", "part", "bundle"))}


def test_a_long_stack_of_different_functions_stays_as_it_is():
    names = [f"f{number}" for number in range(300)]
    assert collapsed(names) == (tuple(names), ())


def test_no_frames_are_no_names():
    assert collapsed([]) == ((), ())


def test_stacks_are_put_side_by_side_by_function():
    base = [frame("leaf"), frame("price", 10), frame("checkout"), frame("main")]
    other = [frame("leaf"), frame("price", 12), frame("refund"), frame("main")]
    pairs = align(base, other)
    assert [pair.change for pair in pairs] == ["same", "line", "base", "other", "same"]
    assert first_difference(pairs) == 2
    assert first_difference(align(base, base)) is None
    assert align([], []) == []


def test_a_cut_stack_may_be_the_other_one_as_far_as_it_goes():
    whole = stack("leaf", "price", "main")
    assert whole.may_be(stack("leaf", is_whole=False))
    assert stack("leaf", is_whole=False).may_be(whole)
    assert not whole.may_be(stack("leaf"))  # it is whole: another way to the same function
    assert not whole.may_be(stack("tree", is_whole=False))
    assert not whole.may_be(stack("leaf", signal="SIGBUS", is_whole=False))
    assert not whole.may_be(whole)
