"""Secrets: found in every usual shape, replaced whole, and ordinary text left readable."""

from __future__ import annotations

import string
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.report.escape import json_document, json_value, line, lines, markdown, markdown_code, message
from gate.report.redact import REDACTED, redact, secret_spans

TOKENS = {
    "aws access key": "AKIAQYLPMN5HFIQR7XYA",
    "aws session key": "ASIAQYLPMN5HFIQR7XYA",
    "github token": "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "github app token": "ghs_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "github fine-grained": "github_pat_" + "11ABCDEFG0abcdefghij_kLmNoPqRsTuVwXyZ",
    "gitlab token": "glpat-" + "Ab1Cd2Ef3Gh4Ij5Kl6Mn",
    "slack bot token": "xoxb-" + "123456789012-abcdefABCDEF",
    "stripe key": "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "google api key": "AIza" + "SyA1234567890abcdefghijklmnopqrstuvw",
    "npm token": "npm_" + "abcdefghijklmnopqrstuvwxyz0123456789",
    "pypi token": "pypi-" + "AgEIcHlwaS5vcmcCJDU3ZDA",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    "jwt without signature": "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMjM0NTY3ODkwIn0.",
    "bare secret key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKa",
    "hugging face": "hf_" + "aBcDeFgHiJkLmNoPqRsT",
    "age key": "AGE-SECRET-KEY-1" + "QQPQQPQQPQQPQQPQQPQQ",
}
CONTEXTS = ["{}", "x = {}", 'f("{}", 1)', "see {}, please", "https://h/?q={}&x=1", "\t{}\n", "a/{}/b", "é{}漢", "'{}'"]


def windows(secret: str, size: int = 8) -> list[str]:
    return [secret[at : at + size] for at in range(len(secret) - size + 1)]


@pytest.mark.parametrize("name", TOKENS)
@pytest.mark.parametrize("context", CONTEXTS)
def test_a_token_leaves_no_part_of_itself(name, context):
    text = redact(context.format(TOKENS[name]))
    assert REDACTED in text
    assert not [part for part in windows(TOKENS[name]) if part in text]


PASSWORD = "h0rse,Battery;9)x"


@pytest.mark.parametrize(
    "text",
    [
        "password={}",
        "PASSWORD: {}",
        'password = "{}"',
        "password = '{}'",
        "password = r'{}'",
        'password = """{}"""',
        "passwd={}",
        "DB_PASSWORD={}",
        "spring.datasource.password={}",
        '{{"password": "{}"}}',
        '{{"password":"{}","a":1}}',
        '"{{\\"password\\": \\"{}\\"}}"',
        "client_secret => {}",
        "secretKey := `{}`",
        "api-key: {}",
        "apiKey = {}",
        "AccountKey={}",
        "auth_token='{}'",
        "config['password'] = '{}'",
        "if password == '{}':",
        "postgres://user:{}@db:5432/app",
        "https://{}@github.example/x.git",
        "mysql://root:{}@[::1]/x and more",
        "Authorization: Basic {}",
        "authorization: 'Bearer {}'",
        "curl -H 'Cookie: session={}; path=/'",
        "passphrase: correct {} staple",
        "password: {} is what it says",
        "token.ts:{}",
        "password='{}",
    ],
)
def test_a_password_leaves_no_part_of_itself(text):
    shown = redact(text.format(PASSWORD))
    assert REDACTED in shown
    assert "h0rse" not in shown
    assert "Battery" not in shown


@pytest.mark.parametrize("newline", ["\n", "\\n", "\r\n", " "])
@pytest.mark.parametrize("end", ["-----END RSA PRIVATE KEY-----", ""])
def test_a_pem_block_goes_whole_also_when_its_end_is_cut_off(newline, end):
    body = newline.join(["MIIEpAIBAAKCAQEA3Tz2mr7SZiAMfQyuvBjM9Oi", "Z1BjP5CE"])
    text = redact(f"a -----BEGIN RSA PRIVATE KEY-----{newline}{body}{newline}{end}")
    assert text == f"a {REDACTED}"


@pytest.mark.parametrize("writer", [line, message, markdown, markdown_code, lambda text: "\n".join(lines(text))])
def test_a_secret_over_several_lines_is_found_before_the_lines_are_parted(writer):
    text = writer("-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA3Tz2\nZ1BjP5CE\n-----END PRIVATE KEY-----")
    assert "MIIE" not in text
    assert "Z1BjP5CE" not in text


@pytest.mark.parametrize(
    "text",
    [
        "the password is missing",
        "ApiKey: nothing ties ApiKey.teamId to a caller's value; `ApiKey.teamId = <tenant>` would prove it",
        "Token: Token.team_id is compared only in the ON of an outer join, which filters nothing",
        "Credential: a condition that is put in at run time stands where the predicate could",
        "models/passwordReset.ts:1: operation: violates minLength (1)",
        "src/access_token.service.ts:12:3",
        "orders is read without its tenant column",
        "password = os.environ['DB_PASSWORD']",
        "token = get_token(request)",
        "password = config.get('x')",
        "SELECT 1 FROM t WHERE token = $1 AND secret = %s AND password = :password",
        "password: {password}",
        "password = %(password)s",
        "def login(password: str, token: str)",
        "password = None",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "4f0c2a9d81e3b5a7c9d1e3f5a7b9c1d3e5f7a9b1",
        "fingerprint=1f2e3d4c5b6a71f2e3d4c5b6a7f2e3d4",
        "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
        "src/components/TenantAwareRepository/v2/OrdersRepositoryTest.py",
        "https://forge.example:8443/summit/x@v1.2.0",
        "git@github.example:summit/internal.git",
        "550e8400-e29b-41d4-a716-446655440000",
        "https://example.com/a?b=c@d",
        "release-manager@summit.example",
        "gate drill run playbooks/dr-restore.yaml --execute",
        "pkg:pypi/cryptography@50.0.2",
    ],
)
def test_ordinary_text_stays(text):
    assert redact(text) == text


def test_spans_are_sorted_and_apart():
    text = f"password='{TOKENS['jwt']}' {TOKENS['aws access key']} token={TOKENS['github token']}"
    spans = secret_spans(text)
    assert all(start < end for start, end in spans)
    assert all(before[1] < after[0] for before, after in pairwise(spans))


@given(st.text(st.sampled_from(list("aZ9=:/@'\"\\ \n{}-._") + list("password token://AKIAghp_eyJ")), max_size=80))
def test_redacting_twice_changes_nothing(text):
    assert redact(redact(text)) == redact(text)


@given(
    st.text(string.ascii_letters + string.digits, min_size=8, max_size=40),
    st.sampled_from(
        ["password={}", 'api_key: "{}"', "https://x:{}@h/", "Authorization: Bearer {}", '{{"secret":"{}"}}']
    ),
    st.text(max_size=10),
)
def test_any_password_disappears_from_every_writer(secret, shape, tail):
    secret = f"q7{secret}Z"
    text = shape.format(secret) + " " + tail.replace(secret, "")
    for writer in (line, message, markdown, markdown_code):
        assert secret not in writer(text)
    assert secret not in json_document(json_value({"x": [text]}))


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "aA1/",
        "://a:",
        "://",
        "password='",
        "-----BEGIN A-----",
        "-----BEGIN ",
        "eyJaaaaaa.",
        "token: ",
        "\\",
        '"',
        "passpass",
        "password {",
        "password = a(",
        "x" * 40 + "=",
    ],
)
def test_long_repetitive_input_stays_linear(unit):
    """A quadratic pattern would need minutes for one of these, and the suite's time limit would end it."""
    text = unit * (300_000 // len(unit))
    assert isinstance(redact(text), str)
