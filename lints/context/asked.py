"""Questions that code asks of a value: comparisons, the caller's secret, calls of another module that may ask."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from lints.context.words import CALLER_ID, CHECKS, SIGNS_IN, TENANT
from lints.patterns import regex

OWNER = regex(
    r"(?i)(?:tenant|org|workspace|project|team|account|user|owner|compan)\w*\)?\s*(?:[!=]==?|\.equals)|[!=]==?\s*\(?[\w.?!]*(?:tenant|org|workspace|project|team|account|user|owner|compan)"
)
SECRET = regex(
    r"(?i)(?:secret|token|api_?key|authorization)\b.{0,60}[!=]==?.{0,40}(?:process\.env|\benv\.|settings\.|environ|getenv|config\.)"
)
COMPARES = regex(r"[!=]=|<>|\bin\b|\.(?:includes|has|contains|include\?|equals)\(", re.IGNORECASE)
_COMPARED = r"(?:===?|!==?|<>)"
_PLAIN = r"(?:null|undefined|None|nil|true|false|True|False|['\"\d`]|typeof|uuid\.Nil|\[\])"
_MEANS = regex(
    r"^(?:x-)?(?:(?:current|target|my)[_-]?)?(?:tenant|org|organi[sz]ation|workspace)[_-]?(?:id|uuid|slug|key)?$",
    re.IGNORECASE,
)
_NAMED = regex(
    r"(?:x[-_])?(?:(?:current|target|my|the|this|parent|new|from|to|filter|req)(?=[-_]|(?-i:[A-Z]))[-_]?)?"
    r"([A-Za-z][A-Za-z_-]*?)[-_]?(?:ids?|uuids?|slug|key|code|no)?",
    re.IGNORECASE,
)
_OF_OURS = regex(r"^x-\w+-(?=[a-z]{3})", re.IGNORECASE)
_ORG = regex(r"^org(?:ani[sz]ation)?s?$")
_MAY_MEAN = regex(r"(?!(?:user|member)_?(?:id|uuid)$)\w+(?:_?ids?|_?uuids?|_?slug)", re.IGNORECASE)


def may_mean(word: str) -> bool:
    """Whether a name may mean a tenant of some model: it is the id or the short name of something."""
    plain = _OF_OURS.sub("x-", word).replace("-", "_")
    return TENANT.fullmatch(plain) is not None or _MAY_MEAN.fullmatch(plain) is not None


def means(word: str, columns: Collection[str]) -> bool:
    """Whether a name means a tenant of a model with these tenant columns, or is one of the words for it anywhere."""
    own = _OF_OURS.sub("x-", word)  # x-fleet-tenant
    return _MEANS.match(own) is not None or not {stem(word), stem(own)}.isdisjoint(map(stem, columns))


_CONVERTED = regex(r"(?:[?!]?\.(?:trim|toString|toLowerCase|toUpperCase|strip|lower|upper|hex|value)(?:\(\))?)+$")


def last_word(said: str) -> str:
    """`teamId` of `body.teamId`, `team_id` of `params[:team_id]` and `TeamId` of `member.getTeamId()`."""
    found = re.search(r"([\w-]+)\W*$", _CONVERTED.sub("", said))
    word = found.group(1) if found is not None else ""
    return word[3:] if re.match(r"get[A-Z]", word) else word


def stem(name: str) -> str:
    """What a name is an id of: `team` of `teamId`, `X-Team-ID`, `current_team`; spellings of organisation are one."""
    found = _NAMED.fullmatch(name.strip("_$@"))
    plain = re.sub(r"[_-]", "", found.group(1) if found is not None else name).lower()
    return "org" if _ORG.match(plain) else plain.removesuffix("s")


_STAYS = regex(
    r"^(?:res|reply|response|console|logger|telemetry|trace|tracer|otel|attribute|log|slog|fmt|prisma|db|tx|knex|sql|pool|conn|session|cur|cursor|z|Object|JSON|Array|Promise|"
    r"Math|NextResponse|Response|URL|redirect|jsonify|abort|http|t|expect|span|metrics|analytics|posthog|sentry|String|Number|Boolean|uuid|Guid|UUID|str|int|list|dict|set|len|print|intval|strval)\b"
    r"|(?:^|\.)(?:prisma|db|tx|trx|logger|log|pool|em|entityManager|dataSource|repository|objects|query|where|eq|and|json|send|status|"
    r"info|warn|error|debug|track|capture|emit|set|get|has|add|push|append|format|print|trim|split|toString|parse|safeParse|includes|"
    r"startsWith|replace|join|redirect|revalidatePath|revalidateTag|encodeURIComponent)$"
    r"|\.(?:prisma|db|tx)\.|[rR]epository\.|[mM]odel\.|\.objects\.",
)
"""Calls that read rows, which are judged themselves, answer, log or convert."""
FORM = regex(
    r"valid|exist|uuid|empty|blank|null|nil|pars|test|match|present|starts|ends|isarray|len$|string|number|safe|type|include|contains|"
    r"^(?:get|find|is|has|some|every|trim|eq|split)$",
    re.IGNORECASE,
)
"""Questions about the form of a value, or whether there is such a thing at all."""
_SENT = regex(
    r"(?:\b(?:\w+\.)?(?:query|body|params|input|parsedInput|dto|payload|data|args|form|json|values|GET|POST)|\$_(?:GET|POST|REQUEST))"
    r"(?:(?:\.get|\.fetch)?[\[(]\s*:?['\"]?\w+['\"]?\s*[\])]|\.\w+)"
)
_CALLER = regex(
    r"\b(?:user|session|auth|principal|actor|viewer|member|current_?user|me|req|request|ctx|context|c|scope|identity|caller|claims|token)\b"
    r"(?!\s*\.\s*(?:body|query|params|headers|parsedInput|input|param|args|form|json))",
    re.IGNORECASE,
)
"""The caller, or what he is found in, is handed on too: then what is called can check."""


def may_leave(name: str, method: str, arguments: str, *, alone: bool) -> bool:
    """Whether a call, by its name and what it is given, is one of another module that knows nothing of the caller.

    `alone`: it is made on nothing.
    """
    if (
        not name
        or (alone and name[0].isupper())
        or CHECKS.search(method)
        or SIGNS_IN.match(method)
        or _ASKS.match(method)
        or _ANSWERS.search(name)
        or _STAYS.search(name)
    ):
        return False
    others = _SENT.sub("", arguments)
    if _MACHINE.search(arguments) is not None:
        return False
    return _SQL.search(arguments) is None and not names_caller(arguments) and _CALLER.search(others) is None


@lru_cache(maxsize=1024)  # a module is read several times
def names_caller(arguments: str) -> bool:
    """Whether the caller stands among the arguments, not only what he sent or what a value is given as: the account of
    `account_id: params[:account_id]` is nobody's yet."""
    if CALLER_ID.search(arguments) is None:
        return False
    code = _LITERAL.sub(lambda found: "''" if _SENTENCE.search(found.group()) else found.group(), arguments)
    return CALLER_ID.search(_KEY.sub("", _SENT.sub("", code))) is not None


PUBLIC = regex(r"(?:^|/)(?:public|webhooks?|callbacks?|api/(?:v\d+/)?client)/", re.IGNORECASE)
"""Paths of what is there for everybody: there is no caller whose tenant it could be."""
_ANSWERS = regex(
    r"(?:^|\.)(?:\w*[rR]esponses?|\w*Response|not_?[fF]ound\w*|NotFound\w*|\w*[eE]rror)(?:$|\.)|(?:Ur[il]|URL|url|Link|Href)$"
)
"""What answers, says what is wrong, or only writes an address."""
_ASKS = regex(r"(?:is|has|does|count|exists)(?=[A-Z_])")
"""A question: its answer is a yes or a number."""
_MACHINE = regex(r"hmac|signature|svix|webhook_?secret|public_?token|invite_?token", re.IGNORECASE)
"""What a machine, or somebody who was invited, shows: it is handed on to be verified."""
_KEY = regex(r"(?<![\w.])\w+['\"]?\s*(?::(?!:)|=>|=(?!=))")
"""What a value is given as: the key of a map, the name of an argument."""
_LITERAL = regex(r"\"[^\"]*\"|'[^']*'")
_SENTENCE = regex(r"\A(?!.*(?:\{|\$[A-Za-z])).*\s", re.DOTALL)
"""A text of several words, with nothing put in: the columns that it names are nobody."""
_SQL = regex(r"['\"`]\s*(?:select|insert|update|delete|with|merge)\b", re.IGNORECASE)
_OWNS = r"(?i:tenant|org|workspace|account|company|team|project)"


@lru_cache(maxsize=2048)
def check_of(name: str) -> re.Pattern[str]:
    """A comparison of a value with something that is not written out, or a look for it among others."""
    word = re.escape(name)
    return re.compile(
        rf"\b{word}\b(?:\.\w*{_OWNS}\w*)?\)?\s*{_COMPARED}\s*(?!{_PLAIN})\w"
        rf"|(?<!['\"\w])(?!{_PLAIN})[\w)\]]+\s*{_COMPARED}\s*\(?[\w.]*\b{word}\b"
        rf"|\b{word}\b\s+(?:not\s+)?in\s+\w|\.(?:includes|has|contains|include\?)\(\s*{word}\b"
    )
