"""`import prodforensics` is light; what is behind the door is loaded when it is used."""

import subprocess
import sys

import pytest

import prodforensics as pf
from prodforensics import samples

HEAVY = ("numpy", "pandas", "pyarrow", "numba", "plotly", "IPython", "rich", "typer", "fsspec")


def loaded_after(statement):
    program = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stdout.split())


def test_importing_loads_nothing_heavy():
    loaded = loaded_after("import prodforensics")
    assert not loaded & set(HEAVY)
    ours = {name for name in loaded if name.startswith("prodforensics")}
    assert ours == {"prodforensics", "prodforensics._reference"}


@pytest.mark.parametrize("module", ["errors", "schema", "source", "findings", "evidence"])
def test_the_foundation_loads_no_numbers(module):
    assert not loaded_after(f"import prodforensics.{module}") & set(HEAVY)


def test_the_list_of_samples_is_light():
    assert not loaded_after("import prodforensics; prodforensics.samples.entries()") & set(HEAVY)


def test_a_core_is_opened_without_pandas_and_the_rooms_of_other_formats():
    path = str(samples.path("core/null.core.zst"))
    loaded = loaded_after(f"import prodforensics as pf; pf.load({path!r}, progress=False)")
    assert not loaded & {"pandas", "numba", "prodforensics.heap", "prodforensics.network"}


def test_help_of_the_command_line_is_light():
    statement = "from typer.testing import CliRunner; from prodforensics.cli import app"
    loaded = loaded_after(f"{statement}; CliRunner().invoke(app, ['--help'])")
    assert not loaded & {"numpy", "pandas", "numba", "plotly", "IPython", "fsspec"}


def test_every_public_name_is_there_and_documented():
    for name in pf.__all__:
        assert getattr(pf, name).__doc__
        assert name in dir(pf)


def test_public_names_are_those_of_their_homes():
    from prodforensics import evidence, loading

    assert pf.load is loading.load
    assert pf.Evidence is evidence.Evidence


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'lod'"):
        pf.lod  # noqa: B018


def test_star_import_gives_the_public_names():
    names = {}
    exec("from prodforensics import *", names)
    assert set(pf.__all__) <= set(names)
