"""What tshark says of hellos, certificates and alerts, beside a frame of sessions."""

from datetime import datetime

from prodforensics import tools
from prodforensics.network.protocols.tls_names import cipher_suite, group, version

FIELDS = (
    "frame.number", "tcp.stream", "udp.stream", "tls.handshake.type",
    "tls.handshake.extensions_server_name", "tls.handshake.ja3", "tls.handshake.ja3s",
    "tls.handshake.version", "tls.handshake.extensions.supported_version",
    "tls.handshake.ciphersuite", "tls.handshake.extensions_alpn_str",
    "tls.handshake.extensions_key_share_group", "tls.handshake.server_named_curve",
    "tls.alert_message.level", "tls.alert_message.desc", "x509af.utcTime", "x509ce.dNSName",
    "tls.handshake.session_id",
)  # fmt: skip


def ask(file):
    """Return what tshark says of the packets with hellos, certificates or alerts in clear."""
    arguments = ["-n", "-r", file, "-Y", "tls.handshake.type or tls.alert_message.desc"]
    arguments += ["-T", "fields", "-E", "separator=/t", "-E", "occurrence=a", "-E", "aggregator=|"]
    for field in FIELDS:
        arguments += ["-e", field]
    printed = tools.run("tshark", arguments, seconds=60).stdout
    rows = [line.split("\t") for line in printed.splitlines() if line.count("\t")]
    return [dict(zip(FIELDS, row, strict=True)) for row in rows]


def first_of(rows, kind):
    """Give the first packet of each stream with a message of this kind."""
    seen = set()
    for row in rows:
        key = (row["tcp.stream"], row["udp.stream"])
        if str(kind) in row["tls.handshake.type"].split("|") and key not in seen:
            seen.add(key)
            yield key, row


def same(frame, rows):
    """Compare a frame with what tshark says."""
    known = {
        (str(row.stream), "") if row.protocol == "tls" else ("", str(row.stream)): row
        for row in frame.itertuples()
    }
    hellos = list(first_of(rows, 1))
    assert {key for key, _ in hellos} == {
        key for key, row in known.items() if row.client_hello_frame
    }
    for key, row in hellos:
        mine = known[key]
        assert mine.client_hello_frame == int(row["frame.number"])
        assert mine.sni == row["tls.handshake.extensions_server_name"]
        assert mine.ja3 == row["tls.handshake.ja3"]
        theirs = row["tls.handshake.extensions_alpn_str"]
        assert mine.offered_alpn == ", ".join(theirs.split("|") if theirs else ())
    answers = list(first_of((row for row in rows if row["tls.handshake.ja3s"]), 2))
    # The second of two answers counts: the first asked for another hello.
    again = {}
    for row in rows:
        if "2" in row["tls.handshake.type"].split("|"):
            again[row["tcp.stream"], row["udp.stream"]] = row
    assert set(again) == {key for key, row in known.items() if row.server_hello_frame}
    for key, row in again.items():
        mine = known[key]
        assert mine.hello_retry == (dict(answers)[key] is not row)
        assert mine.server_hello_frame == int(row["frame.number"])
        assert mine.ja3s == row["tls.handshake.ja3s"]
        assert mine.cipher == cipher_suite(int(row["tls.handshake.ciphersuite"], 0))
        chosen = row["tls.handshake.extensions.supported_version"] or row["tls.handshake.version"]
        assert mine.version == version(int(chosen, 0))
        if row["tls.handshake.extensions_alpn_str"] and mine.version == "1.2":
            assert mine.alpn == row["tls.handshake.extensions_alpn_str"]
        share = (
            row["tls.handshake.extensions_key_share_group"]
            or row["tls.handshake.server_named_curve"]
        )
        if share:
            assert mine.group == group(int(share, 0))
    for key, row in first_of(rows, 11):
        mine = known[key]
        if mine.version == "1.3":
            continue  # decrypted, by keys that the capture holds
        assert mine.certificate_frame == int(row["frame.number"])
        since, until, *_ = [
            datetime.fromisoformat(time[:19]) for time in row["x509af.utcTime"].split("|")
        ]
        assert mine.not_before.tz_localize(None) == since
        assert mine.not_after.tz_localize(None) == until
        assert mine.san == ", ".join(row["x509ce.dNSName"].split("|"))
    alerts = {}
    for row in rows:
        if row["tls.alert_message.desc"]:
            alerts.setdefault((row["tcp.stream"], row["udp.stream"]), row)
    shown = {key: row for key, row in known.items() if row.alert_frame}
    # With the keys that a capture may hold tshark sees Finished (20), and encrypted alerts.
    opened = {key for key, _ in first_of(rows, 20)}
    alerts = {key: row for key, row in alerts.items() if key not in opened}
    assert set(shown) == set(alerts)
    for key, row in alerts.items():
        mine = shown[key]
        assert mine.alert_frame == int(row["frame.number"])
        assert str(mine.alert_code) == row["tls.alert_message.desc"]
        assert mine.alert_level == {"1": "warning", "2": "fatal"}[row["tls.alert_message.level"]]
