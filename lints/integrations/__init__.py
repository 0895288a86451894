"""Where code reaches outside systems: addresses in text, SDKs that are imported, webhook routes, names of credentials.

What it finds is a fact with a place. What it can't know stays outside: an address that is put together at run time from
nothing but variables, an SDK that `providers.json` does not list, a call behind a proxy of one's own.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from posixpath import basename, splitext

from lints.extract.parse import MAX_BYTES, MAX_LINE, language_of, parse
from lints.patterns import regex

SETTINGS = frozenset({".yaml", ".yml", ".toml", ".json", ".env", ".properties", ".ini", ".cfg", ".conf", ".tf", ".hcl"})
_LOCKS = regex(r"(?:^|[-.])lock(?:\.|$)|^package(?:-lock)?\.json$|^pnpm-lock|^tsconfig|\.schema\.json$|^go\.sum$")

_URL = regex(rb"\b(?:https?|wss?|amqps?|smtps?|ldaps?|sftp)://([^\s/\"'`<>\\|^()\[\],;]{1,255})")
_PLACEHOLDER = regex(r"\$?\{[^{}]*\}|%\([a-z_]+\)s|%[sdv]|#\{[^{}]*\}|:[a-z_]+(?=\.)|<[^<>]*>")
_HOST = regex(r"(?:\*|[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.(?:\*|[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?))+")
_CREDENTIAL = regex(rb"\b([A-Z][A-Z0-9]{1,30})(?:_[A-Z0-9]+)*_(?:KEY|TOKEN|SECRET|DSN|URL|PASSWORD|ID)\b")
_WEBHOOK = regex(rb"[\"'`]((?:/[\w.:-]+){0,8}/(?:web)?hooks?/([a-z0-9-]{2,40})(?:/[\w.:-]+){0,4})[\"'`]")
_LINK = regex(rb"\b(?:href|xmlns(?::\w+)?)[\"']?\s*[=:]\s*\{?[\"'`]$")
"""What stands before an address that a person may click on."""
_IMPORTS = {
    "python": regex(rb"^[ \t]*(?:import|from)[ \t]+([\w.]+)", re.MULTILINE),
    "javascript": regex(
        rb"(?:\bfrom[ \t]*|\brequire[ \t]*\([ \t]*|\bimport[ \t]*\(?[ \t]*)[\"']([@\w][\w./@-]{0,120})[\"']"
    ),
    "go": regex(rb"^[ \t]*(?:import[ \t]+)?(?:[\w.]+[ \t]+)?\"([\w.-]+\.[\w-]+/[\w./-]+)\"", re.MULTILINE),
    "java": regex(rb"^[ \t]*import[ \t]+(?:static[ \t]+)?([\w.]+)", re.MULTILINE),
    "c_sharp": regex(
        rb"^[ \t]*(?:global[ \t]+)?using[ \t]+(?:static[ \t]+)?(?:\w+[ \t]*=[ \t]*)?([\w.]+)[ \t]*;", re.MULTILINE
    ),
    "ruby": regex(rb"^[ \t]*require[ \t(]+[\"']([\w./-]+)[\"']", re.MULTILINE),
    "php": regex(rb"^[ \t]*use[ \t]+\\?([\w\\]+)", re.MULTILINE),
}  # fmt: skip
_FAMILY = {"typescript": "javascript", "tsx": "javascript", "kotlin": "java"}
_SEPARATORS = {"python": ".", "javascript": "/", "go": "/", "java": ".", "c_sharp": ".", "ruby": "/-", "php": "\\"}

# Names of things, not addresses anybody calls: XML namespaces, schema and licence identifiers.
_IDENTIFIERS = frozenset(
    {
        "www.w3.org", "schema.org", "json-schema.org", "xmlns.com", "purl.org", "schemas.xmlsoap.org",
        "schemas.microsoft.com", "schemas.openxmlformats.org", "www.apache.org", "opensource.org", "spdx.org",
        "creativecommons.org", "maven.apache.org", "java.sun.com", "xml.apache.org", "in-toto.io", "slsa.dev",
        "cyclonedx.org", "json.schemastore.org", "www.springframework.org", "opengis.net", "www.sitemaps.org",
    }
)  # fmt: skip
_OWN_ENDINGS = (
    ".local", ".localhost", ".localdomain", ".internal", ".intranet", ".lan", ".home.arpa", ".svc", ".cluster.local",
    ".test", ".invalid", ".example", "example.com", "example.org", "example.net",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One place that reaches `host` (or, for a webhook of an unknown sender, its path); `kind` says how it shows."""

    host: str
    kind: str
    path: str
    line: int


class UnreadError(ValueError):
    """The file can't be searched; the message says why."""


def relevant(path: str) -> bool:
    """Whether a file is source code or settings, by its name."""
    name = basename(path).lower()
    if _LOCKS.search(name):
        return False
    return (
        language_of(path) not in (None, "sql", "mybatis", "stringtemplate")
        or splitext(name)[1] in SETTINGS
        or name.startswith(".env")
    )


def find_uses(path: str, data: bytes) -> list[Use]:
    """The uses in one file, in order. Raises UnreadError for a file that is too long, binary or can't be parsed."""
    language = language_of(path)
    if b"\0" in data[:8192]:
        raise UnreadError("binary, not text")
    family = _FAMILY.get(language or "", language or "")
    found = sorted({*_addresses(data), *_sdks(data, family), *_webhooks(data, language), *_credentials(data)})
    if not found:
        return []
    if len(data) > MAX_BYTES:
        raise UnreadError(f"longer than {MAX_BYTES:,} bytes")
    hidden = _comments(path, language, data)
    uses = []
    for offset, host, kind in found:
        if not any(start <= offset < end for start, end in hidden):
            uses.append(Use(host=host, kind=kind, path=path, line=data.count(b"\n", 0, offset) + 1))
    return list(dict.fromkeys(uses))


def _addresses(data: bytes) -> Iterator[tuple[int, str, str]]:
    for match in _URL.finditer(data):
        host = _host(match[1].decode("utf-8", "replace"))
        if host is not None and not _LINK.search(data, max(0, match.start() - 24), match.start()):
            yield match.start(), host, "http"


def _host(text: str) -> str | None:
    """The host of an authority, `*` for what is filled in; None for one's own machines and for names of things."""
    authority = _PLACEHOLDER.sub("*", text).rsplit("@", 1)[-1].lower()
    host = re.sub(r":(?:\d+|\*)$", "", authority).rstrip(".")
    host = re.sub(r"\*[a-z0-9*-]*|[a-z0-9-]+\*[a-z0-9*-]*", "*", host)
    try:
        return None if not ipaddress.ip_address(host).is_global else host
    except ValueError:
        pass
    labels = host.split(".")
    if not _HOST.fullmatch(host) or len(labels) < 2 or "*" in labels[-2:] or labels[-1].isdigit():
        return None
    own = (f".{host}".endswith(f".{ending.lstrip('.')}") for ending in _OWN_ENDINGS)
    return None if host in _IDENTIFIERS or any(own) else host


def _sdks(data: bytes, family: str) -> Iterator[tuple[int, str, str]]:
    pattern = _IMPORTS.get(family)
    if pattern is None:
        return
    known = _providers()[family]
    for match in pattern.finditer(data):
        name = match[1].decode("ascii", "replace")
        host = _longest(name, known, _SEPARATORS[family])
        if host is not None:
            yield match.start(1), host, "sdk"


def _longest(name: str, known: Mapping[str, str], separators: str) -> str | None:
    """The host of the longest known module that `name` is or lies under."""
    ends = [len(name), *(i for i in range(len(name) - 1, 0, -1) if name[i] in separators)]
    return next((known[name[:end]] for end in ends if name[:end] in known), None)


def _webhooks(data: bytes, language: str | None) -> Iterator[tuple[int, str, str]]:
    if language is None:
        return
    known = _providers()["webhook"]
    for match in _WEBHOOK.finditer(data):
        sender = match[2].decode()
        yield match.start(1), known.get(sender.split("-")[0], match[1].decode("ascii", "replace")), "webhook"


def _credentials(data: bytes) -> Iterator[tuple[int, str, str]]:
    known = _providers()["environment"]
    for match in _CREDENTIAL.finditer(data):
        host = known.get(match[1].decode())
        if host is not None:
            yield match.start(1), host, "environment"


@cache
def _providers() -> dict[str, dict[str, str]]:
    """Family (a language, `environment`, `webhook`) → module, prefix or word → host."""
    listed = json.loads(resources.files(__package__).joinpath("providers.json").read_text("utf-8"))
    families: dict[str, dict[str, str]] = {name: {} for name in (*_IMPORTS, "environment", "webhook")}
    for host, names in listed.items():
        for family, words in names.items():
            families[family].update(dict.fromkeys(words, host))
    return families


def _comments(path: str, language: str | None, data: bytes) -> list[tuple[int, int]]:
    """The spans of comments, and of Python's docstrings."""
    if language in {None, "mybatis", "stringtemplate"}:
        return [match.span() for match in re.finditer(rb"(?m)(?:^|(?<=\s))(?:#|//)[^\n]*", data)]
    if max(map(len, data.splitlines()), default=0) > MAX_LINE:
        raise UnreadError(f"a line longer than {MAX_LINE:,} bytes; minified or generated")
    tree = parse(language, data)
    if tree is None:
        raise UnreadError("parsing took too long")
    spans = []
    stack = [tree.root_node]
    while stack:
        node = stack.pop()
        docstring = node.type == "expression_statement" and [child.type for child in node.children] == ["string"]
        if docstring or "comment" in node.type:
            spans.append((node.start_byte, node.end_byte))
        else:
            stack.extend(node.children)
    return spans
