"""Packed tables of V8: read as documented, and harmless where they are damaged."""

import random

import pytest

from prodforensics.core.javascript.deoptimization import opcodes_of, safepoints, translated
from prodforensics.core.javascript.parameters import names_in
from prodforensics.core.javascript.positions import baseline_bytecode, source_offset, unsigned
from prodforensics.core.javascript.words import BadObject

VERSIONS = {"10.2": 28, "11.3": 36, "12.4": 40, "13.6": 45}
"""How many opcodes translations have, by version of V8."""


def _opcodes(version):
    return opcodes_of(version, [])


def test_a_number_that_does_not_end_is_damage():
    with pytest.raises(BadObject, match="middle"):
        unsigned(b"\x80\x80", 0)
    with pytest.raises(BadObject, match="does not end"):
        unsigned(b"\xff" * 100, 0)


def test_another_program_of_the_same_version_is_refused():
    for version, number in VERSIONS.items():
        assert len(_opcodes(version).counts) == number
    assert opcodes_of("13.6", [3] * 45) is None
    assert opcodes_of("13.6", [1] * 44) is None
    assert opcodes_of("14.1", [1] * 45) is None
    assert opcodes_of("14.1", []) is None


def test_a_translation_with_fewer_frames_than_it_promises_is_damage():
    # BEGIN with no distance, 4 and 4 frames; then nothing.
    data = bytes([12, 0, 8, 8])
    with pytest.raises(BadObject, match="promises 4 frames and tells 0"):
        translated(data, 0, _opcodes("12.4"))


@pytest.mark.parametrize("version", VERSIONS)
def test_random_bytes_raise_or_end(version):
    generator = random.Random(7)
    opcodes = _opcodes(version)
    ended = 0
    for _ in range(300):
        data = generator.randbytes(200)
        for read in (
            lambda data=data: translated(data, 0, opcodes),
            lambda data=data: safepoints(data, 12),
            lambda data=data: source_offset(data, 50),
            lambda data=data: baseline_bytecode(data, 90, data, [data, data, data]),
        ):
            try:
                read()
            except BadObject:
                ended += 1
    assert ended > 300


def test_an_endless_match_is_cut():
    # A match that asks for itself: each one refers to the translation before, which is itself.
    data = bytes([12, 0, 8, 8, 39, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F])
    with pytest.raises(BadObject):
        translated(data, 0, _opcodes("12.4"))


def test_names_of_parameters_are_read_from_the_head():
    assert names_in("fail(id, password, box) {") == ["id", "password", "box"]
    assert names_in("async token => 1") == ["token"]
    assert names_in("(a, [b], c) => 1") == []
    assert names_in("x" * 5000) == []
