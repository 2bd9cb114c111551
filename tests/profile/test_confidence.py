"""How many moments a profile was counted from."""

from prodforensics.profile.confidence import counted_samples
from prodforensics.profile.data import Recording, ValueType
from tests.profile.tiny import profile


def test_rows_of_an_aggregated_file_stand_for_many_samples():
    two = (ValueType("samples", "count"), ValueType("cpu", "ns"))
    one = profile(("a", (3, 30)), ("b", (7, 70)), value_types=two)
    assert counted_samples(one.data, 1) == 10
    assert counted_samples(profile(("a", 5), ("b", 6)).data, 0) == 11
    space = (ValueType("alloc_space", "bytes"),)
    heap = profile(("a", 5_000), ("b", 0), value_types=space, recording=Recording(mode="heap"))
    assert counted_samples(heap.data, 0) == 1
