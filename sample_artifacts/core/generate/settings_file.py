"""Settings with invented secrets, as a till reads them from a file."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

TOKEN = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJzdWIiOiJ0aWxsLTciLCJpc3MiOiJzaG9wLmV4YW1wbGUiLCJpYXQiOjE3MDAwMDAwMDB9."
    "dGhpcyBzaWduYXR1cmUgaXMgaW52ZW50ZWQgYWxsIG92ZXI"
)
"""An invented token: its signature is a sentence."""


def write(path: Path) -> None:
    """Write the settings; the key in them is made on the spot and used nowhere."""
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_text(
        "shop = till-7\n"
        "password=hunter2-till-7\n"
        "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
        f"authorization: Bearer {TOKEN}\n"
        f"{key.decode()}"
    )
