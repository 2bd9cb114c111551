import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.kernels.grouping import NONE, group_rows, number_names


@given(st.lists(st.tuples(st.integers(-2, 2), st.integers(0, 2**40)), max_size=40))
def test_equal_rows_get_equal_numbers_as_first_met(rows: list[tuple[int, int]]) -> None:
    group, first = group_rows(np.array(rows, np.int64).reshape(-1, 2))
    known = list(dict.fromkeys(rows))
    assert group.tolist() == [known.index(row) for row in rows]
    assert first.tolist() == [rows.index(row) for row in known]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6)), max_size=40))
def test_nodes_are_numbered_by_type_or_name(nodes: list[tuple[int, int]]) -> None:
    types = np.array([kind for kind, _ in nodes], np.uint8)
    names = np.array([name for _, name in nodes], np.uint32)
    of_type = np.zeros(256, np.int64)
    of_type[2] = -1
    of_type[1] = 1
    numbers = np.zeros(len(nodes), np.uint32)
    found, left = number_names(types, names, of_type, 2, 5, numbers)
    known = list(dict.fromkeys(name for kind, name in nodes if kind == 2 and name < 5))
    assert found.tolist() == known
    assert left == any(kind == 2 and name >= 5 for kind, name in nodes)
    for number, (kind, name) in zip(numbers.tolist(), nodes, strict=True):
        if kind < 2:
            assert number == kind
        else:
            assert number == (2 + known.index(name) if name < 5 else NONE)
