"""Functions of Java and Kotlin that give a condition: a tenant filter of a base class, a specification by its name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lints.extract.chains import jvm_text
from lints.patterns import regex
from lints.schema.facts import Entity
from lints.tenancy import Origin

KIND = "condition"
_LIBRARIES = (b"org.jooq", b"persistence.criteria", b"Specification", b"querydsl", b"jetbrains.exposed")
_TYPE = (
    r"(?:Condition|Predicate|BooleanExpression|BooleanBuilder|(?:Predicate)?Specification<[\w.? ]{1,80}>|Op<Boolean>"
    r"|Expression<Boolean>)\??"
)
_FUNCTION = regex(
    rf"\b(?P<type>{_TYPE})\s+(?P<name>\w+)\s*\((?P<given>[^()]{{0,400}})\)\s*(?:throws\s[\w., ]{{1,80}})?\{{"
    rf"|\bfun\s+(?:<[^<>]{{1,40}}>\s*)?(?P<kotlin>\w+)\s*\((?P<takes>[^()]{{0,400}})\)\s*"
    rf"(?::\s*{_TYPE}\s*(?P<opens>[={{])|=\s*(?=Specification\b))"
)
_CLASS = regex(
    r"^[^\n*/]{0,80}?\b(?:class|interface|object)\s+(\w+)(?:[^{;]{0,400}?\bextends\s+(?:\w+\.)*(\w+)|[^{;\n]{0,300}?:\s*(\w+)\s*[(<])?",
    re.MULTILINE,
)
_MAX = 200


def declares(data: bytes) -> bool:
    """Whether a file may have such a function."""
    return any(word in data for word in _LIBRARIES) and (
        b"Condition " in data or b"Predicate " in data or b"Specification<" in data or b"Boolean" in data
    )


def read(texts: Mapping[str, str]) -> list[Entity]:
    """Entities of the kind `condition` named `Class.function/arity`: what each gives, over its parameters (`columns`,
    with their types); one more of the same name and arity ends in `|2`. A class by itself is `Class.`, and says what
    it extends."""
    found: list[Entity] = []
    for path, text in texts.items():
        if not path.endswith((".java", ".kt")) or not declares(text.encode()):
            continue
        classes = list(_CLASS.finditer(text))[:_MAX]
        for one in classes:
            place = Origin(path=path, line=text.count("\n", 0, one.start()) + 1, why=f"class {one.group(1)}")
            above = {"base": one.group(2) or one.group(3) or ""}
            found.append(
                Entity(name=f"{one.group(1)}.", table="", kind=KIND, columns={}, relations=above, origin=place)
            )
        told: dict[str, int] = {}
        for function in list(_FUNCTION.finditer(text))[:_MAX]:
            owner = next((one for one in reversed(classes) if one.start() < function.start()), None)
            name = function.group("name") or function.group("kotlin")
            kotlin = function.group("name") is None
            parameters = _parameters(function.group("given") or function.group("takes") or "", kotlin=kotlin)
            body = _body(text, function)
            given = jvm_text.returned(body) if body is not None else None
            if owner is None or given is None:
                continue
            label = f"{owner.group(1)}.{name}/{len(parameters)}"
            told[label] = told.get(label, 0) + 1
            found.append(
                Entity(
                    name=label if told[label] == 1 else f"{label}|{told[label]}",
                    table="",
                    kind=KIND,
                    columns=parameters,
                    relations={},
                    condition=given,
                    origin=Origin(
                        path=path, line=text.count("\n", 0, function.start()) + 1, why=f"{name} gives a condition"
                    ),
                )
            )
    return found


def _parameters(given: str, *, kotlin: bool) -> dict[str, str]:
    """Each parameter with its type."""
    found: dict[str, str] = {}
    for part in re.sub(r"<[^<>]*>|@\w+", "", given).split(","):
        words = re.split(r"[\s:=]+", part.strip())
        if len(words) > 1:
            name, kind = (words[0], words[1]) if kotlin else (words[-1], words[-2])
            found[name] = kind
    return found


def _body(text: str, function: re.Match[str]) -> str | None:
    """The statements of a function, `return …` where it is one expression."""
    if text[function.end() - 1] == "{":
        return text[function.end() : jvm_text.closes(text, function.end() - 1)]
    end = jvm_text.statement(text, function.end())
    return f"return {text[function.end() : end].strip()};"
