"""A Schema documents a frame, and a frame that differs from it is an error."""

import pandas as pd
import pytest

from prodforensics.errors import SchemaError
from prodforensics.schema import Column, Schema

FILES = Schema(
    "files",
    (
        Column("name", "str", "", "File name."),
        Column("kind", "category", "", "Kind of file."),
        Column("size_bytes", "int64", "bytes", "Size."),
        Column("owner", "str", "", "Owner.", optional=True),
    ),
    index=Column("file", "int64", "ordinal", "Place in the folder."),
    meaning="One row a file.",
)


def files(**changes):
    columns = {"name": ["a"], "kind": pd.Categorical(["x"]), "size_bytes": [1]} | changes
    return pd.DataFrame(columns, index=pd.Index([0], name="file"))


def test_a_frame_with_the_documented_columns_is_valid():
    FILES.validate(files())
    FILES.validate(files(owner=["root"]))
    FILES.validate(FILES.empty())


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (files(size_bytes=[1.5]), "files.size_bytes: dtype float64, documented as int64"),
        (files(name=[None]), "files.name: dtype object"),
        (files(extra=[1]), "columns"),
        (files().drop(columns="kind"), "columns"),
        (files()[["kind", "name", "size_bytes"]], "columns"),
        (files().rename_axis(None), "index"),
        (files().set_axis(pd.Index(["0"], name="file")), "files.file: dtype str"),
        (files().set_index("name", append=True, drop=False), "index"),
    ],
)
def test_a_frame_that_differs_is_named_with_the_difference(frame, says):
    with pytest.raises(SchemaError, match=says):
        FILES.validate(frame)


def test_a_schema_without_index_documents_frames_without_a_named_one():
    plain = Schema("plain", (Column("a", "int64", "", "A."),))
    plain.validate(pd.DataFrame({"a": [1]}))
    with pytest.raises(SchemaError, match="index"):
        plain.validate(pd.DataFrame({"a": [1]}).rename_axis("row"))


def test_units_of_the_columns_and_of_the_index():
    assert FILES.units == {
        "name": "",
        "kind": "",
        "size_bytes": "bytes",
        "owner": "",
        "file": "ordinal",
    }


def test_the_data_dictionary_has_a_line_a_column():
    text = FILES.markdown()
    assert text.startswith("### `files`\n\nOne row a file.\n\n| column | dtype | unit | meaning |")
    assert "| `file` (index) | int64 | ordinal | Place in the folder. |" in text
    assert "| `owner` | str | – | Owner. Only where the file records it. |" in text
