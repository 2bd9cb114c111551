"""The documented columns of the frame of TLS sessions."""

from __future__ import annotations

from prodforensics.schema import Column, Schema

__all__ = ["TLS"]

_WHEN, _BOOL = "datetime64[ns, UTC]", "bool"


def _frame(name: str, of: str) -> Column:
    return Column(name, "int64", "ordinal", f"Frame number of {of}; 0 for none.")


TLS = Schema(
    "tls",
    (
        Column("stream", "int64", "ordinal", "Wireshark's tcp.stream; of QUIC its udp.stream."),
        Column("protocol", "category", "", "tls (over TCP) or quic."),
        Column("client_ip", "category", "", "Who sent the ClientHello."),
        Column("client_port", "int32", "", "From which port."),
        Column("server_ip", "category", "", "Who was asked."),
        Column("server_port", "int32", "", "On which port."),
        # What the client asks for.
        Column("sni", "str", "", "Name of the server that the client asks for."),
        Column("offered_versions", "category", "", "The client's, best first: 1.3, 1.2 ..."),
        Column("offered_alpn", "category", "", "Protocols that the client offers: h2, http/1.1."),
        Column("ja3", "category", "", "MD5 fingerprint of the ClientHello, as in tshark."),
        Column("ja4", "category", "", "JA4 fingerprint of the ClientHello."),
        Column("client_hello_ts", _WHEN, "", "When the first ClientHello was sent."),
        # What the server chooses.
        Column("version", "category", "", "1.3, 1.2, 1.1, 1.0 or SSL 3.0; empty: no answer."),
        Column("cipher", "category", "", "Cipher suite, by IANA's name."),
        Column("group", "category", "", "Group of the key exchange: x25519, secp256r1 ..."),
        Column("alpn", "category", "", "Protocol the server chose; encrypted since TLS 1.3."),
        Column("ja3s", "category", "", "MD5 fingerprint of the ServerHello, as in tshark."),
        Column("server_hello_ts", _WHEN, "", "When the ServerHello was sent."),
        Column("hello_retry", _BOOL, "", "The server asked for another ClientHello first."),
        Column("resumed", _BOOL, "", "A session of before went on: no certificate, fewer trips."),
        Column("early_data", _BOOL, "", "The client sent data with its hello (0-RTT)."),
        Column("quic_version", "category", "", "Version of QUIC: 1, 2 ...; empty over TCP."),
        # How it went.
        Column("first_app_ts", _WHEN, "", "When the first application data was sent."),
        Column("handshake_ns", "int64", "ns", "ClientHello to the last Finished; -1: not seen."),
        Column("alert_level", "category", "", "warning or fatal: of the first fatal, else first."),
        Column("alert_code", "int16", "", "Number of that alert (in clear); -1 for none."),
        Column("alert", "category", "", "Its name: certificate_expired, protocol_version ..."),
        Column("alert_from", "category", "", "Who sent it: client or server."),
        Column("alert_ts", _WHEN, "", "When it was sent."),
        Column("encrypted_alert_from", "category", "", "Who sent an alert in place of Finished."),
        Column("plain_answer", _BOOL, "", "The server answered the hello with what is no TLS."),
        # The certificates, in clear up to TLS 1.2.
        Column("certificates", "int16", "count", "Of the server's chain; 0: none in clear."),
        Column("subject", "str", "", "Of the server's own certificate, by RFC 4514."),
        Column("issuer", "str", "", "Who signed it, by RFC 4514."),
        Column("san", "str", "", "DNS names and addresses that it is for, one after the other."),
        Column("not_before", _WHEN, "", "From when it is valid."),
        Column("not_after", _WHEN, "", "Until when it is valid."),
        Column("expired_at_capture", _BOOL, "", "It was no longer valid when it was sent."),
        Column("not_yet_valid", _BOOL, "", "It was not valid yet when it was sent."),
        Column("wrong_name", _BOOL, "", "It is not for the name of the SNI."),
        Column("self_signed", _BOOL, "", "Its subject signed it."),
        Column("chain_expired", _BOOL, "", "Another certificate of the chain was expired."),
        Column("key", "category", "", "Its public key: RSA 2048, EC secp256r1, Ed25519 ..."),
        Column("client_certificate", "category", "", "asked, sent, or none (asked, not sent)."),
        # Where to look.
        _frame("client_hello_frame", "the first ClientHello"),
        _frame("server_hello_frame", "the ServerHello"),
        _frame("certificate_frame", "the server's certificates"),
        _frame("first_app_frame", "the first application data"),
        _frame("alert_frame", "the alert in clear"),
        _frame("encrypted_alert_frame", "the encrypted alert"),
        Column("unread", "str", "", "What of the handshake could not be read, and why."),
    ),
    Column("session", "int64", "ordinal", "Counts from 0, in the order of their hellos."),
    "TLS handshakes, over TCP and in QUIC. Messages stand where their last byte came, as in"
    " Wireshark, application data where it begins.",
)
