"""The frames of a core that ELF alone tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from prodforensics._reference import Later
from prodforensics.core import schemas
from prodforensics.core.auxiliary import TEXTS
from prodforensics.core.masking import mask_value
from prodforensics.core.memory import Unreadable
from prodforensics.errors import MissingDependency, MissingTool
from prodforensics.schema import Schema

if TYPE_CHECKING:
    from prodforensics.core.image import Image
    from prodforensics.core.model import CoreDump
    from prodforensics.core.options import Options

__all__ = ["auxiliary", "environment", "mappings", "modules", "registers", "signal", "threads"]

stack_hash = Later("prodforensics.core.stack_hash")


def _frame(schema: Schema, rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    """Return rows as a frame; of uint64 columns only whole arrays keep large addresses."""
    if not rows:
        return schema.empty()
    columns = {}
    for column, values in zip(schema.columns, zip(*rows, strict=True), strict=True):
        if column.dtype == "uint64":
            columns[column.name] = pd.Series(np.array(values, np.uint64))
        elif column.dtype == "category":
            columns[column.name] = pd.Series(pd.array(values, dtype="str")).astype("category")
        else:
            columns[column.name] = pd.Series(values, dtype=column.dtype)
    return pd.DataFrame(columns)


def _numbered(schema: Schema, rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    frame = _frame(schema, rows)
    name = schema.index.name if schema.index else None
    frame.index = pd.RangeIndex(1, len(frame) + 1, name=name)
    return frame


def threads(core: CoreDump) -> pd.DataFrame:
    """Return one row a thread (`schemas.THREADS`).

    Parameters
    ----------
    core : CoreDump

    Notes
    -----
    Its hashes need the stacks, and so start a debugger the first time.
    """
    try:
        named = stack_hash.hashes(core)
    except (MissingTool, MissingDependency):
        named = {}  # The one that was asked for is not there: registers tell the rest.
    rows = [
        (
            one.os_tid,
            one.name,
            one.state,
            one.is_crashed,
            one.signal,
            one.pc,
            named.get(one.thread_id, ""),
        )
        for one in core.image.threads
    ]
    return _numbered(schemas.THREADS, rows)


def registers(image: Image) -> pd.DataFrame:
    """Return one row a register (`schemas.REGISTERS`).

    Parameters
    ----------
    image : Image
    """
    return _frame(
        schemas.REGISTERS,
        [
            (one.thread_id, name, value % 2**64)
            for one in image.threads
            for name, value in one.registers.items()
        ],
    )


def modules(image: Image) -> pd.DataFrame:
    """Return one row a module (`schemas.MODULES`).

    Parameters
    ----------
    image : Image
    """
    return _frame(
        schemas.MODULES,
        [
            (
                one.path,
                one.start,
                one.end,
                one.build_id,
                str(one.found) if one.found else "",
                one.matched,
                one.debug_info,
                one.is_executable,
            )
            for one in image.modules
        ],
    )


def mappings(image: Image) -> pd.DataFrame:
    """Return one row a range of addresses (`schemas.MAPPINGS`).

    Parameters
    ----------
    image : Image
    """
    return _frame(
        schemas.MAPPINGS,
        [
            (
                one.start,
                one.end,
                one.size,
                one.file_size,
                one.missing,
                one.permissions,
                one.kind,
                one.path,
                min(one.file_offset, 2**63 - 1),
                one.offset,
            )
            for one in image.mappings
        ],
    )


def signal(image: Image) -> pd.DataFrame:
    """Return the one signal (`schemas.SIGNAL`), or no row.

    Parameters
    ----------
    image : Image
    """
    one = image.signal
    if one is None:
        return schemas.SIGNAL.empty()
    row = (
        one.thread_id,
        one.name,
        one.number,
        one.code,
        one.meaning,
        one.address,
        one.sender_pid,
    )
    return _frame(schemas.SIGNAL, [row])


def environment(image: Image, options: Options) -> pd.DataFrame:
    """Return one row a variable (`schemas.ENVIRONMENT`).

    Parameters
    ----------
    image : Image
    options : Options
        Says whether secrets are masked.
    """
    rows = [
        (name, *mask_value(name, "", value, redact=options.redact))
        for name, value in image.environment
    ]
    return _frame(schemas.ENVIRONMENT, rows)


def auxiliary(image: Image) -> pd.DataFrame:
    """Return one row an entry (`schemas.AUXILIARY`).

    Parameters
    ----------
    image : Image
    """
    rows = [
        (name, value, _auxiliary_text(image, name, value))
        for name, value in image.auxiliary.items()
    ]
    return _frame(schemas.AUXILIARY, rows)


def _auxiliary_text(image: Image, name: str, value: int) -> str:
    if name in TEXTS:
        try:
            return image.memory.c_string(value).decode("utf-8", "backslashreplace")
        except Unreadable:
            return ""
    if (module := image.module_at(value)) is not None and value > 2**16:
        return f"{module.path}+{value - module.start:#x}"
    return ""
