"""Who calls a function and whom it calls, as the edges of pprof's peek."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.errors import UnknownName
from prodforensics.profile import schemas
from prodforensics.profile.data import ValueType
from prodforensics.profile.names import function_names
from tests.profile.random_profiles import profiles, rows
from tests.profile.test_top import shown
from tests.profile.tiny import profile


def slow_edges(one) -> tuple[Counter, set]:
    """Sum edges as pprof's graph does: each once in a sample, none from a function to itself."""
    edges, apart = Counter(), set()
    for row in rows(one):
        if not row.values[0]:
            continue
        seen = set()
        for above, below in zip(row.stack, row.stack[1:], strict=False):
            edge = (shown(above), shown(below))
            if edge[0] != edge[1] and edge not in seen:
                seen.add(edge)
                edges[edge] += row.values[0]
                if not below.inlined:
                    apart.add(edge)
    return edges, apart


@given(profiles(), st.data())
def test_edges_are_those_of_plain_lists(one, data):
    names = sorted(set(function_names(one.data)))
    if not names:
        return
    name = data.draw(st.sampled_from(names))
    edges, apart = slow_edges(one)
    for side, frame in ((0, one.callers(name)), (1, one.callees(name))):
        mine = {edge: value for edge, value in edges.items() if edge[1 - side] == name}
        expected = sorted(mine, key=lambda edge: (-mine[edge], edge[side]))
        assert frame["function"].tolist() == [edge[side] for edge in expected]
        assert frame["value"].tolist() == [mine[edge] for edge in expected]
        assert frame["inlined"].tolist() == [edge not in apart for edge in expected]
    schemas.CALLERS.validate(one.callers(name))
    schemas.PEEK.validate(one.peek(name).frame)


def test_a_recursion_counts_an_edge_once_in_a_stack():
    one = profile(("main;a;b;a;b", 5), ("a;a;c", 1))
    assert one.callees("a")[["function", "value"]].values.tolist() == [["b", 5], ["c", 1]]
    assert one.callers("a")[["function", "value"]].values.tolist() == [["b", 5], ["main", 5]]


def test_peek_shows_callers_above_and_callees_below():
    one = profile(
        ("main;serve;parse", 30), ("test;serve", 10), value_types=(ValueType("cpu", "ns"),)
    )
    peek = one.peek("serve")
    assert peek.frame["role"].tolist() == ["caller", "caller", "function", "callee"]
    assert peek.frame["percent"].tolist() == [75, 25, 100, 75]
    lines = [line.rpartition("|")[2].strip() for line in str(peek).splitlines()[2:-1]]
    assert lines == ["main", "test", "serve", "parse"]
    assert "10 ns  25.00%            40 ns 100.00% | serve" in str(peek)


def test_hostile_names_are_escaped():
    peek = profile(("<script>;b", 1)).peek("b")
    assert "<script>" not in peek._repr_html_()


def test_an_unknown_function_is_named_with_similar_ones():
    with pytest.raises(UnknownName, match="serve"):
        profile(("serve", 1)).peek("serv")
