"""The frames of a profile, made from its arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from prodforensics.categories import vocabulary
from prodforensics.kernels.stack_sums import depths, sum_by
from prodforensics.profile.data import KINDS, ProfileData
from prodforensics.profile.names import (
    display_names,
    function_names,
    process_labels,
    thread_labels,
)
from prodforensics.profile.schemas import value_columns

if TYPE_CHECKING:
    from prodforensics.profile.measures import Measures

__all__ = ["calls", "functions", "labels", "samples", "stacks", "threads"]


def samples(data: ProfileData) -> pd.DataFrame:
    """Return one row a sample, with the columns of `schemas.SAMPLES` and the value types."""
    given, columns = data.samples, {}
    if given.time is not None:
        columns["time"] = given.time
    if given.thread is not None:
        columns["thread"] = vocabulary(thread_labels(data.threads), given.thread)
        columns["process"] = vocabulary(process_labels(data.threads), given.thread)
    if given.event is not None:
        columns["event"] = vocabulary(data.recording.events, given.event)
    columns["stack"] = given.stack
    columns |= dict(zip(value_columns(data.value_types), given.values, strict=True))
    return pd.DataFrame(columns, index=pd.RangeIndex(len(given), name="sample"))


def stacks(data: ProfileData) -> pd.DataFrame:
    """Return one row a node of the prefix tree (`schemas.STACKS`)."""
    columns = {
        "parent": data.stacks.parent,
        "frame": data.stacks.call,
        "depth": depths(data.stacks.parent),
        "function": _strings(display_names(data)[data.stacks.call]),
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(len(data.stacks), name="stack"))


def calls(data: ProfileData) -> pd.DataFrame:
    """Return one row a call (`schemas.CALLS`)."""
    given = data.calls
    columns = {
        "function": _strings(display_names(data)),
        "file": vocabulary(data.functions.file, given.function),
        "line": given.line,
        "address": given.address,
        "module": vocabulary(data.functions.module, given.function),
        "inlined": given.inlined,
        "kind": vocabulary(KINDS, given.kind),
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(len(given), name="frame"))


def functions(data: ProfileData, measures: Measures) -> pd.DataFrame:
    """Return one row a function that is in a stack (`schemas.FUNCTIONS`)."""
    every = len(data.functions)
    seen = np.zeros(every, np.bool_)
    seen[data.stack_function] = True
    rows = np.flatnonzero(seen)
    own, total = measures.function_self[rows], measures.function_total[rows]
    order = np.lexsort((-total, -own))
    rows, own, total = rows[order], own[order], total[order]
    name = function_names(data)
    place = np.arange(every, dtype=np.int32)[rows]
    columns = {
        "function": _strings(name[rows]),
        "file": vocabulary(data.functions.file, place),
        "module": vocabulary(data.functions.module, place),
        "self": own,
        "total": total,
        "self_percent": percent(own, measures.total),
        "total_percent": percent(total, measures.total),
    }
    return pd.DataFrame(columns, index=pd.Index(rows.astype(np.int64), name="function_id"))


def labels(data: ProfileData) -> pd.DataFrame:
    """Return one row a label of a sample (`schemas.LABELS`)."""
    given = data.labels
    texts = np.append(given.texts, "")  # the last one answers -1
    columns = {
        "sample": np.repeat(np.arange(len(data.samples)), np.diff(given.first)),
        "key": vocabulary(given.texts, given.key),
        "value": _strings(texts[given.text]),
        "number": given.number,
        "unit": vocabulary(texts, np.where(given.unit < 0, len(texts) - 1, given.unit)),
    }
    return pd.DataFrame(columns)


def threads(data: ProfileData, measures: Measures) -> pd.DataFrame:
    """Return one row a thread, the busiest first (`schemas.THREADS`)."""
    given, count = data.threads, len(data.threads)
    thread = data.samples.thread
    if thread is None:
        thread = np.full(len(data.samples), -1, np.int32)
    total = sum_by(thread, measures.weight, count)
    columns = {
        "thread_name": _strings(given.thread_name),
        "thread_id": given.thread_id,
        "process_name": _strings(given.process_name),
        "process_id": given.process_id,
        "samples": sum_by(thread, np.ones(len(thread), np.int64), count),
        "total": total,
        "total_percent": percent(total, measures.total),
    }
    index = pd.Index(pd.array(thread_labels(given), dtype="str"), name="thread")
    frame = pd.DataFrame(columns, index=index)
    return frame.sort_values("total", ascending=False, kind="stable")


def percent(part: np.ndarray, whole: float) -> np.ndarray:
    """Return shares of the whole in percent; of nothing, zeros."""
    return 100.0 * part / whole if whole else np.zeros(len(part))


def _strings(values: np.ndarray) -> pd.api.extensions.ExtensionArray:
    return pd.array(values, dtype="str")
