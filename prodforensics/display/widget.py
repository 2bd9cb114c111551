"""The base of the interactive views: the page asks, the kernel answers, one small message each.

A view never holds a whole frame. Its page sends ``{"id", "ask", ...}``; the method of the same name
answers with a page of rows, ``{"id", "rows", "total", ...}``, or with ``{"id", "error", "hint"}``.
Long arrays of an answer travel beside it as buffers, never as text and never as widget state.
Widget state (which a saved notebook keeps) holds the program of the view alone, never data.
"""

from __future__ import annotations

import inspect
import logging
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from prodforensics.display import theme
from prodforensics.errors import ForensicsError

_log = logging.getLogger(__name__)
_COMMON = ("core.js", "treegrid.js", "pictures.js", "path.js", "findings.js")
_FLAME = ("flame_model.js", "flame_tree.js", "flame_canvas.js", "flame_view.js")

STYLE = theme.STYLE + theme.asset("widget.css") + theme.asset("flame.css")
"""CSS text of the interactive views."""

Answer = Mapping[str, Any]


class ExplorerWidget(anywidget.AnyWidget):
    """An interactive view over questions that the kernel answers.

    Parameters
    ----------
    questions : mapping of str to callable
        The questions that a page may ask; each takes keyword arguments of JSON types and answers
        a mapping of JSON types. ``"buffers"`` in it is a sequence of arrays.
    scripts : sequence of Path
        JavaScript files of the room, joined behind the common ones into one module; the last one
        exports ``{ render }``.
    static_html : str
        The static twin: what a saved notebook and an export show where no kernel answers.
    """

    twin = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        questions: Mapping[str, Callable[..., Answer]],
        scripts: Sequence[Path],
        static_html: str,
    ) -> None:
        self._questions = dict(questions)
        self._static_html = static_html
        self._esm = module_text(scripts)
        self._css = STYLE
        super().__init__(twin=uuid.uuid4().hex)
        self.on_msg(lambda _widget, message, _buffers: self._hear(message))

    def answer(self, message: object) -> dict[str, Any] | None:
        """Answer one message of the page.

        Parameters
        ----------
        message : object
            What came from the page, ``{"id", "ask", ...}``.

        Returns
        -------
        dict or None
            The answer or the error under the question's id; None for what is no question. Its
            ``"buffers"``, if any, are bytes (see `packed`).
        """
        if not isinstance(message, dict) or "id" not in message:
            return None
        values = {name: value for name, value in message.items() if name not in ("id", "ask")}
        reply: dict[str, Any] = {"id": message["id"]}
        try:
            question = self._questions.get(message.get("ask"))
            if question is None:
                return reply | {"error": "This view has no such question.", "hint": ""}
            inspect.signature(question).bind(**values)
            reply |= question(**values)
            if "buffers" in reply:
                reply["buffers"] = packed(reply["buffers"])
            return reply
        except ForensicsError as error:
            return reply | {"error": error.message, "hint": error.hint or ""}
        except Exception as error:
            # The page must never wait for ever; the log keeps what a bug report needs.
            _log.exception("a view could not answer %r", message.get("ask"))
            return reply | {"error": f"{type(error).__name__}: {error}", "hint": "see the log"}

    def _hear(self, message: object) -> None:
        reply = self.answer(message)
        if reply is not None:
            buffers = reply.pop("buffers", None)
            self.send(reply, buffers)

    def static_html(self) -> str:
        """HTML of the static twin, with its style sheet."""
        return theme.styled(self._static_html)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        data["text/html"] = self.static_html()
        return bundle

    def _ipython_display_(self) -> None:
        """Show the static twin and the view; the view hides the twin once the kernel answers.

        Two outputs, because a page without the kernel shows the widget's MIME type as nothing or
        as an error, even where HTML stands beside it in the same output.
        """
        from IPython.display import publish_display_data

        twin = f'<div data-pf-twin="{escape(self.twin)}">{self.static_html()}</div>'
        publish_display_data({"text/html": twin, "text/plain": ""})
        data, metadata = self._repr_mimebundle_()
        publish_display_data({**data, "text/html": ""}, metadata)


def packed(arrays: Iterable[np.ndarray]) -> list[memoryview]:
    r"""Return the bytes of arrays as a page reads them: little endian, without holes.

    Examples
    --------
    >>> packed([np.array([1, 258], np.uint32)])[0].tobytes()
    b'\x01\x00\x00\x00\x02\x01\x00\x00'
    """
    return [
        memoryview(np.ascontiguousarray(array, array.dtype.newbyteorder("<"))).cast("B")
        for array in arrays
    ]


def flame_scripts() -> list[Path]:
    """Return the scripts that draw flame graphs, for the ``scripts`` of a room that has some."""
    return _shared(_FLAME)


def drawing_scripts() -> list[Path]:
    """Return the scripts that show what `prodforensics.display.drawing` lays out."""
    return _shared(("drawing.js",))


def _shared(names: Iterable[str]) -> list[Path]:
    folder = files("prodforensics.display").joinpath("static")
    return [Path(str(folder.joinpath(name))) for name in names]


def module_text(scripts: Sequence[Path]) -> str:
    """Join the common scripts and a room's into the text of one JavaScript module."""
    texts = [theme.asset(name) for name in _COMMON]
    texts += [script.read_text(encoding="utf-8") for script in scripts]
    return "\n".join(texts)
