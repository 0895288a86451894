"""`.sql` files that hold queries: sqlc (`-- name: GetBoat :one`), yesql, seeds, scripts."""

from __future__ import annotations

import re

from lints.extract.facts import Call, Confidence, Extraction, Function, Problem, Statement
from lints.extract.sqltext import DEFINES, starts_like_sql
from lints.extract.suppressions import suppressions
from lints.patterns import regex

_NAME = regex(r"--[ \t]*name[ \t]*:[ \t]*(?P<name>[\w.!?<*-]+)|--[ \t]*:name[ \t]+(?P<other>\S+)", re.IGNORECASE)
_SQLC = regex(r"\bsqlc\.(n?arg|slice|embed)\(\s*'?\"?(\w+)'?\"?\s*\)", re.IGNORECASE)


def extract_sql(path: str, data: bytes) -> Extraction:
    """The statements of a `.sql` file that read or write rows; those that define the schema are the model's business.

    sqlc's `sqlc.arg(x)`, `sqlc.narg(x)`, `sqlc.slice(x)` become parameters; `narg` ones may be NULL.
    """
    from lints.schema.order import decoded, in_migrations, up_part
    from lints.schema.split import split

    text = _without_commands(decoded(data))
    if in_migrations(path):
        text = up_part(text)
    statements: list[Statement] = []
    problems: list[Problem] = []
    function: Function | None = None
    for piece in split(text):
        named = next(iter(list(_NAME.finditer(piece.comment))[-1:]), None)
        if named is not None:
            name = named.group("name") or named.group("other")
            function = Function(name=name, line=max(1, piece.line - 1), parameters=())
        elif piece.comment:
            function = None
        verb = starts_like_sql(piece.text)
        if piece.unterminated is not None:
            problems.append(
                Problem(
                    path=path, line=piece.line, reason=f"the {piece.unterminated} is never closed", whole_file=False
                )
            )
        if verb is None or verb in DEFINES:
            continue
        sql = _SQLC.sub(
            lambda found: f" :{found.group(2)} " if found.group(1).lower() != "embed" else f"{found.group(2)}.*",
            piece.text,
        )
        first = piece.text.split("\n", 1)[0]
        last = piece.text.rsplit("\n", 1)[-1]
        start = text.rfind("\n", 0, piece.offset) + 1
        column = piece.offset - start + 1
        statements.append(
            Statement(
                path=path,
                line=piece.line,
                column=column,
                end_line=piece.end_line,
                end_column=len(last) + (column if first is last or "\n" not in piece.text else 1),
                sql=sql,
                variants=(sql,),
                snippet=_one_line(piece.text),
                language="sql",
                confidence=Confidence.EXECUTED,
                call=Call(receiver="", method=function.name, arguments=(), line=piece.line) if function else None,
                function=function,
            )
        )
    return Extraction(
        path=path,
        language="sql",
        statements=tuple(statements),
        problems=tuple(problems),
        suppressions=suppressions(path, data),
    )


_COMMAND = regex(r"^[ \t]*\\[a-z?!]\w*[^\n]*|\\g(?:set|exec|desc|x)?\b[^\n]*", re.MULTILINE)


def _without_commands(text: str) -> str:
    """psql's own lines (`\\if`, `\\echo`) as blanks; `\\gset` and the like end a statement as a semicolon does."""
    if "\\" not in text:
        return text
    return _COMMAND.sub(lambda m: (";" if m[0].startswith("\\g") else " ").ljust(len(m[0])), text)


def _one_line(text: str) -> str:
    line = " ".join(text[:1200].split())
    return line if len(line) <= 200 else line[:199] + "…"
