"""Packets of two captures found again: no pair is invented, none of what is unique is missed."""

import numpy as np
import pytest

from prodforensics.kernels.packet_matching import match_equal, packet_keys, stream_keys

COLUMNS = ("payload", "length", "captured", "fragment", "flags", "sequence", "acknowledgment")


def keys_of(rng, size, data, timestamps=True, **changed):
    columns = {
        "protocol": np.full(size, 6, np.int16),
        "stream": np.zeros(size, np.int32),
        "payload": np.zeros(size, np.int64),
        "length": rng.integers(0, 1500, size).astype(np.int32),
        "captured": np.full(size, 60, np.int32),
        "fragment": np.zeros(size, np.uint8),
        "flags": np.full(size, 16, np.uint16),
        "sequence": rng.integers(0, 2**32, size).astype(np.uint32),
        "acknowledgment": rng.integers(0, 2**32, size).astype(np.uint32),
        "value": rng.integers(0, 2**32, size),
        "echo": rng.integers(0, 2**32, size),
    }
    columns |= changed
    keys = np.zeros(size, np.uint64)
    packet_keys(data, *columns.values(), timestamps, keys)
    return keys


def test_what_a_router_changes_does_not_change_the_key():
    data = np.zeros(0, np.uint8)
    one = keys_of(np.random.default_rng(1), 50, data)
    assert len(set(one.tolist())) == 50
    marked = keys_of(np.random.default_rng(1), 50, data, flags=np.full(50, 16 | 8 | 64, np.uint16))
    np.testing.assert_array_equal(one, marked)
    reset = keys_of(np.random.default_rng(1), 50, data, flags=np.full(50, 16 | 4, np.uint16))
    assert not (one == reset).any()


def test_timestamps_count_only_where_they_are_told_to():
    data = np.zeros(0, np.uint8)
    none = np.full(50, -1)
    for timestamps, same in ((True, 0), (False, 50)):
        one = keys_of(np.random.default_rng(1), 50, data, timestamps)
        two = keys_of(np.random.default_rng(1), 50, data, timestamps, value=none, echo=none)
        assert np.count_nonzero(one == two) == same


def test_datagrams_are_known_by_their_first_bytes():
    rng = np.random.default_rng(2)
    data = rng.integers(0, 256, 400).astype(np.uint8)
    options = {
        "protocol": np.full(4, 17, np.int16),
        "length": np.full(4, 60, np.int32),
        "payload": np.array([0, 100, 200, 390]),
    }
    keys = keys_of(rng, 4, data, **options)
    assert len(set(keys[:3].tolist())) == 3
    assert keys[3] == 0  # beyond the end of the file
    data[100:148] = data[:48]
    keys = keys_of(rng, 4, data, **options)
    assert keys[0] == keys[1]
    cut = keys_of(rng, 4, data, **options | {"captured": np.full(4, 20, np.int32)})
    assert not cut.any()


def test_streams_and_identifications_are_mixed_in():
    keys, into = np.full(4, 7, np.uint64), np.zeros(4, np.uint64)
    group, ids = np.array([0, 0, 1, 1]), np.array([1, 2, 1, 2], np.int32)
    stream_keys(keys, group, ids, np.array([True, False]), into)
    assert len(set(into.tolist())) == 3
    assert into[2] == into[3]


def matched(one, other, expected=0, lengths=(None, None)):
    """Match packets given as (key, time); keys are small so that many are equal."""
    sides = []
    for packets, length in zip((one, other), lengths, strict=True):
        packets = sorted(packets)
        key = np.array([key for key, _ in packets], np.uint64)
        time = np.array([time for _, time in packets], np.int64)
        length = np.zeros(len(key), np.int32) if length is None else np.array(length, np.int32)
        sides.append((key, np.zeros(len(key), np.int64), length, length.astype(np.uint32), time))
    both = [one for pair in zip(*sides, strict=True) for one in pair]
    place = np.full(len(one), -1, np.int64)
    match_equal(*both, np.array([expected]), place)
    return place, sides


@pytest.mark.parametrize("seed", range(10))
def test_a_match_has_an_equal_key_and_is_made_once(seed):
    rng = np.random.default_rng(seed)
    one = [(int(rng.integers(20)), int(rng.integers(1000))) for _ in range(60)]
    other = [(key, time + 5) for key, time in one if rng.random() < 0.8]
    place, sides = matched(one, other, 5)
    found = place[place >= 0]
    assert len(set(found.tolist())) == len(found)
    np.testing.assert_array_equal(sides[0][0][place >= 0], sides[1][0][found])
    # As many as there can be: the smaller number of each key.
    keys = [np.bincount(side[0].astype(np.int64), minlength=20) for side in sides]
    assert len(found) == np.minimum(*keys).sum()


def test_among_equal_packets_the_delay_tells_which_was_lost():
    sent = [(1, 1000 * k) for k in range(10)]
    came = [(1, time + 7) for _, time in sent if time not in (2000, 6000, 9000)]
    place, _ = matched(sent, came, 7)
    assert np.flatnonzero(place < 0).tolist() == [2, 6, 9]


def test_equal_hashes_of_different_packets_do_not_match():
    place, _ = matched([(1, 0)], [(1, 0)], lengths=([5], [6]))
    assert place.tolist() == [-1]
