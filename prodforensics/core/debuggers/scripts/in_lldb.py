"""Answers questions about one core with lldb, as lines of JSON; run as a program.

Arguments: the folder that ``lldb -P`` names, or what holds the binding of lldb.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


def _import(folders: list[str]) -> Any:
    """Import the binding of lldb.

    Distributions install it in several ways. Debian's package is in one folder, with a link for
    the extension that leads nowhere; the extension is in another one.
    """
    for folder in folders:
        sys.path.insert(0, str(Path(folder) / "lldb"))
        try:
            import _lldb  # noqa: F401
        except ImportError:
            continue
        finally:
            sys.path.pop(0)
        break
    sys.path[:0] = [one for one in folders if (Path(one) / "lldb" / "__init__.py").exists()]
    try:
        import lldb
    except ImportError:
        raise SystemExit(3) from None
    return lldb


class _Walker:
    """Walks stacks of one process."""

    def __init__(self, lldb: Any, variables: bool) -> None:
        from pf_columns import MOST_FRAMES, MOST_FRAMES_WITH_VARIABLES, Columns, shortened

        self.lldb = lldb
        self.columns = Columns()
        self.shortened = shortened
        self.most = MOST_FRAMES
        self.most_with_variables = MOST_FRAMES_WITH_VARIABLES if variables else 0

    def thread(self, thread: Any) -> None:
        """Walk one thread."""
        columns, before, number = self.columns, self.columns.rows(), self.columns.number
        end, depth = "no symbol of a function that begins a thread", 0
        while depth < self.most:
            frame = thread.GetFrameAtIndex(depth)
            if not frame.IsValid() or not frame.GetPC():
                break
            line = frame.GetLineEntry()
            file = line.GetFileSpec().fullpath if line.IsValid() else ""
            name = frame.GetFunctionName() or ""
            place = (
                number(name),
                number(file),
                (line.GetLine() or -1) if file else -1,
                (line.GetColumn() or -1) if file else -1,
                int(frame.IsInlined()),
            )
            columns.frame(frame.GetPC(), place)
            if depth < self.most_with_variables:
                self.variables(frame)
            depth += 1
            if name.lstrip("_") in ("start", "clone", "clone3", "thread_start"):
                end = "complete"
                break
        else:
            end = f"cut: more than {self.most:,} frames"
        columns.thread(thread.GetThreadID(), thread.GetName(), before, end)

    def variables(self, frame: Any) -> None:
        """Add the variables of a frame."""
        number, seen = self.columns.number, set()
        for one in frame.GetVariables(True, True, False, True):
            name = one.GetName()
            if name in seen:
                continue
            seen.add(name)
            argument = one.GetValueType() == self.lldb.eValueTypeVariableArgument
            kind = number(one.GetTypeName())
            self.columns.variable(argument, number(name), kind, self.shortened(_written(one)))


_MOST_CHILDREN = 16
_DEEPEST = 3


def _written(value: Any, depth: int = 0) -> str:
    """Write a value nearly as lldb's ``frame variable`` does."""
    error = value.GetError()
    if error.Fail():
        return f"<{error.GetCString() or 'not available'}>"
    told, summary = value.GetValue(), value.GetSummary()
    if told is not None or summary is not None:
        return " ".join(part for part in (told, summary) if part)
    count = value.GetNumChildren(_MOST_CHILDREN + 1)
    if depth == _DEEPEST:
        return "{...}"
    children = [value.GetChildAtIndex(i) for i in range(min(count, _MOST_CHILDREN))]
    parts = [f"{one.GetName()} = {_written(one, depth + 1)}" for one in children]
    return "{" + ", ".join(parts + ["..."] * (count > _MOST_CHILDREN)) + "}"


def main(folders: list[str]) -> None:
    """Import lldb, and answer until the input ends."""
    lldb = _import(folders)
    sys.path.insert(0, str(Path(__file__).parent))
    from pf_columns import answer

    debugger = lldb.SBDebugger.Create(False)
    debugger.SetAsync(False)
    state: dict[str, Any] = {}

    def command(text: str) -> str:
        result = lldb.SBCommandReturnObject()
        debugger.GetCommandInterpreter().HandleCommand(text, result)
        if not result.Succeeded():
            raise RuntimeError((result.GetError() or "it failed").strip())
        return result.GetOutput() or ""

    def begin(core: str, executable: str, sysroot: str, folders: list[str]) -> str:
        command("settings set symbols.enable-external-lookup true")
        command("settings set target.load-script-from-symbol-file false")
        command("settings set target.load-cwd-lldbinit false")
        for one in folders:
            command(f'settings append target.debug-file-search-paths "{one}"')
        error = lldb.SBError()
        command(f'platform select --sysroot "{sysroot}" remote-linux')
        target = debugger.CreateTarget(executable, None, "remote-linux", False, error)
        if error.Fail():
            raise RuntimeError(error.GetCString())
        process = target.LoadCore(core, error)
        if error.Fail() or not process.IsValid():
            raise RuntimeError(error.GetCString() or "the core cannot be read")
        state.update(target=target, process=process)
        return lldb.SBDebugger.GetVersionString().split("\n")[0]

    def stacks(variables: bool) -> dict[str, Any]:
        walker = _Walker(lldb, variables)
        for thread in state["process"]:
            walker.thread(thread)
        return walker.columns.result()

    def frame_of(tid: int, frame: int) -> Any:
        thread = state["process"].GetThreadByID(tid)
        found = thread.GetFrameAtIndex(frame)
        if not found.IsValid():
            raise RuntimeError(f"no frame {frame} in thread {tid}")
        thread.SetSelectedFrame(frame)
        state["process"].SetSelectedThread(thread)
        return found

    def evaluate(expression: str, tid: int, frame: int) -> dict[str, str]:
        options = lldb.SBExpressionOptions()
        options.SetAllowJIT(False)
        options.SetIgnoreBreakpoints(True)
        value = frame_of(tid, frame).EvaluateExpression(expression, options)
        if value.GetError().Fail():
            raise RuntimeError((value.GetError().GetCString() or "it failed").strip())
        return {"type": value.GetTypeName() or "", "value": _written(value)}

    def disassemble(tid: int, frame: int) -> str:
        return frame_of(tid, frame).Disassemble()

    questions = {
        "begin": begin,
        "stacks": stacks,
        "evaluate": evaluate,
        "disassemble": disassemble,
    }
    answer(questions, (RuntimeError, ValueError, TypeError))


if __name__ == "__main__":
    main(sys.argv[1:])
