"""Events and pools of constants are found by their sizes."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from prodforensics.kernels.jfr_events import count_events, decode_events, place_events, walk_pools
from prodforensics.kernels.jfr_values import INTEGER, STRING
from tests.kernels.test_jfr_values import array, program
from tests.profile.formats.jfr_files import checkpoint, event, text, varint

KNOWN = np.array([0, 1, 5, 200], np.int64)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0, 1, 3, 5, 200, 999]), st.binary(max_size=9))))
def test_every_event_is_counted_and_placed(events):
    parts = [event(kind, body) for kind, body in events]
    data = array(b"".join(parts) or b"\0")
    end = sum(map(len, parts))
    count, size, stop = count_events(data, 0, end, KNOWN)
    kinds = [kind if kind in KNOWN else -1 for kind, _ in events]
    assert stop == end
    assert count.tolist() == [kinds.count(kind) for kind in (*KNOWN.tolist(), -1)]
    assert size.sum() == end
    starts = np.cumsum([0, *map(len, parts)])[:-1]
    at = np.full(5, -1, np.int64)
    at[2] = 0
    place = np.full(count[2], -1, np.int64)
    place_events(data, 0, end, KNOWN, at, place)
    assert place.tolist() == [int(s) for s, kind in zip(starts, kinds, strict=True) if kind == 5]


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_end_somewhere(data):
    count, size, stop = count_events(array(data or b"\0"), 0, len(data), KNOWN)
    assert 0 <= stop <= len(data)
    assert size.sum() == stop
    assert count.sum() <= stop


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_pools_of_any_bytes_are_inside_of_them(data):
    first, code = np.array([0, 1, 2]), program(INTEGER, STRING)
    start = np.arange(len(data), dtype=np.int64)
    found, broken = walk_pools(
        array(data or b"\0"), start, len(data), np.array([3, 4]), first, code
    )
    assert len(broken) == len(data)
    assert ((found[2] > 0) & (found[2] <= len(data))).all()
    assert (found[1] >= 0).all()
    assert (found[1] <= len(data)).all()


def test_an_event_that_its_fields_do_not_fit_into_is_told():
    data = event(5, varint(7) + varint(8)) + event(5, varint(9))
    start = np.array([0, len(event(5, b"12"))])
    columns = np.array([0, 1])
    out, whole = decode_events(array(data), start, len(data), program(INTEGER, INTEGER), columns, 2)
    assert whole.tolist() == [True, False]
    assert out[:, 0].tolist() == [7, 8]


def test_pools_of_a_checkpoint():
    data = checkpoint({3: [(1, varint(10)), (2, varint(20))], 4: [(1, text("x"))]})
    ids, first = np.array([3, 4]), np.array([0, 1, 2])
    code = program(INTEGER, STRING)
    found, broken = walk_pools(array(data), np.array([0]), len(data), ids, first, code)
    assert found[:2].tolist() == [[0, 1], [2, 1]]
    assert broken.tolist() == [-1]
    assert data[found[2, 1] :].startswith(varint(1) + text("x"))


def test_a_pool_of_an_unknown_type_ends_its_checkpoint():
    data = checkpoint({3: [(1, varint(10))], 9: [(1, b"?")], 4: [(1, text("x"))]})
    ids, first = np.array([3, 4]), np.array([0, 1, 2])
    found, broken = walk_pools(
        array(data), np.array([0]), len(data), ids, first, program(INTEGER, STRING)
    )
    assert found[0].tolist() == [0]
    assert 0 < broken[0] < len(data)
