"""What is chosen, hidden and called is what ``go tool pprof`` chooses, hides and calls."""

import pytest

import prodforensics as pf
from prodforensics import samples
from tests.profile import go_reports

pytestmark = pytest.mark.oracle

CPU = "profile/go/quadratic.cpu.pb.gz"
ALLOCATIONS = "profile/go/gc.allocs.pb.gz"


def written(frame) -> list[go_reports.TopRow]:
    """Return the rows of `top` as pprof writes them."""
    return [
        go_reports.TopRow(
            row.function,
            row.self,
            go_reports.percentage(row.self_percent),
            go_reports.percentage(row.sum_percent),
            row.total,
            go_reports.percentage(row.total_percent),
        )
        for row in frame.itertuples()
    ]


@pytest.fixture(scope="module", params=[CPU, ALLOCATIONS])
def recorded(request):
    """A profile, its file, and the unit of its values."""
    path = samples.path(request.param)
    one = pf.load(path)
    return one, path, one.default_value_type.unit


@pytest.mark.parametrize("operation", ["focus", "ignore", "hide", "show_from"])
@pytest.mark.parametrize("regex", ["runtime", "json", r"^main\."])
def test_regular_expressions_choose_and_hide_the_same(recorded, operation, regex):
    one, path, unit = recorded
    expected = go_reports.top(
        f"-{operation}={regex}", "-relative_percentages", profile=path, unit=unit
    )
    assert written(getattr(one, operation)(regex).top(None)) == expected


@pytest.mark.parametrize("by", ["self", "total"])
def test_operations_in_a_row(recorded, by):
    one, path, unit = recorded
    options = ("-focus=http", "-ignore=Flush", "-hide=runtime", "-relative_percentages")
    expected = go_reports.top(*options, {"self": "-flat", "total": "-cum"}[by],
                              profile=path, unit=unit)  # fmt: skip
    left = one.focus("http").ignore("Flush").hide("runtime")
    assert written(left.top(None, by=by)) == expected


def test_callers_and_callees_are_the_same(recorded):
    one, path, unit = recorded
    for function in one.top(4, by="total")["function"]:
        edges = go_reports.peek(function, profile=path, unit=unit)
        for expected, frame in zip(
            edges, (one.callers(function), one.callees(function)), strict=True
        ):
            found = [
                (row.function, row.value, go_reports.percentage(row.percent))
                for row in frame.itertuples()
            ]
            assert found == expected
