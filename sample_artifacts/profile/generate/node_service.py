"""Record the Node service and a page: V8's profilers, Chromium's tracing, 0x."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from playwright.sync_api import CDPSession, Page, sync_playwright
from recording import ENVIRONMENT, pack

HERE = Path(__file__).parent
SOURCES = HERE.parent / "node"
SECONDS = 4
ZERO_X = "0x@6.0.0"
SPEEDSCOPE = "speedscope@1.25.0"
TITLE = "A Node order service"
FAULTS = {
    "healthy": "nothing is wrong",
    "json": "the catalogue is copied through JSON for every order",
    "regex": "a note is checked with an expression that backtracks",
    "leak": "what every order went through is kept",
}
CULPRITS = {"json": "copyCatalogue", "regex": r"RegExp: ^(\w+\s?)*$", "leak": "remember"}
PAGE_FAULTS = {
    "healthy": "nothing is wrong",
    "json": "the tickets are copied through JSON for every key",
}
CATEGORIES = ["devtools.timeline", "v8.execute", "disabled-by-default-v8.cpu_profiler"]
ROUNDS = {"healthy": 9, "json": 5}


def recordings(app: Path, folder: Path) -> dict[str, Callable[[], list[dict]]]:
    """Return what records each scenario."""
    target = folder / "node"
    every = {f"node_{fault}": partial(service, app, target, fault) for fault in FAULTS}
    return every | {f"page_{fault}": partial(page, app, target, fault) for fault in PAGE_FAULTS}


# -- the service ----------------------------------------------------------------------------------


def service(app: Path, folder: Path, fault: str) -> list[dict]:
    """Run the service once for each profiler."""
    folder.mkdir(exist_ok=True)
    shutil.copy(SOURCES / "orders.js", app)
    entry = partial(_entry, fault, f"node_{fault}", FAULTS[fault])
    if fault == "leak":
        return [_heap(app, folder, fault, entry, *role) for role in (("before", 1), ("after", 7))]
    options = ["--cpu-prof", f"--cpu-prof-name={fault}.cpuprofile"]
    profile = _run(app, fault, options)
    entries = [entry("cpuprofile", pack(profile, folder), options)]
    if fault != "regex":
        entries.append(_saved_by_speedscope(profile, folder, entry))
        entries += _zero_x(app, folder, fault, entry)
    return entries


def _heap(
    app: Path, folder: Path, fault: str, entry: Callable[..., dict], role: str, seconds: int
) -> dict:
    name = f"{fault}.{role}.heapprofile"
    # A function that is inlined is not named in a heap profile.
    options = [
        "--no-turbo-inlining", "--heap-prof", "--heap-prof-interval=16384",
        f"--heap-prof-name={name}",
    ]  # fmt: skip
    path = pack(_run(app, fault, options, seconds), folder)
    return entry("heapprofile", path, options) | {"role": role}


def _run(app: Path, fault: str, options: list[str], seconds: float = SECONDS) -> Path:
    """Run the service with options under load, and return the file that the last one names."""
    command = [shutil.which("node"), *options, "orders.js", fault]
    with _listening(command, app) as (process, port):
        _load(port, seconds)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
    return app / options[-1].partition("=")[2]


def _saved_by_speedscope(profile: Path, folder: Path, entry: Callable[..., dict]) -> dict:
    """Open a CPU profile in speedscope, and save it from there as events."""
    app = profile.parent
    _install(SPEEDSCOPE, app)
    saved = app / f"{profile.stem}.evented.speedscope.json"
    with _page() as tab:
        tab.goto(f"file://{app}/node_modules/speedscope/dist/release/index.html")
        tab.set_input_files("input[type=file]", profile)
        tab.wait_for_selector("canvas")
        tab.wait_for_timeout(1000)
        with tab.expect_download() as download:
            tab.keyboard.press("Control+s")
        download.value.save_as(saved)
    version = {"speedscope": SPEEDSCOPE.partition("@")[2]}
    return entry("speedscope", pack(saved, folder), ["speedscope"], version)


def _install(package: str, app: Path) -> None:
    subprocess.run(["npm", "install", "--silent", "--prefix", app, package], check=True)


@contextmanager
def _page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        try:
            yield browser.new_page(accept_downloads=True)
        finally:
            browser.close()


def _zero_x(app: Path, folder: Path, fault: str, entry: Callable[..., dict]) -> list[dict]:
    """Run the service under 0x; keep its page, and V8's ticks of the fault."""
    _install(ZERO_X, app)
    command = ["node_modules/.bin/0x", "--output-dir=0x", "--", "node", "orders.js", fault]
    with _listening(command, app) as (process, port):
        _load(port, SECONDS)
        # The service itself: 0x would wait for it without end.
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        os.kill(int(children.split()[0]), signal.SIGINT)
        process.wait(timeout=120)
    out = app / "0x"
    (ticks,) = out.glob("isolate*.log.json")
    kept = [pack(out / "flamegraph.html", folder, name=f"{fault}.0x.html")]
    if fault == "json":
        kept.append(pack(ticks, folder, name=f"{fault}.isolate-v8.json"))
    return [entry("0x", path, ["0x"], {"0x": ZERO_X.partition("@")[2]}) for path in kept]


@contextmanager
def _listening(command: list[str], app: Path) -> Iterator[tuple[subprocess.Popen, str]]:
    process = subprocess.Popen(
        command, cwd=app, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True, stderr=sys.stderr
    )
    try:
        yield process, process.stdout.readline().split()[-1]
    finally:
        process.kill()
        process.wait()


def _load(port: str, seconds: float) -> None:
    subprocess.run([sys.executable, HERE / "load.py", port, str(seconds)], check=True)


# -- the page -------------------------------------------------------------------------------------


def page(app: Path, folder: Path, fault: str) -> list[dict]:
    """Type into the page while Chromium traces its renderer."""
    folder.mkdir(exist_ok=True)
    html = (SOURCES / "desk.html").read_text()
    with _page() as tab:
        tab.route("**/*", lambda route: route.fulfill(body=html, content_type="text/html"))
        tab.goto(f"http://desk.example/#{fault}")
        session = tab.context.new_cdp_session(tab)
        done = []
        session.on("Tracing.tracingComplete", lambda event: done.append(event))
        config = {"includedCategories": CATEGORIES, "excludedCategories": ["*"]}
        session.send("Tracing.start", {"transferMode": "ReturnAsStream", "traceConfig": config})
        tab.evaluate(f"type({ROUNDS[fault]})")
        session.send("Tracing.end")
        while not done:
            tab.wait_for_timeout(50)
        trace = app / f"{fault}.page-trace.json"
        trace.write_bytes(b"".join(_stream(session, done[0]["stream"])))
        version = tab.context.browser.version
    known = _truth(fault, {"json": "copyTickets"})
    command = "chromium --headless, desk.html, CDP Tracing.start; keys are typed"
    # DevTools saves traces as gz.
    path = pack(trace, folder, "gz")
    return [_described(
        path, "chrome-trace", f"A support desk in a page: {PAGE_FAULTS[fault]}",
        f"page_{fault}", {"command": command, "versions": {"chromium": version}}, known,
    )]  # fmt: skip


def _stream(session: CDPSession, handle: str) -> Iterator[bytes]:
    while True:
        piece = session.send("IO.read", {"handle": handle})
        data = piece["data"]
        yield base64.b64decode(data) if piece.get("base64Encoded") else data.encode()
        if piece["eof"]:
            return


# -- the manifest ---------------------------------------------------------------------------------


def _entry(
    fault: str,
    scenario: str,
    what: str,
    form: str,
    path: Path,
    options: list[str],
    versions: dict[str, str] | None = None,
) -> dict:
    if options == ["0x"]:
        command = f"npx {ZERO_X} -- node orders.js {fault}  # load.py {SECONDS} s; kill -INT"
    elif options == ["speedscope"]:
        command = f"npx {SPEEDSCOPE}: {fault}.cpuprofile opened and saved with Ctrl+S"
    else:
        command = f"node {' '.join(options)} orders.js {fault}  # load.py; kill -TERM"
    known = _truth(fault, CULPRITS)
    if fault == "leak":
        known["rule"] = "profile.heap_growth"
    recorded = {"command": command, "versions": _versions() | (versions or {})}
    return _described(path, form, f"{TITLE}: {what}", scenario, recorded, known)


def _described(
    path: Path, form: str, title: str, scenario: str, recorded: dict, truth: dict
) -> dict:
    return {
        "path": f"profile/{path.parent.name}/{path.name}",
        "format": form,
        "title": title,
        "scenario": scenario,
        "role": "before" if truth["fault"] is None else "after",
        "recorded_with": recorded,
        "ground_truth": truth,
    }


def _truth(fault: str, culprits: dict[str, str]) -> dict:
    if fault == "healthy":
        return {"fault": None, "function": None, "rule": None, "verdict": None}
    return {
        "fault": fault,
        "function": culprits[fault],
        "rule": "profile.hot_function",
        "verdict": "likely",
    }


def _versions() -> dict[str, str]:
    show = "console.log(JSON.stringify(process.versions))"
    out = subprocess.run(["node", "-e", show], capture_output=True, text=True, check=True).stdout
    return {name: json.loads(out)[name] for name in ("node", "v8")}
