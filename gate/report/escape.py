"""One writer per sink: no character from outside reaches a log, a parser or a page except through these functions.

The order inside each is fixed: secrets go first (they may span lines), then every character that a person cannot see
or that moves the cursor becomes `\\u{..}`, and only then are the command prefixes of CI runners broken, so that no
replacement can put one together again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from urllib.parse import quote

from gate.model import Location
from gate.report.redact import REDACTED, redact

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]

# C0, DEL, C1, and what Unicode calls format, surrogate, line/paragraph separator, noncharacter or default-ignorable.
# Written out rather than asked of `unicodedata`, whose answers depend on the Python version.
_INVISIBLE = (
    "\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\ufffe\uffff\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
INVISIBLE = re.compile(f"[{_INVISIBLE}]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# actions/runner: `::cmd::` after .NET TrimStart(), `##[cmd]` anywhere. Azure and TeamCity: `##vso[`, `##teamcity[`.
COMMAND_AT_START = re.compile(r"^(\s*):(?=:)")
COMMAND_ANYWHERE = re.compile(r"(?<=#)#(?=(?:vso|teamcity)?\[)", re.IGNORECASE)


def _codepoint(match: re.Match[str]) -> str:
    return f"\\u{{{ord(match[0]):x}}}"


def visible(text: str) -> str:
    """`text` on one line with nothing hidden in it: each invisible or moving character is spelled `\\u{..}`."""
    return INVISIBLE.sub(_codepoint, text)


def unarmed(text: str) -> str:
    """`text` (one line) with the prefixes broken that a CI runner would obey."""
    return COMMAND_ANYWHERE.sub(r"\\u{23}", COMMAND_AT_START.sub(r"\1\\u{3a}", text))


def line(text: str, limit: int | None = None) -> str:
    """For people: terminals, CI logs, and as the first step of every sink below. Never contains a newline."""
    text = unarmed(visible(redact(text)))
    if limit is not None and len(text) > limit:
        return f"{text[:limit]}… ({len(text) - limit:,} more characters)"
    return text


def lines(text: str, limit: int | None = None) -> list[str]:
    """Text that keeps its line breaks, such as a fix of several commands: redacted as a whole, then `line` for each."""
    return [line(part.strip(), limit) for part in redact(text).strip().splitlines() if part.strip()]


def place(location: Location, limit: int | None = None) -> str:
    """`path:line:column` for people. The path goes through `line` alone: `passwd:1` is no password."""
    column = f":{location.column}" if location.column else ""
    return f"{line(location.path, limit)}:{location.line}{column}"


def message(text: str, limit: int | None = None) -> str:
    """For SARIF and JUnit messages: `line`, and no `[text](target)` that a viewer would turn into a link."""
    return line(text, limit).replace("](", "] (")


def command_data(text: str, limit: int | None = None) -> str:
    """The data of a GitHub workflow command, after the second `::`."""
    return line(text, limit).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def command_property(text: str, limit: int | None = None) -> str:
    """A property value of a GitHub workflow command."""
    return command_data(text, limit).replace(":", "%3A").replace(",", "%2C")


_MARKUP = re.compile(r"[\\`*_\[\]|~$#!]")
# What GitHub and GitLab turn into links or notify people about, looked for in the *rendered* text, so that neither a
# backslash nor an entity stops it; a zero-width space, itself written as an entity, does.
_REFERENCE = re.compile(r"@|:(?=//)|\bwww(?=\.)|[#!](?=\d)|\bGH-(?=\d)", re.IGNORECASE)


def markdown(text: str, limit: int | None = None) -> str:
    """Inline Markdown (GitHub, GitLab): plain words again, no markup, HTML, link, mention or reference.

    Not for the start of a line, where `-`, `+` and `1.` would still begin a list: every line of a report starts with
    a mark of its own.
    """
    text = _MARKUP.sub(r"\\\g<0>", line(text, limit))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _REFERENCE.sub(r"\g<0>&#8203;", text)


def markdown_code(text: str, limit: int | None = None, *, cell: bool = False) -> str:
    """A Markdown code span, delimited by one backtick more than any run inside; `cell` when it stands in a table."""
    text = line(text, limit)
    if cell:
        text = text.replace("|", "\\u{7c}")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") or not text.strip() else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def markdown_block(lines: Sequence[str]) -> str:
    """A fenced code block of lines that were already through `line`."""
    fence = "`" * max(3, 1 + max((len(run) for text in lines for run in re.findall("`+", text)), default=0))
    return "\n".join([fence, *lines, fence])


def relative_uri(path: str) -> str | None:
    """A percent-encoded relative URI reference (RFC 3986) for a path inside the tree; None if it is not inside."""
    shown = _SURROGATE.sub(_codepoint, redact(path)).removeprefix("./")
    if not shown or shown.startswith("/") or "\\" in shown or re.match("[A-Za-z][A-Za-z0-9+.-]*:", shown):
        return None
    if any(segment in ("", ".", "..") for segment in shown.rstrip("/").split("/")):
        return None
    return quote(shown, safe="/")


def rfc3339(moment: datetime) -> str:
    """A UTC time in RFC 3339 with `Z`, to the microsecond only when it has any."""
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {moment.isoformat()}")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?")


def csv_cell(text: str) -> str:
    """A cell of a CSV file that no spreadsheet takes for a formula; a plain number, also a negative one, stays one."""
    return f"'{text}" if text[:1] in _FORMULA and not _NUMBER.fullmatch(text) else text


_SAFE_INTEGER = 2**53 - 1
_DEPTH = 32


def json_string(text: str) -> str:
    """A string for a JSON document: redacted, and free of lone surrogates, which strict parsers refuse."""
    return _SURROGATE.sub(_codepoint, redact(text))


def json_value(value: object, depth: int = _DEPTH) -> Json:
    """A value of an evidence row as JSON that every parser reads alike: no floats and no integers beyond 2^53.

    What JSON cannot say exactly becomes a string. Secrets are redacted, also where only the key tells that it is one.
    """
    if depth == 0:
        return "(nested too deeply to show)"
    match value:
        case None | bool():
            return value
        case int():
            return int(value) if abs(value) <= _SAFE_INTEGER else str(value)
        case str():
            return json_string(value)
        case datetime():
            return rfc3339(value) if value.tzinfo is not None else value.isoformat()
        case date():
            return value.isoformat()
        case bytes():
            return value.hex()
        case Mapping():
            return {json_string(str(k)): _member(str(k), v, depth - 1) for k, v in value.items()}
        case set() | frozenset():
            return [json_value(item, depth - 1) for item in sorted(value, key=repr)]
        case Sequence():
            return [json_value(item, depth - 1) for item in value]
        case _:
            return json_string(str(value))


def _member(key: str, value: object, depth: int) -> Json:
    """A value whose key may be what tells that it is a secret. Numbers stay: they are ages and limits."""
    if isinstance(value, list | tuple) and depth > 0:
        return [_member(key, item, depth - 1) for item in value]
    if isinstance(value, str) and value and f'"{value}"' not in redact(f'"{key}": "{value}"'):
        return json_string(value) if redact(value) != value else REDACTED
    return json_value(value, depth)


def json_document(value: Json) -> str:
    """A JSON document: sorted keys, ASCII only, one newline at the end, and safe to print to a CI log.

    `##` is written with escapes, so that no `##[command]` occurs in the text though the value is unchanged.
    """
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, sort_keys=True, indent=2)
    return text.replace("##", "\\u0023\\u0023") + "\n"
