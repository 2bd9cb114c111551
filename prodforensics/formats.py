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


BUILT_IN = (
    Format(
        "v8-heap-snapshot",
        "V8 heap snapshot (Node.js, Chrome, Julia)",
        "heap",
        "prodforensics.heap.formats.v8",
        "prodforensics.heap.model:HeapSnapshot",
    ),
    Format(
        "valgrind-xml",
        "Valgrind memcheck, XML",
        "heap",
        "prodforensics.heap.formats.valgrind_xml",
        "prodforensics.heap.leak_report:LeakReport",
    ),
    Format(
        "valgrind-text",
        "Valgrind memcheck, text",
        "heap",
        "prodforensics.heap.formats.valgrind_text",
        "prodforensics.heap.leak_report:LeakReport",
    ),
    Format(
        "leak-sanitizer",
        "LeakSanitizer or AddressSanitizer leaks, text",
        "heap",
        "prodforensics.heap.formats.leaksanitizer",
        "prodforensics.heap.leak_report:LeakReport",
    ),
    Format(
        "folded",
        "Folded stacks, plain or differential (FlameGraph, async-profiler, py-spy, rbspy)",
        "profile",
        "prodforensics.profile.formats.folded",
        "prodforensics.profile.model:Profile",
    ),
    Format(
        "flamebearer",
        "Pyroscope flame graph, JSON, single or diff",
        "profile",
        "prodforensics.profile.formats.flamebearer",
        "prodforensics.profile.model:Profile",
    ),
    Format(
        "rbspy",
        "rbspy, raw file",
        "profile",
        "prodforensics.profile.formats.rbspy",
        "prodforensics.profile.model:Profile",
    ),
    Format(
        "jfr",
        "Java Flight Recorder (JDK, async-profiler)",
        "profile",
        "prodforensics.profile.formats.jfr",
        "prodforensics.profile.model:Profile",
    ),
    Format(
        "async-profiler-html",
        "async-profiler flame graph, HTML",
        "profile",
        "prodforensics.profile.formats.async_profiler_html",
        "prodforensics.profile.model:Profile",
    ),
    Format(
        "pprof",
        "pprof profile (Go, Parca, Pyroscope, Datadog, Google Cloud Profiler)",
        "profile",
        "prodforensics.profile.formats.pprof",
        "prodforensics.profile.model:Profile",
    ),
    Format(
        "perf-script",
        "perf script, or perf.data",
        "profile",
        "prodforensics.profile.formats.perf_script",
        "prodforensics.profile.model:Profile",
    ),
    Format(
        "callgrind",
        "Callgrind's output",
        "profile",
        "prodforensics.profile.formats.callgrind",
        "prodforensics.profile.model:Profile",
    ),
    Format(
        "pcap",
        "packet capture, pcap (tcpdump)",
        "network",
        "prodforensics.network.formats.pcap",
        "prodforensics.network.model:Capture",
    ),
    Format(
        "pcapng",
        "packet capture, pcapng (Wireshark)",
        "network",
        "prodforensics.network.formats.pcapng",
        "prodforensics.network.model:Capture",
    ),
    Format(
        "mtr-text",
        "mtr report, text",
        "network",
        "prodforensics.network.formats.mtr_text",
        "prodforensics.network.tools.path_reports:MtrReport",
    ),
    Format(
        "mtr-json",
        "mtr report, JSON",
        "network",
        "prodforensics.network.formats.mtr_json",
        "prodforensics.network.tools.path_reports:MtrReport",
    ),
    Format(
        "mtr-csv",
        "mtr report, CSV",
        "network",
        "prodforensics.network.formats.mtr_csv",
        "prodforensics.network.tools.path_reports:MtrReport",
    ),
    Format(
        "curl-timings",
        "timings of curl -w, text or JSON",
        "network",
        "prodforensics.network.formats.curl_timings",
        "prodforensics.network.tools.timing_reports:CurlTimings",
    ),
    Format(
        "ping",
        "ping (-M do: which packet size passes)",
        "network",
        "prodforensics.network.formats.ping",
        "prodforensics.network.tools.path_reports:PingReport",
    ),
    Format(
        "netstat-statistics",
        "netstat -s",
        "network",
        "prodforensics.network.formats.netstat",
        "prodforensics.network.tools.counter_reports:ProtocolCounters",
    ),
    Format(
        "conntrack-stats",
        "conntrack -S",
        "network",
        "prodforensics.network.formats.conntrack_stats",
        "prodforensics.network.tools.counter_reports:ConntrackCounters",
    ),
    Format(
        "conntrack-table",
        "conntrack -L, or /proc/net/nf_conntrack",
        "network",
        "prodforensics.network.formats.conntrack_table",
        "prodforensics.network.tools.conntrack_reports:ConntrackTable",
    ),
    Format(
        "ss-sockets",
        "ss -tanpi",
        "network",
        "prodforensics.network.formats.ss_sockets",
        "prodforensics.network.tools.socket_reports:SocketTable",
    ),
    Format(
        "ss-summary",
        "ss -s",
        "network",
        "prodforensics.network.formats.ss_summary",
        "prodforensics.network.tools.counter_reports:SocketSummary",
    ),
    Format(
        "dig",
        "dig",
        "network",
        "prodforensics.network.formats.dig",
        "prodforensics.network.tools.answer_reports:DigReport",
    ),
    Format(
        "openssl-s_client",
        "openssl s_client",
        "network",
        "prodforensics.network.formats.s_client",
        "prodforensics.network.tools.answer_reports:TlsProbe",
    ),
    Format(
        "cpuprofile",
        "V8 CPU profile (Node.js, Chrome, Deno)",
        "profile",
        "prodforensics.profile.formats.cpuprofile",
        "prodforensics.profile.model:Profile",
    ),
    Format(
        "heapprofile",
        "V8 sampling heap profile (Node.js, Chrome)",
        "profile",
        "prodforensics.profile.formats.heapprofile",
        "prodforensics.profile.model:Profile",
    ),
    Format(
        "chrome-trace",
        "Trace events (Chrome, DevTools, Node.js, py-spy)",
        "profile",
        "prodforensics.profile.formats.chrome_trace",
        "prodforensics.profile.model:Profile",
    ),
    Format(
        "0x",
        "0x's page, or V8's ticks (--prof-process --preprocess)",
        "profile",
        "prodforensics.profile.formats.zerox",
        "prodforensics.profile.model:Profile",
        in_folder=("isolate*v8*.json*", "flamegraph.html*"),
    ),
    Format(
        "speedscope",
        "speedscope JSON (py-spy, rbspy, pyinstrument, samply)",
        "profile",
        "prodforensics.profile.formats.speedscope",
        "prodforensics.profile.model:Profile",
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
    for one in formats().values():
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
