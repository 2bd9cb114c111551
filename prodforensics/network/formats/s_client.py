"""What ``openssl s_client`` prints of a handshake, errors of connecting included.

Session ids, master keys, tickets and all that was said inside of TLS are passed over, never kept;
so are the certificates in PEM, whose names and dates s_client tells in words.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from prodforensics._text import plain
from prodforensics.errors import Corrupt
from prodforensics.formats import Match, Probe
from prodforensics.lines import ToolLines
from prodforensics.network.tools.answer_reports import Certificate, Handshake, TlsProbe, VerifyError
from prodforensics.source import Source

__all__ = ["read", "sniff"]

_SIGNATURE = re.compile(
    rb"(?m)^CONNECTED\([0-9A-Fa-f]{8}\)|^SSL handshake has read [0-9]{1,9} bytes"
    rb"|^connect:errno=[0-9]{1,4}|^[0-9A-F]{8,20}:error:[0-9A-F]{8}:[^\n]{0,80}(?:BIO|SSL) "
)
_DEPTH = re.compile(r"depth=([0-9]{1,3}) (.*)")
_VERIFY_ERROR = re.compile(r"verify error:num=([0-9]{1,4}):(.*)")
_VERIFY_CODE = re.compile(r"\s*Verify return code: ([0-9]{1,4}) \((.*)\)")
_CHAIN = re.compile(r"\s?([0-9]{1,3}) s:(.*)")
_PART = re.compile(r"\s{1,4}([iav]):(.*)")
_VALID = re.compile(r"NotBefore: (.{1,40}?); NotAfter: (.{1,40})")
_AGREED = re.compile(r"(?:New|Reused), (\S{1,40}), Cipher is (\S{1,80})")
_READ = re.compile(r"SSL handshake has read ([0-9]{1,15}) bytes and written [0-9]{1,15} bytes")
_ERROR = re.compile(r"[0-9A-Fa-f]{6,20}:error:([0-9A-Fa-f]{1,8}):(.*)")
_ALERT = re.compile(r"SSL alert number ([0-9]{1,3})")
_ERRNO = re.compile(r"(?:connect|write|read):errno=([0-9]{1,4})")
_LOOKUP = re.compile(r"getaddrinfo: .*|.*(?:Name or service not known|nodename nor servname).*")
_FIELDS = {"subject": "subject", "issuer": "issuer", "Verified peername": "peer_name"}
_FIELDS |= {"ALPN protocol": "alpn"}
_FIELD = re.compile(rf"({'|'.join(_FIELDS)})\s?[=:]\s?(.*)")
_START = re.compile(r"\s+Start Time: ([0-9]{1,11})")
_PEM = "-----BEGIN CERTIFICATE-----"
# What says nothing more, or what must not be kept: by how a line begins.
_PASSED = (
    " ", "---", "verify return:", "notAfter=", "notBefore=", "Certificate chain", "SSL handshake",
    "Server certificate", "no peer certificate available", "No client certificate CA names",
    "Acceptable client certificate", "Client Certificate Types", "Requested Signature",
    "Shared Requested", "Requested Elliptic", "Shared Elliptic", "Peer signing digest",
    "Peer signature type", "Server Temp Key", "Peer Temp Key", "Negotiated TLS1.3 group",
    "Verification", "Server public key is", "Secure Renegotiation IS", "Compression",
    "Expansion", "No ALPN negotiated", "Early data was", "SSL-Session", "Post-Handshake New",
    "Can't use SSL_get", "Protocol", "Connecting to ", "This TLS version", "DANE TLSA",
    "OCSP response", "SRTP", "Next protocol", "Max Early Data", "read R BLOCK", "drop connection",
)  # fmt: skip
_ENDS = ("DONE", "closed", "Q")


def sniff(probe: Probe) -> Match | None:
    """Recognise that s_client is connected, or OpenSSL's errors before that."""
    if _SIGNATURE.search(probe.head):
        return Match(0.9, "the output of openssl s_client")
    return None


def read(source: Source, *, progress: bool | None = None) -> TlsProbe:
    """Read one or more handshakes.

    Parameters
    ----------
    source : Source
    progress : bool, optional
        Show a progress bar: always, never, or (None) for large files.

    Returns
    -------
    TlsProbe

    Raises
    ------
    Corrupt
        Nothing in the file is s_client's.
    """
    reader = _Reader(ToolLines(source, progress, excerpts=False))
    for number, line in reader.lines:
        reader.take(number, line.rstrip())
    reader.end()
    if not reader.handshakes:
        raise Corrupt(source.path, 0, "the output of openssl s_client", repr(source.head(40)))
    return TlsProbe(source, reader.handshakes, reader.lines.end())


class _Reader:
    """The state between two lines: the handshake, and whether it was told to its end."""

    def __init__(self, lines: ToolLines) -> None:
        self.lines = lines
        self.handshakes: list[Handshake] = []
        self.open: Handshake | None = None
        self.depth = (-1, "")
        self.pem = False
        # Behind the verification and its rule comes what was said inside of TLS.
        self.verified = self.whole = False

    def take(self, number: int, line: str) -> None:
        if self.pem:
            self.pem = not line.startswith("-----END")
        elif line.startswith(_PEM):
            self.pem = True
        elif line in _ENDS:
            if self.open:
                self.whole = self.whole or self.verified
                self.end()
        elif self._begins(number, line) or self._verification(number, line):
            pass
        elif not self.open:
            if line:
                self.lines.unknown(number, line)
        elif line == "---":
            self.whole = self.whole or self.verified
        elif self.whole or not line or self._details(number, line):
            pass
        elif not line.startswith(_PASSED):
            self.lines.unknown(number, line)

    def _begins(self, number: int, line: str) -> bool:
        """Read what may stand at the beginning: the errors of connecting, CONNECTED."""
        if line.startswith("CONNECTED("):
            if self.open and self.open.connected:
                self.end()
            self._handshake(number).connected = True
        elif found := _ERRNO.fullmatch(line):
            one = self._handshake(number)
            one.errno = int(found[1]) if line.startswith("connect") else one.errno
            if not one.connected:
                self.whole = True
                self.end()
        elif found := _ERROR.fullmatch(line):
            one = self._handshake(number)
            one.errors.append(_reason(found[2]))
            if alert := _ALERT.search(line):
                one.alert = min(int(alert[1]), 255)
        elif _LOOKUP.fullmatch(line) and not self.whole:
            self._handshake(number).errors.append(plain(line, 200))
        else:
            return False
        return True

    def _verification(self, number: int, line: str) -> bool:
        if self.whole:
            return False
        if found := _DEPTH.fullmatch(line):
            self.depth = (int(found[1]), found[2])
            self._handshake(number)
        elif found := _VERIFY_ERROR.fullmatch(line):
            error = VerifyError(*self.depth, int(found[1]), found[2], number)
            self._handshake(number).verify_errors.append(error)
        else:
            return False
        return True

    def _details(self, number: int, line: str) -> bool:
        one = self._handshake(number)
        if found := _CHAIN.fullmatch(line):
            one.certificates.append(Certificate(int(found[1]), number, found[2]))
        elif (found := _PART.fullmatch(line)) and one.certificates:
            _fill(one.certificates[-1], found[1], found[2])
        elif found := _FIELD.fullmatch(line):
            setattr(one, _FIELDS[found[1]], found[2])
        elif found := _READ.fullmatch(line):
            one.read_bytes = int(found[1])
        elif found := _AGREED.fullmatch(line):
            none = found[2] == "(NONE)"
            one.protocol, one.cipher = ("", "") if none else found.groups()
        elif found := _VERIFY_CODE.fullmatch(line):
            one.verify_code, one.verify_text = int(found[1]), found[2]
            self.verified = True
        elif found := _START.fullmatch(line):
            one.start_ns = min(int(found[1]), 2**33) * 10**9
        else:
            return False
        return True

    def _handshake(self, number: int) -> Handshake:
        if self.whole:
            self.end()
        if not self.open:
            self.open = Handshake(number)
            self.handshakes.append(self.open)
            self.depth, self.verified, self.whole = (-1, ""), False, False
        return self.open

    def end(self) -> None:
        """Close a handshake; one that was not told to its end is a gap."""
        if self.open and not self.whole:
            self.lines.missing("a handshake that is not told to its end", self.open.line)
        self.open, self.whole, self.verified = None, False, False


def _reason(text: str) -> str:
    """Leave the words of an error: library, function and reason, without file and line."""
    parts = [part for part in text.split(":") if part][:3]
    return plain(": ".join(parts), 200)


def _fill(certificate: Certificate, part: str, text: str) -> None:
    if part == "i":
        certificate.issuer = text
    elif part == "a":
        certificate.key = text.strip()
    elif found := _VALID.search(text):
        certificate.not_before_ns, certificate.not_after_ns = map(_time, found.groups())


def _time(text: str) -> int | None:
    try:
        when = datetime.strptime(text.strip(), "%b %d %H:%M:%S %Y GMT")
    except ValueError:
        return None
    return int(when.replace(tzinfo=UTC).timestamp()) * 10**9 if when.year < 2262 else None
