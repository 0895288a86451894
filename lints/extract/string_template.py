"""Groups of StringTemplate (`.stg`), from which jDBI takes its statements: the templates of a file, and its statements.

What a template stands for depends on other groups, which import this one or are imported by it; that is put together
where all of them are known (`lints.stores.string_templates`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lints.extract.facts import Call, Confidence, Extraction, Function, Problem, Statement
from lints.extract.suppressions import suppressions
from lints.patterns import regex

MAX_TEMPLATES = 1000
_DEFINED = regex(r"(?m)^[ \t]*@?([\w./]{1,120})\s{0,20}\(([^()]{0,500})\)\s{0,20}::=\s{0,20}(<<|<%|\"|\{)")
_END = {"<<": regex(r">>(?!>)"), "<%": regex(r"%>"), '"': regex(r'(?<!\\)"'), "{": regex(r"\}")}
_IMPORTED = regex(r"(?m)^[ \t]*import\s+\"([^\"\n]{1,300})\"|^[ \t]*group\s+\w+\s*:\s*([\w.]{1,200})\s*;")
_STATEMENT = regex(r"\s*(?:select|insert|update|delete|merge|replace|with)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Template:
    name: str
    parameters: tuple[str, ...]
    body: str
    start: int
    end: int


def templates(text: str) -> Iterator[Template]:
    """The templates of a group, in order."""
    position = 0
    for _ in range(MAX_TEMPLATES):
        found = _DEFINED.search(text, position)
        if found is None:
            return
        closed = _END[found.group(3)].search(text, found.end())
        end = closed.start() if closed is not None else len(text)
        position = closed.end() if closed is not None else len(text)
        parameters = tuple(part.partition("=")[0].strip() for part in found.group(2).split(",") if part.strip())
        yield Template(found.group(1).rpartition("/")[2], parameters, text[found.end() : end], found.start(), position)


def imports(text: str) -> tuple[str, ...]:
    """The groups that a group takes templates from, as written."""
    return tuple(one or two for one, two in _IMPORTED.findall(text)[:20])


def extract_group(path: str, data: bytes) -> Extraction:
    """The templates that are statements, as they are written."""
    text = data.decode("utf-8", "replace")
    statements: list[Statement] = []
    listed = list(templates(text))
    group = path.rpartition("/")[2].partition(".")[0]
    for template in listed:
        if _STATEMENT.match(template.body) is None:
            continue
        line, end_line = (text.count("\n", 0, place) + 1 for place in (template.start, template.end))
        shown = " ".join(template.body[:600].split())
        statements.append(
            Statement(
                path=path,
                line=line,
                column=template.start - (text.rfind("\n", 0, template.start) + 1) + 1,
                end_line=end_line,
                end_column=template.end - (text.rfind("\n", 0, template.end) + 1) + 1,
                sql=template.body,
                variants=(template.body,),
                snippet=shown if len(shown) <= 200 else shown[:199] + "…",
                language="stringtemplate",
                confidence=Confidence.EXECUTED,
                call=Call(receiver=group, method=template.name, arguments=(), line=line),
                function=Function(name=template.name, line=line, parameters=template.parameters),
            )
        )
    problems: tuple[Problem, ...] = ()
    if len(listed) >= MAX_TEMPLATES:
        reason = f"more than {MAX_TEMPLATES} templates; the rest was not analysed"
        problems = (Problem(path=path, line=1, reason=reason, whole_file=False),)
    return Extraction(
        path=path,
        language="stringtemplate",
        statements=tuple(statements),
        problems=problems,
        suppressions=suppressions(path, data),
    )
