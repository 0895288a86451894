"""Whether a text is SQL: the test of a whole text, and prose that only looks like it."""

from __future__ import annotations

import re

from lints.extract.facts import Confidence
from lints.patterns import regex

_CYPHER_START = regex(
    r"(?:\s+|//[^\n]*+(?:\n|\Z)|/\*.*?\*/|;)*+(?:(?:explain|profile)\s+)?"
    r"(?:(?:optional\s+)?match\s*(?:\w+\s*=\s*)?(?:\w+\s*\(\s*)?\(\s*(?:[\w$`]+\s*)?(?:[:{)$%#'\"`]|where\b|\Z)|merge\s*(?:\w+\s*=\s*)?\(|create\s*\(\s*(?:\w*\s*[:{)]|__hole_)"
    r"|unwind\s+\S.*?\bas\s+\w+\s|call\s*(?:\(\s*\w*\s*\)\s*)?\{|call\s+(?:db|apoc|gds|dbms)\.\w"
    r"|with\s+[^()]{1,400}?\bas\s+\w+\s.*?\b(?:match|merge|unwind|return|call)\b"
    r"|foreach\s*\(\s*\w+\s+in\b|load\s+csv\b"
    r"|create\s+(?:\w+\s+){0,3}?(?:constraint|index)\b.*?\bfor\s*\()",
    re.IGNORECASE | re.DOTALL,
)

_LEAD = r"(?:\s+|--[^\n]*+(?:\n|\Z)|/\*.*?\*/|\(|;)*+"
_BLANK = r"(?:\s|--[^\n]*+(?:\n|\Z)|/\*(?:[^*]|\*(?!/))*+\*/)"


def _spaced(pattern: str) -> str:
    """A pattern whose white space may hold comments."""
    return pattern.replace(r"\s+", f"{_BLANK}++").replace(r"\s*", f"{_BLANK}*+")


_OPTION = "(?:analyze|verbose|costs|settings|buffers|wal|timing|summary|format|generic_plan|memory|serialize)"
_VERB = _spaced(
    rf"(?:explain\s*(?:\(\s*{_OPTION}\b[^)]*\)\s*)?(?:analyze\s+|verbose\s+)*+(?:\(\s*)*+|prepare\s+\w+\s*(?:\([^)]*\))?\s+as\s+"
    r"|declare\s+\w+\s+(?:\w+\s+){0,4}?cursor\s+(?:\w+\s+){0,2}?for\s+)?"
    r"(?P<verb>select|insert|update|delete|with|merge|replace|truncate|copy|set|reset|call|exec|execute|do|lock|grant|create"
    r"|alter|drop|refresh|vacuum|comment|values|table)\b"
)
_START = regex(rf"{_LEAD}{_VERB}", re.IGNORECASE | re.DOTALL)
_LATER = regex(
    rf"{_LEAD}(?:(?:(?:begin|start|commit|rollback|savepoint|use|declare|set|lock|pragma|print|if)\b[^;]{{0,400}};"
    rf"|begin\s+tran(?:saction)?\b|use\s+[\w.\[\]]{{1,80}}\s|if\s+(?:not\s+)?exists\b){_LEAD}){{1,8}}+{_VERB}",
    re.IGNORECASE | re.DOTALL,
)
"""A statement after others that no tenant predicate could apply to, or that T-SQL runs only if another finds rows."""
# Words, quotes, brackets, dots and whatever is not ASCII, by what is left out: a class up to \uffff compiles slowly.
_NAME = r"(?:[^\x00-!#%-,/:-@\\^{-\x7f]|__hole_\d+__)+"
_OBJECT = (
    r"(?:table|view|index|function|procedure|trigger|policy|schema|database|extension|type|sequence|role|user"
    r"|materialized|owned|default)\b"
)
_COMPANIONS = {
    "select": rf"select\b.*?\bfrom(?:[\s(\"`\[]|--|/\*)|select\s+(?:distinct\s+)?{_NAME}\s*\("
    r"|select\s+(?:\d|[:$@?'*]|current_|null\b|\(|exists\b|not\b|case\b|all\b|distinct\b)",
    "insert": rf"insert\s+(?:ignore\s+|overwrite\s+|or\s+\w+\s+)?(?:into\s+)?(?:table\s+)?{_NAME}",
    "update": rf"update\s+(?:only\s+|low_priority\s+|ignore\s+|or\s+\w+\s+)*{_NAME}.*?\bset\b",
    "delete": rf"delete\s+(?:{_NAME}\s+|low_priority\s+|quick\s+|ignore\s+)*from\b|delete\s+{_NAME}\s+where\b",
    "with": rf"with\s+(?:recursive\s+)?{_NAME}\s*(?:\([^)]*\)\s*)?as\s*(?:not\s+)?(?:materialized\s*)?\(",
    "merge": rf"merge\s+(?:into\s+)?{_NAME}.*?\busing\b",
    "replace": rf"replace\s+into\s+{_NAME}",
    "truncate": rf"truncate\s+(?:table\s+)?(?:only\s+)?{_NAME}\s*(?:$|[,;]|cascade|restart|continue|restrict)",
    "copy": rf"copy\s+(?:\(|{_NAME}\s*(?:\([^)]*\)\s*)?)(?:.*?\b(?:from|to)\s+(?:stdin|stdout|program|'|:|\$|%))",
    "set": r"set\s+(?:local\s+|session\s+|global\s+)?(?:[a-z_]\w*(?:\.\w+)*\s*(?:=|to\b)|role\b"
    r"|session\s+authorization|transaction\b|constraints\b|time\s+zone\b|row_security|search_path)",
    "reset": r"reset\s+(?:all|role|[a-z_]+\.[a-z_]+|search_path|row_security|session)",
    "call": rf"call\s+{_NAME}\s*\(",
    "exec": rf"exec\s+(?:@\w+\s*=\s*)?(?:sp_|dbo\.|{_NAME}\s+@)",
    "execute": rf"execute\s+(?:procedure\s+|function\s+)?{_NAME}\s*(?:\(|$|@)",
    "do": r"do\s+(?:language\s+\w+\s+)?\$",
    "lock": rf"lock\s+tables?\s+{_NAME}",
    "grant": r"grant\s+[\w\s,()]+?\s+(?:on|to)\s",
    "create": rf"create\s+(?:or\s+replace\s+)?(?:\w+\s+){{0,3}}?{_OBJECT}\s*\S",
    "alter": rf"alter\s+{_OBJECT}\s*\S",
    "drop": rf"drop\s+{_OBJECT}\s*\S",
    "refresh": r"refresh\s+materialized\s+view\b",
    "vacuum": r"vacuum\s*(?:$|;|\(|full\b|analyze\b|verbose\b)",
    "comment": r"comment\s+on\s+(?:table|column|view|index|function|schema|policy)\b",
    "values": r"values\s*\(.*\)\s*$",
    "table": rf"table\s+{_NAME}\s*;?\s*$",
}
_COMPANION = {verb: regex(_spaced(pattern), re.IGNORECASE | re.DOTALL) for verb, pattern in _COMPANIONS.items()}

DEFINES = frozenset({"create", "alter", "drop", "grant", "comment", "vacuum", "refresh", "lock"})
"""Verbs of statements that no tenant predicate could apply to; a migration's business."""

_PROSE_WORD = regex(
    r"\b(?:the|your|you|please|this|that|these|those|an|our|we|it|its|their|which|will|must|should|cannot|can't|don't"
    r"|below|above|here|list|option|options|file|files|button|dropdown|menu|click|choose|failed|error|successfully)\b",
    re.IGNORECASE,
)
_SQL_MARK = regex(
    r"[=*;(]|\$\d|:\w|\?|%s|\bwhere\b|\bvalues\s*\(|\breturning\b|\bjoin\b|\border\s+by\b|\blimit\b|__hole_|\w\.\w|\w,\s*\w",
    re.IGNORECASE,
)
_ARTICLE = regex(
    r"\b(?:from|into)\s+(?:the|a|an|your|our|this|that|these|those|my|their|its|each|one|some)\s", re.IGNORECASE
)
_SENTENCE_END = regex(r"[.!…]\s*$|[a-z]\?\s*$|:\s*$")


_FULL_TEXT = regex(r"\s*match\s*\([^()]*+\)\s*against\b", re.IGNORECASE)
"""MySQL's full-text search, which begins like a pattern."""


_MATCH_ALONE = regex(r"\s*(?:match\s*\(\s*(?:\$h\d+|__hole_\d+__)\s*\)|create\s*\(\s*\w+\s*\))\s*", re.IGNORECASE)
"""What a message says: `match (${name})`, `Create (Enter)`. A statement does something with what it matched, and what
it makes has a label or properties."""


def starts_like_cypher(text: str) -> bool:
    """Whether the text is a Cypher statement by its first words: a pattern, not only a verb."""
    if _CYPHER_START.match(text) is None or _MATCH_ALONE.fullmatch(text) is not None:
        return False
    return _FULL_TEXT.match(text) is None


def starts_like_sql(text: str) -> str | None:
    """The verb, lower case, if the text is a statement by its first words; None for a fragment or anything else."""
    return next((verb for start in (_START, _LATER) if (verb := _verb(start.match(text), text)) is not None), None)


def _verb(found: re.Match[str] | None, text: str) -> str | None:
    if found is None:
        return None
    verb = found.group("verb").lower()
    if (
        verb == "truncate"
        and found.group("verb") == verb
        and not re.match(r"truncate\s+table\b", text[found.start("verb") :])
    ):
        return None  # a CSS class
    if verb == "table" and found.group("verb") == verb and not text.rstrip().endswith(";"):
        return None  # class names: `table striped`
    return verb if _COMPANION[verb].match(text, found.start("verb")) else None


def reads_like_prose(text: str) -> bool:
    """Whether a text that starts like SQL is a sentence: `Select a boat from the list.`

    SQL written in capitals, or with marks a sentence has no use for, is never taken for prose.
    """
    found = _START.match(text)
    verb = found.group("verb") if found is not None else ""
    if len(text) > 400 or "\n" in text.strip() or verb.isupper():
        return False
    if _ARTICLE.search(text):
        return True
    if verb == "Select" and not re.search(r"\bfrom\b", text, re.IGNORECASE):
        return True
    words = len(_PROSE_WORD.findall(text))
    marks = len(_SQL_MARK.findall(text))
    if _SENTENCE_END.search(text) and words:
        return True
    if marks == 0 and verb[:1].isupper():
        return True
    return words > marks


def names(text: str) -> frozenset[str]:
    """A list of words as a set."""
    return frozenset(text.split())


EXECUTES = names("""
    query execute exec run raw unsafe all get each one any many none oneornone manyornone oneorfirst maybeone read write
    readmany readone prepare executemany executescript mogrify fetch fetchrow fetchval fetchone fetchall fetchmany
    queryrow queryrowcontext querycontext execcontext preparecontext queryx queryrowx mustexec namedexec namedquery
    selectcontext getcontext select stream queryasync executeasync queryfirst queryfirstordefault querysingle
    querysingleordefault queryfirstasync queryfirstordefaultasync querysingleasync querymultiple executescalar
    executereader executenonquery executescalarasync fromsql fromsqlraw fromsqlinterpolated executesqlraw
    executesqlinterpolated executesqlrawasync executesqlinterpolatedasync sqlquery sqlqueryraw createquery
    createnativequery createsqlquery preparestatement preparecall executequery executeupdate executebatch addbatch
    queryforobject queryforlist queryformap queryforrowset queryforstream batchupdate update rawquery execsql
    find_by_sql exec_query select_all select_one select_rows select_value select_values exec_update exec_delete
    exec_insert $queryraw $executeraw $queryrawunsafe $executerawunsafe queryraw executeraw executerawunsafe
    queryrawunsafe statement db_query mysqli_query pg_query pg_query_params pg_prepare selectone scalar scalars
    read_sql read_sql_query fetch_all fetch_one fetch_val fetch_optional iterate cursor copy_expert copyexpert
    queryall queryone querystream query_as executeread executewrite run_query run_sql runquery runsql execute_sql
    executesql execute_query sql runinband command sqlcommand npgsqlcommand mysqlcommand sqlitecommand newquery
    sendbatch queue
""")
"""Names of calls that hand a text to a database, lower case."""

NEVER_EXECUTES = names("""
    log debug info warn warning error trace fatal critical exception print println printf eprintln puts logger notice
    tobe toequal tomatch tocontain tostrictequal tohavebeencalledwith tohavebeencalled expect assert assertequal
    assertequals assertin assert_equal assertthat contains startswith endswith includes indexof match test describe it
    raise throw translate gettext _ t i18n alert confirm notify toast settitle setlabel addeventlistener error_log
    newerror errorf errors.new wrap wrapf tracef debugf infof warnf fatalf help add_argument localize typeerror
    valueerror runtimeerror illegalargumentexception illegalstateexception badrequest
""")
"""Names of calls that only show a text, lower case."""


def confidence(text: str, method: str | None) -> Confidence:
    """How sure it is that `text`, handed to a call named `method` (None: to no call that was seen), is a statement."""
    name = (method or "").lower()
    if name in EXECUTES:
        return Confidence.EXECUTED
    if name in NEVER_EXECUTES or reads_like_prose(text):
        return Confidence.PROSE
    return Confidence.LIKELY
