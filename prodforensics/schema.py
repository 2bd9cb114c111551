"""What the columns of a frame are: dtype, unit, meaning.

Every frame of every kind of evidence has a `Schema`. It is the source of the data dictionary in
the documentation, of the units shown in tables, and of the tests that compare frames with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prodforensics.errors import SchemaError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Column", "Schema"]


@dataclass(frozen=True)
class Column:
    """One documented column.

    Parameters
    ----------
    name : str
        Name in the frame. Sizes end in ``_bytes``, durations in ``_ns``.
    dtype : str
        Name of the pandas dtype; ``"str"``, ``"category"``, ``"int64"``, ``"Int64"`` (with
        missing values), ``"object"`` ...
    unit : str
        ``"bytes"``, ``"ns"``, ``"count"``, ``"ordinal"`` ... or empty for names.
    meaning : str
        One sentence for the data dictionary.
    optional : bool
        True where some files of the format do not record it.
    """

    name: str
    dtype: str
    unit: str
    meaning: str
    optional: bool = False


@dataclass(frozen=True)
class Schema:
    """The documented columns of one frame.

    Examples
    --------
    >>> sizes = Schema("sizes", (Column("size_bytes", "int64", "bytes", "Size on disk."),))
    >>> sizes.empty().dtypes.to_dict()
    {'size_bytes': dtype('int64')}
    >>> sizes.validate(sizes.empty().astype("float64"))
    Traceback (most recent call last):
    ...
    prodforensics.errors.SchemaError: sizes.size_bytes: dtype float64, documented as int64
    """

    name: str
    columns: tuple[Column, ...]
    index: Column | None = None
    meaning: str = ""

    @property
    def units(self) -> Mapping[str, str]:
        """Unit of each column and of the index, by name."""
        every = (*self.columns, *((self.index,) if self.index else ()))
        return {column.name: column.unit for column in every}

    def empty(self) -> pd.DataFrame:
        """Return a frame with every documented column and no rows."""
        import pandas as pd

        # No categories yet, but of strings, as in a frame with rows.
        dtypes = {"category": pd.CategoricalDtype(pd.Index([], dtype="str"))}
        frame = pd.DataFrame(
            {c.name: pd.Series(dtype=dtypes.get(c.dtype, c.dtype)) for c in self.columns}
        )
        if self.index:
            frame.index = pd.Index([], dtype=self.index.dtype, name=self.index.name)
        return frame

    def frame(
        self,
        rows: Sequence[Sequence[Any]],
        categories: Mapping[str, Sequence[str]] | None = None,
    ) -> pd.DataFrame:
        """Return rows as a frame with the documented columns, dtypes and index.

        Parameters
        ----------
        rows : sequence of rows
            One value a column, in order; None where it is missing.
        categories : mapping, optional
            The values that a category may take, by column; else those that it has.

        Examples
        --------
        >>> sizes = Schema("sizes", (Column("size_bytes", "int64", "bytes", "Size on disk."),))
        >>> sizes.frame([(12,), (7,)])["size_bytes"].tolist()
        [12, 7]
        """
        if not rows:
            return self.empty()
        import pandas as pd

        def dtype(column: Column) -> Any:
            if categories and column.name in categories:
                return pd.CategoricalDtype(list(categories[column.name]))
            return column.dtype

        frame = pd.DataFrame(
            {
                column.name: pd.Series(values, dtype=dtype(column))
                for column, values in zip(self.columns, zip(*rows, strict=True), strict=True)
            }
        )
        if self.index:
            frame.index.name = self.index.name
        return frame

    def validate(self, frame: pd.DataFrame) -> None:
        """Raise `SchemaError` unless columns, their order, the index and all dtypes are as said."""
        present = list(frame.columns)
        expected = [c.name for c in self.columns if not c.optional or c.name in present]
        if present != expected:
            raise SchemaError(f"{self.name}: columns {present}, documented as {expected}")
        index_name = self.index.name if self.index else None
        if list(frame.index.names) != [index_name]:
            raise SchemaError(
                f"{self.name}: index {list(frame.index.names)}, documented as [{index_name!r}]"
            )
        parts = [(c, frame[c.name].dtype) for c in self.columns if c.name in present]
        if self.index:
            parts.append((self.index, frame.index.dtype))
        for column, dtype in parts:
            if str(dtype) != column.dtype:
                raise SchemaError(
                    f"{self.name}.{column.name}: dtype {dtype}, documented as {column.dtype}"
                )

    def markdown(self) -> str:
        """Return the section of the data dictionary for this frame."""
        lines = [f"### `{self.name}`", "", *([self.meaning, ""] if self.meaning else [])]
        lines += ["| column | dtype | unit | meaning |", "|---|---|---|---|"]
        rows = ((self.index, " (index)"),) if self.index else ()
        for column, mark in (*rows, *((c, "") for c in self.columns)):
            where = " Only where the file records it." if column.optional else ""
            lines.append(
                f"| `{column.name}`{mark} | {column.dtype} | {column.unit or '–'} "
                f"| {column.meaning}{where} |"
            )
        return "\n".join(lines) + "\n"
