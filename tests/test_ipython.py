"""``%load_ext prodforensics`` in a real IPython."""

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

import prodforensics as pf
from prodforensics import samples
from prodforensics.errors import BadOption

LONG, SHORT = (str(samples.path(f"heap/native/memcheck.{run}.xml")) for run in ("long", "short"))


@pytest.fixture(scope="module")
def shell():
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "prodforensics")
    yield shell
    InteractiveShell.clear_instance()


@pytest.mark.parametrize("line", [LONG, f"info {LONG}", f"'{LONG}'"])
def test_a_file_is_loaded(shell, line):
    evidence = shell.run_line_magic("forensics", line)
    assert isinstance(evidence, pf.Evidence)
    assert evidence.title == "memcheck.long.xml"


def test_findings_of_a_file_and_of_a_comparison(shell):
    found = shell.run_line_magic("forensics", f"findings {LONG}")
    assert isinstance(found, pf.Findings)
    both = shell.run_line_magic("forensics", f"compare {SHORT} {LONG}")
    assert both.title == "memcheck.short.xml → memcheck.long.xml"


def test_a_widget_is_shown(shell):
    import ipywidgets

    assert isinstance(shell.run_line_magic("forensics", f"show {LONG}"), ipywidgets.Widget)


def test_a_report_is_written(shell, tmp_path):
    out = tmp_path / "a b.html"
    assert shell.run_line_magic("forensics", f"report {SHORT} {LONG} -o '{out}'") == out
    assert out.is_file()


def test_the_result_is_shown_as_a_card(shell):
    evidence = shell.run_line_magic("forensics", LONG)
    shown, _ = shell.display_formatter.format(evidence)
    assert shown == evidence._repr_mimebundle_()


@pytest.mark.parametrize(
    "line", ["", "info", "compare", f"compare {LONG}", f"info {LONG} {SHORT}", "it's"]
)
def test_a_line_that_cannot_be_read_tells_the_usage(shell, line):
    with pytest.raises(BadOption) as caught:
        shell.run_line_magic("forensics", line)
    assert "%forensics" in str(caught.value)


def test_errors_are_shown_without_traceback(shell):
    with capture_output() as captured:
        result = shell.run_cell("%forensics /nowhere")
    assert result.error_in_exec is not None
    text = captured.stdout + captured.stderr
    assert "SourceError: /nowhere: No such file or directory\nTry: check the path" in text
    assert "Traceback" not in text
    assert "prodforensics/" not in text


def test_other_errors_keep_their_traceback(shell):
    with capture_output() as captured:
        shell.run_cell("1 / 0")
    assert "Traceback" in captured.stdout + captured.stderr
