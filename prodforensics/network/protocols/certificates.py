"""X.509 certificates: whose they are, who signed them, for which names and how long."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cryptography import x509

__all__ = ["Certificate", "Certificates", "is_for", "read_certificate"]

_FIRST, _LAST = -(2**63) + 1, 2**63 - 1
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_MOST = 10_000
_LONGEST = 4096
"""Characters of a name; of certificates made to harm the rest is left out."""


class Certificate(NamedTuple):
    """What a certificate says.

    Attributes
    ----------
    subject, issuer : str
        By RFC 4514.
    names : tuple of str
        DNS names and addresses that it is for: the subject's alternative names, or, of one without
        any, its common names.
    not_before, not_after : int
        Nanoseconds since 1970 (UTC); beyond the years 1677 to 2262 the nearest that there is.
    self_signed : bool
        Whether its subject signed it.
    key : str
        Its public key, as in ``"RSA 2048"``.
    problem : str
        What could not be read; then the rest may be empty.
    """

    subject: str = ""
    issuer: str = ""
    names: tuple[str, ...] = ()
    not_before: int = _FIRST
    not_after: int = _LAST
    self_signed: bool = False
    key: str = ""
    problem: str = ""


class Certificates:
    """Certificates that were read already: servers send the same again and again."""

    def __init__(self) -> None:
        self._read: dict[bytes, Certificate] = {}

    def __getitem__(self, der: bytes) -> Certificate:
        found = self._read.get(der)
        if found is None:
            found = read_certificate(der)
            if len(self._read) < _MOST:
                self._read[der] = found
        return found


def read_certificate(der: bytes) -> Certificate:
    """Read a certificate.

    Parameters
    ----------
    der : bytes
        Whatever stands in its place.

    Returns
    -------
    Certificate
        With a `problem` where it is none; this never raises.
    """
    from cryptography import x509

    # Damage shows as every kind of error, and odd certificates give warnings: none is a bug.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            given = x509.load_der_x509_certificate(der)
            known = Certificate(
                not_before=_nanoseconds(given.not_valid_before_utc),
                not_after=_nanoseconds(given.not_valid_after_utc),
            )
        except Exception as error:
            return Certificate(problem=f"a certificate cannot be read: {_said(error)}")
        try:
            subject, issuer = _name(given.subject), _name(given.issuer)
            known = known._replace(subject=subject, issuer=issuer, names=_names(given))
            return known._replace(self_signed=_is_self_signed(given), key=_key(given))
        except Exception as error:
            return known._replace(problem=f"a part of a certificate cannot be read: {_said(error)}")


def is_for(certificate: Certificate, host: str) -> bool:
    """Tell whether a certificate is for a host, as RFC 6125 has it.

    Parameters
    ----------
    certificate : Certificate
    host : str
        A name or an address.

    Examples
    --------
    >>> shop = Certificate(names=("*.shop.example",))
    >>> is_for(shop, "api.shop.example"), is_for(shop, "shop.example")
    (True, False)
    """
    wanted = host.rstrip(".").lower()
    _, _, domain = wanted.partition(".")
    for name in certificate.names:
        known = name.rstrip(".").lower()
        if known == wanted:
            return True
        # One label alone, the first, and not of a name right below the root.
        if known.startswith("*.") and "." in domain and known[2:] == domain:
            return True
    with suppress(ValueError):
        return str(ip_address(wanted)) in certificate.names
    return False


def _names(given: x509.Certificate) -> tuple[str, ...]:
    from cryptography import x509

    with suppress(x509.ExtensionNotFound):
        found = given.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return _short(
            [
                *found.get_values_for_type(x509.DNSName),
                *map(str, found.get_values_for_type(x509.IPAddress)),
            ]
        )
    known = given.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return _short([str(one.value) for one in known])


def _short(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name[:_LONGEST] for name in names[:1000])


def _name(given: x509.Name) -> str:
    return given.rfc4514_string()[:_LONGEST]


def _is_self_signed(given: x509.Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    if given.subject != given.issuer:
        return False
    try:
        given.verify_directly_issued_by(given)
    except InvalidSignature:
        return False
    except (UnsupportedAlgorithm, ValueError, TypeError):
        return True  # by its names
    return True


def _key(given: x509.Certificate) -> str:
    key = given.public_key()
    curve, size = getattr(key, "curve", None), getattr(key, "key_size", None)
    kind = type(key).__name__.lstrip("_").removesuffix("PublicKey")
    if curve is not None:
        return f"EC {curve.name}"
    return f"{kind} {size}" if size else kind


def _nanoseconds(when: datetime) -> int:
    since = when - _EPOCH
    return min(max((since.days * 86400 + since.seconds) * 10**9, _FIRST), _LAST)


def _said(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
