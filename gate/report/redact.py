"""The one choke point for secrets: finds them in any text and leaves none of their characters."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

REDACTED = "(redacted)"

# Each repetition is bounded or ends in a class that cannot also start the next part, so that matching stays linear.
_PATTERNS = (
    # PEM blocks, also cut off ones and ones written on a single line with literal \n.
    re.compile(r"-----BEGIN [A-Z0-9 ]{1,60}-----.*?(?:-----END [A-Z0-9 ]{1,60}-----|\Z)", re.DOTALL),
    # Tokens that say what they are by their prefix.
    re.compile(
        r"""
        (?<![A-Za-z0-9])(?:
            (?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AROA|ANPA)[0-9A-Z]{12,}
          | gh[pousr]_[A-Za-z0-9]{16,} | github_pat_\w{16,}
          | gl(?:pat|ptt|dt|rt|cbt|soat|ft|agent|oas)-[\w.-]{16,}
          | xox[a-z]{1,2}-[\w.-]{8,} | xapp-[\w-]{8,}
          | [srp]k_(?:live|test)_[A-Za-z0-9]{10,} | whsec_[\w+/=]{10,}
          | sk-[\w-]{16,}
          | AIza[\w-]{30,} | ya29\.[\w.-]{10,} | GOCSPX-[\w-]{10,}
          | npm_[A-Za-z0-9]{20,} | pypi-[\w-]{16,} | dckr_pat_[\w-]{16,} | hf_[A-Za-z0-9]{16,}
          | SG\.[\w-]{10,}\.[\w-]{10,} | do[opr]_v1_[a-f0-9]{16,} | shp(?:at|ca|pa|ss)_[a-fA-F0-9]{16,}
          | hv[sb]\.[\w-]{16,} | AGE-SECRET-KEY-1[0-9A-Z]{16,} | key-[0-9a-f]{32}
          | eyJ[\w-]{6,}\.[\w-]{4,}(?:\.[\w-]*)*
        )=*
        """,
        re.VERBOSE | re.ASCII,
    ),
    re.compile(r"hooks\.slack\.com/(?:services|workflows)/(?P<secret>[\w/-]{8,})", re.ASCII),
    # Headers run to the end of the line, whatever they contain.
    re.compile(
        r"(?i)\bauthorization\\{0,3}[\"']?[^\S\n]{0,8}[:=][^\S\n]{0,8}\\{0,3}[\"']?"
        r"(?P<secret>(?:bearer|basic|digest|token|negotiate|apikey|aws4-hmac-sha256)\b[^\n]*)"
    ),
    re.compile(r"(?i)\bcookie[^\S\n]{0,8}:[^\S\n]{0,8}(?P<secret>[^\s=;]{1,80}=[^\n]*)"),
    re.compile(r"(?i)\bpassphrase\\{0,3}[\"']?[^\S\n]{0,8}[:=][^\S\n]{0,8}(?P<secret>[^\n]+)"),
    re.compile(r"(?i)\b(?:bearer|basic)[^\S\n]{1,8}(?P<secret>[A-Za-z0-9+/._~-]{12,}=*)"),
)
_ASSIGNED = re.compile(
    r"""
    (?P<name>pass(?:word|wd|wrd|code)?|pwd|secret|token|credentials?|(?:api|access|account|private|encryption|signing
       |shared)[_.-]?key|connection[_.-]?string|client[_.-]?secret)(?P<ending>[\w.-]{0,40})
    \\{0,3}["'`]?\]?\s{0,8}(?:=>|:=|={1,3}|:)\s{0,8}
    (?P<prefix>[A-Za-z]{0,2}\\{0,3})
    (?: (?P<quote>"{3}|'{3}|["'`])(?P<quoted>(?:\\.|(?!(?P=quote))[^\\])*)
      | (?P<bare>\S+) )
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
# What stands after `password =` without being one: a placeholder, a type, a call, a look-up.
_NOT_A_SECRET = re.compile(
    r"""
    (?: %s | %\(\w{1,80}\)s | \?\d{0,4} | \$\d{1,4} | [:$@]\w{1,80} | \$?\{\{?[^{}]{0,80}\}?\} | <[\w\s-]{1,80}>
      | (?:str|string|bytes|int|bool|any|none|null|nil|true|false|undefined|required|missing|unset)
    ) [\s,;:)\]}"'`|]{0,8} \Z
    | [a-z_][\w.]{0,80} \( [^)]{0,200} \)
    | [a-z_][\w.]{0,80} \[
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
# A table named ApiKey or a file named token.ts, and what is said of it: `ApiKey: nothing ties ApiKey.tenant_id to …`.
_PROSE = re.compile(
    r"(?:an?|the|this|no|not|it|its|is|one|only|every|each|all|nothing|nobody|what|rows?|text|here|interpolated|dynamic"
    r"|conditions?|statements?)\s[a-z]"
)
_FILE = re.compile(r"[\w.-]{0,34}\.[a-z]{1,5}", re.ASCII)
_POSITION = re.compile(r"\d{1,7}(?::\d{1,6})?[:,;.)]{0,2}", re.ASCII)
_DENSE = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{20,}={0,2}", re.ASCII)


def _entropy(text: str) -> float:
    """Shannon entropy in bits per character."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def _looks_random(text: str, *, assigned: bool) -> bool:
    """Whether a run of base64 characters is more likely a key than a name, a path or a (hexadecimal) digest."""
    if len(text) < (20 if assigned else 40):
        return False
    if not (re.search("[a-z]", text) and re.search("[A-Z]", text) and re.search("[0-9]", text)):
        return False
    return _entropy(text) >= (3.8 if assigned and "/" not in text else 4.6)


def _url_credentials(text: str) -> Iterator[tuple[int, int]]:
    """The userinfo of each URL, `//user:password@host` or `//token@host`, also of those that should have quoted it."""
    for match in re.finditer(r"://([^\s\"'<>]*)", text):
        rest = match[1]
        authority = re.split("[/?#]", rest, maxsplit=1)[0]
        # A password may hold an unquoted slash: take everything to the last @, unless it starts like host:port/.
        has_password = ":" in authority and ("@" in authority or not re.search(r":\d{0,5}\Z", authority))
        end = (rest if has_password else authority).rfind("@")
        if end > 0:
            yield match.start(1), match.start(1) + end


def _said_of_a_name(match: re.Match[str], text: str) -> bool:
    """Whether it is not a value that follows a colon: a sentence, `Token: Token.id …` of a table, `token.ts:12:3`."""
    start = match.start("prefix")
    if not text.endswith((": ", ":"), 0, start):
        return False
    value, named = text[start : match.end("bare")], match["name"] + match["ending"]
    if text[start - 1] == ":":
        return _FILE.fullmatch(match["ending"]) is not None and _POSITION.fullmatch(value) is not None
    return (
        _PROSE.match(text, start) is not None
        or re.fullmatch(rf"{re.escape(named)}\.[A-Za-z_]\w{{0,60}}", value) is not None
    )


def secret_spans(text: str) -> tuple[tuple[int, int], ...]:
    """The (start, end) offsets of everything in `text` that looks like a secret, sorted and merged."""
    spans = list(_url_credentials(text))
    for pattern in _PATTERNS:
        group = "secret" if "secret" in pattern.groupindex else 0
        spans.extend(match.span(group) for match in pattern.finditer(text))
    for match in _ASSIGNED.finditer(text):
        if match["quote"]:
            value = match["quoted"]
            if value and not _NOT_A_SECRET.fullmatch(value):
                spans.append(match.span("quoted"))
        elif not (_NOT_A_SECRET.match(match["prefix"] + match["bare"]) or _said_of_a_name(match, text)):
            spans.append((match.start("prefix"), match.end("bare")))
    for match in _DENSE.finditer(text):
        if re.match(r"sha\d{3}-", match[0]):
            continue  # subresource integrity, as in package-lock.json
        if len(match[0]) == 43 and text.endswith("SHA256:", 0, match.start()):
            continue  # the fingerprint of a public key, as ssh-keygen prints it
        assigned = re.search(r"[=:]\s{0,3}[\"'`]?\Z", text[max(0, match.start() - 5) : match.start()]) is not None
        if _looks_random(match[0], assigned=assigned):
            spans.append(match.span())
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    return tuple(merged)


@lru_cache(maxsize=4096)
def redact(text: str) -> str:
    """`text` with every secret replaced as a whole; no part of one is kept, not even its length."""
    parts, at = [], 0
    for start, end in secret_spans(text):
        parts += [text[at:start], REDACTED]
        at = end
    return "".join(parts) + text[at:]
