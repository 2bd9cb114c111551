"""The table of formats, and how one is chosen for a file.

A format is a module with two functions::

    def sniff(probe: Probe) -> Match | None
    def read(source: Source, *, progress: bool | None = None, ...) -> Evidence

``sniff`` looks at the bytes and never at the extension alone. ``read`` names its options in its
signature, reports damage in the gaps of the evidence, and raises `Corrupt` where the bytes are
not the format at all. Other distributions add formats by an entry point of the group
``prodforensics.formats`` whose value is such a module.
"""

from __future__ import annotations

import codecs
import importlib
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from prodforensics.errors import AmbiguousFormat, FormatError, UnknownFormat, UnknownName
from prodforensics.source import Source

__all__ = ["BUILT_IN", "Format", "Match", "Probe", "choose", "formats", "main_file"]


@dataclass(frozen=True)
class Probe:
    """What a format may look at to recognise a file.

    Parameters
    ----------
    head, tail : bytes
        First and last 64 KiB, unpacked. The tail of a packed file is empty.
    name : str
        File name without the endings of the packing.
    size : int
        Bytes as stored.
    """

    head: bytes
    tail: bytes
    name: str
    size: int


@dataclass(frozen=True)
class Match:
    """A format recognises a file.

    Parameters
    ----------
    confidence : float
        1.0 for a magic number or a signature that nothing else has, 0.5 for a plausible text.
    reason : str
        What was recognised, for people.
    """

    confidence: float
    reason: str


@dataclass(frozen=True)
class Format:
    """One row of the table.

    Parameters
    ----------
    name : str
        As in ``pf.load(path, format=name)``.
    title : str
        For people.
    investigation : str
        The room it belongs to.
    model : str
        Reference of the Evidence class that the reader returns.
    module : str
        Where ``sniff`` and ``read`` are; imported on use.
    in_folder : tuple of str
        For a tool that leaves a folder: names of the file to read of it, with ``*``, the best
        first. The file is recognised by its bytes like any other.
    """

    name: str
    title: str
    investigation: str
    module: str
    model: str = ""
    in_folder: tuple[str, ...] = ()

    def load(self) -> ModuleType:
        """Import the module."""
        try:
            return importlib.import_module(self.module)
        except Exception as error:
            if self in BUILT_IN:
                raise
            raise FormatError(
                f"the format plug-in {self.name!r} cannot be imported: {error!r}",
                hint=f"mend or remove the distribution that brings {self.module}",
            ) from error


def _room(room: str, *rows: tuple[object, ...]) -> tuple[Format, ...]:
    """Return the formats of a room, by name, title, module, model and files in a folder."""
    return tuple(
        Format(
            name,
            title,
            room,
            f"prodforensics.{room}.formats.{module}",
            f"prodforensics.{room}.{model}",
            *in_folder,
        )
        for name, title, module, model, *in_folder in rows
    )


_PROFILE = "model:Profile"
BUILT_IN = (
    *_room("core", ("elf-core", "ELF core dump (Linux, gcore)", "elf_core", "model:CoreDump")),
    *_room(
        "heap",
        (
            "v8-heap-snapshot",
            "V8 heap snapshot (Node.js, Chrome, Julia)",
            "v8",
            "model:HeapSnapshot",
        ),
        ("valgrind-xml", "Valgrind memcheck, XML", "valgrind_xml", "leak_report:LeakReport"),
        ("valgrind-text", "Valgrind memcheck, text", "valgrind_text", "leak_report:LeakReport"),
        (
            "leak-sanitizer",
            "LeakSanitizer or AddressSanitizer leaks, text",
            "leaksanitizer",
            "leak_report:LeakReport",
        ),
    ),
    *_room(
        "profile",
        (
            "folded",
            "Folded stacks, plain or differential (FlameGraph, async-profiler, py-spy, rbspy)",
            "folded",
            _PROFILE,
        ),
        ("flamebearer", "Pyroscope flame graph, JSON, single or diff", "flamebearer", _PROFILE),
        ("rbspy", "rbspy, raw file", "rbspy", _PROFILE),
        ("jfr", "Java Flight Recorder (JDK, async-profiler)", "jfr", _PROFILE),
        (
            "async-profiler-html",
            "async-profiler flame graph, HTML",
            "async_profiler_html",
            _PROFILE,
        ),
        (
            "pprof",
            "pprof profile (Go, Parca, Pyroscope, Datadog, Google Cloud Profiler)",
            "pprof",
            _PROFILE,
        ),
        ("perf-script", "perf script, or perf.data", "perf_script", _PROFILE),
        ("callgrind", "Callgrind's output", "callgrind", _PROFILE),
        ("cpuprofile", "V8 CPU profile (Node.js, Chrome, Deno)", "cpuprofile", _PROFILE),
        ("heapprofile", "V8 sampling heap profile (Node.js, Chrome)", "heapprofile", _PROFILE),
        (
            "chrome-trace",
            "Trace events (Chrome, DevTools, Node.js, py-spy)",
            "chrome_trace",
            _PROFILE,
        ),
        (
            "0x",
            "0x's page, or V8's ticks (--prof-process --preprocess)",
            "zerox",
            _PROFILE,
            ("isolate*v8*.json*", "flamegraph.html*"),
        ),
        (
            "speedscope",
            "speedscope JSON (py-spy, rbspy, pyinstrument, samply)",
            "speedscope",
            _PROFILE,
        ),
    ),
    *_room(
        "network",
        ("pcap", "packet capture, pcap (tcpdump)", "pcap", "model:Capture"),
        ("pcapng", "packet capture, pcapng (Wireshark)", "pcapng", "model:Capture"),
        ("mtr-text", "mtr report, text", "mtr_text", "tools.path_reports:MtrReport"),
        ("mtr-json", "mtr report, JSON", "mtr_json", "tools.path_reports:MtrReport"),
        ("mtr-csv", "mtr report, CSV", "mtr_csv", "tools.path_reports:MtrReport"),
        (
            "curl-timings",
            "timings of curl -w, text or JSON",
            "curl_timings",
            "tools.timing_reports:CurlTimings",
        ),
        ("ping", "ping (-M do: which packet size passes)", "ping", "tools.path_reports:PingReport"),
        ("netstat-statistics", "netstat -s", "netstat", "tools.counter_reports:ProtocolCounters"),
        (
            "conntrack-stats",
            "conntrack -S",
            "conntrack_stats",
            "tools.counter_reports:ConntrackCounters",
        ),
        (
            "conntrack-table",
            "conntrack -L, or /proc/net/nf_conntrack",
            "conntrack_table",
            "tools.conntrack_reports:ConntrackTable",
        ),
        ("ss-sockets", "ss -tanpi", "ss_sockets", "tools.socket_reports:SocketTable"),
        ("ss-summary", "ss -s", "ss_summary", "tools.counter_reports:SocketSummary"),
        ("dig", "dig", "dig", "tools.answer_reports:DigReport"),
        ("openssl-s_client", "openssl s_client", "s_client", "tools.answer_reports:TlsProbe"),
    ),
)


def formats() -> dict[str, Format]:
    """Return every known format by name: the built-in ones, then those of plug-ins.

    Examples
    --------
    >>> formats()["v8-heap-snapshot"].investigation
    'heap'
    """
    known = {one.name: one for one in BUILT_IN}
    for point in entry_points(group="prodforensics.formats"):
        known.setdefault(point.name, Format(point.name, point.name, "plug-in", point.value))
    return known


def _sniff_all(probe: Probe) -> Iterable[tuple[Format, Match]]:
    is_certain = False
    for one in formats().values():
        # What one format alone has needs no look at the others, nor the import of their rooms.
        if is_certain and one in BUILT_IN:
            continue
        try:
            match = one.load().sniff(probe)
            if match is not None and not isinstance(match, Match):
                raise TypeError(f"sniff answered {match!r}")
        except Exception as error:
            if one in BUILT_IN:
                raise
            # A broken plug-in must not keep anybody from loading anything.
            warnings.warn(f"the format plug-in {one.name!r} is broken: {error!r}", stacklevel=2)
            continue
        if match:
            is_certain = is_certain or match.confidence == 1.0
            yield one, match


def choose(source: Source, name: str | None = None) -> Format:
    """Return the format of the file.

    Parameters
    ----------
    source : Source
        The file.
    name : str, optional
        Name of the format, where the caller knows it.

    Raises
    ------
    UnknownFormat
        No format recognises the bytes; the message says what they look like.
    AmbiguousFormat
        Two formats recognise them equally well; the message says how to choose.
    """
    if name is not None:
        if name not in formats():
            raise UnknownName("format", name, formats())
        return formats()[name]
    probe = Probe(source.head(), source.tail(), source.name, source.size)
    matches = sorted(_sniff_all(probe), key=lambda pair: -pair[1].confidence)
    if not matches:
        raise UnknownFormat(
            f"{source.path}: no reader recognises it; it looks like {describe(probe.head)}",
            hint="`prodforensics formats` lists what can be read; pf.load(path, format=...) forces",
        )
    best, second = matches[0], matches[1] if len(matches) > 1 else None
    if second and second[1].confidence == best[1].confidence:
        told = " and ".join(f"{f.name!r} ({m.reason})" for f, m in (best, second))
        raise AmbiguousFormat(
            f"{source.path}: both {told} recognise it",
            hint=f"pf.load(path, format={best[0].name!r}) or format={second[0].name!r}",
        )
    return best[0]


def main_file(folder: Path) -> Path | None:
    """Return the file that stands for a folder as a tool leaves it; None for any other folder.

    Parameters
    ----------
    folder : Path
    """
    for one in formats().values():
        for name in one.in_folder:
            if found := sorted(path for path in folder.glob(name) if path.is_file()):
                return found[0]
    return None


# Magic numbers of files that people bring by mistake, and what to say about them.
_LOOKS = (
    (b"\x7fELF", "an ELF file (a program or a core dump)"),
    (b"\xd4\xc3\xb2\xa1", "a packet capture (pcap)"),
    (b"\xa1\xb2\xc3\xd4", "a packet capture (pcap)"),
    (b"\x0a\x0d\x0d\x0a", "a packet capture (pcapng)"),
    (b"JAVA PROFILE", "a Java heap dump (hprof)"),
    (b"FLR\x00", "a Java Flight Recorder file"),
    (b"PAR1", "a Parquet file"),
    (b"PK\x03\x04", "a ZIP archive: unpack it first"),
    (b"\xff\xfe", "UTF-16 text: convert it to UTF-8 first"),
    (b"\x1f\x8b", "gzip data that cannot be unpacked"),
    (b"<?xml", "XML"),
    (b"{", "JSON"),
    (b"[", "JSON"),
)


def describe(head: bytes) -> str:
    """Say in words what the first bytes of a file look like.

    Examples
    --------
    >>> describe(b"JAVA PROFILE 1.0.2")
    'a Java heap dump (hprof)'
    >>> describe(b"")
    'an empty file'
    """
    if not head:
        return "an empty file"
    for magic, look in _LOOKS:
        if head.startswith(magic) or head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(magic):
            return look
    try:
        # The head may end inside a character, which a decoder that expects more forgives.
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        return f"binary data that begins with {head[:8].hex(' ')}"
    line = text.strip().partition("\n")[0][:60]
    return f"text that begins with {line!r}"
