"""Initial packets of QUIC, protected as RFC 9001 has it."""

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from prodforensics.network.protocols.quic import V2, initial_keys

CLIENT, SERVER = bytes.fromhex("8394c8f03e515708"), bytes.fromhex("f067a5502a4262b5")


def varint(number):
    """Write a number of one, two or four bytes."""
    size, bits = (1, 0) if number < 64 else (2, 1) if number < 2**14 else (4, 2)
    return (number | bits << 8 * size - 2).to_bytes(size, "big")


def crypto(offset, text):
    """Write a CRYPTO frame."""
    return b"\x06" + varint(offset) + varint(len(text)) + text


def close(code):
    """Write a CONNECTION_CLOSE frame with a reason."""
    return b"\x1c" + varint(code) + b"\x06" + varint(3) + b"why"


def initial(
    frames, version=1, side=0, keys=CLIENT, to=CLIENT, source=b"", number=0, token=b"", pad=1162
):
    """Write an Initial packet.

    Parameters
    ----------
    side : int
        0 the client, 1 the server.
    keys : bytes
        Connection id that the keys come from.
    to, source : bytes
        Connection ids in the header.
    """
    own = initial_keys(version, keys)[side]
    text = frames + bytes(max(pad - len(frames), 20))
    first = 0xC3 | (0x10 if version == V2 else 0)
    header = bytes([first]) + version.to_bytes(4, "big")
    for one in (to, source):
        header += bytes([len(one)]) + one
    header += varint(len(token)) + token + varint(4 + len(text) + 16)
    shown = number.to_bytes(4, "big")
    nonce = bytes(a ^ b for a, b in zip(own.iv, bytes(8) + shown, strict=True))
    sealed = AESGCM(own.key).encrypt(nonce, text, header + shown)
    mask = Cipher(algorithms.AES(own.header), modes.ECB()).encryptor().update(sealed[:16])
    hidden = bytes(a ^ b for a, b in zip(shown, mask[1:5], strict=True))
    return bytes([first ^ mask[0] & 0x0F]) + header[1:] + hidden + sealed
