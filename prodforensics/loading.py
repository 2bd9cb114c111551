"""The verbs of the front door: load one file, load many, compare."""

from __future__ import annotations

import glob
import inspect
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prodforensics._reference import resolve
from prodforensics.errors import (
    BadOption,
    Corrupt,
    ForensicsError,
    NotComparable,
    PartialEvidenceWarning,
    SourceError,
)
from prodforensics.evidence import Evidence
from prodforensics.formats import Format, choose
from prodforensics.source import Source

__all__ = ["compare", "load", "load_many"]


def load(
    path_or_url: str | Path,
    *,
    format: str | None = None,  # noqa: A002 (the field's word)
    strict: bool = False,
    progress: bool | None = None,
    max_unpacked_bytes: int | None = None,
    **options: Any,
) -> Evidence:
    """Read an artifact, whatever it is.

    Parameters
    ----------
    path_or_url : str or Path
        A local file, an fsspec URL, or a folder that `Evidence.save` wrote. gz, zst, xz, bz2
        and lz4 are unpacked on the way.
    format : str, optional
        Name of the format; recognised from the bytes where it is not given.
    strict : bool
        Raise instead of loading a damaged file in part.
    progress : bool, optional
        Progress bars: always, never, or (None) for large files.
    max_unpacked_bytes : int, optional
        Limit for compressed files, see `Source`.
    **options
        Options of the reader, named in its documentation.

    Returns
    -------
    Evidence
        Of the room's kind: `HeapSnapshot`, `LeakReport` ...

    Raises
    ------
    ForensicsError
        And no other exception: see `prodforensics.errors` for the kinds.

    Warns
    -----
    PartialEvidenceWarning
        The file is damaged; `Evidence.gaps` says where.

    Examples
    --------
    >>> import prodforensics as pf
    >>> snapshot = pf.load(pf.samples.path("heap/healthy.1.heapsnapshot.zst"))
    >>> snapshot.kind
    'heap snapshot'
    """
    if "://" not in str(path_or_url) and Path(path_or_url).expanduser().is_dir():
        return _load_folder(Path(path_or_url).expanduser())
    source = Source(path_or_url, max_unpacked_bytes=max_unpacked_bytes, progress=progress)
    chosen = choose(source, format)
    reader = chosen.load().read
    _check_options(chosen, reader, options)
    try:
        evidence: Evidence = reader(source, progress=progress, **options)
    except (ForensicsError, KeyboardInterrupt):
        source.close()
        raise
    evidence.format, evidence.reader = chosen.name, chosen.module
    gaps = evidence.all_gaps()
    if gaps and strict:
        raise Corrupt(
            source.path,
            gaps[0].offset,
            "a whole file",
            gaps[0].what,
            hint="load it without strict=True to keep what is whole",
        )
    if gaps:
        more = f" and {len(gaps) - 1} more" if len(gaps) > 1 else ""
        warnings.warn(
            f"{source.path}: loaded in part: {gaps[0].what}{more}; see .gaps",
            PartialEvidenceWarning,
            stacklevel=2,
        )
    return evidence


def _load_folder(folder: Path) -> Evidence:
    if not (folder / "evidence.json").is_file():
        raise SourceError(
            f"{folder}: a folder without evidence.json",
            hint=f"to load every file in it: pf.load_many('{folder}/*')",
        )
    return resolve("prodforensics.saved:SavedEvidence")(folder)


def _check_options(chosen: Format, reader: Any, options: dict[str, Any]) -> None:
    taken = set(inspect.signature(reader).parameters) - {"source", "progress"}
    if unknown := set(options) - taken:
        known = ", ".join(sorted(taken)) or "none"
        raise BadOption(
            f"the reader of {chosen.name} takes no option {', '.join(sorted(unknown))}",
            hint=f"its options: {known}",
        )


def compare(before: Evidence, after: Evidence, *more: Evidence) -> Evidence:
    """Say what changed between two pieces of evidence of one kind, or over several.

    Parameters
    ----------
    before, after, *more : Evidence
        In the order they were recorded.

    Returns
    -------
    Evidence
        The room's comparison: `HeapComparison`, `LeakReportComparison` ...

    Raises
    ------
    NotComparable
        They are of different kinds, or of a kind that has no comparison.

    Examples
    --------
    >>> import prodforensics as pf
    >>> a = pf.load(pf.samples.path("heap/healthy.1.heapsnapshot.zst"))
    >>> b = pf.load(pf.samples.path("heap/healthy.2.heapsnapshot.zst"))
    >>> pf.compare(a, b).kind
    'heap comparison'
    """
    every = (before, after, *more)
    if wrong := [one for one in every if not isinstance(one, Evidence)]:
        raise BadOption(
            f"cannot compare {type(wrong[0]).__name__}",
            hint="load the files first: pf.compare(pf.load(a), pf.load(b))",
        )
    kinds = {type(one) for one in every}
    if len(kinds) > 1 or not before._compare:
        names = ", ".join(sorted(one.kind for one in every))
        raise NotComparable(
            f"cannot compare: {names}", hint="give two pieces of evidence of the same kind"
        )
    return resolve(before._compare)(before, after, *more)


def load_many(
    pattern: str | Sequence[str | Path],
    *,
    scheduler: Any = None,
    **options: Any,
) -> list[Evidence]:
    """Load many files in parallel, in the order of their names.

    Parameters
    ----------
    pattern : str or sequence of paths
        A glob such as ``"pods/*/after.heapsnapshot"``, or the paths themselves.
    scheduler : dask.distributed.Client, optional
        Loads on that cluster; without one, in a pool of processes on this machine.
    **options
        As for `load`.

    Returns
    -------
    list of Evidence
        One for each file.

    Raises
    ------
    SourceError
        Nothing matches the pattern.

    Examples
    --------
    >>> import prodforensics as pf
    >>> folder = pf.samples.path("heap/healthy.1.heapsnapshot.zst").parent
    >>> [one.title for one in pf.load_many(f"{folder}/healthy.[12].heapsnapshot.zst")]
    ['healthy.1.heapsnapshot.zst', 'healthy.2.heapsnapshot.zst']
    """
    if isinstance(pattern, str):
        paths = sorted(glob.glob(str(Path(pattern).expanduser()), recursive=True))  # noqa: PTH207 (Path.glob takes no absolute pattern)
    else:
        paths = [str(path) for path in pattern]
    if not paths:
        raise SourceError(f"no file matches {pattern!r}", hint="check the pattern")
    if scheduler is not None:
        return scheduler.gather(scheduler.map(_load_one, paths, options=options))
    if len(paths) == 1:
        return [load(paths[0], **options)]
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # spawn: a forked copy of a process with threads (numba's, Jupyter's) may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(mp_context=context) as pool:
        return list(pool.map(_load_one, paths, [options] * len(paths)))


def _load_one(path: str, options: dict[str, Any]) -> Evidence:
    return load(path, **options)
