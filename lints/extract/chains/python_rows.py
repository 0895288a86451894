"""Rows of a Python ORM that code has in its hands: those it saves whole, and those it gives what a client sent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lints.extract.chains.parts import Asked, Begun, class_name
from lints.extract.chains.reassigned import REASSIGNED, SENT
from lints.extract.ir import Assign, Func, Invoke, Name
from lints.extract.sqltext import names
from lints.extract.values import Alt, Gap, Listing, Lit, Query, Record, Step, Term, Value
from lints.patterns import regex

if TYPE_CHECKING:
    from lints.extract.environment import Env
    from lints.extract.interpret import Interpreter

KINDS = frozenset({"sqlalchemy", "django", "python_record"})
_FILLS = names("sqlmodel_update update_from_dict set")
"""Methods of a row that set the attributes of what they are handed: SQLModel's, Tortoise's, Pony's."""
_ROUTES = names("post put patch get delete route api_route")
_HANDED_IN = names("Depends Security Header Cookie Form File Path Query inject Inject")
_SELECTED = regex(r"\b(?:select|query|get|get_one|get_or_404|first_or_404)\(\s*(?:\w+\.)*([A-Z]\w*)\b")
_FROM_VARIABLE = regex(r"\(*(?:await\s+)?(\w+)\.|\b(?:execute|exec|scalars?|one|first|fetch\w*)\((\w+)\)")
_MADE = regex(r"(?:\w+\.)*([A-Z]\w*)\(\)")
_NEW = regex(r"(?:\w+\.)*[A-Z]\w*\(")
_BODY = regex(r"(?:Annotated\[\s*)?(?:(?:List|list|Sequence)\[\s*)?(?:\w+\.)*([A-Z]\w*)\b")
_ROW = regex(r"(?:db_|existing_|current_|old_)?([a-z]\w*?)(?:_db|_obj|_row|_record|_instance|_in_db)?")
_OF_CONSTANTS = regex(r"[\[({'\"]|(?:\w+\.)*_?[A-Z][A-Z0-9_]+\b")
_SAVED = names("commit flush add add_all merge save asave bulk_save_objects")
_CALLED = regex(r"\.(\w{3,18})\(")
_MAX_AROUND, _MAX_DEPTH = 6000, 4


def saved(asked: Asked) -> Begun | None:
    """`session.add(Boat(name=n))`, `add_all([…])`, `merge(…)`, `bulk_insert_mappings(Boat, […])`, the rows that a
    route is sent as they are."""
    call, method, given = asked.call, asked.call.method, asked.step.arguments
    first = given[0] if given else None
    if method in {"bulk_insert_mappings", "bulk_update_mappings"}:
        model = class_name(call.arguments[0], asked.env) if call.arguments else None
        return Begun("sqlalchemy", model, (Step(method, given[1:], {}, call.span),)) if model is not None else None
    if isinstance(first, Listing):
        first = next((item for item in first.items if isinstance(item, Term)), None)
    if isinstance(first, Gap):
        first = _instance(asked.interpreter, first)
    if not isinstance(first, Term) or not first.operator[:1].isupper():
        return None
    keywords = with_later(first, call.arguments[0], asked.env)
    step = Step("merge" if method == "merge" else "add", (), keywords, call.span)
    return Begun("sqlalchemy", first.operator, (step,)) if keywords else None


def with_later(made: Term, written: object, env: Env) -> dict[str, Value]:
    """The attributes that an instance is made with, and those that were set on it since."""
    keywords = dict(made.keywords)
    for name, value in env.vars.items() if isinstance(written, Name) else ():
        head, _, attribute = name.rpartition(".")
        if isinstance(written, Name) and head == written.path and attribute.isidentifier():
            keywords[attribute] = value
    return keywords


def _instance(interpreter: Interpreter, value: Gap) -> Term | None:
    """`Boat()`, which gets its attributes later, or the whole row that a route is sent: `def create(boat: Boat)`."""
    made = _MADE.fullmatch(value.origin or "")
    if made is not None:
        return Term(made.group(1), (), {}, value.source)
    functions = interpreter.notes.functions
    sent = _sent_to(functions[-1]).get(value.source) if functions and value.origin is None else None
    named = _BODY.match(sent) if sent is not None else None
    return Term(named.group(1), (), {"**": value}, value.source) if named is not None else None


def _sent_to(function: Func) -> dict[str, str]:
    """The parameters of a route that a client fills, with their types: all but what the framework hands in."""
    if not any(isinstance(one, Invoke) and one.method in _ROUTES for one in function.decorators):
        return {}
    return {
        one.name: one.type
        for one in function.parameters
        if not (isinstance(one.default, Invoke) and one.default.method in _HANDED_IN) and "Depends(" not in one.type
    }


def filled(interpreter: Interpreter, call: Invoke, arguments: list[Value], env: Env) -> Query | None:
    """What a row is given by attributes that code does not name: `for k, v in data.items(): setattr(boat, k, v)`,
    `boat.sqlmodel_update(data)`, `boat.set(**data)`."""
    row, attribute = call.receiver, None
    if call.receiver is None and call.method == "setattr" and len(call.arguments) == 3:
        row, attribute = call.arguments[0], arguments[1]
    elif call.method not in _FILLS or len(call.arguments) + len(call.keywords) != 1:
        return None
    found = _row(interpreter, row, env, call.span[1]) if isinstance(row, Name) else None
    if found is None:
        return None
    if isinstance(attribute, Lit):
        return _moved(interpreter, found, attribute.text, call.arguments[2].span, call.span)
    if attribute is not None:
        given = _named_by(interpreter, call)
    elif call.keywords:
        given = interpreter.notes.text(call.keywords[0][1].span) if call.keywords[0][0] == "**" else None
    else:
        known = isinstance(arguments[0], Record) and not {"...", "**"} & {*arguments[0].fields}
        given = interpreter.notes.text(call.arguments[0].span) if not known else None
    if given is None:
        return None
    held = env.find(given) if given.isidentifier() else None
    if isinstance(held, Record) and not {"...", "**"} & {*held.fields}:
        return None  # its keys are seen
    left_out = _left_out(interpreter, given, call.span[0]) if given.isidentifier() else []
    written = (held.origin or given) if isinstance(held, Gap) else given
    written = f"{written} exclude={{{', '.join(map(repr, left_out))}}}" if left_out else written
    return _given(found, f"*={written}", call.span)


def attributed(interpreter: Interpreter, statement: Assign, env: Env) -> Query | None:
    """A row that was loaded, and gets an attribute from a client: `boat.tenant_id = payload.tenant_id`."""
    base, _, attribute = (statement.target or "").rpartition(".")
    if not base.isidentifier() or base in {"self", "cls"} or not isinstance(env.vars.get(base), (Query, Gap)):
        return None
    if not _is_sent(interpreter, interpreter.notes.text(statement.value.span)):
        return None
    found = _row(interpreter, Name(base, statement.span), env, statement.span[1])
    if found is None or found[0] == "django":
        return None  # what Django saves is looked at where it does
    return _moved(interpreter, found, attribute, statement.value.span, statement.span)


def _moved(
    interpreter: Interpreter, row: tuple[str, str], attribute: str, value: tuple[int, int], where: tuple[int, int]
) -> Query | None:
    text = interpreter.notes.text(value).strip()
    return _given(row, f"{attribute}={text[:200]}", where) if _is_sent(interpreter, text) else None


def _is_sent(interpreter: Interpreter, text: str) -> bool:
    if SENT.fullmatch(text) is not None:
        return True
    functions = interpreter.notes.functions
    head = re.match(r"\w+(?=[.\[])", text)
    return head is not None and bool(functions) and head.group() in _sent_to(functions[-1])


def _given(row: tuple[str, str], text: str, where: tuple[int, int]) -> Query:
    return Query(*row, (Step(REASSIGNED, (Gap(text, where),), {}, where),), where)


def _named_by(interpreter: Interpreter, call: Invoke) -> str | None:
    """What the names of a row's attributes come from, in `for name, value in data.items():`; None where code says
    which ones there may be."""
    key = interpreter.notes.text(call.arguments[1].span)
    if not key.isidentifier():
        return None
    before = interpreter.source[max(0, call.span[0] - _MAX_AROUND) : call.span[0]].decode("utf-8", "replace")
    loops = list(
        re.finditer(rf"\bfor\s+\(?{key}(?:\s*,\s*\w+)?\)?\s+in\s+([^\n]{{1,300}}):[ \t]*(?:#[^\n]*)?\n", before)
    )
    if not loops or re.search(rf"\b{key}\s+(?:not\s+)?in\s|\b{key}\s*[!=]=", before[loops[-1].end() :]) is not None:
        return None
    given = re.sub(r"\.(?:items|keys|model_fields_set|__fields_set__|iteritems)\b(?:\(\))?\s*$", "", loops[-1].group(1))
    return given.strip() if _OF_CONSTANTS.match(given) is None else None


def _left_out(interpreter: Interpreter, name: str, end: int) -> list[str]:
    """What is taken out of a dictionary before: `data.pop("tenant_id", None)`, `del data["tenant_id"]`."""
    before = interpreter.source[max(0, end - _MAX_AROUND) : end].decode("utf-8", "replace")
    around = before[max(before.rfind("def "), 0) :]
    found = re.findall(rf"(?<![\w.]){name}\.pop\(\s*['\"](\w+)|\bdel\s+{name}\[\s*['\"](\w+)", around)
    return [one or two for one, two in found]


def _row(interpreter: Interpreter, row: Name, env: Env, end: int) -> tuple[str, str] | None:
    """(kind, model) of a row that is saved after `end`, by what loaded it, its type, or what it is called."""
    functions = interpreter.notes.functions
    if "." in row.path or not functions:
        return None
    after = interpreter.source[end : functions[-1].body_span[1]][:_MAX_AROUND].decode("utf-8", "replace")
    saves = {*_CALLED.findall(after)} & _SAVED
    if not saves and b"pony" not in interpreter.source:  # Pony saves what has changed
        return None
    held = env.find(row.path)
    if isinstance(held, Term) or (isinstance(held, Gap) and _NEW.match(held.origin or "") is not None):
        return None  # one that was just made
    loaded = _loaded(held, env, 0)
    if isinstance(loaded, tuple):
        return loaded
    kind = "django" if not saves - {"save", "asave"} else "sqlalchemy"
    typed = next((one.type for one in functions[-1].parameters if one.name == row.path and one.type), "")
    named = _BODY.match(typed)
    if loaded is not None:
        return (kind, loaded)
    if named is not None:
        return (kind, named.group(1))
    called = _ROW.fullmatch(row.path)
    return (kind, "".join(part.capitalize() for part in called.group(1).split("_"))) if called is not None else None


def _loaded(value: Value | None, env: Env, depth: int) -> tuple[str, str] | str | None:
    """(kind, model) of the query that gave a row, or its model alone where the text of a call says it."""
    if isinstance(value, Alt):
        value = next((side for side in (value.yes, value.no) if isinstance(side, (Query, Gap))), None)
    if isinstance(value, Query):
        return (value.kind, value.model) if value.kind in KINDS and value.model else None
    if not isinstance(value, Gap) or value.origin is None or depth > _MAX_DEPTH:
        return None
    told = _SELECTED.search(value.origin)
    if told is not None:
        return told.group(1)
    for of, handed in _FROM_VARIABLE.findall(value.origin)[:_MAX_DEPTH]:
        held = env.find(of or handed)
        found = _loaded(held, env, depth + 1) if held is not value else None
        if found is not None:
            return found
    return None
