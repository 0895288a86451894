"""Source files to SQL statements: string first. Find every text that folds to SQL, then the call that takes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lints.context import contexts, possible
from lints.extract import beginnings
from lints.extract.chains import hits as chain_hits
from lints.extract.facts import (
    Call,
    Confidence,
    Extraction,
    Function,
    Hole,
    OrmCall,
    Problem,
    Statement,
    Suppression,
)
from lints.extract.glance import Glance, Look, glance
from lints.extract.parse import (
    MAX_BYTES,
    conflict_line,
    language_of,
    packed,
    parse,
    prepared,
    refusal,
    without_stray_nul,
)
from lints.extract.suppressions import suppressions
from lints.schema.paths import path_class

if TYPE_CHECKING:
    from tree_sitter import Tree

    from lints.vouch.facts import Follow


def silent(path: str, data: bytes) -> bool:
    """Whether `extract` finds nothing in a file, which is so for most; False too where a glance can't tell.

    It takes no more time than reading the file did, whatever is in it.
    """
    language = language_of(path)
    return (
        language is not None
        and language != "sql"
        and refusal(data) is None
        and not data.startswith((b"\xff\xfe", b"\xfe\xff"))
        and not beginnings.possible(data)
        and not chain_hits.possible(language, data)
        and b"tenant-ok" not in data
        and not possible(language, data)
    )


def extract(path: str, data: bytes, look: Look = glance) -> Extraction:
    """Everything in one file that goes to a database.

    Never raises and never stays silent: a file, or a part of it, that could not be analysed is a `Problem`. A file in
    which `look` sees nothing is analysed without being parsed, and only the functions that it sees something in are
    followed.
    """
    language = language_of(path)
    if language is None:
        return Extraction(
            path=path, language="", analysed=False, problems=(_problem(path, "not a language that is read"),)
        )
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data[: 2 * MAX_BYTES + 2].decode("utf-16", "replace").encode("utf-8", "replace")
    data = without_stray_nul(data)
    reason = refusal(data) or packed(language, data)
    if reason is not None:
        return Extraction(path=path, language=language, analysed=False, problems=(_problem(path, reason),))
    try:
        if language == "sql":
            from lints.extract.sqlfile import extract_sql

            return extract_sql(path, data)
        if language == "stringtemplate":
            from lints.extract.string_template import extract_group

            return extract_group(path, data)
        if language == "mybatis":
            from lints.extract.mybatis import extract_mapper

            return extract_mapper(path, data)
        return _extract_code(path, data, language, look(language, data))
    except Exception as error:  # noqa: BLE001 - the one boundary: whatever a hostile file breaks becomes a Problem
        reason = f"the analysis failed ({type(error).__name__})"
        return Extraction(path=path, language=language, analysed=False, problems=(_problem(path, reason),))


def _problem(path: str, reason: str, line: int = 1, *, whole_file: bool = True) -> Problem:
    return Problem(path=path, line=line, reason=reason, whole_file=whole_file)


def _extract_code(path: str, data: bytes, language: str, seen: Glance) -> Extraction:
    if not seen:
        return Extraction(
            path=path,
            language=language,
            suppressions=suppressions(path, data),
            contexts=contexts(path, data, language, None),
        )
    from lints.extract.code import Parsed, statements_of

    conflict = conflict_line(data)
    tree = parse(language, prepared(language, data))
    if tree is None:
        return Extraction(
            path=path, language=language, analysed=False, problems=(_problem(path, "parsing took too long"),)
        )
    parsed = Parsed(language, data, tree)
    statements, calls, problems = (
        ([], [], []) if seen.only_hands_on else statements_of(path, data, language, parsed, seen)
    )
    if conflict is not None:
        problems.append(_problem(path, "unresolved merge conflict markers", conflict, whole_file=False))
    return Extraction(
        path=path,
        language=language,
        statements=tuple(statements),
        calls=tuple(calls),
        problems=tuple(problems),
        suppressions=suppressions(path, data),
        contexts=contexts(path, data, language, parsed.body if statements or calls or seen.hands_on else None),
        follows=_follows(path, data, language, tree, statements, calls),
    )


_UNASKED = frozenset({"migration", "seed", "test"})
"""Classes of paths where nobody is asked to read a row before it is changed: what stands there is judged by itself."""


def _follows(
    path: str, data: bytes, language: str, tree: Tree, statements: Sequence[Statement], calls: Sequence[OrmCall]
) -> tuple[Follow, ...]:
    if not (statements or calls) or path_class(path) in _UNASKED:
        return ()
    from lints.vouch.flow import follows_of

    return follows_of(data, language, tree.root_node, statements, calls)


__all__ = [
    "Call",
    "Confidence",
    "Extraction",
    "Function",
    "Hole",
    "OrmCall",
    "Problem",
    "Statement",
    "Suppression",
    "extract",
    "language_of",
    "silent",
]
