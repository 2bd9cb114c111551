"""A comparison says what takes more than it did, in the numbers of pprof's differences."""

import pickle
from collections import Counter

import pandas as pd
import pytest
from hypothesis import given

import prodforensics as pf
from prodforensics.errors import BadOption, NotComparable
from prodforensics.profile import compare as comparing
from prodforensics.profile.data import Recording, ValueType
from prodforensics.profile.difference import combined, scaled
from prodforensics.profile.trend import TREND
from tests.profile.random_profiles import Frame, Row, make, profiles, rows
from tests.profile.tiny import profile

CPU, SAMPLES = ValueType("cpu", "ns"), ValueType("samples", "count")


def sums(one) -> tuple[Counter, Counter, Counter, Counter]:
    """Return self and total by function, and by stack of functions, from plain lists."""
    own, total, at, through = Counter(), Counter(), Counter(), Counter()
    for row in rows(one):
        path = tuple(f.function for f in row.stack)
        for function in set(path):
            total[function] += row.values[0]
        for length in range(1, len(path) + 1):
            through[path[:length]] += row.values[0]
        if path:
            own[path[-1]] += row.values[0]
            at[path] += row.values[0]
    return own, total, at, through


def triple(row) -> tuple[str, str, str]:
    name = row.function if not row.function.startswith("[") else ""
    return (name, row.file, row.module)


@given(profiles(), profiles())
def test_functions_and_stacks_are_joined_as_in_plain_lists(base, other):
    change = pf.compare(base, other)
    before, after = sums(base), sums(other)
    functions, stacks = change.frames["functions"], change.frames["stacks"]
    comparing.FUNCTIONS.validate(functions)
    comparing.STACKS.validate(stacks)
    assert len(functions) == len({*before[1], *after[1]})
    key = {}
    for row in functions.itertuples():
        key[row.Index] = triple(row)
        for what, at in (("self", 0), ("total", 1)):
            was, now = before[at][triple(row)], after[at][triple(row)]
            found = [getattr(row, f"{what}_{part}") for part in ("base", "other", "delta")]
            assert found == [was, now, now - was]
    paths = []
    for row in stacks.itertuples():
        path = (*(paths[row.parent] if row.parent >= 0 else ()), key[row.function_id])
        paths.append(path)
        assert (row.self_base, row.self_other) == (before[2][path], after[2][path])
        assert (row.total_base, row.total_other) == (before[3][path], after[3][path])
    assert len(set(paths)) == len(paths) == len({*before[3], *after[3]})


def test_percentages_are_of_the_base():
    change = pf.compare(profile(("main;a", 40), ("main;b", 10)), profile(("main;a", 90)))
    functions = change.frames["functions"].set_index("function")
    assert functions["self_delta_percent"].to_dict() == {"a": 100, "main": 0, "b": -20}
    assert functions["total_delta_percent"].to_dict() == {"a": 100, "main": 80, "b": -20}
    assert change.headline().startswith("samples: 50 → 90")


def test_top_lists_what_changed_most_whatever_the_sign():
    change = pf.compare(
        profile(("main;a", 50), ("main;b", 100)), profile(("main;a", 70), ("main;c", 3))
    )
    top = change.top()
    assert top["function"].tolist() == ["b", "a", "c", "main"]
    assert top["self"].tolist() == [-100, 20, 3, 0]
    assert top["self_percent"].round(2).tolist() == [-66.67, 13.33, 2, 0]
    assert top["total"].tolist() == [-100, 20, 3, -77]


def test_what_is_new_and_what_is_gone_is_counted():
    facts = dict(pf.compare(profile(("main;a", 1)), profile(("main;b", 2), ("c", 1))).facts())
    assert (facts["functions"], facts["new"], facts["gone"]) == ("1 in both", "2", "1")


@given(profiles(), profiles())
def test_subtract_is_the_other_less_the_base(base, other):
    expected = Counter()
    for sign, one in ((1, other), (-1, base)):
        for row in rows(one):
            for place, value in enumerate(row.values):
                expected[row.stack, frozenset(row.labels), place] += sign * value
    found = rows(pf.compare(base, other).subtract())
    keys = [(row.stack, frozenset(row.labels)) for row in found]
    assert len(set(keys)) == len(keys)
    assert all(any(row.values) for row in found)
    for (stack, labels), row in zip(keys, found, strict=True):
        for place, value in enumerate(row.values):
            assert expected.pop((stack, labels, place)) == value
    assert not any(expected.values())


@given(profiles())
def test_combining_samples_changes_no_sum(one):
    joined = rows(make(rows(one)).merge(one)._derived(combined(one.merge(one).data)))
    assert len({(row.stack, frozenset(row.labels)) for row in joined}) == len(joined)
    assert sum(row.values[1] for row in joined) == 2 * sum(row.values[1] for row in rows(one))


def test_normalising_scales_equal_samples_together():
    base = profile(("main;a", 10), ("main;b", 10))
    other = profile(*[("main;a", 1)] * 30, *[("main;c", 1)] * 10, time=range(40))
    change = pf.compare(base, other, normalise=True)
    functions = change.frames["functions"].set_index("function")
    # 40 samples of one each: halved one by one, nothing or everything would be left.
    assert functions["self_other"].to_dict() == {"a": 15, "c": 5, "main": 0, "b": 0}
    assert change.top()["self"].abs().sum() == 20
    assert sorted(row.values[0] for row in rows(change.subtract())) == [-10, 5, 5]
    assert change.other.measures.total == 40


def test_sums_are_normalised_one_by_one_as_pprof_does():
    other = profile(("main;a", 3), ("main;a", 3), ("main;b", 2))
    change = pf.compare(profile(("main;a", 4)), other, normalise=True)
    functions = change.frames["functions"].set_index("function")
    assert functions["self_other"].to_dict() == {"a": 4, "b": 1, "main": 0}


def test_halves_are_rounded_away_from_zero_and_nothing_is_dropped():
    one = profile(("a", 5), ("b", -5), ("c", 0), ("d", 1))
    left = rows(one._derived(scaled(one.data, [0.5])))
    assert [row.values[0] for row in left] == [3, -3, 1]
    assert [row.values[0] for row in rows(one._derived(scaled(one.data, [0.25])))] == [1, -1]


def test_the_value_type_of_the_base_is_compared():
    base = profile(("main", (1, 10)), value_types=(SAMPLES, CPU)).using("cpu")
    other = profile(("main", (70, 2)), value_types=(CPU, SAMPLES)).using("samples")
    change = pf.compare(base, other)
    assert change.value_type == CPU
    assert change.frames["functions"]["self_delta"].tolist() == [60]
    assert change.other.default_value_type == CPU


def test_profiles_of_different_values_are_not_compared():
    base = profile(("main", (1, 10)), value_types=(SAMPLES, CPU)).using("cpu")
    with pytest.raises(NotComparable, match=r"base\.using\('samples'\)"):
        pf.compare(base, profile(("main", 1)))
    with pytest.raises(NotComparable, match="cpu with cpu"):
        pf.compare(profile(("main", 1), value_types=(CPU,)), profile(("main", 1)))
    with pytest.raises(NotComparable, match="one kind"):
        pf.compare(profile(("main", 1)), base).subtract()


def test_only_known_options_are_taken():
    one = profile(("main", 1))
    with pytest.raises(BadOption, match="normalise"):
        pf.compare(one, one, normalize=True)


def test_three_profiles_show_a_trend():
    def one(a, b, start):
        return profile(("main;a", a), ("main;b", b), recording=Recording(start_ns=start))

    change = pf.compare(one(10, 90, 0), one(20, 80, None), one(30, 70, 10**9))
    trend = change.frames["trend"]
    TREND.validate(trend)
    assert trend["function"].tolist() == ["a"] * 3 + ["main"] * 3 + ["b"] * 3
    assert trend["self"].tolist() == [10, 20, 30, 0, 0, 0, 90, 80, 70]
    assert trend["self_slope"].iloc[::3].tolist() == [10, 0, -10]
    assert trend["total_percent"].iloc[3:6].tolist() == [100, 100, 100]
    assert trend["profile"].tolist() == [1, 2, 3] * 3
    assert trend["start"].iloc[2] == pd.Timestamp("1970-01-01T00:00:01Z")
    assert trend["start"].isna().tolist() == [False, True, False] * 3
    assert "trend" not in pf.compare(one(1, 1, 0), one(1, 1, 0)).frames


def test_a_comparison_is_saved_and_pickled(tmp_path):
    change = pf.compare(*[profile(("main;a", k), time=[5]) for k in (1, 2, 3)])
    for again in (pf.load(change.save(tmp_path)), pickle.loads(pickle.dumps(change))):
        for name, frame in change.frames.items():
            assert again.frames[name].equals(frame)
        assert again.headline() == change.headline()


def test_a_profile_is_saved(tmp_path):
    one = make([Row((Frame("main"),), (1, 2), labels=(("route", "/a"),))])
    again = pf.load(one.save(tmp_path))
    for name, frame in one.frames.items():
        assert again.frames[name].equals(frame)


def test_profiles_without_anything_in_common_or_anything_at_all_compare():
    nothing = profile()
    for change in (pf.compare(nothing, nothing), pf.compare(nothing, profile(("a", 1)))):
        assert change.headline()
        assert len(change.frames["functions"]) == len(change.top())
