"""What protocols say of the packets of a stream."""

from __future__ import annotations

from prodforensics.network.explorer.connection_pages import ConnectionPages
from prodforensics.network.explorer.ladder import Exchange, draw_ladder
from prodforensics.network.explorer.packet_notes import packet_notes
from tests.network.views_stage import sample


def test_queries_and_answers():
    capture = sample("dns_search")
    row = capture.frames["dns"].iloc[0]
    notes = packet_notes(capture, int(row["stream"]), "udp")
    assert notes[row["request_frame"] - 1] == f"{row['qtype']} {row['query']}?"
    assert notes[row["response_frame"] - 1].startswith("NXDOMAIN")
    assert packet_notes(capture, int(row["stream"]), "tcp") == {}


def test_handshakes_and_alerts():
    capture = sample("tls.expired")
    row = capture.frames["tls"].iloc[0]
    notes = packet_notes(capture, int(row["stream"]))
    assert notes[row["client_hello_frame"] - 1] == "ClientHello api.shop.example"
    assert "Alert: certificate_expired" in notes[row["alert_frame"] - 1]
    assert "Certificate" in notes[row["certificate_frame"] - 1]


def test_they_stand_beside_the_packets_of_a_ladder():
    capture = sample("tls.expired")
    notes = packet_notes(capture, 0)
    drawn = draw_ladder(Exchange.of(capture, 0), notes=notes).svg()
    assert "ClientHello api.shop.exa" in drawn
    answer = ConnectionPages(capture).ladder(0)
    assert any("ClientHello api.shop.example" in part["title"] for part in answer["parts"])
