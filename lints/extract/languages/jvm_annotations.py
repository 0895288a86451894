"""What annotations and calls of the JVM make of the texts they are given: Hibernate, Spring Data, MyBatis, JDBI."""

from __future__ import annotations

import re

from lints.extract.ir import Cat, Choose, Expr, Items, Name, Test, Text
from lints.extract.mybatis import stated
from lints.patterns import regex

QUERIES = frozenset({"createQuery", "createSelectionQuery"})
_FROM = regex(r"\s*from\s+(?=[A-Z])", re.IGNORECASE)


def entity_of(source: bytes) -> str:
    """The entity that the repository of a file is of, which its queries can call `#{#entityName}`; else empty."""
    found = _REPOSITORY_OF.search(source) if b"#{#entityName}" in source else None
    return found.group(1).decode() if found is not None else ""


def of_entities(value: Expr, entity: str = "") -> Expr:
    """A query of Hibernate that begins with what it is from, with what it selects written out, and of Spring Data with
    its entity put in."""
    if entity and isinstance(value, Text):
        value = Text(value.value.replace("#{#entityName}", entity), value.span)
    elif entity and isinstance(value, Cat):
        value = Cat(
            tuple(of_entities(part, entity) if isinstance(part, Text) else part for part in value.parts), value.span
        )
    first = value.parts[0] if isinstance(value, Cat) and value.parts else value
    if not isinstance(first, Text) or _FROM.match(first.value) is None:
        return value
    whole = Text(f"select * {first.value.lstrip()}", first.span)
    return Cat((whole, *value.parts[1:]), value.span) if isinstance(value, Cat) else whole


def annotated(label: str, value: Expr, entity: str) -> Expr:
    """A value of an annotation as the statement that its library makes of it."""
    value = of_entities(value, entity)
    if label in _MAPPED:
        return mapped(value)
    return _templated(value) if label in _OF_JDBI and isinstance(value, Text) and "<" in value.value else value


_OF_JDBI = frozenset({"SqlQuery", "SqlUpdate", "SqlBatch", "SqlScript"})
_MARK = regex(r"<(?:if\(([^()<>]{1,80})\)|(else)|(endif)|(\w{1,60}))>")
_LISTED = regex(r"\(\s*<(\w{1,60})>\s*\)")


def _templated(value: Text) -> Expr:
    """A statement of JDBI with what it puts in: `(<ids>)` is a list of values, `<table>` a piece of text, and what
    stands between `<if(name)>` and `<endif>` is there sometimes. One in another stays as it is written."""
    text, where = _LISTED.sub(r"(:\1)", value.value), value.span
    parts: list[Expr] = []
    chosen: tuple[str, list[Expr], list[Expr]] | None = None
    into, position = parts, 0
    for found in _MARK.finditer(text):
        into.append(Text(text[position : found.start()], where))
        position = found.end()
        test, other, ends, name = found.groups()
        if (test and chosen is not None) or ((other or ends) and chosen is None):
            return value
        if test:
            chosen = (test, [], [])
            into = chosen[1]
        elif other and chosen is not None:
            into = chosen[2]
        elif ends and chosen is not None:
            sides = [Cat(tuple(side) or (Text("", where),), where) for side in chosen[1:]]
            parts.append(Choose(Test(key=chosen[0], value=None), sides[0], sides[1], where))
            chosen, into = None, parts
        else:
            into.append(Name(name, where))
    into.append(Text(text[position:], where))
    return value if chosen is not None else Cat(tuple(parts), where) if len(parts) > 1 else parts[0]


_REPOSITORY_OF = regex(rb"Repository\w{0,10}\s*<\s*(?:\w+\.){0,8}([A-Z]\w+)")
_MAPPED = frozenset({"Select", "Update", "Delete", "Insert"})


def mapped(value: Expr) -> Expr:
    """A statement of MyBatis as SQL, on each of its paths: `#{id}` is bound, `${order}` is text."""
    if isinstance(value, Items) and value.items and all(isinstance(item, Text) for item in value.items):
        value = Text(" ".join(item.value for item in value.items if isinstance(item, Text)), value.span)
    if isinstance(value, Cat):
        return Cat(tuple(mapped(part) for part in value.parts), value.span)
    if not isinstance(value, Text) or ("{" not in value.value and "<script>" not in value.value):
        return value
    paths = [Text(text, value.span) for text in stated(value.value)]
    chosen: Expr = paths[0]
    for other in paths[1:]:
        chosen = Choose(Test(key=f"@{value.span[0]}", value=None), chosen, other, value.span)
    return chosen
