"""Memory that is damaged, or is not in the core, ends in words and never in a crash."""

import random

import pytest

from prodforensics.core.javascript.heap import Heap
from prodforensics.core.javascript.inspection import inspect
from prodforensics.core.javascript.search import Search
from prodforensics.errors import BadOption, ForensicsError
from tests.core.javascript.crashes import load


class Damaged:
    """Memory in which words change, or cannot be read, by chance."""

    def __init__(self, memory, seed, share):
        self._memory = memory
        self._random = random.Random(seed)
        self._share = share
        self.segments = memory.segments
        self.core = memory.core
        self.view = memory.view
        self.c_string = memory.c_string

    def read(self, address, size):
        raw = self._memory.read(address, size)
        if self._random.random() >= self._share:
            return raw
        kind = self._random.randrange(4)
        if kind == 0:
            raise LookupError(f"the core does not hold {address:#x}")
        if kind == 1:
            return bytes(size)
        if kind == 2:
            return b"\xff" * size
        return self._random.randbytes(size)

    def word(self, address):
        return int.from_bytes(self.read(address, 8), "little")


@pytest.fixture(scope="module")
def shelf():
    core = load("22", "objects.js")
    return core, int(core.javascript.instances("Shelf")["address"][0])


@pytest.mark.parametrize("seed", range(12))
def test_an_object_in_damaged_memory_is_described_as_far_as_it_goes(shelf, seed):
    core, address = shelf
    share = (0.0005, 0.005, 0.05)[seed % 3]
    heap = Heap(Damaged(core.image.memory, seed, share), core.javascript.constants)
    try:
        found = inspect(heap, address)
    except BadOption:
        return
    assert repr(found)
    found.plain(3)
    for part in found.parts:
        assert repr(part.value)
        assert isinstance(part.value.problems, tuple)


def test_functions_and_strings_in_damaged_memory_raise_only_lookup_errors(shelf):
    core, _ = shelf
    constants = core.javascript.constants
    functions = core.javascript.instances("Function")["address"].tolist()[:300]
    damaged = Heap(Damaged(core.image.memory, 5, 0.05), constants)
    named = refused = 0
    for function in functions:
        try:
            shared = damaged.shared(function)
            script = damaged.script(shared)
            named += isinstance(damaged.function_name(function), str)
            if script:
                damaged.position(script, 10)
        except LookupError:
            refused += 1
    assert named > 10
    assert refused > 10


def test_a_core_whose_heap_is_missing_is_refused(shelf):
    core, _ = shelf

    class Empty(Damaged):
        def __init__(self, memory):
            super().__init__(memory, 0, 0)
            self.segments = memory.segments[:2]

    with pytest.raises(ForensicsError, match=r"no Map of V8|heap"):
        Search(Heap(Empty(core.image.memory), core.javascript.constants)).objects()
