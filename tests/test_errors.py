"""Errors say what happened and what to try next, in any terminal and from any process."""

import pickle

import pytest

from prodforensics import errors
from prodforensics.errors import ForensicsError

EXAMPLES = [
    ForensicsError("it is broken", hint="mend it"),
    errors.SourceError("a: No such file"),
    errors.Bomb("a.gz", packed=10, limit=1000),
    errors.UnknownFormat("a: no reader"),
    errors.AmbiguousFormat("a: two readers", hint="format='b'"),
    errors.Corrupt("a", 1234567, "'{'", "'<'"),
    errors.Corrupt("a", None, "a file", "none"),
    errors.NotComparable("a and b"),
    errors.UnknownName("frame", "node", ["nodes", "edges"]),
    errors.BadOption("no option x"),
    errors.SchemaError("a.b: dtype"),
    errors.MissingTool("gdb", unlocks="reads cores", install="apt install gdb"),
    errors.ToolFailed("gdb failed"),
    errors.MissingDependency("s3fs", needed_for="s3://", install="pip install s3fs"),
]


def every_kind(kind=ForensicsError):
    yield kind
    for below in kind.__subclasses__():
        yield from every_kind(below)


def test_every_error_is_public_documented_and_drawn_in_the_tree():
    for kind in every_kind():
        assert kind.__name__ in errors.__all__
        assert kind.__doc__
        assert kind.__name__ in errors.__doc__


def test_every_kind_of_error_stands_among_the_examples():
    assert {type(error) for error in EXAMPLES} | {errors.FormatError} == set(every_kind())


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_travels_between_processes_with_all_it_says(error):
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert (str(back), back.hint, vars(back)) == (str(error), error.hint, vars(error))


def test_the_hint_stands_on_a_line_of_its_own():
    assert str(ForensicsError("broken", hint="mend it")) == "broken\nTry: mend it"
    assert str(ForensicsError("broken")) == "broken"


def test_names_out_of_artifacts_cannot_drive_the_terminal():
    error = errors.Corrupt("\x1b]0;pwned\x07.json", 0, "'{'", "\u202e\x1b[2J")
    assert not set(str(error)) & set("\x1b\x07\u202e")
    assert "\\u001b" in str(error)


def test_an_endless_name_does_not_make_an_endless_message():
    error = errors.UnknownName("class", "x" * 10_000_000, ["y" * 10_000_000] * 50)
    assert len(str(error)) < 10_000


def test_an_unknown_name_tells_the_close_one_and_some_of_the_others():
    few = errors.UnknownName("frame", "node", ["nodes", "edges"])
    assert "did you mean 'nodes'?" in few.hint
    many = errors.UnknownName("class", "zzz", [f"Class{n:02}" for n in range(50)])
    assert "Class19, ..." in many.hint
    assert "did you mean" not in many.hint
    assert errors.UnknownName("frame", "a", []).hint == "there is no frame at all here"


def test_an_unknown_name_is_a_key_error_so_that_mappings_behave():
    assert issubclass(errors.UnknownName, KeyError)
