"""The base of the interactive views, without a browser."""

import json
import logging

import numpy as np
import pytest

from prodforensics.display.widget import ExplorerWidget
from prodforensics.errors import BadOption


def rows(offset: int = 0, limit: int = 2):
    return {"rows": list(range(offset, offset + limit)), "total": 9}


def refuse():
    raise BadOption("no such column", hint="use count")


def arrays():
    return {"scale": 2.0, "buffers": [np.array([1, 258], ">u4"), np.arange(8, dtype=np.uint8)[::4]]}


def break_down():
    raise ZeroDivisionError("a bug")


@pytest.fixture
def widget(tmp_path):
    script = tmp_path / "view.js"
    script.write_text("export default { render() {} };")
    questions = {"rows": rows, "refuse": refuse, "break_down": break_down, "arrays": arrays}
    return ExplorerWidget(questions, [script], "<p>the twin</p>")


def test_an_answer_carries_the_id_of_its_question(widget):
    answer = widget.answer({"id": "x.1", "ask": "rows", "offset": 4})
    assert answer == {"id": "x.1", "rows": [4, 5], "total": 9}


def test_arrays_are_answered_as_bytes_in_little_endian(widget):
    answer = widget.answer({"id": 1, "ask": "arrays"})
    assert answer["scale"] == 2.0
    sent = [buffer.tobytes() for buffer in answer["buffers"]]
    assert sent == [b"\x01\x00\x00\x00\x02\x01\x00\x00", b"\x00\x04"]


def test_arrays_travel_beside_the_message(widget, monkeypatch):
    sent = []
    monkeypatch.setattr(widget, "send", lambda *given: sent.append(given))
    widget._hear({"id": 1, "ask": "arrays"})
    ((message, buffers),) = sent
    assert message == {"id": 1, "scale": 2.0}
    assert len(buffers) == 2


def test_an_error_is_answered_with_its_hint(widget):
    answer = widget.answer({"id": 1, "ask": "refuse"})
    assert answer == {"id": 1, "error": "no such column", "hint": "use count"}


def test_a_bug_is_answered_and_logged(widget, caplog):
    with caplog.at_level(logging.ERROR):
        answer = widget.answer({"id": 1, "ask": "break_down"})
    assert "a bug" in answer["error"]
    assert "could not answer" in caplog.text


@pytest.mark.parametrize(
    "message",
    [
        {"id": 1},
        {"id": 1, "ask": "__init__"},
        {"id": 1, "ask": ["rows"]},
        {"id": 1, "ask": "rows", "colour": "red"},
        {"id": 1, "ask": "rows", "offset": "one"},
    ],
)
def test_a_wrong_question_is_answered_with_an_error(widget, message):
    assert widget.answer(message)["error"]


@pytest.mark.parametrize("message", [None, "rows", 3, [], {"ask": "rows"}])
def test_what_is_no_question_is_not_answered(widget, message):
    assert widget.answer(message) is None


def test_the_bundle_holds_the_static_twin_beside_the_widget(widget):
    data, _ = widget._repr_mimebundle_()
    assert "<p>the twin</p>" in data["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in data


def test_widget_state_is_the_program_alone(widget):
    state = widget.get_state()
    assert not any(isinstance(value, bytes | memoryview) for value in state.values())
    assert "the twin" not in json.dumps(state, default=str)
    assert len(json.dumps(state, default=str)) < 120_000
