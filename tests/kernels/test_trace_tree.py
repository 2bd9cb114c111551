import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.kernels.trace_tree import parse_trace_tree

# A node: its numbers and its children.
NODES = st.recursive(
    st.just([]),
    lambda below: st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 10**12), below), min_size=1, max_size=3
    ),
    max_leaves=12,
)


def written(nodes: list, at: int) -> list:
    """Write the children one after the other, each as its fields."""
    fields: list = []
    for a, b, children in nodes:
        fields += [*[a, b][:at], written(children, at), *[a, b][at:]]
    return fields


def flattened(nodes: list, at: int, parent: int, rows: list) -> list:
    for a, b, children in nodes:
        rows.append([*[a, b][:at], parent, *[a, b][at:]])
        mine = len(rows) - 1
        flattened(children, at, mine, rows)
    return rows


@given(NODES, st.integers(0, 2), st.booleans())
def test_reads_the_nested_lists_as_a_table_with_parents(nodes: list, at: int, wide: bool) -> None:
    text = json.dumps(written(nodes, at), indent=1 if wide else None).encode()
    rows, stop, whole = parse_trace_tree(np.frombuffer(text, np.uint8), 1, 3, at)
    assert whole
    assert text[stop:] == b"]"
    assert rows.reshape(-1, 3).tolist() == flattened(nodes, at, -1, [])


@given(NODES, st.data())
def test_a_cut_tree_gives_the_nodes_before_the_cut(nodes: list, data: st.DataObject) -> None:
    text = json.dumps(written(nodes, 2)).encode()
    cut = data.draw(st.integers(1, len(text) - 1))
    rows, stop, whole = parse_trace_tree(np.frombuffer(text[:cut], np.uint8), 1, 3, 2)
    assert not whole
    assert stop <= cut
    assert len(rows) // 3 <= len(flattened(nodes, 2, -1, []))


def test_very_deep_trees_do_not_overflow() -> None:
    text = np.frombuffer(b"1,2,[" * 50_000 + b"]" * 50_000 + b"]", np.uint8)
    rows, _, whole = parse_trace_tree(text, 0, 3, 2)
    assert whole
    assert rows.reshape(-1, 3)[:, 2].tolist() == list(range(-1, 49_999))
