"""Samples of pprof profiles are read, cut and expanded as plain Python does."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.kernels.pprof_samples import cut_at, decode, expanded
from prodforensics.kernels.prefix_tree import build
from tests.profile.plain_pprof import bounds, message, number, numbers, packed

STRINGS = 5
IDS = [1, 2, 3, 900, 2**63 + 5]
SAMPLES = st.fixed_dictionaries(
    {
        "locations": st.lists(st.sampled_from([*IDS, 4, 2**40]), max_size=6),
        "values": st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=3),
        "labels": st.lists(
            st.tuples(st.integers(0, STRINGS), st.integers(0, STRINGS), st.integers(0, 99)),
            max_size=3,
        ),
        "packed": st.booleans(),
    }
)


def written(sample):
    if sample["packed"]:
        parts = [packed(1, *sample["locations"]), packed(2, *sample["values"])]
    else:
        parts = [number(1, one) for one in sample["locations"]]
        parts += [number(2, one) for one in sample["values"]]
    parts += [message(3, numbers(*label)) for label in sample["labels"]]
    return b"".join(parts)


def path(parent, item, node):
    found = []
    while node >= 0:
        found.append(int(item[node]))
        node = parent[node]
    return found


@given(st.lists(SAMPLES, max_size=12), st.binary(max_size=3))
def test_samples_are_read_as_they_are_written(samples, broken):
    texts = [written(one) for one in samples]
    data = np.frombuffer(b"".join(texts) + broken, np.uint8)
    table = np.full(8, -1, np.int32)
    table[[1, 2, 3]] = [0, 1, 2]
    parent, item, node, value, label, key, text, amount, unit, kept, absent, nameless = decode(
        data, *bounds(texts), 2, table,
        np.array(IDS, np.uint64), np.arange(5, dtype=np.int32), STRINGS,
    )  # fmt: skip
    good = [k for k, one in enumerate(samples) if len(one["values"]) == 2]
    assert kept.tolist() == good
    good = [samples[k] for k in good]
    assert value.T.tolist() == [one["values"] for one in good]
    assert [path(parent, item, n) for n in node] == [
        [IDS.index(k) for k in one["locations"] if k in IDS] for one in good
    ]
    assert absent == sum(k not in IDS for one in good for k in one["locations"])
    told = [[x for x in one["labels"] if max(x[:2]) < STRINGS] for one in good]
    assert nameless == sum(len(one["labels"]) for one in good) - sum(map(len, told))
    assert np.diff(label).tolist() == [len(one) for one in told]
    rows = zip(key.tolist(), text.tolist(), amount.tolist(), strict=True)
    assert list(rows) == [(k, t or -1, n) for one in told for k, t, n in one]
    assert unit.tolist() == [-1] * len(unit)
    assert (parent < np.arange(len(parent))).all()


def test_a_sample_that_is_cut_is_left_out_with_its_labels():
    whole = written({"locations": [1], "values": [7], "labels": [(1, 2, 0)], "packed": True})
    texts = [whole[:-1], whole, whole[:3]]
    found = decode(
        np.frombuffer(b"".join(texts), np.uint8), *bounds(texts), 1,
        np.array([-1, 0], np.int32), np.array([1], np.uint64), np.zeros(1, np.int32), STRINGS,
    )  # fmt: skip
    assert found[9].tolist() == [1]
    assert found[4].tolist() == [0, 1]
    assert found[3].tolist() == [[7]]


STACKS = st.lists(st.lists(st.integers(0, 4), max_size=6), max_size=8)


def tree(stacks):
    first = np.cumsum([0, *map(len, stacks)], dtype=np.int64)
    return build(first, np.array([k for one in stacks for k in one], np.int32), True)


@given(STACKS, st.lists(st.integers(0, 2), min_size=5, max_size=5))
def test_stacks_are_cut_below_what_is_dropped(stacks, drops):
    parent, item, node = tree(stacks)
    left = cut_at(parent, item, np.array(drops, np.int8))
    for stack, leaf in zip(stacks, node, strict=True):
        expected, own = stack, False
        for depth in range(len(stack) - 1, -1, -1):
            if not drops[stack[depth]]:
                own = True
            elif own:
                expected = stack[depth + (drops[stack[depth]] == 1) :]
                break
        assert path(parent, item, left[leaf] if leaf >= 0 else -1) == expected


@given(STACKS)
def test_locations_are_expanded_to_their_calls(stacks):
    calls = [[10], [11, 12], [13], [14, 15, 16], [17]]
    first = np.cumsum([0, *map(len, calls)], dtype=np.int64)
    parent, item, node = tree(stacks)
    above, call, ends = expanded(
        parent, item, first, np.array([c for one in calls for c in one], np.int32)
    )
    assert (above < np.arange(len(above))).all()
    for stack, leaf in zip(stacks, node, strict=True):
        found = path(above, call, ends[leaf] if leaf >= 0 else -1)
        assert found == [c for k in stack for c in calls[k]]
