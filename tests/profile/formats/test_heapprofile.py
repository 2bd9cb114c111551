"""V8's sampling heap profiles: who holds how much."""

import pytest

from prodforensics.errors import Corrupt
from prodforensics.formats import Probe
from prodforensics.profile.formats import heapprofile
from tests.profile.formats.documents import folded, node, whats, write


def tree(number, name, size, *children):
    record = node(number, name, selfSize=size, children=list(children))
    return record


HEAD = tree(1, "(root)", 0, tree(2, "main", 100, tree(3, "load", 300), tree(4, "parse", 0)))
SAMPLES = [{"size": 100, "nodeId": 2, "ordinal": 1}] + [
    {"size": 150, "nodeId": 3, "ordinal": k} for k in (2, 3)
]


def test_every_node_holds_what_it_allocated(tmp_path):
    profile = heapprofile.read(write(tmp_path, {"head": HEAD, "samples": SAMPLES}))
    assert folded(profile) == {"main": 100, "main;load": 300}
    assert folded(profile, 0) == {"main": 1, "main;load": 2}
    assert (profile.default_value_type.name, profile.default_value_type.unit) == (
        "inuse_space",
        "bytes",
    )
    assert profile.recording.mode == "heap"
    assert profile.all_gaps() == []


def test_older_ones_have_no_samples(tmp_path):
    profile = heapprofile.read(write(tmp_path, {"head": HEAD}))
    assert folded(profile) == {"main": 100, "main;load": 300}
    assert folded(profile, 0) == {"main": 0, "main;load": 0}


def test_what_is_wrong_is_counted(tmp_path):
    head = tree(1, "(root)", 0, tree(2, "main", "x"), 7, tree(3, "load", 2**70), tree(4, "b", 5))
    profile = heapprofile.read(write(tmp_path, {"head": head, "samples": [{"nodeId": None}]}))
    assert folded(profile) == {"b": 5}
    assert whats(profile) == {
        "children: not an object": 1,
        "selfSize: not a number": 1,
        "selfSize: too large": 1,
        "nodeId: not a number": 1,
    }


@pytest.mark.parametrize("text", ['{"head": 1}', '{"head": {}}', "[]", "{}"])
def test_what_has_no_tree_is_corrupt(tmp_path, text):
    with pytest.raises(Corrupt):
        heapprofile.read(write(tmp_path, text))


def test_a_cpu_profile_of_old_is_not_claimed():
    head = b'{"head": {"functionName": "(root)", "hitCount": 0, "selfSize": 1'
    assert heapprofile.sniff(Probe(head, b"", "a.heapprofile", 100)) is None
