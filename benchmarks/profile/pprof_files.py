"""A large pprof profile, amplified from a recorded one.

The stacks of the recording are crossed where two of them pass through one location: the callers of
one, the callees of the other. With the labels of many tenants no two samples are alike, as in the
profile of a busy service over a day; what is not a sample stays as Go's runtime wrote it.
"""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path

import numpy as np

from benchmarks.snapshots import CACHE
from prodforensics import samples
from prodforensics.kernels.protobuf import fields
from prodforensics.source import Source

__all__ = ["SAMPLES", "amplified"]

SAMPLES = 1_100_000
TENANTS = 2000
RECORDED = "profile/go/healthy.cpu.pb.gz"
SAMPLE, STRING = 2, 6


def amplified() -> Path:
    """Return the file; it is made once."""
    path = CACHE / f"pprof-{SAMPLES}.pb"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        whole = b"".join(Source(samples.path(RECORDED)).chunks())
        path.write_bytes(amplify(whole, SAMPLES))
    return path


def amplify(recorded: bytes, count: int) -> bytes:
    """Return a profile with so many different samples."""
    rng = random.Random(1)
    buf = np.frombuffer(recorded, np.uint8)
    number, _, first, last, _ = fields(buf, 0, len(buf))
    before, behind, stacks, strings, at = [], [], [], 0, 0
    for kind, start, end in zip(number.tolist(), first.tolist(), last.tolist(), strict=True):
        if kind == SAMPLE:
            stacks.append(_locations(recorded[start:end]))
        else:
            (behind if stacks else before).append(recorded[at:end])
        strings += kind == STRING
        at = end
    # Crossing: every place of every location.
    places = defaultdict(list)
    for stack in stacks:
        for depth, location in enumerate(stack):
            places[location].append((stack, depth))
    seen, out = set(), []
    while len(out) < count:
        crossed = rng.choice(stacks)
        for _ in range(3):
            depth = rng.randrange(len(crossed))
            other, joint = rng.choice(places[crossed[depth]])
            crossed = (*crossed[:depth], *other[joint:])
        tenant = rng.randrange(TENANTS)
        if (crossed, tenant) in seen:
            continue
        seen.add((crossed, tenant))
        hits = 1 + (rng.random() < 0.1)
        labels = [(strings, strings + 2 + tenant), (strings + 1, strings + 2 + tenant % 10)]
        out.append(_sample(crossed, hits, labels))
    names = (f"{k:04d}" for k in range(TENANTS))
    texts = [text.encode() for text in ("tenant", "shard", *names)]
    added = [_bytes(STRING, text) for text in texts]
    return b"".join([*before, *out, *behind, *added])


def _locations(sample: bytes) -> tuple[int, ...]:
    """Return the locations of a sample as Go's runtime writes it: a packed list."""
    number, wire, first, last, _ = fields(np.frombuffer(sample, np.uint8), 0, len(sample))
    found = []
    columns = (number.tolist(), wire.tolist(), first.tolist(), last.tolist())
    for kind, form, start, end in zip(*columns, strict=True):
        if kind == 1 and form == 0:
            found.append(start)
        elif kind == 1:
            value = shift = 0
            for byte in sample[start:end]:
                value |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    found.append(value)
                    value = shift = 0
    return tuple(found)


def _sample(locations: tuple[int, ...], hits: int, labels: list[tuple[int, int]]) -> bytes:
    values = _varint(hits) + _varint(hits * 10_000_000)
    body = _bytes(1, b"".join(map(_varint, locations))) + _bytes(2, values)
    for key, text in labels:
        body += _bytes(3, b"\x08" + _varint(key) + b"\x10" + _varint(text))
    return _bytes(SAMPLE, body)


def _bytes(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
