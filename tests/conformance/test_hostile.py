"""Strings planted into real samples come out as text wherever a person meets them."""

import base64
import hashlib
import json
import re
from xml.sax.saxutils import escape

import pytest
from typer.testing import CliRunner

import prodforensics as pf
from prodforensics.cli import app
from tests.conformance.conftest import FORMATS, unpacked
from tests.conftest import HOSTILE
from tests.core import planted
from tests.network import plain_captures
from tests.profile import plain_pprof
from tests.profile.formats import jfr_files
from tests.tags import Tags

UNSEEN = set("\x00\x07\x1b\u202e\u2066")
XML_SAFE = str.maketrans(dict.fromkeys("\x00\x07\x1b"))
# Format -> two samples of one program, a name in them that findings speak of, and how the format
# writes a name.
PLANTS = {
    "elf-core": (2 * ("core/assertion.core.zst",), ("paid_cents >= due_cents",), str),
    "v8-heap-snapshot": (
        ("heap/cache.1.heapsnapshot.zst", "heap/cache.3.heapsnapshot.zst"),
        ('"Session"', '"sessionsByToken"'),
        json.dumps,
    ),
    "valgrind-xml": (
        ("heap/native/memcheck.short.xml", "heap/native/memcheck.long.xml"),
        ("build_order",),
        lambda text: escape(text.translate(XML_SAFE)),
    ),
    "valgrind-text": (
        ("heap/native/memcheck.short.txt", "heap/native/memcheck.long.txt"),
        ("build_order",),
        str,
    ),
    "jfr": (
        ("profile/java/quadratic.cpu-time.jfr.zst", "profile/java/quadratic.jfr.zst"),
        ("joinEachWithEach",),
        str,
    ),
    "async-profiler-html": (
        ("profile/java/quadratic.2.9.html.zst", "profile/java/quadratic.html.zst"),
        ("joinEachWithEach",),
        str,
    ),
    "leak-sanitizer": (
        ("heap/native/lsan.short.txt", "heap/native/lsan.long.txt"),
        ("build_order",),
        str,
    ),
    "folded": (
        ("profile/python/regex.native.folded.zst", "profile/python/regex.folded.zst"),
        ("check_note",),
        lambda text: text.replace(";", ":"),
    ),
    "flamebearer": (
        (
            "profile/python/regex.flamebearer.json.zst",
            "profile/python/regex.diff.flamebearer.json.zst",
        ),
        ("check_note",),
        lambda text: json.dumps(text)[1:-1],
    ),
    "rbspy": (
        ("profile/ruby/quadratic.raw.gz", "profile/ruby/quadratic.raw.gz"),
        ('"join_each_with_each"',),
        json.dumps,
    ),
    "pprof": (
        ("profile/go/leak.heap.1.pb.gz", "profile/go/leak.heap.2.pb.gz"),
        ("main.(*sessions).remember",),
        str,
    ),
    "perf-script": (
        2 * ("profile/c/quadratic.perf.txt.zst",),
        ("unique_coupons",),
        str,
    ),
    "callgrind": (
        2 * ("profile/c/quadratic.plain.callgrind.out.zst",),
        ("unique_coupons",),
        str,
    ),
    "cpuprofile": (
        ("profile/node/json.cpuprofile.zst",) * 2,
        ("copyCatalogue",),
        lambda text: json.dumps(text)[1:-1],
    ),
    "heapprofile": (
        ("profile/node/leak.before.heapprofile.zst", "profile/node/leak.after.heapprofile.zst"),
        ("remember",),
        lambda text: json.dumps(text)[1:-1],
    ),
    "chrome-trace": (
        ("profile/node/json.page-trace.json.gz",) * 2,
        ("copyTickets",),
        lambda text: json.dumps(text)[1:-1],
    ),
    "0x": (
        ("profile/node/json.0x.html.zst",) * 2,
        ("copyCatalogue",),
        lambda text: json.dumps(text)[1:-1],
    ),
    "pcap": (
        ("network/dns_nxdomain.pcap.zst",) * 2,
        ("orders-v1.shop.example",),
        str,
    ),
    "pcapng": (
        ("network/pcapng.named.pcapng.zst",) * 2,
        ("orders.shop.example",),
        str,
    ),
    "speedscope": (
        ("profile/node/json.evented.speedscope.json.zst",) * 2,
        ("copyCatalogue",),
        lambda text: json.dumps(text)[1:-1],
    ),
    "mtr-text": (("network/mtr.loss.txt",) * 2, ("203.0.113.2",), str),
    "mtr-json": (("network/mtr.loss.json",) * 2, ('"203.0.113.2"',), json.dumps),
    "mtr-csv": (("network/mtr.loss.csv",) * 2, ("203.0.113.2",), str),
    "curl-timings": (
        ("network/curl.fast.json", "network/curl.slow_ttfb.json"),
        ("/order/7",),
        lambda text: json.dumps(text)[1:-1],
    ),
    "netstat-statistics": (
        ("network/netstat.healthy.txt", "network/netstat.loss.txt"),
        (" total packets received",),
        " {}".format,
    ),
    "conntrack-stats": (
        ("network/conntrack.stats.txt", "network/conntrack.overflow.stats.txt"),
        (" insert=",),
        lambda text: f" {text.replace(' ', '_').replace('=', ':')}=",
    ),
    "conntrack-table": (
        ("network/conntrack.table.txt",) * 2,
        ("src=10.20.0.10",),
        lambda text: f"src={text.replace(' ', '_')}",
    ),
    "ss-sockets": (("network/ss.sockets.trouble.txt",) * 2, ("python3",), str),
    "ss-summary": (("network/ss.summary.time_wait.txt",) * 2, ("orphaned",), str),
    "dig": (
        ("network/dig.nxdomain.txt", "network/dig.servfail.txt"),
        (".example.\t\tIN",),
        " {}.\t\tIN".format,
    ),
    "openssl-s_client": (("network/s_client.wrong_name.txt",) * 2, ("internal.shop.example",), str),
    "ping": (("network/ping.frag_needed.txt",) * 2, ("PING 10.30.0.20",), "PING {}".format),
}

# Formats that tell how long a name is, and where everything is that stands behind it.
LOOKUPS = "network/dns_nxdomain.pcap.zst"
REWRITTEN = {
    "elf-core": planted.plant,
    "jfr": jfr_files.rename,
    "pprof": plain_pprof.rename,
    "pcap": plain_captures.rename,
    "pcapng": plain_captures.rename_in_blocks(unpacked(LOOKUPS), "orders-v1.shop.example"),
}
# What is spoken of, where a format has its own way to write it: DNS escapes as in a zone file.
SPOKEN = "<script>alert(1)</script>"
ESCAPED = dict.fromkeys(("pcap", "pcapng"), r"<script>alert\0401\041</script>")


@pytest.fixture(scope="module", params=FORMATS)
def pair(request, tmp_path_factory):
    """Plant every hostile string, all in one name, into two samples of the format."""
    names, places, write = PLANTS[request.param]
    paths = []
    for number, name in enumerate(names):
        data = unpacked(name)
        for place in places:
            rewrite = REWRITTEN.get(request.param, replaced)
            before, data = data, rewrite(data, place, write(" ".join(HOSTILE)))
            assert data != before
        paths.append(tmp_path_factory.mktemp("hostile") / f"{number}.{request.param}")
        paths[-1].write_bytes(data)
    return paths


def replaced(data, old, new):
    return data.replace(old.encode(), new.encode())


@pytest.fixture
def spoken(pair):
    """Return the first of the strings as findings have it."""
    return ESCAPED.get(pair[0].suffix[1:], SPOKEN)


@pytest.fixture(scope="module")
def evidence(pair):
    loaded = [pf.load(path) for path in pair]
    return [*loaded, pf.compare(*loaded)]


def harmless(page):
    tags = Tags(page)
    assert not {"script", "img", "link", "iframe", "object", "red"} & set(tags.names)
    assert tags.names.count("style") <= 1
    assert not tags.handlers
    assert not set(page) & UNSEEN
    assert "{{49}}" not in page
    return page


def test_every_format_has_a_plant():
    assert set(PLANTS) == set(FORMATS)


def test_planted_names_are_in_the_frames_as_they_are(evidence):
    texts = [
        frame.select_dtypes(["str", "category"]).astype("str")
        for frame in evidence[1].frames.values()
    ]
    found = any(
        t.apply(lambda c: c.str.contains("<script>alert", regex=False)).any(axis=None)
        for t in texts
    )
    assert found


def test_cards_and_texts(evidence):
    for one in evidence:
        for shown in (one._repr_mimebundle_(), one.findings()._repr_mimebundle_()):
            harmless(shown["text/html"])
            assert not set(shown["text/plain"]) & UNSEEN


def test_findings_speak_of_the_planted_name(evidence, spoken):
    found = [finding.as_dict() for one in evidence for finding in one.findings()]
    assert any(spoken in part for one in found for part in (one["title"], one["why"]))


def test_the_report(evidence, spoken, tmp_path):
    from prodforensics.report import write

    page = harmless(_passive(write([evidence[2], *evidence[:2]], tmp_path / "a.html").read_text()))
    assert escape(spoken) in page


def _passive(page):
    """Take out our own scripts, which the page's policy names by their digests, and inert data."""
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert "unsafe-eval" not in policy
    assert "script-src 'unsafe" not in policy

    def gone(found):
        attributes, text = found.groups()
        if 'type="module"' in attributes:
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy
            assert "alert(1)" not in text
        else:
            assert re.search(r'type="(?:application|text)/(?!javascript|ecmascript)', attributes)
            assert "<" not in text
        return ""

    return re.sub(r"<script([^>]*)>(.*?)</script>", gone, page, flags=re.DOTALL)


@pytest.mark.parametrize("verb", ["info", "findings", "compare"])
def test_the_command_line(pair, verb):
    files = [str(path) for path in pair[: 2 if verb == "compare" else 1]]
    for more in ([], ["--json"]):
        done = CliRunner().invoke(app, [verb, *more, *files])
        assert done.exit_code == 0, done.output
        assert not set(done.output) & UNSEEN


def test_the_static_twin_of_the_view(evidence):
    for one in evidence:
        widget = one.show()
        if hasattr(widget, "static_html"):
            harmless(widget.static_html())


def test_a_name_of_a_class_that_is_not_there_is_told_harmlessly(evidence):
    first = evidence[0]
    if hasattr(first, "instances"):
        with pytest.raises(pf.ForensicsError) as caught:
            first.instances(" ".join(HOSTILE)[:-1])
        assert not set(str(caught.value)) & UNSEEN
