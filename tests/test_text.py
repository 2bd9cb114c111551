"""Strings of artifacts, made fit to show: harmless, short, without secrets."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodforensics._text import MASK, is_secret_name, plain, plain_all

SECRETS = [
    ("password=correct-horse", "correct-horse"),
    ('{"apiKey": "0123456789abcdef"}', "0123456789abcdef"),
    ("Authorization: Bearer abcdef.0123456789", "abcdef.0123456789"),
    ("Cookie: sid=s%3Aabcdefgh", "abcdefgh"),
    ("https://user:hunter22@db.example/orders", "hunter22"),
    ("key eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl here", "eyJzdWIiOiIxIn0"),
    ("AKIAIOSFODNN7EXAMPLE", "IOSFODNN7EXAMPLE"),
    ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "ghijklmnop"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow", "MIIEow"),
    ("x" * 290 + " token=abcdefghijklmnopqrstuvwxyz", "abc"),
]
HARMLESS = [
    "SessionStore.sessionsByToken (Map) holds 500 more Session",
    "{token, user, expires}",
    "token = readToken(request)",
    "/srv/app/scenarios/listeners.js:21:51",
    "node:internal/crypto/keys",
    "const tokens = [];",
    "global.process.mainModule.exports.handle() → store (SessionStore)",
]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_a_secret_is_masked_and_its_name_stays(text: str, secret: str) -> None:
    shown = plain(text)
    assert secret not in shown
    assert MASK[:3] in shown


@pytest.mark.parametrize("text", HARMLESS)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


def test_what_is_masked_once_stays_the_same() -> None:
    once = [plain(text) for text, _ in SECRETS[:-1]]
    assert [plain(text) for text in once] == once


def test_a_name_tells_a_secret_by_its_last_word() -> None:
    assert is_secret_name("dbPassword")
    assert is_secret_name("refresh_token")
    assert not is_secret_name("tokenizer")
    assert not is_secret_name("passwordLength")


@pytest.mark.parametrize("piece", ["token=", "Bearer ", "://a:", "eyJ" + "a" * 50, "password: "])
def test_masking_takes_no_time_on_hostile_text(piece: str) -> None:
    start = time.process_time()
    plain(piece * 20_000, limit=100_000)
    assert time.process_time() - start < 5


CODE = ["std::map<int>::at", "password::check", "api_key:: x12345", "a:b", "Basic abcdefg", "x\ty"]


@pytest.mark.parametrize(
    "text", [*(text for text, _ in SECRETS), *HARMLESS, *CODE, "a\u202eb", "\x1b[31m", "y" * 400]
)
def test_many_texts_are_made_plain_as_one_is(text: str) -> None:
    assert plain_all([text, "main"]) == [plain(text), "main"]


@given(st.text(alphabet="pawdtokenBeri=:. '\"/@\n\u200b1", max_size=30))
def test_any_text_among_many_is_made_plain_as_alone(text: str) -> None:
    assert plain_all([text]) == [plain(text)]
