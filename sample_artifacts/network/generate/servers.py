"""The servers that several scenarios run, and their certificates."""

from __future__ import annotations

import subprocess
from pathlib import Path

from topology import Host

NGINX = """
daemon off; user root; worker_processes 1; pid {name}.pid; error_log {name}.error.log;
events {{ worker_connections 512; }}
http {{
  access_log off; client_body_temp_path {name}.body; proxy_temp_path {name}.proxy;
  default_type application/json;
  {server}
}}
"""


def nginx(host: Host, server: str, *, port: int) -> subprocess.Popen[bytes]:
    """Start nginx on a host with the given server blocks."""
    (host.network.folder / f"{host.name}.conf").write_text(
        NGINX.format(name=host.name, server=server)
    )
    return host.start(f"nginx -p . -e {host.name}.error.log -c {host.name}.conf", port=port)


def certificate(
    folder: Path, name: str, host: str, start: str = "", end: str = "", *, bits: int = 2048
) -> None:
    """Make a CA (once) and a certificate of it, valid from `start` to `end` (YYYYMMDDHHMMSSZ)."""
    if not (folder / "ca.pem").exists():
        (folder / "index.txt").write_text("")
        (folder / "ca.conf").write_text(
            "[ca]\ndefault_ca=one\n[one]\ndatabase=index.txt\nnew_certs_dir=.\nrand_serial=yes\n"
            "default_md=sha256\npolicy=any\ncopy_extensions=copy\nunique_subject=no\n"
            "[any]\ncommonName=supplied\n"
        )
        _openssl(
            folder,
            "req -x509 -newkey rsa:2048 -nodes -days 3650 -keyout ca.key -out ca.pem",
            "/CN=Example Test CA",
        )
    request = f"req -newkey rsa:{bits} -nodes -keyout {name}.key -out {name}.csr"
    _openssl(folder, f"{request} -addext subjectAltName=DNS:{host}", f"/CN={host}")
    times = f"-startdate {start} -enddate {end}" if start else "-days 365"
    _openssl(
        folder,
        f"ca -batch -config ca.conf -cert ca.pem -keyfile ca.key -in {name}.csr "
        f"-out {name}.pem -notext {times}",
    )


def _openssl(folder: Path, command: str, subject: str = "") -> None:
    more = ["-subj", subject] if subject else []
    subprocess.run(
        ["openssl", *command.split(), *more], cwd=folder, check=True, capture_output=True
    )
