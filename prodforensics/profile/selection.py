"""Samples chosen by when they were taken, and by their thread, process, event or labels."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from prodforensics.errors import BadOption, UnknownName
from prodforensics.profile.data import Labels, ProfileData
from prodforensics.profile.matching import compiled
from prodforensics.profile.names import process_labels, thread_labels
from prodforensics.profile.transforms import choose

__all__ = ["between", "where"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def between(
    data: ProfileData, begin: int | datetime | None, end: int | datetime | None
) -> ProfileData:
    """Keep the samples of a stretch of time, its end not included.

    Parameters
    ----------
    data : ProfileData
    begin, end : int, datetime or None
        Nanoseconds on the clock of the recording; a datetime (or `pandas.Timestamp`; of UTC where
        it says nothing else) where that clock is the calendar's; None for no limit.

    Raises
    ------
    BadOption
        The profile has no times, or none that a date could be compared with.
    """
    if data.samples.time is None:
        raise BadOption(
            "this profile has no times, only sums",
            hint="choose samples by thread or label: profile.where(...)",
        )
    time = data.samples.time
    chosen = np.ones(len(time), np.bool_)
    if begin is not None:
        chosen &= time >= _nanoseconds(data, begin)
    if end is not None:
        chosen &= time < _nanoseconds(data, end)
    return choose(data, chosen)


def where(
    data: ProfileData,
    *,
    thread: Any = None,
    process: Any = None,
    event: Any = None,
    label: Any = None,
) -> ProfileData:
    """Keep the samples that meet every condition that is given.

    Parameters
    ----------
    data : ProfileData
    thread, process : int, str or compiled regular expression, optional
        Id; or name, or name and id as in ``frames["samples"]``; or, where no such name is, a
        regular expression that is searched for in them.
    event : str or compiled regular expression, optional
    label : str, tuple or mapping, optional
        A key that the samples must have; ``(key, value)``, or a mapping of several keys to
        values. A value is a text, a number, a compiled regular expression, or a tuple of the
        least and the greatest number, in the unit of the label; None is no limit.

    Raises
    ------
    UnknownName
        There is no such thread, process, event, label, or value of it.
    BadOption
        A condition is of no kind named above, or nothing of it was recorded.
    """
    chosen = np.ones(len(data.samples), np.bool_)
    threads = data.threads
    if thread is not None:
        known = (thread_labels(threads), threads.thread_name, threads.thread_id)
        chosen &= _of(data.samples.thread, "thread", thread, *known)
    if process is not None:
        known = (process_labels(threads), threads.process_name, threads.process_id)
        chosen &= _of(data.samples.thread, "process", process, *known)
    if event is not None:
        events = data.recording.events
        numbers = np.full(len(events), -1, np.int64)
        chosen &= _of(data.samples.event, "event", event, events, events, numbers)
    if label is not None:
        for key, value in _conditions(label):
            chosen &= _labelled(data.labels, len(data.samples), key, value)
    return choose(data, chosen)


def _nanoseconds(data: ProfileData, when: int | datetime) -> int:
    if isinstance(when, int | np.integer):
        return int(when)
    if not isinstance(when, datetime):
        raise BadOption(
            f"{when!r} is no time", hint="give nanoseconds, or a datetime or pandas.Timestamp"
        )
    if data.recording.clock != "unix":
        raise BadOption(
            f"the clock of this profile is {data.recording.clock or 'unknown'}, not the calendar's",
            hint="give nanoseconds as in frames['samples']['time']",
        )
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    if hasattr(aware, "as_unit"):  # a Timestamp knows nanoseconds
        return int(aware.as_unit("ns").value)
    since = aware - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000


def _of(
    index: np.ndarray | None,
    kind: str,
    wanted: Any,
    labels: Sequence[str],
    names: Sequence[str],
    ids: np.ndarray,
) -> np.ndarray:
    """Tell which samples are of a thread, process or event that is wanted, bool[n]."""
    if index is None:
        raise BadOption(
            f"the profile does not tell the {kind} of a sample", hint="see frames['samples']"
        )
    if isinstance(wanted, int | np.integer):
        hit = ids == wanted
    else:
        hit = np.zeros(len(labels), np.bool_)
        if isinstance(wanted, str):
            hit = np.array([wanted in pair for pair in zip(labels, names, strict=True)], np.bool_)
        if not hit.any():
            pattern = compiled(wanted)
            hit = np.array([pattern.search(one) is not None for one in labels], np.bool_)
    if not hit.any():
        raise UnknownName(kind, wanted, labels)
    return np.append(hit, False)[index]


def _conditions(label: Any) -> list[tuple[str, Any]]:
    if isinstance(label, str):
        return [(label, None)]
    if isinstance(label, Mapping):
        return list(label.items())
    if isinstance(label, tuple) and len(label) == 2:
        return [label]
    raise BadOption(
        f"label={label!r} is no condition", hint="label=('route', '/order'), or a mapping"
    )


def _labelled(labels: Labels | None, count: int, key: str, value: Any) -> np.ndarray:
    """Tell which samples have a label, bool[n]."""
    if labels is None:
        raise UnknownName("label", key, [])
    texts = labels.texts
    of_key = np.append(texts == key, False)[labels.key]
    if not of_key.any():
        raise UnknownName("label", key, {texts[k] for k in np.unique(labels.key)})
    rows = np.flatnonzero(of_key)
    text, number = labels.text[rows], labels.number[rows]
    if value is None:
        hit = np.ones(len(rows), np.bool_)
    elif isinstance(value, str):
        hit = np.append(texts == value, False)[text]
    elif isinstance(value, re.Pattern):
        found = np.zeros(len(texts) + 1, np.bool_)
        for place in np.unique(text[text >= 0]):
            found[place] = value.search(texts[place]) is not None
        hit = found[text]
    elif isinstance(value, tuple) and len(value) == 2:
        least, most = value
        hit = text < 0
        hit &= (number >= least) if least is not None else True
        hit &= (number <= most) if most is not None else True
    elif isinstance(value, int | np.integer):
        hit = (text < 0) & (number == value)
    else:
        raise BadOption(
            f"{value!r} is no value of a label",
            hint="a text, a number, a compiled regular expression, or (least, most)",
        )
    if not hit.any():
        known = {texts[place] for place in np.unique(text[text >= 0])}
        known |= {str(one) for one in np.unique(number[text < 0])[:100]}
        raise UnknownName(f"value of the label {key!r}", value, known)
    chosen = np.zeros(count, np.bool_)
    sample = np.searchsorted(labels.first, rows[hit], side="right") - 1
    chosen[sample] = True
    return chosen
