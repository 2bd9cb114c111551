"""Profiles made from a profile hold what a slow, obvious filter of stacks keeps."""

import pickle
import re
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.errors import BadOption, NotComparable, UnknownName
from prodforensics.profile import transforms
from prodforensics.profile.data import Labels, Recording, ValueType
from prodforensics.profile.names import function_names
from tests.profile.random_profiles import START, Frame, Row, make, profiles, rows
from tests.profile.tiny import profile

REGEXES = st.sampled_from(["a", "parse", "^main$", "json", "usr", r"\.go", "nothing", "[(]x", ""])


def stacks(one) -> list[tuple[str, int]]:
    """Return folded stacks and values, in the order of the samples."""
    return [(";".join(f.name for f in row.stack), row.values[0]) for row in rows(one)]


def hit(frame: Frame, regex: str) -> bool:
    return any(re.search(regex, text) for text in frame.function)


def outlined(stack, keep) -> tuple[Frame, ...]:
    """Keep some places of a stack; a call is inlined while one that it was inlined into is left."""
    found = []
    for place in keep:
        frame, above = stack[place], place
        while stack[above].inlined and above > 0:
            above -= 1
        inlined = frame.inlined and any(above <= other < place for other in keep)
        found.append(Frame(frame.name, frame.file, frame.module, frame.line, inlined))
    return tuple(found)


def with_stack(row: Row, stack) -> Row:
    return Row(tuple(stack), row.values, row.time, row.thread, row.labels)


@given(profiles(), REGEXES)
def test_focus_keeps_samples_with_a_match_and_ignore_those_without(one, regex):
    matched = [any(hit(f, regex) for f in row.stack) for row in rows(one)]
    kept = [row for row, match in zip(rows(one), matched, strict=True) if match]
    assert rows(one.focus(regex)) == kept
    rest = [row for row, match in zip(rows(one), matched, strict=True) if not match and row.stack]
    assert rows(one.ignore(regex)) == rest


@given(profiles(), REGEXES)
def test_hide_takes_matching_calls_out(one, regex):
    kept = []
    for row in rows(one):
        keep = [place for place, f in enumerate(row.stack) if not hit(f, regex)]
        if keep:
            kept.append(with_stack(row, outlined(row.stack, keep)))
    assert rows(one.hide(regex)) == kept


@given(profiles(), REGEXES)
def test_show_from_begins_at_the_outermost_match(one, regex):
    kept = []
    for row in rows(one):
        at = next((place for place, f in enumerate(row.stack) if hit(f, regex)), None)
        if at is not None:
            keep = range(at, len(row.stack))
            kept.append(with_stack(row, outlined(row.stack, keep)))
    assert rows(one.show_from(regex)) == kept


@given(profiles(), st.data())
def test_root_at_begins_at_a_function_by_its_whole_name(one, data):
    names = sorted(set(function_names(one.data)))
    if not names:
        return
    name = data.draw(st.sampled_from(names))
    kept = []
    for row in rows(one):
        shown = [f.name or f"[{f.module.rpartition('/')[2] or 'unknown'}]" for f in row.stack]
        if name in shown:
            keep = range(shown.index(name), len(row.stack))
            kept.append(with_stack(row, outlined(row.stack, keep)))
    assert rows(one.root_at(name)) == kept


@given(profiles())
def test_invert_turns_stacks_upside_down(one):
    expected = [
        with_stack(row, [Frame(f.name, f.file, f.module, f.line) for f in reversed(row.stack)])
        for row in rows(one)
    ]
    assert rows(one.invert()) == expected


def test_stacks_too_deep_to_be_inverted_are_refused(monkeypatch):
    monkeypatch.setattr(transforms, "_MOST_CALLS", 5)
    assert stacks(profile(("a;b", 1), ("a;b;c", 1)).invert())
    with pytest.raises(BadOption, match="too deep"):
        profile(("a;b;c", 1), ("a;b;d", 1)).invert()


@given(profiles())
def test_direct_recursion_is_collapsed(one):
    expected = []
    for row in rows(one):
        keep = [
            place
            for place, f in enumerate(row.stack)
            if not place or f.function != row.stack[place - 1].function
        ]
        expected.append(with_stack(row, outlined(row.stack, keep)))
    assert rows(one.collapse_recursion()) == expected


def test_indirect_recursion_is_collapsed_too_if_asked_for():
    one = profile(("a;b;c;a;d", 1), ("a;b;b;c", 2), ("", 3), ("b;a;b", 4))
    assert stacks(one.collapse_recursion(indirect=True)) == [
        ("a;d", 1), ("a;b;c", 2), ("", 3), ("b", 4),
    ]  # fmt: skip
    assert stacks(one.collapse_recursion())[1] == ("a;b;c", 2)


@given(profiles())
def test_collapsing_leaves_no_function_twice_in_a_stack(one):
    for row in rows(one.collapse_recursion(indirect=True)):
        each = [f.function for f in row.stack]
        assert len(set(each)) == len(each)


@given(profiles(), st.integers(START - 1, START + 3_000_000_001), st.integers(0, 10**9))
def test_between_includes_its_begin_and_not_its_end(one, begin, length):
    kept = [row for row in rows(one) if begin <= row.time < begin + length]
    assert rows(one.between(begin, begin + length)) == kept
    assert rows(one.between(None, begin)) == [row for row in rows(one) if row.time < begin]
    assert rows(one.between(begin, None)) == [row for row in rows(one) if row.time >= begin]


def test_between_takes_dates_of_the_calendar():
    moments = [START, START + 1, START + 2_000_000_000]
    one = make([Row((Frame("main"),), (1, 1), time) for time in moments])
    day = datetime(2025, 3, 4, tzinfo=UTC)
    second = pd.Timestamp(START + 1, unit="ns")
    assert len(one.between(day, second).data.samples) == 1
    assert len(one.between(day.replace(tzinfo=None), day.replace(second=2)).data.samples) == 2
    for other, text in (
        (profile(("a", 1), time=[0], recording=Recording(clock="monotonic")), "monotonic"),
        (profile(("a", 1)), "no times"),
    ):
        with pytest.raises(BadOption, match=text):
            other.between(day, None)
    with pytest.raises(BadOption, match="no time"):
        one.between("yesterday", None)


@given(profiles())
def test_where_chooses_threads_processes_and_labels(one):
    given = rows(one)

    def check(expected, **condition):
        try:
            found = rows(one.where(**condition))
        except (UnknownName, BadOption):
            assert not expected
        else:
            assert found == expected

    check([r for r in given if r.thread[3] == "main"], thread="main")
    check([r for r in given if r.thread[1] == 2], thread=2)
    check([r for r in given if r.thread[3].startswith("worker")], thread=re.compile("^worker"))
    check([r for r in given if r.thread[2] == "db"], process="db (2)")
    check([r for r in given if ("route", "/a") in r.labels], label=("route", "/a"))
    check([r for r in given if dict(r.labels).get("tenant") == "x"], label={"tenant": "x"})
    check([r for r in given if "route" in dict(r.labels)], label="route")
    both = [r for r in given if dict(r.labels) == {"route": "/a", "tenant": "x"}]
    check(both, label={"route": "/a", "tenant": "x"}) if both else None


def test_where_says_what_there_is():
    one = make([Row((Frame("a"),), labels=(("route", "/order"),)), Row((Frame("a"),))])
    with pytest.raises(UnknownName, match="main"):
        one.where(thread="mian")
    with pytest.raises(UnknownName, match="route"):
        one.where(label="rout")
    with pytest.raises(UnknownName, match="/order"):
        one.where(label=("route", "/ordr"))
    with pytest.raises(BadOption, match="event"):
        one.where(event="cycles")
    with pytest.raises(BadOption, match="no condition"):
        one.where(label=3)


def test_where_chooses_an_event():
    one = profile(("a", 1), ("b", 2), ("c", 3), recording=Recording(events=("cycles:u", "faults")))
    event = np.array([0, 1, -1], np.int32)
    one = one._derived(replace(one.data, samples=replace(one.data.samples, event=event)))
    assert stacks(one.where(event="faults")) == [("b", 2)]
    assert stacks(one.where(event="^cycles")) == [("a", 1)]
    with pytest.raises(UnknownName, match="cycles:u"):
        one.where(event="instructions")


def test_where_takes_numbers_of_labels():
    one = profile(("a", 1), ("b", 2), ("c", 3))
    labels = Labels(
        np.array([0, 1, 2, 2]), np.array([0, 0], np.int32), np.array([-1, -1], np.int32),
        np.array([16, 4096]), np.array([1, 1], np.int32), np.array(["size", "bytes"], object),
    )  # fmt: skip
    one.data = one.data.__class__(**{**vars(one.data), "labels": labels})
    assert stacks(one.where(label=("size", 16))) == [("a", 1)]
    assert stacks(one.where(label=("size", (17, None)))) == [("b", 2)]
    assert stacks(one.where(label=("size", (None, 5000)))) == [("a", 1), ("b", 2)]
    with pytest.raises(UnknownName, match="16"):
        one.where(label=("size", 15))


def test_a_bad_regex_and_an_unknown_function_say_what_to_try():
    one = profile(("main;parse_json", 1))
    with pytest.raises(BadOption, match="not a regular expression"):
        one.focus("(")
    with pytest.raises(UnknownName, match="parse_json"):
        one.root_at("parse_jsn")
    with pytest.raises(UnknownName, match="parse_json"):
        one.root_at("JSON")


@given(profiles(), profiles())
def test_merge_puts_samples_beside_each_other(one, other):
    both = one.merge(other)
    assert rows(both) == rows(one) + rows(other)
    functions = both.data.functions
    triples = list(zip(functions.name, functions.file, functions.module, strict=True))
    assert len(set(triples)) == len(triples)


def test_merge_finds_value_types_by_name_and_refuses_others():
    cpu, samples = ValueType("cpu", "ns"), ValueType("samples", "count")
    one = profile(("a", (1, 10)), value_types=(samples, cpu))
    other = profile(("a", (20, 2)), value_types=(cpu, samples))
    assert [row.values for row in rows(one.merge(other))] == [(1, 10), (2, 20)]
    with pytest.raises(NotComparable, match="cpu/ns"):
        one.merge(profile(("a", 1)))


def test_a_merged_profile_keeps_times_of_one_clock_only():
    unix, boot = (Recording(clock=clock, lost_samples=2) for clock in ("unix", "monotonic"))
    one, other = (profile(("a", 1), time=[5], recording=r) for r in (unix, boot))
    assert one.merge(other).data.samples.time is None
    both = one.merge(one)
    assert both.data.samples.time.tolist() == [5, 5]
    assert both.recording.lost_samples == 4


@given(profiles())
def test_what_is_left_has_no_stack_without_samples(one):
    left = one.focus("a").data
    assert set(np.unique(left.stacks.parent[left.samples.stack])) <= set(
        range(-1, len(left.stacks))
    )
    total = one.focus("a").measures
    seen = np.zeros(len(left.stacks), bool)
    for leaf in left.samples.stack:
        while leaf >= 0:
            seen[leaf] = True
            leaf = left.stacks.parent[leaf]
    assert seen.all()
    assert total.total == sum(row.values[0] for row in rows(one.focus("a")))


@given(profiles(max_size=3))
def test_a_profile_goes_through_a_pickle(one):
    _ = one.frames["functions"]
    again = pickle.loads(pickle.dumps(one.merge(one)))
    assert rows(again) == rows(one) * 2
    assert again.frames["functions"].equals(one.merge(one).frames["functions"])
