"""Secrets in values of variables, arguments and the environment are masked, all else stays."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodforensics._text import MASK
from prodforensics.core.masking import mask_arguments, mask_value, mask_values

# name, kind, value as a debugger prints it, value as it is shown.
BY_NAME = [
    ("password", "char *", '0x5555 "hunter2"', f'0x5555 "{MASK}"'),
    ("password", "char *", '0x5555 <buffer> "hunter2"', f'0x5555 <buffer> "{MASK}"'),
    ("password", "const char *", '(const char *) 0x55 "hunter2"', f'(const char *) 0x55 "{MASK}"'),
    ("password", "char *", '(char *)0x5555 = "hunter2"', f'(char *)0x5555 = "{MASK}"'),
    ("db_password", "std::string", '"hunter2"', f'"{MASK}"'),
    ("api_key", "&str", '"hunter2"', f'"{MASK}"'),
    ("secret", "str", "'hunter2'", f"'{MASK}'"),
    ("secret", "char [12]", "\"hunter2\", '\\000' <repeats 4 times>", f'"{MASK}"'),
    ("private_key", "unsigned char [4]", "{18, 52, 86, 120}", f"{{{MASK}}}"),
    ("password", "char [2]", "{104 'h', 117 'u'}", f"{{{MASK}}}"),
    ("token", "unsigned long", "12345678901234567", MASK),
    ("API_TOKEN", "", "hunter2", MASK),
    ("MYSQL_PWD", "", "hunter2", MASK),
    ("DB_PASS", "", "hunter2", MASK),
    ("SECRET_KEY_BASE", "", "hunter2", MASK),
]
BY_FIELD = [
    (
        "c",
        "struct config",
        '{user = 0x10 "app", password = 0x20 "hunter2", port = 5432}',
        f'{{user = 0x10 "app", password = 0x20 "{MASK}", port = 5432}}',
    ),
    (
        "c",
        "config",
        "{password = \"hunter2\", '\\000' <repeats 24 times>, port = 5432}",
        f'{{password = "{MASK}", port = 5432}}',
    ),
    (
        "c",
        "config",
        '(user = "app", password = 0x20 "hunter2")',
        f'(user = "app", password = 0x20 "{MASK}")',
    ),
    (
        "c",
        "struct config",
        '{\n\t.user = (char *)0x10 = "app",\n\t.password = (char [16])"hunter2",\n}',
        f'{{\n\t.user = (char *)0x10 = "app",\n\t.password = {MASK},\n}}',
    ),
    (
        "c",
        "config",
        '{\n  user = "app"\n  password = "hunter2"\n}',
        f'{{\n  user = "app"\n  password = "{MASK}"\n}}',
    ),
    (
        "c",
        "Config",
        'Config {user: "app", password: "hunter2"}',
        f'Config {{user: "app", password: "{MASK}"}}',
    ),
    (
        "c",
        "dict",
        "{'user': 'app', 'password': 'hunter2'}",
        f"{{'user': 'app', 'password': '{MASK}'}}",
    ),
    ("c", "Config", "Config(password='hunter2', port=1)", f"Config(password='{MASK}', port=1)"),
    (
        "c",
        "map",
        "{keys = {key = 1, secret = {1, 2, {3}}, n = 2}}",
        f"{{keys = {{key = 1, secret = {{{MASK}}}, n = 2}}}}",
    ),
    (
        "c",
        "config",
        '{password = {_M_dataplus = {_M_p = 0x7ff0 "hunter2"}, _M_string_length = 7}, port = 1}',
        f"{{password = {{{MASK}}}, port = 1}}",
    ),
    (
        "CONFIG",
        "",
        '{"user": "app", "password": "hunter2"}',
        f'{{"user": "app", "password": "{MASK}"}}',
    ),
]
BY_FORM = [
    ("url", "char *", '0x10 "postgres://app:hunter2@db/x"', f'0x10 "postgres://app:{MASK}@db/x"'),
    ("DATABASE_URL", "", "postgres://app:hunter2@db/x", f"postgres://app:{MASK}@db/x"),
    ("key", "std::string", '"AKIAIOSFODNN7EXAMPLE"', f'"{MASK}"'),
    ("line", "char *", '0x10 "password=hunter2&user=app"', f'0x10 "password={MASK}&user=app"'),
    ("h", "list", "['Authorization: Bearer abcdefgh']", f"['Authorization: Bearer {MASK}']"),
    ("h", "char [9]", '"token=", \'a\' <repeats 30 times>, "bcd"', f'"token={MASK}"'),
    (
        "u",
        "std::string",
        '{_M_p = 0x7f "x", {_M_local_buf = "pwd=abcdef", _M_allocated_capacity = 73054371}}',
        f'{{_M_p = 0x7f "x", {{_M_local_buf = "pwd={MASK}", _M_allocated_capacity = {MASK}}}}}',
    ),
]
HARMLESS = [
    ("password", "char *", "0x0"),
    ("password", "char *", "0x5555"),
    ("password", "char *", "<optimized out>"),
    ("password", "char *", "0x5555 <error: Cannot access memory at address 0x5555>"),
    ("password", "std::string", '""'),
    ("token", "int", "3"),
    ("token", "bool", "true"),
    ("secret", "int (*)(char *)", "0x401136 <hide>"),
    ("password", "str", "None"),
    ("PWD", "", "/home/app"),
    ("OLDPWD", "", "/home/app"),
    ("XDG_SESSION_ID", "", "3"),
    ("SSH_AUTH_SOCK", "", "/run/user/1000/keyring/ssh"),
    ("HTTP_PROXY", "", "http://proxy.example:8080"),
    ("name", "char *", '0x10 "carol"'),
    ("c", "struct config", '{user = 0x10 "app", password = 0x0, tokens = 3}'),
    ("v", "std::vector<int>", "std::vector of length 2, capacity 2 = {1, 2}"),
]


@pytest.mark.parametrize(("name", "kind", "value", "shown"), BY_NAME)
def test_a_secret_is_told_by_the_name_of_the_variable(name, kind, value, shown) -> None:
    assert mask_value(name, kind, value) == (shown, "its name says that it is a secret")


@pytest.mark.parametrize(("name", "kind", "value", "shown"), BY_FIELD)
def test_a_secret_is_told_by_the_name_of_a_field(name, kind, value, shown) -> None:
    text, reason = mask_value(name, kind, value)
    assert text == shown
    assert reason.startswith("the name of its field ")


@pytest.mark.parametrize(("name", "kind", "value", "shown"), BY_FORM)
def test_a_secret_is_told_by_its_form(name, kind, value, shown) -> None:
    text, reason = mask_value(name, kind, value)
    assert text == shown
    assert reason.startswith("it holds ")


@pytest.mark.parametrize(("name", "kind", "value"), HARMLESS)
def test_what_is_no_secret_stays(name, kind, value) -> None:
    assert mask_value(name, kind, value) == (value, "")


@pytest.mark.parametrize(
    ("name", "kind", "value"), [one[:3] for one in (*BY_NAME, *BY_FIELD, *BY_FORM)]
)
def test_nothing_is_masked_where_secrets_are_asked_for(name, kind, value) -> None:
    assert mask_value(name, kind, value, redact=False) == (value, "")


def test_an_option_names_the_argument_after_it() -> None:
    arguments = ["mysql", "--user", "app", "--password", "hunter2", "--api-key=hunter2", "db"]
    masked = mask_arguments(arguments)
    texts = ["mysql", "--user", "app", "--password", MASK, f"--api-key={MASK}", "db"]
    assert [text for text, _ in masked] == texts
    assert [bool(reason) for _, reason in masked] == [text.endswith(MASK) for text in texts]
    assert [text for text, _ in mask_arguments(arguments, redact=False)] == arguments


@pytest.mark.parametrize(
    "piece", ["password = ", '"', "'", "{", "password = {", "\\", "a:", "'a' <repeats 9 times>, "]
)
def test_masking_takes_no_time_on_hostile_values(piece) -> None:
    start = time.process_time()
    mask_value("c", "struct config", piece * 20_000)
    mask_value("password", "struct config", piece * 20_000)
    assert time.process_time() - start < 3


PRINTED = st.text(alphabet="{}()\"'\\=:, \npasword0x5é<>", max_size=60)


@given(PRINTED, PRINTED)
def test_any_value_is_masked_without_failing_and_many_as_one(name: str, value: str) -> None:
    alone = mask_value(name, "t", value)
    assert mask_values([(name, "t", value)] * 2) == [alone, alone]
    assert (alone[0] != value) == bool(alone[1])


@given(st.from_regex(r"[A-Za-z0-9!#$%+-]{6,20}", fullmatch=True), PRINTED)
def test_what_stands_in_a_field_named_password_is_never_shown(secret: str, after: str) -> None:
    secret = f"S3{secret}3S"
    text, _ = mask_value("c", "struct", f'{{password = 0x10 "{secret}", x = "{after}"}}')
    assert secret not in text
