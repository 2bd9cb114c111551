"""Answers of a server to a question by hand: dig's of a name, openssl s_client's of a handshake."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, NamedTuple

from prodforensics.display.tables import human_ns
from prodforensics.gaps import Gap
from prodforensics.network.tools.tool_reports import LINE, Measure, ToolReport
from prodforensics.schema import Column, Schema
from prodforensics.source import Source

__all__ = ["Certificate", "DigReport", "Handshake", "Query", "Record", "TlsProbe", "VerifyError"]

QUERIES = Schema(
    "queries",
    (
        Column("name", "str", "", "What was asked for; empty where dig does not say."),
        Column("type", "str", "", "A, AAAA, MX ..."),
        Column("status", "str", "", "NOERROR, NXDOMAIN, SERVFAIL ...; TIMEOUT: no answer."),
        Column("flags", "str", "", "qr aa rd ra tc ad ..."),
        Column("answers", "int64", "count", "Records of the answer."),
        Column("authority", "int64", "count", "Records that tell who knows."),
        Column("server", "str", "", "Who answered."),
        Column("protocol", "str", "", "UDP, TCP ..., where dig says."),
        Column("query_ns", "Int64", "ns", "From the question to the answer, in whole ms."),
        Column("size_bytes", "Int64", "bytes", "The message."),
        Column("timeouts", "int64", "count", "Tries without an answer."),
        Column("error", "str", "", "What dig says went wrong."),
        Column("command", "str", "", "dig's arguments."),
        LINE,
    ),
    Column("query", "int64", "ordinal", "Place in the file."),
    "One row for each question.",
)
RECORDS = Schema(
    "records",
    (
        Column("query", "int64", "ordinal", "In `queries`."),
        Column("section", "category", "", "answer, authority, additional."),
        Column("name", "str", "", "Whose record."),
        Column("ttl_ns", "int64", "ns", "How long it may be kept."),
        Column("type", "str", "", "A, CNAME, SOA ..."),
        Column("data", "str", "", "As dig writes it."),
        LINE,
    ),
    Column("record", "int64", "ordinal", "Place in the file."),
    "One row for each record of an answer.",
)
SECTIONS = ("answer", "authority", "additional")


class Record(NamedTuple):
    """One record of an answer."""

    section: str
    name: str
    ttl_ns: int
    type: str
    data: str
    line: int


@dataclass
class Query:
    """One question of dig and what came of it."""

    line: int
    command: str = ""
    name: str = ""
    type: str = ""
    status: str = ""
    flags: str = ""
    answers: int = 0
    authority: int = 0
    server: str = ""
    protocol: str = ""
    query_ns: int | None = None
    size_bytes: int | None = None
    timeouts: int = 0
    error: str = ""
    records: list[Record] = field(default_factory=list)

    @property
    def asked(self) -> str:
        """The question in words."""
        return f"{self.name} {self.type}".strip() or self.command


class DigReport(ToolReport):
    """What dig printed.

    Parameters
    ----------
    source : Source or None
    queries : list of Query
    gaps : iterable of Gap

    Examples
    --------
    >>> import prodforensics as pf
    >>> report = pf.load(pf.samples.path("network/dig.cname.txt"))
    >>> report.frames["records"][["name", "type", "data"]].values.tolist()[1]
    ['api.shop.example.', 'AAAA', '2001:db8:113::10']
    """

    kind: ClassVar[str] = "dig report"
    schemas: ClassVar = {"queries": QUERIES, "records": RECORDS}
    _rules: ClassVar[str] = "prodforensics.network.tools.answer_rules:DIG_RULES"

    def __init__(
        self, source: Source | None, queries: list[Query], gaps: Iterable[Gap] = ()
    ) -> None:
        self.queries = queries
        rows = [
            (
                *(one.name, one.type, one.status, one.flags, one.answers, one.authority),
                *(one.server, one.protocol, one.query_ns, one.size_bytes, one.timeouts),
                *(one.error, one.command, one.line),
            )
            for one in queries
        ]
        records = [(place, *each) for place, one in enumerate(queries) for each in one.records]
        builders = {
            "queries": partial(QUERIES.frame, rows),
            "records": partial(RECORDS.frame, records, {"section": SECTIONS}),
        }
        super().__init__(source, builders, gaps)

    def headline(self) -> str:
        """Say what was asked last, and what the answer was."""
        last = self.queries[-1]
        more = f" (the last of {len(self.queries)})" if len(self.queries) > 1 else ""
        took = "" if last.query_ns is None else f" in {human_ns(last.query_ns)}"
        return f"{last.asked}: {last.status}, {last.answers} answers{took}{more}."

    def facts(self) -> list[tuple[str, str]]:
        """Return status, answers and server of the last question."""
        last = self.queries[-1]
        facts = [("status", last.status), ("answers", str(last.answers))]
        if last.server:
            facts.append(("server", last.server))
        return [*facts, ("questions", str(len(self.queries)))]

    def measures(self) -> list[Measure]:
        """Return status, answers and time of each question; the last of equal ones."""
        found = {}
        for one in self.queries:
            found[one.asked] = [
                Measure(f"{one.asked}: status", "", None, one.status),
                Measure(f"{one.asked}: answers", "count", one.answers),
                Measure(f"{one.asked}: time", "ns", one.query_ns),
            ]
        return [measure for measures in found.values() for measure in measures]


HANDSHAKES = Schema(
    "handshakes",
    (
        Column("connected", "bool", "", "Whether TCP came to stand."),
        Column("protocol", "str", "", "TLSv1.2, TLSv1.3; empty where none was agreed."),
        Column("cipher", "str", "", "The cipher suite."),
        Column("alpn", "str", "", "The protocol above it, where one was agreed."),
        Column("subject", "str", "", "Of the server's certificate."),
        Column("issuer", "str", "", "Who signed it."),
        Column("not_before", "datetime64[ns, UTC]", "", "It is valid from."),
        Column("not_after", "datetime64[ns, UTC]", "", "It is valid until."),
        Column("verify_code", "Int64", "", "OpenSSL's verify return code; 0: ok."),
        Column("verify_text", "str", "", "The same in words."),
        Column("peer_name", "str", "", "The name that the certificate was verified for."),
        Column("alert", "Int64", "", "TLS alert that the server sent."),
        Column("errno", "Int64", "", "Why there was no connection: 111 refused, 110 timed out."),
        Column("error", "str", "", "OpenSSL's errors."),
        Column("read_bytes", "Int64", "bytes", "Read during the handshake."),
        Column("start", "datetime64[ns, UTC]", "", "When the session began, where it is told."),
        LINE,
    ),
    Column("handshake", "int64", "ordinal", "Place in the file."),
    "One row for each call of openssl s_client.",
)
CERTIFICATES = Schema(
    "certificates",
    (
        Column("handshake", "int64", "ordinal", "In `handshakes`."),
        Column("depth", "int64", "ordinal", "0 for the server's own."),
        Column("subject", "str", "", "Whose it is."),
        Column("issuer", "str", "", "Who signed it."),
        Column("key", "str", "", "Kind and size of the key, and the signature's algorithm."),
        Column("not_before", "datetime64[ns, UTC]", "", "It is valid from."),
        Column("not_after", "datetime64[ns, UTC]", "", "It is valid until."),
        LINE,
    ),
    Column("row", "int64", "ordinal", "Place in the file."),
    "The chain that the server sent.",
)
VERIFY_ERRORS = Schema(
    "verify_errors",
    (
        Column("handshake", "int64", "ordinal", "In `handshakes`."),
        Column("depth", "int64", "ordinal", "Which certificate; -1: not told."),
        Column("subject", "str", "", "Whose it is."),
        Column("code", "int64", "", "OpenSSL's number of the error."),
        Column("text", "str", "", "In words."),
        LINE,
    ),
    Column("row", "int64", "ordinal", "Place in the file."),
    "What OpenSSL found wrong with the certificates.",
)


@dataclass
class Certificate:
    """One certificate of the chain."""

    depth: int
    line: int
    subject: str = ""
    issuer: str = ""
    key: str = ""
    not_before_ns: int | None = None
    not_after_ns: int | None = None


class VerifyError(NamedTuple):
    """Something wrong with a certificate."""

    depth: int
    subject: str
    code: int
    text: str
    line: int


@dataclass
class Handshake:
    """One call of s_client. Keys, tickets and what was said inside of TLS are not kept."""

    line: int
    connected: bool = False
    protocol: str = ""
    cipher: str = ""
    alpn: str = ""
    subject: str = ""
    issuer: str = ""
    verify_code: int | None = None
    verify_text: str = ""
    peer_name: str = ""
    alert: int | None = None
    errno: int | None = None
    errors: list[str] = field(default_factory=list)
    read_bytes: int | None = None
    start_ns: int | None = None
    certificates: list[Certificate] = field(default_factory=list)
    verify_errors: list[VerifyError] = field(default_factory=list)

    @property
    def own(self) -> Certificate | None:
        """The server's own certificate, as the chain shows it."""
        return next((one for one in self.certificates if not one.depth), None)


class TlsProbe(ToolReport):
    """What openssl s_client said of a server. Keys, tickets and cookies are never kept.

    Parameters
    ----------
    source : Source or None
    handshakes : list of Handshake
    gaps : iterable of Gap

    Examples
    --------
    >>> import prodforensics as pf
    >>> probe = pf.load(pf.samples.path("network/s_client.expired.txt"))
    >>> probe.frames["handshakes"][["protocol", "verify_text"]].values.tolist()
    [['TLSv1.2', 'certificate has expired']]
    """

    kind: ClassVar[str] = "TLS probe"
    schemas: ClassVar = {
        one.name: one for one in (CERTIFICATES, HANDSHAKES, VERIFY_ERRORS)
    }  # fmt: skip
    _rules: ClassVar[str] = "prodforensics.network.tools.answer_rules:TLS_RULES"

    def __init__(
        self, source: Source | None, handshakes: list[Handshake], gaps: Iterable[Gap] = ()
    ) -> None:
        self.handshakes = handshakes
        rows, chain, errors = [], [], []
        for place, one in enumerate(handshakes):
            own = one.own or Certificate(0, one.line)
            rows.append(
                (
                    *(one.connected, one.protocol, one.cipher, one.alpn, one.subject, one.issuer),
                    *(own.not_before_ns, own.not_after_ns, one.verify_code, one.verify_text),
                    *(one.peer_name, one.alert, one.errno, "; ".join(one.errors)),
                    *(one.read_bytes, one.start_ns, one.line),
                )
            )
            chain += [
                (
                    *(place, each.depth, each.subject, each.issuer, each.key),
                    *(each.not_before_ns, each.not_after_ns, each.line),
                )
                for each in one.certificates
            ]
            errors += [(place, *each) for each in one.verify_errors]
        builders = {
            "certificates": partial(CERTIFICATES.frame, chain),
            "handshakes": partial(HANDSHAKES.frame, rows),
            "verify_errors": partial(VERIFY_ERRORS.frame, errors),
        }
        super().__init__(source, builders, gaps)

    def headline(self) -> str:
        """Say how the last handshake ended."""
        last = self.handshakes[-1]
        if not last.connected:
            return "No connection."
        agreed = f"{last.protocol}, {last.cipher}" if last.protocol else "No handshake"
        who = f" with {last.subject}" if last.subject else ""
        said = f"; verification: {last.verify_text}" if last.verify_text else ""
        return f"{agreed}{who}{said}."

    def facts(self) -> list[tuple[str, str]]:
        """Return protocol, certificate and verification of the last handshake."""
        last = self.handshakes[-1]
        facts = [("connected", "yes" if last.connected else "no")]
        facts += [("protocol", last.protocol)] if last.protocol else []
        facts += [("subject", last.subject)] if last.subject else []
        facts += [("verification", last.verify_text)] if last.verify_text else []
        return [*facts, ("handshakes", str(len(self.handshakes)))]

    def measures(self) -> list[Measure]:
        """Return the words of the last handshake."""
        last = self.handshakes[-1]
        own = last.own
        expires = own.not_after_ns if own else None
        return [
            Measure("connected", "", None, "yes" if last.connected else "no"),
            Measure("protocol", "", None, last.protocol),
            Measure("cipher", "", None, last.cipher),
            Measure("subject", "", None, last.subject),
            Measure("issuer", "", None, last.issuer),
            Measure("verification", "", None, last.verify_text),
            Measure("valid until, since 1970", "ns", expires),
        ]
