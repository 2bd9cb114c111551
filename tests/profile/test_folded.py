"""Folded text says what each stack is worth, once."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.errors import BadOption, SourceError
from prodforensics.profile.model import Profile
from tests.conftest import HOSTILE
from tests.profile.random_profiles import Frame, Row, make, profiles, rows
from tests.profile.test_top import shown
from tests.profile.tiny import profile


@given(profiles(), st.booleans())
def test_every_stack_is_a_line(one, threads):
    sums = Counter()
    for row in rows(one):
        stack = ";".join(shown(frame) for frame in row.stack) or "[no stack]"
        _, number, process, name = row.thread
        head = f"{name or process} ({number});" if threads else ""
        sums[head + stack] += row.values[0]
    lines = sorted(f"{stack} {value}" for stack, value in sums.items() if value)
    assert one.to_folded(threads=threads).splitlines() == lines


def test_it_is_written_where_a_path_is_given(tmp_path):
    one = profile(("main;b", 1), ("main;a", 2), ("main;a", 3))
    text = one.to_folded(tmp_path / "out.folded")
    assert text == "main;a 5\nmain;b 1\n"
    assert (tmp_path / "out.folded").read_text() == text
    with pytest.raises(SourceError):
        one.to_folded(tmp_path / "no" / "folder")


def test_the_default_value_type_is_folded():
    one = make([Row((Frame("main"),), (1, 700))])
    assert one.using("cpu").to_folded() == "main 700\n"


@pytest.mark.parametrize("name", [*HOSTILE, "a;b", "a\nb 12\n", "a\r\nb", "half \ud800"])
def test_a_hostile_name_stays_one_frame_of_one_line(name):
    text = make([Row((Frame("main"), Frame(name)), (3, 1))]).to_folded()
    assert text.count("\n") == 1
    assert text.count(";") == 1
    assert text.endswith(" 3\n")
    assert text.encode()


def test_nothing_is_no_text():
    assert profile().to_folded() == ""


def perf(*names, thread=(7, 9, "", "my app")) -> Profile:
    one = make([Row(tuple(Frame(name) for name in names), (5, 1), thread=thread)])
    data = replace(one.data, recording=replace(one.recording, producer="perf"))
    return one._derived(data)


def test_a_recording_of_perf_is_folded_by_the_rules_of_its_script():
    one = perf("main", "(anonymous namespace)::f", "std::g(int)")
    assert one.to_folded() == "my_app;main;std::g 5\n"
    assert one.to_folded(pid=True) == "my_app-7;main;std::g 5\n"
    assert one.to_folded(tid=True) == "my_app-7/9;main;std::g 5\n"
    kept = one.to_folded(keep_parenthesised=True)
    assert kept == "my_app;main;(anonymous namespace)::f;std::g 5\n"


def test_another_value_type_of_perf_is_folded_as_every_profile():
    one = perf("main", "std::g(int)").using("cpu")
    assert one.to_folded() == "main;std::g(int) 1\n"
    assert one.to_folded(threads=True) == "my app (9);main;std::g(int) 1\n"


def test_options_for_perf_are_for_perf():
    with pytest.raises(BadOption, match="all, tid"):
        profile(("main", 1)).to_folded(all=True, tid=True)
    with pytest.raises(BadOption, match="pid"):
        perf("main").to_folded(threads=True, pid=True)
