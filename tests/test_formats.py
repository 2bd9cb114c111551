"""One format is chosen for a file by its bytes; a refusal says why."""

import sys
import textwrap
import warnings

import pytest

import prodforensics as pf
from prodforensics import formats
from prodforensics.errors import (
    AmbiguousFormat,
    BadOption,
    FormatError,
    UnknownFormat,
    UnknownName,
)
from prodforensics.formats import Probe, choose, describe
from prodforensics.source import Source

SNIFFER = """
from prodforensics.formats import Match

def sniff(probe):
    if probe.head.startswith(b"TIE"):
        return Match({confidence}, "the word TIE")

def read(source, *, progress=None):
    return None
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a distribution with plug-ins: name -> text of the module."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(**modules):
        home = tmp_path / "toys-1.0.dist-info"
        home.mkdir()
        (home / "METADATA").write_text("Metadata-Version: 2.1\nName: toys\nVersion: 1.0\n")
        points = "".join(f"{name} = plug_{name}\n" for name in modules)
        (home / "entry_points.txt").write_text(f"[prodforensics.formats]\n{points}")
        for name, text in modules.items():
            (tmp_path / f"plug_{name}.py").write_text(textwrap.dedent(text))

    yield write
    for name in [name for name in sys.modules if name.startswith("plug_")]:
        del sys.modules[name]


@pytest.fixture
def tie(tmp_path):
    path = tmp_path / "a.tie"
    path.write_bytes(b"TIE or not to tie")
    return Source(path)


def test_every_built_in_format_has_a_module_with_the_two_functions_and_a_model():
    from prodforensics._reference import resolve

    assert len({one.name for one in formats.BUILT_IN}) == len(formats.BUILT_IN)
    for one in formats.BUILT_IN:
        module = one.load()
        assert callable(module.sniff)
        assert callable(module.read)
        assert issubclass(resolve(one.model), pf.Evidence)


def test_no_format_recognises_nothing_or_noise():
    for head in (b"", b"\0" * 100, b"{}", b"[]", b"<xml/>", b"hello\n", bytes(range(256))):
        probe = Probe(head, head, "a", len(head))
        assert not list(formats._sniff_all(probe))


def test_a_format_of_another_distribution_is_found(install, tie):
    install(tie=SNIFFER.format(confidence=1.0))
    assert formats.formats()["tie"].investigation == "plug-in"
    assert choose(tie).module == "plug_tie"


def test_the_more_confident_format_wins(install, tie):
    install(tie=SNIFFER.format(confidence=0.5), sure=SNIFFER.format(confidence=0.9))
    assert choose(tie).name == "sure"


def test_a_tie_names_both_and_how_to_choose(install, tie):
    install(one=SNIFFER.format(confidence=0.5), other=SNIFFER.format(confidence=0.5))
    with pytest.raises(AmbiguousFormat) as caught:
        choose(tie)
    assert "'one' (the word TIE)" in caught.value.message
    assert "'other' (the word TIE)" in caught.value.message
    assert "format='one'" in caught.value.hint
    assert "format='other'" in caught.value.hint
    assert choose(tie, "other").name == "other"


@pytest.mark.parametrize(
    "text",
    [
        "import nothing_of_this_name",
        "def sniff(probe): raise RuntimeError('broken')",
        "def sniff(probe): return True",
        "",
        "this is no Python",
    ],
)
def test_a_broken_plug_in_warns_and_breaks_nothing(install, toy, text):
    install(broken=text)
    with pytest.warns(UserWarning, match="'broken' is broken"):
        evidence = pf.load(toy())
    assert evidence.format == "toy"


def test_a_plug_in_cannot_take_the_name_of_a_built_in_format(install, toy):
    install(toy="def sniff(probe): raise RuntimeError")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert pf.load(toy()).reader == "tests.toy_room"


def test_a_format_can_be_forced_and_then_says_what_is_wrong(toy, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"no toy")
    with pytest.raises(UnknownFormat):
        pf.load(path)
    with pytest.raises(pf.errors.Corrupt, match="expected 'TOY'"):
        pf.load(path, format="toy")


def test_a_forced_format_that_cannot_be_imported_is_an_error_of_ours(install, tie):
    install(broken="import nothing_of_this_name")
    with pytest.raises(FormatError, match="cannot be imported"):
        pf.load(tie.path, format="broken")


def test_an_unknown_name_of_a_format_tells_the_close_one(toy):
    with pytest.raises(UnknownName, match="did you mean 'v8-heap-snapshot'"):
        pf.load(toy(), format="v8-heapsnapshot")


def test_an_option_that_the_reader_does_not_take_tells_those_it_takes(toy):
    with pytest.raises(BadOption, match="its options: most"):
        pf.load(toy(), mots=3)
    with pytest.warns(pf.PartialEvidenceWarning):
        assert len(pf.load(toy(("a", 1), ("b", 2)), most=1).things) == 1


def test_a_refusal_says_what_the_bytes_look_like(tmp_path):
    path = tmp_path / "core.123"
    path.write_bytes(b"\x7fELF\x02\x01\x01")
    with pytest.raises(UnknownFormat, match="it looks like an ELF file") as caught:
        pf.load(path)
    assert "prodforensics formats" in caught.value.hint


@pytest.mark.parametrize(
    ("head", "look"),
    [
        (b"", "an empty file"),
        (b"\x7fELF\x02", "an ELF file (a program or a core dump)"),
        (b"\n\n  {}", "JSON"),
        (b"\xef\xbb\xbf[1]", "JSON"),
        (b"\x0a\x0d\x0d\x0a\x1c", "a packet capture (pcapng)"),
        (b"\xff\xfeh\0i\0", "UTF-16 text: convert it to UTF-8 first"),
        (b"PK\x03\x04", "a ZIP archive: unpack it first"),
        (b"\0\0\0\0", "binary data that begins with 00 00 00 00"),
        (b"\xfe\xed\xfa\xce", "binary data that begins with fe ed fa ce"),
        ("日本語の記録".encode(), "text that begins with '日本語の記録'"),
        ("日本語の記録".encode()[:-1], "text that begins with '日本語の記'"),
        (b"line\nother", "text that begins with 'line'"),
        (b"\x1b[31m" + b"x" * 100, f"text that begins with '\\x1b[31m{'x' * 55}'"),
    ],
)
def test_bytes_in_words(head, look):
    assert describe(head) == look
