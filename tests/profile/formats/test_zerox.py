"""0x's page and V8's ticks tell the same story, alone and in their folder."""

import json

import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.errors import Corrupt, SourceError
from prodforensics.formats import Probe
from prodforensics.profile.formats import zerox
from prodforensics.source import Source
from tests.profile.formats.documents import folded, self_of, whats, write

CODE = [
    {"name": "/usr/bin/node", "type": "SHARED_LIB"},
    {"name": "writev@@GLIBC_2.2.5", "type": "CPP"},
    {"name": "main /app/a b.js:3:10", "type": "JS", "kind": "Unopt"},
    {"name": "main /app/a b.js:3:10", "type": "JS", "kind": "Opt"},
    {"name": " node:net:7:9", "type": "JS", "kind": "Sparkplug"},
    {"name": "^a+$", "type": "CODE", "kind": "RegExp"},
]
HEAD = """
    <html>
    <head>
      <meta charset="utf-8">
      <style> /*! TACHYONS v4.12.0"""
TAIL = """
   </script>
    </body>
    </html>
  """


def ticks(*rows, code=CODE):
    found = [{"tm": tm, "vm": vm, "s": [x for c in s for x in (c, 9)]} for tm, vm, s in rows]
    return {"code": code, "functions": [], "ticks": found, "scripts": []}


def page(trees, title="a"):
    return f'{HEAD}<script>visualizer({json.dumps(trees)}, {{"title":"{title}"}}){TAIL}'


def tree(name, value, top, *children, mark=1, fn=None):
    return {
        "name": name, "fn": fn or name, "value": value, "top": top, "S": mark,
        "children": list(children),
    }  # fmt: skip


def test_ticks_are_stacks_of_what_v8_can_name(tmp_path):
    profile = zerox.read(
        write(tmp_path, ticks((10, 0, [5, 2]), (20, 6, [1, -1, 3, 4]), (40, 1, [0]), (50, 0, [-1])))
    )
    assert folded(profile) == {
        "main;RegExp: ^a+$": 1,
        "(anonymous) node:net:7:9;main;writev@@GLIBC_2.2.5": 1,
        "(garbage collector);": 1,
        "": 1,
    }
    assert profile.data.samples.time.tolist() == [10_000, 20_000, 40_000, 50_000]
    calls = profile.frames["calls"].set_index("function")
    assert calls.loc["main", "kind"].tolist() == ["interpreted", "jit"]
    assert set(calls.loc["main", "file"]) == {"/app/a b.js"}
    assert calls.loc["[node]", "module"] == "/usr/bin/node"


def test_the_page_says_what_was_at_the_top(tmp_path):
    trees = {
        "merged": {},
        "unmerged": tree(
            "all stacks", 7, 0,
            tree("~main /app/a.js:3:10 [INIT]", 7, 3,
                 tree("*main /app/a.js:3:10", 2, 2, mark=2, fn="main /app/a.js:3:10"),
                 tree("writev [CPP]", 1, 1, mark=0),
                 tree("^a+$ [CODE:RegExp]", 1, 1, mark=0),
                 fn="main /app/a.js:3:10 [INIT]"),
        ),
    }  # fmt: skip
    profile = zerox.read(write(tmp_path, page(trees)))
    assert folded(profile) == {"main": 3, "main;main": 2, "main;writev": 1, "main;RegExp: ^a+$": 1}
    assert profile.all_gaps() == []


@pytest.mark.parametrize(
    ("name", "function", "file", "line"),
    [
        ("get x node:net:7:9", "get x", "node:net", 7),
        ("Module._load node:internal/a:7:9", "Module._load", "node:internal/a", 7),
        (" file:///app/x.mjs:1:1", "(anonymous) x.mjs:1:1", "/app/x.mjs", 1),
        ("a C:\\app\\x.js:5:1", "a", "C:\\app\\x.js", 5),
        ("native", "native", "", 0),
        ("a [eval]:2:3", "a", "[eval]", 2),
    ],
)
def test_names_are_taken_apart(tmp_path, name, function, file, line):
    code = [{"name": name, "type": "JS", "kind": "Opt"}]
    profile = zerox.read(write(tmp_path, ticks((1, 0, [0]), code=code)))
    functions = profile.data.functions
    assert functions.name[0] == function
    assert (functions.file[0], functions.start_line[0]) == (file, line)


def test_the_page_and_the_ticks_of_one_run_tell_the_same():
    of_page, of_ticks = (
        pf.load(samples.path(f"profile/node/json.{kind}.zst"))
        for kind in ("0x.html", "isolate-v8.json")
    )
    page, ticks = self_of(of_page), self_of(of_ticks)
    # 0x leaves out itself, and ticks in which nothing has a name: some of them collect garbage.
    own = ticks.pop("(anonymous) redir-stdout.js:1:1", 0)
    ticks.pop("(garbage collector)")
    ticks["Module._compile"] += own
    assert page == ticks
    assert len(of_ticks.data.samples) > of_page.measures.total


def test_a_folder_is_loaded_by_its_best_file(tmp_path):
    parts = {"0x.html": "flamegraph.html", "isolate-v8.json": "isolate0x1-2-v8.log.json"}
    with pytest.raises(SourceError):
        pf.load(tmp_path)
    for kind, name in parts.items():
        data = b"".join(Source(samples.path(f"profile/node/json.{kind}.zst")).chunks())
        (tmp_path / name).write_bytes(data)
        (tmp_path / "meta.json").write_text("{}")
        profile = pf.load(tmp_path)
        assert (profile.format, profile.title) == ("0x", name)


def test_a_page_that_is_cut_keeps_what_is_whole(tmp_path):
    whole = page({"unmerged": tree("all stacks", 3, 0, tree("a x:1:1", 3, 1, tree("b", 2, 2)))})
    for cut in (whole.index('"name": "b"'), whole.index("</html>"), len(whole) - 3):
        profile = zerox.read(write(tmp_path, whole[:cut]))
        assert len(profile.all_gaps()) == 1, cut
        assert self_of(profile)
    with pytest.raises(Corrupt):
        zerox.read(write(tmp_path, whole[: whole.index("visualizer")]))


def test_a_title_cannot_pass_for_the_end(tmp_path):
    trees = {"merged": tree("all stacks", 1, 0, tree("}, {", 1, 1))}
    profile = zerox.read(write(tmp_path, page(trees, title="visualizer")))
    assert self_of(profile) == {"}, {": 1}


def test_what_is_wrong_is_counted(tmp_path):
    given = ticks((1, 0, [77, 2]), ("x", [], [1]))
    given["ticks"] += [{"s": "x"}, 5]
    profile = zerox.read(write(tmp_path, given))
    assert folded(profile) == {"main": 1, "writev@@GLIBC_2.2.5": 1, "": 1}
    assert whats(profile) == {
        "ticks: not an object": 1,
        "ticks.s: not an array": 1,
        "ticks: no such code": 1,
        "ticks.vm: not a number": 1,
        "ticks.tm: not a number": 2,
    }


@pytest.mark.parametrize(
    ("head", "claimed"),
    [
        (b'{\n  "code": [\n  {\n    "name": "/usr/bin/node",\n    "type": "SHARED_LIB"', True),
        (HEAD.encode(), True),
        (b"<html><head><title>flame graph</title>", False),
        (b'{"code": 7, "name": "a", "type": "b"}', False),
    ],
)
def test_what_is_claimed(head, claimed):
    assert bool(zerox.sniff(Probe(head, b"", "a.json", 9))) is claimed
