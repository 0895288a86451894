"""What would tie a reference to its tenant: the condition to add and where, said only if the proof then holds.

Nothing is guessed: the changed text is proven again, and what does not help is not suggested.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lints.extract.sqltext import names
from lints.patterns import regex

if TYPE_CHECKING:
    from lints.proof import Proof, Reference
    from lints.rows import Access
    from lints.tenancy import Model

MAX_SQL = 4_000
_RULES = names("TENSQL001 TENSQL002 TENSQL003 TENSQL006 TENSQL010")
_TOKEN = regex(
    r"(?P<comment>--[^\n]*|/\*.*?\*/)|'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|(?P<word>[A-Za-z_][\w$]*)|(?P<mark>[();])",
    re.DOTALL,
)
_PLAIN = regex(r"[a-z_][a-z0-9_]*")
_BOUND = regex(r"(?<!:):h\d+\b")
_HOLES = regex(r"((?<!:):h\d+\b)")
_VALUE = regex(r"\$\{[^{}`]*\}")
_JOINS = names("join left right inner full cross natural")
_AFTER_WHERE = names("group order having limit offset fetch for returning window union intersect except on")
_TEMPLATES = frozenset({"typescript", "tsx", "javascript"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """`said` is a sentence. `line` and `column` (from 1) are where `text` goes in the file, if that is all there is to
    do; else None: then a value has to be bound as well, or brackets are needed."""

    said: str
    text: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    start: int
    end: int
    depth: int


def remedy(access: Access, model: Model, dialect: str) -> Remedy | None:
    """The remedy of a finding, or None if there is none that is certain."""
    from lints.proof import prove

    sql = access.sql
    if access.rule not in _RULES or access.variants != 1 or "__hole_" in sql or not 0 < len(sql) < MAX_SQL:
        return None
    proofs = prove(sql, model, dialect=dialect)
    if len(proofs) != 1 or str(proofs[0].verdict) != "violation":
        return None
    reference = _reference(proofs[0], access)
    if reference is None or reference.column is None or reference.start is None:
        return None
    condition = _named(reference, proofs[0])
    if condition is None:
        return None
    shown, tried = _placeholders(sql, access, reference.column)
    place = _place(sql, reference.start)
    if place is None:
        return None
    start, end, lead = place
    bracketed = start is not None and _has_or(sql, start, end)
    before = sql[:start] + " (" + sql[start:end].strip() + ")" if bracketed and start is not None else sql[:end]
    after = prove(f"{before} {lead} {condition} = {tried} {sql[end:]}", model, dialect=dialect)
    if len(after) != 1 or _open(after[0]) >= _open(proofs[0]) or str(after[0].verdict) == "unparsed":
        return None
    text = f" {lead} {condition} = {shown}"
    left = _open(after[0])
    effect = (
        "that proves it" if left == 0 else f"{left} more {'reference stays' if left == 1 else 'references stay'} open"
    )
    where = "to its ON" if lead == "AND" and start is None else "to its WHERE" if lead == "AND" else "after it"
    how = "bracket the WHERE and add" if bracketed else "add"
    at = None if bracketed or not _complete(access, shown) else _in_file(access, end)
    said = f"{how} `{text.strip()}` {where if not bracketed else 'behind the bracket'}: {effect}"
    return Remedy(said=said[:1].upper() + said[1:], text=text, line=at[0] if at else None, column=at[1] if at else None)


def _reference(proof: Proof, access: Access) -> Reference | None:
    found = [r for r in proof.references if not r.proven and r.table == access.table and r.rule == access.rule]
    return found[0] if len(found) == 1 else None


def _open(proof: Proof) -> int:
    return sum(not reference.proven for reference in proof.references)


def _named(reference: Reference, proof: Proof) -> str | None:
    """The tenant column as the statement can name it."""
    if reference.column is None or not _PLAIN.fullmatch(reference.column):
        return None
    alias = reference.alias or reference.table
    if len(proof.references) == 1 and alias == reference.table:
        return reference.column
    return f"{alias}.{reference.column}" if _PLAIN.fullmatch(alias) else None


def _placeholders(sql: str, access: Access, column: str) -> tuple[str, str]:
    """How a value is written in this statement: for people, and for the proof."""
    numbered = [int(n) for n in re.findall(r"\$(\d{1,4})\b", sql)]
    if numbered:
        return (f"${max(numbered) + 1}",) * 2
    if _BOUND.search(sql):
        if access.language in _TEMPLATES and "${" in access.source:
            return f"${{{access.tenant_parameter or 'tenantId'}}}", " :h999 "
        return "<the caller's tenant>", " :h999 "
    if "sqlc." in access.source:
        return f"sqlc.arg({column})", f":{column} "
    for pattern, shown in (
        (r"%\(\w+\)s", f"%({column})s"),
        (r"(?<![:\w]):[A-Za-z_]\w*", f":{column}"),
        (r"(?<![@\w])@[A-Za-z_]\w*", f"@{column}"),
        (r"%s", "%s"),
        (r"\?", "?"),
    ):
        if re.search(pattern, sql):
            return shown, shown
    return "<the caller's tenant>", "$1"


def _words(sql: str) -> Iterator[_Word]:
    """Words, brackets and semicolons outside strings, names in quotes and comments, with their depth of brackets."""
    depth = 0
    for found in _TOKEN.finditer(sql):
        mark = found.group("mark")
        if mark == ")":
            depth -= 1
        if mark is not None or found.group("word") is not None:
            yield _Word(found.group().lower(), found.start(), found.end(), depth)
        if mark == "(":
            depth += 1


def _place(sql: str, at: int) -> tuple[int | None, int, str] | None:
    """Where a condition on the relation at `at` goes: start of the WHERE's condition (None: there is none, or it goes
    to an ON), the end where it is added, and the word to add it with."""
    words = list(_words(sql))
    here = next((i for i, word in enumerate(words) if word.start >= at), None)
    if here is None or words[here].start != at:
        return None
    depth = words[here].depth
    scope = [w for w in _until_closed(words[here + 1 :], depth) if w.depth == depth]
    if here > 0 and words[here - 1].text == "join":
        on = next((i for i, w in enumerate(scope) if w.text == "on"), None)
        stop = next((i for i, w in enumerate(scope) if w.text in _JOINS | {"where", "using"}), len(scope))
        if on is not None and on < stop:
            after = next((w.start for w in scope[on + 1 :] if w.text in _JOINS | _AFTER_WHERE | {"where"}), None)
            return None, _trimmed(sql, after if after is not None else _end(words, here, depth, sql)), "AND"
    where = next((i for i, w in enumerate(scope) if w.text == "where"), None)
    behind = scope[where + 1 :] if where is not None else scope
    ends = _AFTER_WHERE if where is not None else _AFTER_WHERE - {"on"}
    stop_at = next((w.start for w in behind if w.text in ends), None)
    end = _trimmed(sql, stop_at if stop_at is not None else _end(words, here, depth, sql))
    return (scope[where].end, end, "AND") if where is not None else (None, end, "WHERE")


def _until_closed(words: Sequence[_Word], depth: int) -> Iterator[_Word]:
    for word in words:
        if (word.text == ")" and word.depth < depth) or (word.text == ";" and word.depth == 0):
            return
        yield word


def _end(words: Sequence[_Word], here: int, depth: int, sql: str) -> int:
    """Where the brackets around a word end, or the statement."""
    for word in words[here + 1 :]:
        if (word.text == ")" and word.depth < depth) or (word.text == ";" and word.depth == 0):
            return word.start
    return len(sql)


def _trimmed(sql: str, end: int) -> int:
    """The end of what stands before `end`, without white space and comments."""
    comments = [m for m in _TOKEN.finditer(sql, 0, end) if m.group("comment") is not None]
    while True:
        end = len(sql[:end].rstrip())
        if not comments or comments[-1].end() < end:
            return end
        end = comments.pop().start()


def _has_or(sql: str, start: int, end: int) -> bool:
    words = list(_words(sql[start:end]))
    return any(word.text == "or" and word.depth == 0 for word in words)


def _complete(access: Access, shown: str) -> bool:
    """Whether the text alone does it: a query file names its parameters, a tagged template binds what stands in it."""
    if access.language == "sql":
        return not shown.startswith("<")
    return shown.startswith("${") and access.tenant_parameter is not None


def _in_file(access: Access, offset: int) -> tuple[int, int] | None:
    """Line and column of an offset of the statement in its file; None if the text does not stand there as it is.

    White space around a value may differ; all else is the same, with `${…}` where the statement has `:h0`.
    """
    source = access.source
    at = 0 if access.language == "sql" else max(0, access.column - 1)
    position, place = 0, None
    for number, piece in enumerate(_HOLES.split(access.sql)):
        text = piece.strip()
        found = source.find(text, at) if number == 0 else _skipped(source, at)
        if found < 0 or not (source.startswith(text, found) if number % 2 == 0 else True):
            return None
        if number % 2:
            value = _VALUE.match(source, found)
            if value is None:
                return None
            at = value.end()
        else:
            begin = position + len(piece) - len(piece.lstrip())
            if begin <= offset <= begin + len(text):
                place = found + offset - begin
            at = found + len(text)
        position += len(piece)
        if number % 2 and offset == position:
            place = at
    if place is None:
        return None
    return access.line + source.count("\n", 0, place), place - (source.rfind("\n", 0, place) + 1) + 1


def _skipped(source: str, at: int) -> int:
    while at < len(source) and source[at].isspace():
        at += 1
    return at
