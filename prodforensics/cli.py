"""The same verbs in a shell: ``prodforensics info FILE``, ``compare A B``, ``report`` ...

Exit codes: 0 fine, 1 a `ForensicsError` (message and hint, no traceback), 2 wrong usage.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from prodforensics._text import plain
from prodforensics.errors import ForensicsError, PartialEvidenceWarning

if TYPE_CHECKING:
    from prodforensics.evidence import Evidence
    from prodforensics.findings import Findings

__all__ = ["app", "main"]

_HELP = "Production artifacts as frames, findings and reports."
app = typer.Typer(
    name="prodforensics",
    help=_HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=True,
)

samples_app = typer.Typer(rich_markup_mode=None)
app.add_typer(samples_app, name="samples")
make_app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)
samples_app.add_typer(make_app, name="make", help="Make samples that are too large to travel.")

File = Annotated[str, typer.Argument(help="A file, an fsspec URL, or a folder that save() wrote.")]
Files = Annotated[list[str], typer.Argument(help="Files in the order they were recorded.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]
As = Annotated[str | None, typer.Option("--format", help="Name of the format, if not recognised.")]
With = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        metavar="NAME=VALUE",
        help="An option of the reader, such as executable=./app; again for more, or more values.",
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Fail on a damaged file.")]
Out = Annotated[Path, typer.Option("-o", "--out", help="File to write.")]

_DEMO = (
    (
        "A service was sampled twice under load; its heap grew. What leaks?",
        ("heap/listeners.1.heapsnapshot.zst", "heap/listeners.2.heapsnapshot.zst"),
    ),
    (
        "A service burns a whole core. Where?",
        ("profile/node/json.cpuprofile.zst",),
    ),
    (
        "A service got slower with the last release. What is new?",
        ("profile/go/healthy.cpu.pb.gz", "profile/go/quadratic.cpu.pb.gz"),
    ),
    (
        "Requests fail now and then with a reset. Who hangs up, and why?",
        ("network/keep_alive_race.pcap.zst",),
    ),
    (
        "A till died and left a core. What killed it, and in which line?",
        ("core/null.core.zst",),
    ),
)
"""What `demo` explains: a question, and the samples that answer it."""
_STYLES = {"likely": "bold red", "possible": "yellow", "cleared": "green"}
_LONGEST = 4000
_WIDE = 200
_SIGNS = {"likely": "✖", "possible": "▲", "cleared": "✓"}


def main() -> None:
    """Run the command line and exit."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal without UTF-8 shows a question mark rather than a traceback.
        stream.reconfigure(errors="replace")
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with warnings.catch_warnings():
        warnings.simplefilter("always", PartialEvidenceWarning)
        warnings.showwarning = lambda message, *_, **__: console.print(
            _text(f"warning: {message}", "yellow")
        )
        try:
            app()
        except ForensicsError as error:
            console.print(_text(f"error: {error.message}", "bold red"))
            if error.hint:
                console.print(_text(f"try:   {error.hint}"))
            sys.exit(1)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from prodforensics import __version__

        _out().print(_text(f"prodforensics {__version__}"))
        raise typer.Exit


@app.command()
def formats() -> None:
    """List the formats that can be read."""
    from prodforensics.formats import formats as known

    table = Table("format", "what", "investigation")
    for one in known().values():
        table.add_row(_text(one.name), _text(one.title), _text(one.investigation))
    _out().print(table)


@app.command()
def info(
    file: File,
    as_json: AsJson = False,
    name: As = None,
    strict: Strict = False,
    options: With = None,
) -> None:
    """Say what a file is and what is in it."""
    evidence = _load(file, name, strict, options)
    if as_json:
        _print_json(_summary(evidence))
        return
    console = _out()
    _print_summary(console, evidence)
    for source in evidence.sources:
        console.print(_text(f"  {'format':<24} {source.format}"))
        console.print(_text(f"  {'sha256':<24} {source.sha256}"))
    console.print(_text(f"  {'frames':<24} {', '.join(evidence.frames)}"))
    for gap in evidence.all_gaps():
        place = "" if gap.offset is None else f" (at byte {gap.offset:,})"
        console.print(_text(f"  gap: {gap.what}{place}", "yellow"))


@app.command()
def findings(
    file: File,
    as_json: AsJson = False,
    name: As = None,
    strict: Strict = False,
    options: With = None,
) -> None:
    """Say what is wrong in a file."""
    evidence = _load(file, name, strict, options)
    if as_json:
        _print_json(_summary(evidence))
    else:
        _print_findings(evidence.findings(), evidence.title)


@app.command()
def compare(files: Files, as_json: AsJson = False, options: With = None) -> None:
    """Say what changed between two or more files of one kind."""
    comparison = _compare(files, options)
    if as_json:
        _print_json(_summary(comparison))
        return
    console = _out()
    _print_summary(console, comparison)
    _print_findings(comparison.findings(), comparison.title)


@app.command()
def report(files: Files, out: Out, options: With = None) -> None:
    """Write one HTML file: of each file, and of their comparison where they are of one kind."""
    from prodforensics.loading import compare as compare_all
    from prodforensics.report import write

    loaded = [_load(file, options=options) for file in files]
    alike = len(loaded) > 1 and len({type(one) for one in loaded}) == 1 and loaded[0]._compare
    evidence = [compare_all(*loaded), *loaded] if alike else loaded
    _out().print(_text(f"wrote {write(evidence, out)}"))


@app.command()
def new(
    investigation: Annotated[str, typer.Argument(help="Name of a template, such as memory_leak.")],
    out: Out,
    files: Annotated[list[str] | None, typer.Argument(help="The artifacts.")] = None,
) -> None:
    """Write a notebook from the template of an investigation, with the files filled in."""
    from prodforensics.notebooks import new as write

    _out().print(_text(f"wrote {write(investigation, files or [], out)}"))


@samples_app.callback(invoke_without_command=True)
def samples(context: typer.Context) -> None:
    """List the sample artifacts, or make one: samples make node-core."""
    if context.invoked_subcommand:
        return
    from prodforensics.resources import folder
    from prodforensics.samples import entries

    table = Table("sample", "scenario", "what")
    for entry in entries():
        table.add_row(entry["path"], str(entry.get("scenario", "")), str(entry.get("title", "")))
    console = _out()
    console.print(table)
    console.print(_text(f"in {folder('sample_artifacts')}"))


@make_app.command("node-core")
def make_node_core(
    node: Annotated[str, typer.Option(help="18, 20, 22, 24 (of npm), or system.")] = "system",
    scenario: Annotated[str, typer.Option(help="exception, server or leak.")] = "exception",
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder.")] = Path("out/node-core"),
    flag: Annotated[list[str] | None, typer.Option(help="For Node; may be repeated.")] = None,
) -> None:
    """Make a core dump of Node.js, and print the stack that Node itself told."""
    from prodforensics.core.node_samples import SCENARIOS, make

    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "prodforensics"
    flags = tuple(flag or ())
    made = make(scenario, version=node, folder=out, cache=cache / "node", flags=flags)
    console = _out()
    console.print(_text(f"Node.js {made.version}: {SCENARIOS[scenario][1]}", "bold"))
    for frame in made.stack:
        place = f"{frame.file}:{frame.line}:{frame.column}" if frame.file else "built in"
        console.print(_text(f"    at {frame.function or '(top level)'} ({place})"))
    console.print(_text(f"core: {made.core}"))
    console.print(_text(f"node: {made.node}"))


@app.command()
def doctor() -> None:
    """Say which system tools are here, what each unlocks, and how to install the others."""
    from prodforensics.errors import MissingTool, ToolFailed
    from prodforensics.tools import TOOLS, version

    table = Table("tool", "version", "what it does for you", "install")
    for one in TOOLS:
        try:
            found, install = _text(version(one.name) or "found", "green"), ""
        except MissingTool:
            found, install = _text("missing", "yellow"), one.install
        except ToolFailed:
            found, install = _text("does not run", "yellow"), one.install
        table.add_row(one.name, found, one.unlocks, install)
    _out().print(table)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("-o", "--out", help="The report.")] = Path("out/demo.html"),
) -> None:
    """Explain samples of each investigation, and write one report of all."""
    from prodforensics.loading import compare as compare_all
    from prodforensics.report import write

    console, told = _out(), []
    with tempfile.TemporaryDirectory(prefix="prodforensics-demo-") as folder:
        for question, names in _DEMO:
            loaded = [_load_sample(name, Path(folder)) for name in names]
            evidence = compare_all(*loaded) if len(loaded) > 1 else loaded[0]
            console.print(_text(question, "bold"))
            console.print(_text(evidence.headline()))
            _print_findings(evidence.findings(), evidence.title)
            told.append(evidence)
        out.parent.mkdir(parents=True, exist_ok=True)
        console.print(_text(f"wrote {write(told, out)}"))


@app.command()
def lab(
    folder: Annotated[Path, typer.Argument(help="Where to work.")] = Path("out/lab"),
) -> None:
    """Open JupyterLab on copies of the notebooks; your own copies are never replaced."""
    from prodforensics.errors import MissingDependency
    from prodforensics.notebooks import new, templates

    try:
        from jupyterlab.labapp import main as jupyterlab
    except ImportError as error:
        raise MissingDependency(
            "jupyterlab", needed_for="the lab", install="pip install 'prodforensics[lab]'"
        ) from error
    folder.mkdir(parents=True, exist_ok=True)
    for name in templates():
        if not (copy := folder / f"{name}.ipynb").exists():
            new(name, [], copy)
    # In a container one is root; Jupyter wants to be told that this is meant.
    root = ["--allow-root"] if os.geteuid() == 0 else []
    sys.exit(jupyterlab([f"--ServerApp.root_dir={folder.resolve()}", *root]))


def _load(
    file: str, name: str | None = None, strict: bool = False, options: list[str] | None = None
) -> Evidence:
    from prodforensics.loading import load

    return load(file, format=name, strict=strict, **_reader_options(options or []))


def _reader_options(given: list[str]) -> dict[str, Any]:
    """Read ``name=value``; a name that comes again has all its values."""
    switches: dict[str, Any] = {"true": True, "false": False}
    options: dict[str, Any] = {}
    for one in given:
        name, equals, text = one.partition("=")
        if not equals or not name.isidentifier():
            raise typer.BadParameter(f"{one!r} is not NAME=VALUE, such as executable=./app")
        value = switches.get(text.lower(), text)
        before = options.get(name)
        options[name] = value if before is None else (*_as_tuple(before), value)
    return options


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _load_sample(name: str, folder: Path) -> Evidence:
    """Load a sample; a core dump together with the program that it is of."""
    from prodforensics.loading import load
    from prodforensics.samples import entries, files, path

    if not any(one.get("files") for one in entries() if one["path"] == name):
        return load(path(name))
    found = files(name, folder / name.replace("/", "-"))
    options: dict[str, Any] = {"executable": found["executable"]}
    if "debug" in found:
        options["debug_dirs"] = (found["debug"], found["artifact"].parent)
    return load(path(name), **options)


def _compare(files: list[str], options: list[str] | None = None) -> Evidence:
    if len(files) < 2:
        raise typer.BadParameter("a comparison needs two files or more")
    from prodforensics.loading import compare as compare_all

    return compare_all(*[_load(file, options=options) for file in files])


def _summary(evidence: Evidence) -> dict[str, Any]:
    return {
        "kind": evidence.kind,
        "title": evidence.title,
        "headline": evidence.headline(),
        "facts": dict(evidence.facts()),
        "sources": [vars(source) for source in evidence.sources],
        "frames": list(evidence.frames),
        "gaps": [vars(gap) for gap in evidence.all_gaps()],
        "findings": [finding.as_dict() for finding in evidence.findings()],
    }


def _print_json(value: dict[str, Any]) -> None:
    try:
        sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        _out().on_broken_pipe()


def _print_summary(console: Console, evidence: Evidence) -> None:
    console.print(_text(f"{evidence.kind}: {evidence.title}", "bold"))
    console.print(_text(evidence.headline()))
    for label, value in evidence.facts():
        console.print(_text(f"  {label:<24} {value}"))


def _print_findings(found: Findings, title: str) -> None:
    console = _out()
    if not found:
        console.print(_text(f"✓ nothing suspicious found in {title}", "green"))
    for finding in found:
        verdict = str(finding.verdict)
        head = f"{_SIGNS[verdict]} {verdict}  {finding.rule}"
        console.print()
        console.print(_text(head, _STYLES[verdict]), _text(finding.title, "bold"))
        console.print(_text(finding.why))
        if finding.next_step:
            console.print(_text(f"→ {finding.next_step}"))
    console.print()


def _text(text: str, style: str = "") -> Text:
    """Make text of artifacts printable: neither console markup nor escape sequences work in it."""
    return Text(plain(text, _LONGEST), style=style)


class _Output(Console):
    """A console whose reader may leave: `| head` has seen enough, and nothing failed."""

    def on_broken_pipe(self) -> None:
        with suppress(SystemExit):
            super().on_broken_pipe()
        raise SystemExit(0)


def _out() -> Console:
    """Make a console on today's standard output, which tests and pipes replace."""
    if sys.stdout.isatty():
        return _Output(highlight=False)
    # For `grep` and files: one row a line, however long.
    return _Output(highlight=False, width=_WIDE, soft_wrap=True)
