"""Where in the bytes of a file a statement, or a key of a key-value store, may begin."""

from __future__ import annotations

from lints.patterns import regex
from lints.search import Search
from lints.search import named as words_at

_BLANK = rb"(?:\s|\\[nrt]|--[^\n\\]{0,200}(?:\n|\\n)|/\*[^*]{0,200}\*/)"
"""White space of a statement as code writes it, with comments."""


def _spaced(*expressions: bytes) -> tuple[bytes, ...]:
    return tuple(one.replace(rb"\s+", _BLANK + b"+").replace(rb"\s*", _BLANK + b"*") for one in expressions)


# A verb with the word that must follow it near by. These are matched against the lower-cased text, and each begins with
# a literal, which is what makes the search fast.
_STATEMENTS = _spaced(
    rb"select\b(?:(?<!\wselect)|(?<=\\[nrt]select))(?!:|\s*[,;=}>|])(?=[\s\S]{0,4000}?from\b(?:(?<!\wfrom)|(?<=\\[nrt]from)))",
    rb"select\s+(?:(?<!\wselect\s)|(?<=\\[nrt]select\s))[\w.\"]{1,80}\(",
    rb"insert\s+(?:ignore\s+|overwrite\s+|or\s+\w+\s+)?into\b",
    rb"replace\s+into\b",
    rb"merge\s+into\b",
    rb"update\b(?:(?<!\wupdate)|(?<=\\[nrt]update))(?=[\s\S]{0,400}?set\b(?<!\.set)(?:(?<!\wset)|(?<=\\[nrt]set)))",
    rb"delete\s+(?:[\w`\"]{1,60}\s+)?from\b",
    rb"truncate\s+(?:table\s|only\s|[\w.\"`\[\]]+\s*(?:[;,'\"`]|cascade|restart))(?<!\wtruncate)",
    rb"with\s+(?:recursive\s+)?[\w\"]{1,80}\s*(?:\([^)]{0,400}\)\s*)?as\s*(?:not\s+)?(?:materialized\s*)?\(",
    rb"create\s+(?:(?:or\s+replace|unlogged|temp|temporary|materialized|unique)\s+)*(?:table|view|index|policy)\b",
    rb"alter\s+(?:table|view|policy)\b",
    rb"insert\(\"[\w.]{1,80}\"\)\s*\.\s*(?:columns|setmap|rows|prepared)",
    rb"delete\(\"[\w.]{1,80}\"\)\s*\.\s*(?:where|prepared|executor)",
    rb"from\(\s*(?:\w+\.t\(\s*)?\"[\w.]{1,80}\"",
    rb"copy(?:from|in|inschema)\(\s*(?:\w*ctx|context|\")",
    rb"drop\s+(?:materialized\s+)?(?:table|view|index|policy)\b",
    rb"copy\s+[\w.\"(]{1,80}[^\n]{0,200}?\b(?:from|to)\s+(?:stdin|stdout|program|['$:%])",
    rb"set\s+(?:local\s|session\s|role\b|search_path\b|row_security\b|\w{1,60}\.[\w.]{1,60}\s*(?:=|to\b))",
    rb"call\s+[\w.]{1,80}\s*\(",
    rb"unwind\s+[$\w]",
    rb"create\s+\(",
    rb"merge\s*\(",
    rb"detach\s+delete\b",
    (
        rb"match\s*(?:\w+\s*=\s*)?(?:\w+\s*\()?\((?<!\.match\()\s*\w*\s*"
        rb"(?:[:{$%#'\"`]|where|\)\s*(?:[-<,]|return|where|set|detach|delete|with|optional|call|$))"
    ),
)
_COMMANDS = (
    rb"\w*(?:\(\))?[?!]?\s*\.\s*(?:get|set|setex|setnx|mget|mset|del|unlink|exists|expire|incr\w*|decr\w*|hget\w*|hset\w*"
    rb"|hdel|hincr\w*|lpush|rpush|lrange|sadd|srem|smembers|zadd|zrange\w*|publish|p?subscribe|keys|scan\w*|flush(?:all|db)"
    rb"|delete|multi|pipeline|batch|eval\w*|call|sendcommand)\s*[(<]"
)
_STORES = (rb"redis", rb"valkey", rb"cache", rb"rdb", rb"kv")
_KEY = regex(rb"(?:cache|rdb|kv)\w*(?:\(\))?[?!]?\s*\.\s*\w+\(\s*(\w+)\s*[,)]")
_ASSIGNED = regex(rb"\s*(?::[^=\n]{0,80})?=(?!=)")
_SKIPPED = (
    rb"(?:[\s(;|@$#{?=]|\\(?:[nrtfv\n]|[ux]\{?[0-9a-f]{2,8}\}?)|(?:--|//)[^\n]*?(?:\n|\\n)|/\*[\s\S]*?\*/"
    rb"|explain\b(?:\s*\([^)]{0,80}\))?|analyze\s|verbose\s|profile\s|optional\s|if\s+(?:not\s+)?exists\b"
    rb"|begin(?:\s+tran(?:saction)?)?\b|use\s[\w.\[\]]{1,80})*"
)
"""What may stand before a statement: comments, brackets, what a statement is explained with."""
_NEAR = 8_000
_FILLS = b" \t\r\n\f\v(;|@$#{?=\\"
_BEFORE = regex(
    rb"(?:[\"'`}>]|\*/|\\(?:[nrtfv]|[ux]\{?[0-9a-f]{2,8}\}?)|%(?:\(\w*\))?[\w@]|\$\w+|explain[^\n]*|analyze|verbose|profile"
    rb"|optional|exists|begin|tran|transaction|use\s[\w.\[\]]{1,80})\Z"
)
"""What a statement stands behind: a literal's beginning, a tag or a hole before it, or what may stand between."""
_UNUSUAL = _spaced(
    (
        rb"(?:create|alter|drop|comment\s+on)\s+(?:\w+\s+){0,3}"
        rb"(?:function|procedure|trigger|schema|database|extension|type|sequence|role|user)\b"
    ),
    rb"(?:prepare|declare)\s+@?\w+\s",
    rb"do\s+(?:language\s+\w+\s+)?\$",
    rb"(?:lock\s+tables?|refresh\s+materialized|vacuum|load\s+csv)\b",
    rb"(?:exec(?:ute)?|grant)\s+[\w@.\[\"]",
    rb"reset\s+(?:all|role|session|search_path|row_security|\w+\.)",
    rb"foreach\s*\(",
    rb"values\s*\(",
    (
        rb"(?:with|insert|delete|merge|replace|truncate|copy|set|call|create|alter|drop|match|unwind)"
        rb"(?:\s+[$%{\"'`\\]|[\"'`]\s*(?:[+.&\"'`]|<<|\\\n))"
    ),
)
"""Statements that are looked for only where a literal begins: their words stand in prose and in code, too."""
_HEAD = rb"(?:[\"'`]|sql[\"'`]?[^\n]{0,20}\n)" + _SKIPPED
_SEARCH = Search(*_STATEMENTS, *(store + _COMMANDS for store in _STORES))
_KEYS = Search(b"(?:" + b"|".join(_STORES) + b")" + _COMMANDS)
_RARE, _AT_HEAD = Search(*_UNUSUAL), Search(_HEAD + b"(?:" + b"|".join(_UNUSUAL) + b")")
_QUOTED = frozenset({"python", "typescript", "tsx", "javascript", "java", "kotlin", "c_sharp"})
"""Languages whose texts are all between quotes, and where no builder puts the verb before them."""


def hits(language: str, data: bytes) -> list[int]:
    """Offsets where one may begin, in order."""
    lower = data.lower()
    found = _SEARCH(lower)
    if _AT_HEAD.possible(lower):
        found = sorted({*found, *_RARE(lower)})
    if language != "go" and b"redis" not in lower and b"valkey" not in lower:
        found = _without_keys_handed_on(lower, found)
    quoted = found and language in _QUOTED and not _KEYS.possible(lower)
    if quoted and not any(_opened(lower, at) for at in found):
        return []  # prose, or names of the language
    return found


def _without_keys_handed_on(lower: bytes, found: list[int]) -> list[int]:
    """The places but those where something that is only called a cache is handed a key that nothing before it in the
    file makes: see `keys`."""
    made: dict[bytes, int] = {}
    kept: list[int] = []
    for at in found:
        named = _KEY.match(lower, at)
        if named is not None and named[1] not in made:
            places = (place for place in words_at(lower, named[1]) if _made(lower, place, named[1]))
            made[named[1]] = next(places, len(lower))
        if named is None or made[named[1]] < at:
            kept.append(at)
    return kept


def _made(lower: bytes, at: int, name: bytes) -> bool:
    """Whether a name gets a value where it stands, but as the argument of a call: `sorted(found, key=first)`."""
    given = _ASSIGNED.match(lower, at + len(name))
    return given is not None and not (given[0] == b"=" and lower[max(0, at - 20) : at].rstrip()[-1:] in {b",", b"("})


def _opened(lower: bytes, at: int) -> bool:
    """Whether a literal, a line or another statement begins or ends before a place, with nothing of a text between."""
    near = lower[max(0, at - _NEAR) : at]
    bare = near.rstrip(_FILLS)
    between = near[len(bare) :]
    return not bare or b"\n" in between or b";" in between or _BEFORE.search(bare[-200:]) is not None


def possible(data: bytes) -> bool:
    """False only if there are no `hits`."""
    lower = data.lower()
    return _SEARCH.possible(lower) or _AT_HEAD.possible(lower)
