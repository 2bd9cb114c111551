"""Flame graphs of async-profiler give back the stacks that they were drawn from."""

from collections import Counter

import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.errors import Corrupt, PartialEvidenceWarning
from prodforensics.formats import Probe
from prodforensics.profile.formats import async_profiler_html
from prodforensics.profile.formats.java_names import java_function
from prodforensics.source import Source
from tests.profile.stack_texts import folded

HEAD = """<h1>CPU profile</h1>
<header>Produced by <a href='https://github.com/async-profiler/async-profiler'>async-profiler</a>
<script>
	function f(key, level, left, width, inln, c1, int) {
"""
OLD_HEAD = HEAD.replace("key, level", "level")
END = "\nsearch();\n</script></body></html>\n"
NEW = """const cpool = [
'all',
' app/Main.run',
')parse',
' write_it',
'%\\'s\\\\'
];
unpack(cpool);

n(3,10)
u(9,9)
u(17,4)
n(27,3)
u(37,1)
f(29,1,5,1)
"""
OLD = """f(0,0,10,3,'all')
f(1,0,9,1,'app/Main.run')
f(2,0,4,1,'app/Main.parse',1,0,2)
f(2,4,3,3,'write_it')
f(3,4,1,5,'write\\'s\\\\')
f(1,9,1,5,'write_it')
"""


def load(tmp_path, text, **options):
    path = tmp_path / "flame.html"
    path.write_bytes(text.encode())
    return pf.load(path, **options)


STACKS = {
    "app.Main.run": 2,
    "app.Main.run;app.Main.parse": 4,
    "app.Main.run;write_it": 2,
    "app.Main.run;write_it;write's\\": 1,
    "write_it": 1,
}


def test_names_and_places_count_from_the_frame_before(tmp_path):
    profile = load(tmp_path, HEAD + NEW + END)
    assert folded(profile) == STACKS
    kinds = dict(
        zip(profile.frames["calls"]["function"], profile.frames["calls"]["kind"], strict=True)
    )
    assert kinds["app.Main.run"] == "jit"
    assert kinds["write's\\"] == "kernel"


def test_the_form_of_version_two(tmp_path):
    profile = load(tmp_path, OLD_HEAD + OLD + END)
    assert folded(profile) == STACKS
    assert profile.recording.mode == "cpu"
    assert profile.data.functions.module.tolist()[:2] == ["app", "app"]


def test_a_differential_graph_has_what_it_is_compared_with(tmp_path):
    rows = "n(3,10)\nd=-3\nu(9,9)\nd=U\nu(17,4)\nd=0\nn(25,3)\n"
    names = "const cpool = [\n'all',\n' run',\n' parse',\n' write'\n];\n"
    profile = load(tmp_path, HEAD + names + rows + END)
    assert folded(profile) == {"": 1, "run": 2, "run;parse": 4, "run;write": 3}
    assert folded(profile, "samples_base") == {"": 1, "run": 5, "run;write": 3}
    assert profile.default_value_type.name == "samples"


@pytest.mark.parametrize("text", [HEAD + NEW, OLD_HEAD + OLD])
def test_a_page_cut_anywhere_gives_what_is_whole(tmp_path, text):
    whole = folded(load(tmp_path, text + END))
    start = text.index("n(3,10)") if "n(3,10)" in text else text.index("f(0,")
    for cut in range(start + 25, len(text)):
        with pytest.warns(PartialEvidenceWarning):
            found = folded(load(tmp_path, text[:cut]))
        assert found.items() <= whole.items()


def test_a_frame_that_cannot_be_read_is_a_gap(tmp_path):
    with pytest.warns(PartialEvidenceWarning):
        profile = load(tmp_path, OLD_HEAD + OLD.replace("2,4,3,3", "2,4,x,3") + END)
    assert "a frame that cannot be read" in profile.gaps["what"].tolist()


def test_a_name_that_is_not_there_is_a_gap(tmp_path):
    with pytest.warns(PartialEvidenceWarning):
        profile = load(tmp_path, HEAD + NEW.replace("u(17,4)", "u(1700,4)") + END)
    assert "frames without a name" in profile.gaps["what"].tolist()


def test_a_page_without_frames_is_refused(tmp_path):
    with pytest.raises(Corrupt, match="flame graph"):
        load(tmp_path, HEAD + END)


def test_only_pages_of_async_profiler_are_recognised():
    def sniffed(text):
        return async_profiler_html.sniff(Probe(text.encode(), b"", "a.html", len(text)))

    assert sniffed(HEAD)
    assert sniffed(OLD_HEAD)
    assert not sniffed("<html><body>function f(level, left, width)")


@pytest.mark.parametrize("name", ["healthy", "quadratic"])
def test_a_graph_tells_what_collapsed_stacks_of_the_same_session_tell(name):
    text = b"".join(Source(samples.path(f"profile/java/{name}.collapsed.zst")).chunks()).decode()
    expected = Counter()
    for line in text.splitlines():
        stack, _, count = line.rpartition(" ")
        expected[";".join(dotted(frame) for frame in stack.split(";"))] += int(count)
    assert folded(pf.load(samples.path(f"profile/java/{name}.html.zst"))) == expected


def dotted(frame):
    java = java_function(frame)
    return java[0] if java else frame


@pytest.mark.parametrize("kind", ["", ".2.9"])
def test_the_fault_stands_out_in_both_forms(kind):
    healthy, slow = (
        pf.load(samples.path(f"profile/java/{name}{kind}.html.zst"))
        for name in ("healthy", "quadratic")
    )
    assert not healthy.findings().likely
    top = slow.frames["functions"].iloc[0]
    assert top["function"] == "OrderService.joinEachWithEach"
    assert top["self_percent"] > 50
    page = b"".join(Source(samples.path(f"profile/java/quadratic{kind}.html.zst")).chunks())
    assert slow.measures.total == int(
        page.split(b"\nn(3," if not kind else b"\nf(0,0,")[1].split(b",")[0].split(b")")[0]
    )
