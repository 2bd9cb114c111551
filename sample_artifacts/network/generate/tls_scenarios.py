"""TLS: healthy in both versions, and handshakes that fail or take long."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from statistics import median

from labels import Sample, capture, expect, scenario
from servers import certificate, nginx
from topology import Host, Network

NAME = "api.shop.example"
CURL = (
    "curl -s -o /dev/null --cacert ca.pem --connect-to ::10.20.0.20:{port} "
    f"https://{NAME}{{path}} {{more}}"
)
ALERTS = {
    "42": "bad_certificate",
    "45": "certificate_expired",
    "48": "unknown_ca",
    "70": "protocol_version",
    "40": "handshake_failure",
    "46": "certificate_unknown",
}


def days(count: float) -> str:
    """Write the time so many days from now as OpenSSL reads it."""
    return f"{datetime.now(UTC) + timedelta(days=count):%Y%m%d%H%M%SZ}"


def server_of(host: Host, name: str, more: str = "", port: int = 443) -> None:
    """Start openssl s_server with a certificate."""
    host.start(
        f"openssl s_server -quiet -WWW -accept {port} -cert {name}.pem -key {name}.key {more}",
        port=port,
    )


@scenario("healthy_https")
def healthy_https(network: Network) -> list[Sample]:
    """HTTPS by TLS 1.2 and 1.3, HTTP/1.1 and HTTP/2, at nginx."""
    client, server = network.pair()
    certificate(network.folder, "good", NAME)
    nginx(
        server,
        "server { listen 443 ssl http2; ssl_certificate good.pem; ssl_certificate_key good.key;\n"
        'ssl_protocols TLSv1.2 TLSv1.3; location / { return 200 \'{"order": "$uri"}\'; } }',
        port=443,
    )
    samples = []
    for version in ("1.2", "1.3"):
        with capture(client, f"healthy.tls{version}", only="port 443") as seen:
            for more in ("--http1.1", "--http2"):
                urls = f"https://{NAME}/order/2 https://{NAME}/order/3"
                client.must(
                    CURL.format(
                        port=443,
                        path="/order/1",
                        more=f"{urls} {more} --tlsv{version} --tls-max {version}",
                    )
                )
        seen.activity.append(f"curl --tls-max {version}, --http1.1 and --http2, 3 URLs each")
        expect(not seen.having("tls.alert_message.desc") or version == "1.2", "no alert")
        expect(
            len(
                [
                    p
                    for p in seen.having("tls.handshake.type")
                    if "1" in p["tls.handshake.type"].split(",")
                ]
            )
            == 2,
            "two hellos",
        )
        samples.append(
            seen.sample(
                f"Healthy HTTPS, TLS {version}",
                role=f"tls{version}",
                sni=NAME,
                packing="gz" if version == "1.3" else "zst",
                alpn=["http/1.1", "h2"],
                version=version,
            )
        )
    return samples


@scenario("tls_certificate")
def tls_certificate(network: Network) -> list[Sample]:
    """Certificates that are over, not yet valid, of another name, of an unknown authority."""
    client, server = network.pair()
    folder = network.folder
    cases = {
        "expired": ("certificate_expired", days(-400), days(-35), NAME),
        "not_yet_valid": ("not_yet_valid", days(20), days(385), NAME),
        "wrong_name": ("wrong_name", "", "", "internal.shop.example"),
        "unknown_ca": ("unknown_ca", "", "", NAME),
    }
    samples = []
    for port, (case, (cause, start, end, host)) in enumerate(cases.items(), 8443):
        certificate(folder, case, host, start, end)
        server_of(server, case, "-no_tls1_3", port)
        command = CURL.format(port=port, path="/", more="")
        with capture(client, f"tls.{case}") as seen:
            codes = [
                client.run(
                    command.replace(
                        "--cacert ca.pem ", "" if case == "unknown_ca" else "--cacert ca.pem "
                    )
                ).returncode
                for _ in range(2)
            ]
        seen.activity.append(f"curl to openssl s_server, certificate {case}, TLS 1.2")
        expect(codes == [60, 60], f"curl answers {codes}")
        alerts = sorted(
            {
                ALERTS.get(p["tls.alert_message.desc"], p["tls.alert_message.desc"])
                for p in seen.having("tls.alert_message.desc")
            }
        )
        expect(alerts or case == "wrong_name", "an alert in clear")
        samples.append(
            seen.sample(
                f"A certificate {case.replace('_', ' ')}",
                rule="tls_failure",
                verdict="likely",
                stream=0,
                role=case,
                cause=cause,
                sni=NAME,
                certificate={"name": host, "not_before": start or None, "not_after": end or None},
                alerts=alerts,
                server=f"10.20.0.20:{port}",
            )
        )
    return samples


@scenario("tls_version")
def tls_version(network: Network) -> list[Sample]:
    """Client and server have no version, or no cipher, in common."""
    client, server = network.pair()
    certificate(network.folder, "good", NAME)
    server_of(server, "good", "-tls1_3", 443)
    server_of(server, "good", "-tls1_2 -cipher ECDHE-RSA-AES256-GCM-SHA384", 8443)
    with capture(client, "tls.version") as seen:
        for _ in range(2):
            client.run(CURL.format(port=443, path="/", more="--tls-max 1.2"))
        client.run(
            CURL.format(
                port=8443, path="/", more="--tls-max 1.2 --ciphers ECDHE-RSA-AES128-GCM-SHA256"
            )
        )
    seen.activity.append(
        "curl --tls-max 1.2 to a server of TLS 1.3 alone; no common cipher with another"
    )
    alerts = [ALERTS[p["tls.alert_message.desc"]] for p in seen.having("tls.alert_message.desc")]
    expect(
        alerts == ["protocol_version", "protocol_version", "handshake_failure"], f"alerts {alerts}"
    )
    return [
        seen.sample(
            "No version, and no cipher, in common",
            rule="tls_failure",
            verdict="likely",
            stream=0,
            cause="version mismatch",
            alerts=alerts,
            streams={"version": [0, 1], "cipher": [2]},
        )
    ]


@scenario("tls_slow")
def tls_slow(network: Network) -> list[Sample]:
    """The server thinks 900 ms before its hello, on a quick network."""
    client, server = network.pair()
    certificate(network.folder, "good", NAME)
    server.start("/usr/bin/python3 slow_tls.py 443 0.9", port=443)
    with capture(client, "tls.slow") as seen:
        for version in ("1.2", "1.3", "1.3"):
            client.must(CURL.format(port=443, path="/", more=f"--tls-max {version}"))
    seen.activity.append("curl to a server that waits 0.9 s before its hello")
    hellos = [
        float(p["frame.time_relative"])
        for p in seen.having("tls.handshake.type")
        if p["tls.handshake.type"].split(",")[0] in "12"
    ]
    waits = [after - before for before, after in zip(hellos[::2], hellos[1::2], strict=True)]
    expect(median(waits) > 0.85, f"hello to hello {waits}")
    return [
        seen.sample(
            "A handshake that waits for the server",
            rule="tls_failure",
            verdict="possible",
            stream=0,
            cause="slow handshake",
            hello_to_hello_s=[round(wait, 3) for wait in waits],
        )
    ]


@scenario("quic")
def quic(network: Network) -> list[Sample]:
    """HTTP/3: only the name in QUIC's Initial is in clear (for who derives the keys)."""
    client, server = network.pair()
    certificate(network.folder, "good", NAME)
    server.start(f"{sys.executable} quic_talk.py serve 443", port=443, udp=True)
    with capture(client, "healthy.quic", only="udp port 443") as seen:
        client.must(f"{sys.executable} quic_talk.py ask 10.20.0.20 443 {NAME} /order/1 /order/2")
    seen.activity.append("HTTP/3 by aioquic, 2 requests")
    names = {
        p["tls.handshake.extensions_server_name"]
        for p in seen.having("tls.handshake.extensions_server_name")
    }
    expect(names == {NAME}, f"the name in the Initial: {names}")
    return [seen.sample("Healthy HTTP/3 (QUIC)", sni=NAME, alpn=["h3"], requests=2)]
