"""A damaged stack ends with a reason, and never loses folded functions in silence."""

import random
import time
from types import SimpleNamespace

import pytest

from prodforensics.core.javascript.backtrace import BACKTRACE, backtrace
from prodforensics.core.javascript.code import CodeSpace
from prodforensics.core.javascript.frames import Start, physical_frames, start_of
from prodforensics.core.javascript.heap import Heap
from prodforensics.core.javascript.stacks import stack_of
from prodforensics.core.memory import Unreadable
from tests.core.javascript.crashes import load

FLAGS = ("--abort-on-uncaught-exception", "--allow-natives-syntax")


class Patched:
    """Memory with other words at some addresses; None: the core lacks them."""

    def __init__(self, memory):
        self.memory = memory
        self.words = {}

    def word(self, address):
        if address in self.words:
            if self.words[address] is None:
                raise Unreadable(address)
            return self.words[address]
        return self.memory.word(address)

    def __getattr__(self, name):
        return getattr(self.memory, name)


@pytest.fixture(scope="module", params=["18", "24"])
def loaded(request):
    return load(request.param, "compiled.js", "turbofan", flags=FLAGS)


@pytest.fixture
def process(loaded):
    """The process with memory to damage, its code, and its frame of optimised code."""
    core = loaded
    memory = Patched(core.image.memory)
    image = SimpleNamespace(
        memory=memory,
        files=core.image.files,
        modules=core.image.modules,
        executable=core.image.executable,
    )
    space = CodeSpace(image, Heap(memory, core.javascript.constants))
    thread = core.image.threads[0]
    folded = next(
        one
        for one in physical_frames(space, start_of(space, thread))
        if not isinstance(one, str) and one.code and one.code.kind == "turbofan"
    )
    layout, heap = space.heap.layout, space.heap
    data = heap.field(folded.code.address, layout.code_deoptimization)
    return SimpleNamespace(
        memory=memory, space=space, thread=thread, folded=folded, data=data, layout=layout
    )


def _outermost(process):
    """Return the only call that is told of the optimised frame."""
    stack = stack_of(process.space, process.thread)
    (found,) = [one for one in stack.frames if one.physical.fp == process.folded.fp]
    assert process.space.heap.shared_name(found.shared) == "outer"
    assert not found.is_inlined
    # What is around it is not touched.
    assert len(stack.frames) > 5
    assert stack.status == "complete"
    return found


def test_the_whole_frame_tells_eight_calls(process):
    stack = stack_of(process.space, process.thread)
    told = [one for one in stack.frames if one.physical.fp == process.folded.fp]
    assert len(told) == 8
    assert {one.status for one in told} == {"complete"}


def test_a_translation_that_is_not_in_the_core_is_said(process):
    place = process.data - 1 + 16 + 8 * process.layout.deopt_translation
    process.memory.words[place] = None
    found = _outermost(process)
    assert found.status.startswith("functions folded into this one are not told")
    assert found.place.is_start


def test_an_entry_that_points_elsewhere_is_said(process):
    first = process.data - 1 + 16 + 8 * (process.layout.deopt_first + 1)
    for entry in range(200):
        process.memory.words[first + 24 * entry] = 0x7FFF << 32
    assert "not told" in _outermost(process).status


def test_literals_that_are_no_functions_are_said(process):
    place = process.data - 1 + 16 + 8 * process.layout.deopt_literals
    process.memory.words[place] = process.data
    assert "not told" in _outermost(process).status


def test_data_of_an_impossible_length_are_said(process):
    process.memory.words[process.data - 1 + 8] = 0x7FFFFFFF << 32
    assert "not told" in _outermost(process).status


def test_a_frame_pointer_that_leads_back_ends_the_walk(process):
    process.memory.words[process.folded.fp] = process.folded.fp
    stack = stack_of(process.space, process.thread)
    assert "does not lead outwards" in stack.status


def test_a_stack_that_ends_in_the_middle_keeps_what_is_above(process):
    process.memory.words[process.folded.fp] = None
    stack = stack_of(process.space, process.thread)
    assert "cannot be read" in stack.status
    assert process.space.heap.shared_name(stack.frames[0].shared) == "act"


def test_a_function_that_is_gone_keeps_its_place_in_the_stack(process):
    process.memory.words[process.folded.fp - 16] = None
    stack = stack_of(process.space, process.thread)
    (found,) = [one for one in stack.frames if one.physical.fp == process.folded.fp]
    assert found.function == 0
    assert "does not hold" in found.status


class Torn(Patched):
    """Memory in which one word in a hundred is another, or missing, but always the same."""

    def __init__(self, memory, seed):
        super().__init__(memory)
        self.random = random.Random(seed)

    def word(self, address):
        if address not in self.words:
            found = self.memory.word(address)
            if self.random.random() < 0.01:
                bits = self.random.getrandbits
                found = self.random.choice(
                    [None, bits(64), found ^ (1 << bits(6)), 0, bits(31) << 32]
                )
            self.words[address] = found
        return super().word(address)


@pytest.mark.parametrize("seed", range(20))
def test_torn_memory_gives_a_stack_or_none_and_soon(loaded, seed):
    core = loaded
    memory = Torn(core.image.memory, seed)
    image = SimpleNamespace(
        memory=memory,
        files=core.image.files,
        modules=core.image.modules,
        executable=core.image.executable,
        threads=core.image.threads,
    )
    heap = Heap(memory, core.javascript.constants)
    process = SimpleNamespace(
        core=SimpleNamespace(image=image, options=core.options),
        constants=core.javascript.constants,
        heap=heap,
        code=CodeSpace(image, heap),
    )
    start = time.perf_counter()
    told = backtrace(process)
    BACKTRACE.validate(told.frame)
    assert repr(told)
    assert time.perf_counter() - start < 5


def test_a_start_outside_of_the_process_gives_a_reason(process):
    assert list(physical_frames(process.space, Start(8, 8, "registers"))) == [
        "the stack cannot be read at 0x8"
    ]
