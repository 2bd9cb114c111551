r"""The timings that ``curl -w`` writes: lines of a label and a value, or ``%{json}``.

The labels of a text are the user's own; those that are common are known: ``DNS: 0.015s``,
``Connect``, ``TLS``, ``TTFB``, ``Total``, ``HTTP Code``, ``Size``, and curl's own names, as in
``time_namelookup: 0.015``. Every other label is kept as it stands. Requests follow one another: a
label that comes again begins the next.
"""

from __future__ import annotations

import re
from typing import Any

from prodforensics._text import mask_secrets
from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.gaps import Gap
from prodforensics.lines import ToolLines
from prodforensics.network.tools.json_texts import documents, number, text
from prodforensics.network.tools.timing_reports import CurlTimings, Request
from prodforensics.network.tools.tool_reports import count_of, ns_of
from prodforensics.source import Source

__all__ = ["read", "sniff"]

_LINE = re.compile(
    r"[#\s]{0,20}([A-Za-z%][^:=]{0,200}?)\s{0,20}[:=]\s{0,40}(.*?)(?:\s+(?:#|<--).*)?\s*"
)
_SIGNATURE = re.compile(
    rb"(?m)^[# \t]{0,20}([A-Za-z][A-Za-z _-]{1,30}?)[ \t]{0,20}[:=][ \t]{0,40}"
    rb"[0-9]{1,6}[.,][0-9]{1,9}[ \t]?(?:s|ms|us)?[ \t]*(?:(?:#|<--)[^\n]*)?\r?$"
)
_RULE = re.compile(r"[#\s]{0,20}[-=]{3,}\s*")
# A label without blanks, signs and curl's prefix: the point in time that it names.
_POINTS = {
    **dict.fromkeys(("namelookup", "dns", "dnslookup", "lookup", "nslookup"), "dns"),
    **dict.fromkeys(("connect", "tcp", "tcpconnect", "tcphandshake", "connection"), "connect"),
    **dict.fromkeys(("appconnect", "tls", "ssl", "tlshandshake", "sslhandshake"), "tls"),
    **dict.fromkeys(("pretransfer",), "pretransfer"),
    **dict.fromkeys(("redirect",), "redirect"),
    **dict.fromkeys(("starttransfer", "ttfb", "firstbyte", "timetofirstbyte"), "ttfb"),
    **dict.fromkeys(("total", "totaltime"), "total"),
}
_STATUS = ("httpcode", "responsecode", "status", "statuscode", "code", "httpstatus")
_SIZE = ("sizedownload", "size", "downloaded", "downloadsize")
_TEXTS = {"url": "url", "urleffective": "url", "method": "method", "errormsg": "error"}
_TEXTS |= {"remoteip": "remote", "httpversion": "http_version"}
# The document's order, by what a line sets: a record that stops on the way is cut.
_USUAL = ("dns", "connect", "tls", "ttfb", "total", "status", "size")
_WHOLE = re.compile(r"([0-9]{1,18})(?: ?bytes?| ?B)?")


def sniff(probe: Probe) -> Match | None:
    """Recognise three labels of points in time, or the keys of the JSON."""
    head = probe.head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head[:1] in (b"{", b"["):
        keys = (b'"time_namelookup":', b'"time_starttransfer":', b'"time_total":')
        return Match(0.95, "the JSON of curl -w") if all(key in head for key in keys) else None
    labels = {_point(found[1].decode("latin-1")) for found in _SIGNATURE.finditer(probe.head)}
    if "total" in labels and len(labels - {None}) >= 3:
        return Match(0.8, "timings of curl -w")
    return None


def read(source: Source, *, progress: bool | None = None) -> CurlTimings:
    """Read the timings of one or more requests.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Show a progress bar: always, never, or (None) for large files.

    Returns
    -------
    CurlTimings

    Raises
    ------
    Corrupt
        No request is in the file.
    """
    if source.head().removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"["):
        requests, gaps = _read_json(source)
    else:
        requests, gaps = _read_text(source, progress)
    if not requests:
        raise Corrupt(source.path, 0, "timings of curl", repr(source.head(40)))
    return CurlTimings(source, requests, gaps)


# -- text -----------------------------------------------------------------------------------------


def _read_text(source: Source, progress: bool | None) -> tuple[list[Request], list[Gap]]:
    lines = ToolLines(source, progress)
    requests: list[Request] = []
    seen: list[str] = []
    usual: list[str] = []
    for line_number, line in lines:
        found = _LINE.fullmatch(line)
        if not found:
            if line.strip() and not _RULE.fullmatch(line):
                lines.unknown(line_number, line)
            continue
        label, value = found.groups()
        what = _what(label)
        if not requests or what in seen:
            usual = usual or seen
            requests.append(Request(line_number))
            seen = []
        seen.append(what)
        if _set(requests[-1], what, value):
            continue
        if what.startswith("label "):
            requests[-1].extras.append((label, mask_secrets(value), line_number))
        else:
            lines.unknown(line_number, line)
    kept = [one for one in requests if one.points]
    if kept and _cut(seen, usual):
        lines.missing("the last request ends before its last line", kept[-1].line)
    for one in kept:
        if one.total_ns is None:
            lines.missing("a request without its total time", one.line)
    for one in requests:
        if not one.points:
            lines.missing("lines without a time", one.line)
    return kept, lines.end()


def _cut(seen: list[str], usual: list[str]) -> bool:
    """Whether the last request lacks lines: those of the first, or of the usual order."""
    if usual:
        return len(seen) < len(usual)
    return seen == list(_USUAL[: len(seen)]) and len(seen) < len(_USUAL)


def _plain(label: str) -> str:
    words = re.sub(r"[^a-z]", "", label.lower())
    return words.removeprefix("time") if words not in ("timetofirstbyte",) else words


def _point(label: str) -> str | None:
    return _POINTS.get(_plain(label))


def _what(label: str) -> str:
    plain = _plain(label)
    if plain in _STATUS:
        return "status"
    return "size" if plain in _SIZE else _POINTS.get(plain) or f"label {label}"


def _set(request: Request, what: str, value: str) -> bool:
    """Keep a value where it belongs; False where it is no such value, or of another label."""
    if what in ("status", "size"):
        found = _WHOLE.fullmatch(value)
        if found and what == "status":
            request.status = min(count_of(found[1]), 999)
        elif found:
            request.size_bytes = count_of(found[1])
        return found is not None
    if what.startswith("label "):
        name = _TEXTS.get(_plain(what[6:]))
        if name:
            setattr(request, name, mask_secrets(value))
        return name is not None
    duration = ns_of(value, "s")
    if duration is not None:
        request.points[what] = duration
    return duration is not None


# -- JSON -----------------------------------------------------------------------------------------

_KEYS = {
    "dns": "time_namelookup",
    "connect": "time_connect",
    "tls": "time_appconnect",
    "pretransfer": "time_pretransfer",
    "redirect": "time_redirect",
    "ttfb": "time_starttransfer",
    "total": "time_total",
}


def _read_json(source: Source) -> tuple[list[Request], list[Gap]]:
    found, gaps = documents(source)
    requests = []
    for line, document in found:
        request = _request(document, line)
        if request.total_ns is None:
            gap = Gap("an object without time_total", line=line, lost_records=1)
            gaps += [gap] if gap not in gaps else []
        else:
            requests.append(request)
    return requests, gaps


def _request(document: dict[str, Any], line: int) -> Request:
    points = {name: number(document.get(key)) for name, key in _KEYS.items()}
    times = {k: round(min(max(v, 0.0), 4e9) * 1e9) for k, v in points.items() if v is not None}
    request = Request(line, times)
    request.status = _whole(document, "http_code", "response_code")
    request.exit_code = _whole(document, "exitcode")
    request.size_bytes = _whole(document, "size_download")
    request.error = mask_secrets(text(document.get("errormsg")))
    request.url = mask_secrets(text(document.get("url_effective") or document.get("url")))
    request.method = text(document.get("method"))
    address, port = text(document.get("remote_ip")), _whole(document, "remote_port")
    request.remote = f"{address}:{port}" if address else ""
    version = text(document.get("http_version"))
    request.http_version = "" if version == "0" else version
    return request


def _whole(document: dict[str, Any], *keys: str) -> int | None:
    values = (number(document.get(key)) for key in keys)
    return next((int(value) for value in values if value is not None), None)
