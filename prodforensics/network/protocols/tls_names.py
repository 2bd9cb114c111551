"""Names of the numbers of TLS, as IANA's registries have them."""

from __future__ import annotations

from functools import cache

__all__ = ["ALERTS", "VERSIONS", "alert", "cipher_suite", "group", "is_grease", "version"]

VERSIONS = {
    0x0300: "SSL 3.0", 0x0301: "1.0", 0x0302: "1.1", 0x0303: "1.2", 0x0304: "1.3",
}  # fmt: skip

ALERTS = {
    0: "close_notify", 1: "end_of_early_data", 10: "unexpected_message", 20: "bad_record_mac",
    21: "decryption_failed", 22: "record_overflow", 30: "decompression_failure",
    40: "handshake_failure", 41: "no_certificate", 42: "bad_certificate",
    43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired",
    46: "certificate_unknown", 47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied",
    50: "decode_error", 51: "decrypt_error", 52: "too_many_cids_requested",
    60: "export_restriction", 70: "protocol_version", 71: "insufficient_security",
    80: "internal_error", 86: "inappropriate_fallback", 90: "user_canceled",
    100: "no_renegotiation", 109: "missing_extension", 110: "unsupported_extension",
    111: "certificate_unobtainable", 112: "unrecognized_name",
    113: "bad_certificate_status_response", 114: "bad_certificate_hash_value",
    115: "unknown_psk_identity", 116: "certificate_required", 117: "general_error",
    120: "no_application_protocol", 121: "ech_required",
}  # fmt: skip

_GROUPS = {
    1: "sect163k1", 2: "sect163r1", 3: "sect163r2", 4: "sect193r1", 5: "sect193r2",
    6: "sect233k1", 7: "sect233r1", 8: "sect239k1", 9: "sect283k1", 10: "sect283r1",
    11: "sect409k1", 12: "sect409r1", 13: "sect571k1", 14: "sect571r1", 15: "secp160k1",
    16: "secp160r1", 17: "secp160r2", 18: "secp192k1", 19: "secp192r1", 20: "secp224k1",
    21: "secp224r1", 22: "secp256k1", 23: "secp256r1", 24: "secp384r1", 25: "secp521r1",
    26: "brainpoolP256r1", 27: "brainpoolP384r1", 28: "brainpoolP512r1", 29: "x25519",
    30: "x448", 31: "brainpoolP256r1tls13", 32: "brainpoolP384r1tls13",
    33: "brainpoolP512r1tls13", 41: "curveSM2", 256: "ffdhe2048", 257: "ffdhe3072",
    258: "ffdhe4096", 259: "ffdhe6144", 260: "ffdhe8192", 512: "MLKEM512", 513: "MLKEM768",
    514: "MLKEM1024", 4587: "SecP256r1MLKEM768", 4588: "X25519MLKEM768",
    4589: "SecP384r1MLKEM1024", 25497: "X25519Kyber768Draft00",
    25498: "SecP256r1Kyber768Draft00",
}  # fmt: skip

# What dpkt's table of cipher suites lacks, or says otherwise than IANA.
_SUITES = {
    0x00C6: "TLS_SM4_GCM_SM3", 0x00C7: "TLS_SM4_CCM_SM3",
    0x00FF: "TLS_EMPTY_RENEGOTIATION_INFO_SCSV", 0x5600: "TLS_FALLBACK_SCSV",
    0xC070: "TLS_ECDHE_PSK_WITH_ARIA_128_CBC_SHA256",
    0xC071: "TLS_ECDHE_PSK_WITH_ARIA_256_CBC_SHA384",
    0xC0AA: "TLS_PSK_DHE_WITH_AES_128_CCM_8", 0xC0AB: "TLS_PSK_DHE_WITH_AES_256_CCM_8",
    0xC0B0: "TLS_ECCPWD_WITH_AES_128_GCM_SHA256", 0xC0B1: "TLS_ECCPWD_WITH_AES_256_GCM_SHA384",
    0xC0B2: "TLS_ECCPWD_WITH_AES_128_CCM_SHA256", 0xC0B3: "TLS_ECCPWD_WITH_AES_256_CCM_SHA384",
    0xC0B4: "TLS_SHA256_SHA256", 0xC0B5: "TLS_SHA384_SHA384",
    0xC100: "TLS_GOSTR341112_256_WITH_KUZNYECHIK_CTR_OMAC",
    0xC101: "TLS_GOSTR341112_256_WITH_MAGMA_CTR_OMAC",
    0xC102: "TLS_GOSTR341112_256_WITH_28147_CNT_IMIT",
    0xC103: "TLS_GOSTR341112_256_WITH_KUZNYECHIK_MGM_L",
    0xC104: "TLS_GOSTR341112_256_WITH_MAGMA_MGM_L",
    0xC105: "TLS_GOSTR341112_256_WITH_KUZNYECHIK_MGM_S",
    0xC106: "TLS_GOSTR341112_256_WITH_MAGMA_MGM_S",
    0xD001: "TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256",
    0xD002: "TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384",
    0xD003: "TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256",
    0xD005: "TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256",
}  # fmt: skip


def is_grease(number: int) -> bool:
    """Tell whether a number is one of those that clients send to keep servers tolerant (RFC 8701).

    Examples
    --------
    >>> is_grease(0x1A1A), is_grease(0x1301)
    (True, False)
    """
    return number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF


def version(number: int) -> str:
    """Return the name of a version of TLS; of unknown ones the number.

    Examples
    --------
    >>> version(0x0304), version(0x7F1C)
    ('1.3', '0x7f1c')
    """
    return VERSIONS.get(number) or f"0x{number:04x}"


def group(number: int) -> str:
    """Return the name of a group for the key exchange; of unknown ones the number.

    Examples
    --------
    >>> group(29)
    'x25519'
    """
    return _GROUPS.get(number) or f"0x{number:04x}"


def alert(number: int) -> str:
    """Return the name of an alert; of unknown ones the number.

    Examples
    --------
    >>> alert(45)
    'certificate_expired'
    """
    return ALERTS.get(number) or str(number)


@cache
def _suites() -> dict[int, str]:
    from dpkt.ssl_ciphersuites import BY_CODE

    known = {number: suite.name.removeprefix("OLD_") for number, suite in BY_CODE.items()}
    return {number: name for number, name in known.items() if name.startswith("TLS_")} | _SUITES


def cipher_suite(number: int) -> str:
    """Return IANA's name of a cipher suite; of unknown ones the number.

    Examples
    --------
    >>> cipher_suite(0x1302), cipher_suite(0xEEEE)
    ('TLS_AES_256_GCM_SHA384', '0xeeee')
    """
    return _suites().get(number) or f"0x{number:04x}"
