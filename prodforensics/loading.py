"""The verbs of the front door: load one file, load many, compare."""

from __future__ import annotations

import glob
import inspect
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prodforensics._reference import resolve
from prodforensics._text import plain
from prodforensics.errors import (
    BadOption,
    Corrupt,
    ForensicsError,
    NotComparable,
    PartialEvidenceWarning,
    SourceError,
)
from prodforensics.evidence import Evidence
from prodforensics.formats import Format, choose, main_file
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
        A local file, an fsspec URL, or a folder that `Evidence.save` or a tool such as 0x wrote.
        gz, zst, xz, bz2 and lz4 are unpacked on the way.
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
    evidence = _load(
        path_or_url,
        format=format,
        strict=strict,
        progress=progress,
        max_unpacked_bytes=max_unpacked_bytes,
        **options,
    )
    _warn_of_gaps(evidence)
    return evidence


def _load(
    path: str | Path,
    *,
    format: str | None = None,  # noqa: A002 (the field's word)
    strict: bool = False,
    progress: bool | None = None,
    max_unpacked_bytes: int | None = None,
    **options: Any,
) -> Evidence:
    """Load without a warning, which would be lost in another process."""
    folder = _folder(path)
    if folder and not (folder / "evidence.json").is_file():
        path, folder = _file_of(folder), None
    if folder and not options and format is None:
        evidence: Evidence = resolve("prodforensics.saved:SavedEvidence")(folder)
    else:
        source = Source(path, max_unpacked_bytes=max_unpacked_bytes, progress=progress)
        try:
            evidence = _read(source, choose(source, format), progress, options)
        except BaseException:
            source.close()
            raise
    if strict and (gaps := evidence.all_gaps()):
        raise Corrupt(
            str(path),
            gaps[0].offset,
            "a whole file",
            gaps[0].what,
            hint="load it without strict=True to keep what is whole",
        )
    return evidence


def _read(
    source: Source, chosen: Format, progress: bool | None, options: dict[str, Any]
) -> Evidence:
    reader = chosen.load().read
    _check_options(chosen, reader, options)
    evidence: Evidence = reader(source, progress=progress, **options)
    evidence.format, evidence.reader = chosen.name, chosen.module
    return evidence


def _warn_of_gaps(evidence: Evidence) -> None:
    if gaps := evidence.all_gaps():
        more = f" and {len(gaps) - 1} more" if len(gaps) > 1 else ""
        warnings.warn(
            plain(f"{evidence.title}: loaded in part: {gaps[0].what}{more}; see .gaps", 1000),
            PartialEvidenceWarning,
            stacklevel=3,
        )


def _folder(path: str | Path) -> Path | None:
    if "://" in str(path):
        return None
    try:
        folder = Path(path).expanduser()
        return folder if folder.is_dir() else None
    except (OSError, RuntimeError):  # Source says what is wrong with the path
        return None


def _file_of(folder: Path) -> Path:
    """Return the file to read of a folder that a tool wrote."""
    try:
        found = main_file(folder)
    except OSError as error:
        raise SourceError(f"{folder}: {error.strerror}", hint="check its permissions") from error
    if found is None:
        raise SourceError(
            f"{folder}: a folder without evidence.json, and not one that a tool wrote",
            hint=f"to load every file in it: pf.load_many('{folder}/*')",
        )
    return found


def _check_options(chosen: Format, reader: Any, options: dict[str, Any]) -> None:
    # `strict` of a reader is answered by `load` for all of them.
    taken = set(inspect.signature(reader).parameters) - {"source", "progress", "strict"}
    if unknown := set(options) - taken:
        known = ", ".join(sorted(taken)) or "none"
        raise BadOption(
            f"the reader of {chosen.name} takes no option {', '.join(sorted(unknown))}",
            hint=f"its options: {known}",
        )


def compare(before: Evidence, after: Evidence, *more: Evidence, **options: Any) -> Evidence:
    """Say what changed between two pieces of evidence of one kind, or over several.

    Parameters
    ----------
    before, after, *more : Evidence
        In the order they were recorded.
    **options
        Of the room's comparison, named in its documentation; profiles take ``normalise=True``.

    Returns
    -------
    Evidence
        The room's comparison: `HeapComparison`, `ProfileComparison` ...

    Raises
    ------
    NotComparable
        They are of different kinds, or of a kind that has no comparison.
    BadOption
        The comparison takes no such option.

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
    comparing = resolve(before._compare)
    taken = inspect.signature(comparing).parameters.values()
    known = sorted(one.name for one in taken if one.kind is one.KEYWORD_ONLY)
    if unknown := sorted(set(options) - set(known)):
        raise BadOption(
            f"comparing {before.kind}s takes no option {', '.join(unknown)}",
            hint=f"its options: {', '.join(known) or 'none'}",
        )
    return comparing(before, after, *more, **options)


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
        A glob such as ``"pods/*/after.heapsnapshot"`` or ``"s3://bucket/*.zst"``, or the paths
        themselves.
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
    ForensicsError
        One of the files cannot be loaded; the message names it.

    Warns
    -----
    PartialEvidenceWarning
        For each file that is damaged.

    Examples
    --------
    >>> import prodforensics as pf
    >>> folder = pf.samples.path("heap/healthy.1.heapsnapshot.zst").parent
    >>> [one.title for one in pf.load_many(f"{folder}/healthy.[12].heapsnapshot.zst")]
    ['healthy.1.heapsnapshot.zst', 'healthy.2.heapsnapshot.zst']
    """
    paths = _matching(pattern) if isinstance(pattern, str) else [str(path) for path in pattern]
    if not paths:
        raise SourceError(f"no file matches {pattern!r}", hint="check the pattern")
    if scheduler is not None:
        # Not pure: the file behind a path may be another one next time.
        jobs = scheduler.map(_load_one, paths, options=options, pure=False)
        loaded = scheduler.gather(jobs)
    elif len(paths) == 1:
        loaded = [_load(paths[0], **options)]
    else:
        loaded = _load_in_processes(paths, options)
    for evidence in loaded:
        _warn_of_gaps(evidence)
    return loaded


def _matching(pattern: str) -> list[str]:
    try:
        if "://" in pattern:
            import fsspec

            system, path = fsspec.core.url_to_fs(pattern)
            return sorted(system.unstrip_protocol(found) for found in system.glob(path))
        return sorted(glob.glob(str(Path(pattern).expanduser()), recursive=True))  # noqa: PTH207 (Path.glob takes no absolute pattern)
    except Exception as error:  # fsspec back ends raise errors of their client libraries
        raise SourceError(f"cannot list {pattern!r}: {error}", hint="check the pattern") from error


def _load_in_processes(paths: list[str], options: dict[str, Any]) -> list[Evidence]:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    # spawn: a forked copy of a process with threads (numba's, Jupyter's) may hang.
    context = multiprocessing.get_context("spawn")
    workers = min(len(paths), os.cpu_count() or 1)
    try:
        with ProcessPoolExecutor(workers, mp_context=context) as pool:
            return list(pool.map(_load_one, paths, [options] * len(paths)))
    except BrokenProcessPool as error:
        raise ForensicsError(
            "a process of load_many ended without an answer: not enough memory, or a script that "
            "calls load_many outside `if __name__ == '__main__':`",
            hint="load the files one by one: [pf.load(path) for path in paths]",
        ) from error


def _load_one(path: str, options: dict[str, Any]) -> Evidence:
    return _load(path, **options)
