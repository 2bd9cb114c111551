"""A profile as speedscope's JSON (https://www.speedscope.app/file-format-schema.json)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import orjson
import pyarrow as pa

from prodforensics import __version__
from prodforensics.errors import BadOption
from prodforensics.kernels.prefix_tree import merge
from prodforensics.profile.data import ProfileData
from prodforensics.profile.names import function_names, thread_labels
from prodforensics.profile.stack_texts import stack_texts

__all__ = ["speedscope_json"]

_UNITS = {"ns": "nanoseconds", "bytes": "bytes"}
_HEAD = b'{"$schema":"https://www.speedscope.app/file-format-schema.json",'


def speedscope_json(data: ProfileData, name: str) -> bytes:
    """Write a profile as a document of sampled profiles.

    There is one for each value type, the default one first, and where samples have times, for
    each thread. Frames are functions. Neighbours of one stack become one sample; without times
    nothing is said of their order, and equal stacks become one.

    Parameters
    ----------
    data : ProfileData
    name : str
        What the document is called.

    Raises
    ------
    BadOption
        There are negative values, as in a difference: speedscope has no bars for them.
    """
    if any((value < 0).any() for value in data.samples.values):
        raise BadOption(
            "a profile with negative values cannot be drawn by speedscope",
            hint="write the two profiles, not their difference",
        )
    keep = np.ones(len(data.stacks), np.bool_)
    parent, function, place = merge(data.stacks.parent, data.stack_function, keep)
    node = np.append(place, np.int32(-1))[data.samples.stack]
    used, row = np.unique(node, return_inverse=True)
    numbers = pa.array([str(k) for k in range(len(data.functions))], pa.large_string())
    stacks = stack_texts(parent, function, used, numbers, ",")
    profiles = b",".join(_profiles(data, row, stacks))
    document = {"name": _text(name), "exporter": f"prodforensics {__version__}"}
    parts = (
        _HEAD[:-1],
        b'"shared":{"frames":' + orjson.dumps(_frames(data)) + b"}",
        b'"profiles":[' + profiles + b"]",
        orjson.dumps(document)[1:],
    )
    return b",".join(parts)


def _frames(data: ProfileData) -> list[dict[str, object]]:
    frames = []
    functions = data.functions
    columns = (function_names(data), functions.file, functions.start_line.tolist())
    for name, file, line in zip(*columns, strict=True):
        frame: dict[str, object] = {"name": _text(name)}
        if file:
            frame["file"] = _text(file)
        if line > 0:
            frame["line"] = line
        frames.append(frame)
    return frames


def _profiles(data: ProfileData, row: np.ndarray, stacks: pa.ChunkedArray) -> Iterator[bytes]:
    order = [data.default, *(k for k in range(len(data.value_types)) if k != data.default)]
    for place in order:
        kind, value = data.value_types[place], data.samples.values[place]
        for thread, samples in _threads(data):
            samples = samples[value[samples] > 0]
            if thread and not len(samples):
                continue
            # A name tells what the profile is among the others of the file.
            words = [one for one in (thread, kind.name if len(order) > 1 else "") if one]
            yield _profile(
                ": ".join(words) or kind.name,
                _UNITS.get(kind.unit, "none"),
                *_weighed(data, row[samples], value[samples]),
                stacks,
            )


def _threads(data: ProfileData) -> Iterator[tuple[str, np.ndarray]]:
    """Give the name and the samples of each thread, or of all as one where nothing has a time."""
    given = data.samples
    if given.time is None:
        yield "", np.arange(len(given))
        return
    order = np.argsort(given.time, kind="stable")
    if given.thread is None or len(data.threads) < 2:
        yield "", order
        return
    labels = [*thread_labels(data.threads), ""]
    order = order[np.argsort(given.thread[order], kind="stable")]
    cuts = np.flatnonzero(np.diff(given.thread[order])) + 1
    for part in np.split(order, cuts):
        if len(part):
            yield labels[given.thread[part[0]]] or "unknown thread", part


def _weighed(
    data: ProfileData, row: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Join samples of one stack: neighbours, or all of them where nothing has a time."""
    if data.samples.time is None:
        order = np.argsort(row, kind="stable")
        row, weight = row[order], weight[order]
    if not len(row):
        return row, weight
    begin = np.flatnonzero(np.concatenate([[True], row[1:] != row[:-1]]))
    return row[begin], np.add.reduceat(weight, begin)


def _profile(
    name: str, unit: str, row: np.ndarray, weight: np.ndarray, stacks: pa.ChunkedArray
) -> bytes:
    head = {
        "type": "sampled",
        "name": _text(name),
        "unit": unit,
        "startValue": 0,
        "endValue": weight.sum().item(),
    }
    samples = "],[".join(stacks.take(pa.array(row)).to_pylist()).encode()
    samples = b"[" + samples + b"]" if len(row) else b""
    weights = orjson.dumps(np.ascontiguousarray(weight), option=orjson.OPT_SERIALIZE_NUMPY)
    return orjson.dumps(head)[:-1] + b',"samples":[' + samples + b'],"weights":' + weights + b"}"


def _text(text: str) -> str:
    """Return what UTF-8 can be made of."""
    return text.encode("utf-8", "replace").decode()
