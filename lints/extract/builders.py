"""Go's statement builders (`sq.Select("id").From("boats").Where(sq.Eq{"id": id})`) as the text they put together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lints.extract import builder_conditions
from lints.extract.builder_conditions import condition
from lints.extract.chains.go_types import declared_type, function_before
from lints.extract.ir import Invoke, Name, Span
from lints.extract.sqltext import names
from lints.extract.values import (
    NOTHING,
    Fragment,
    Gap,
    Joined,
    Listing,
    Lit,
    Nothing,
    Record,
    Sized,
    Value,
    is_text,
    rope,
)
from lints.patterns import regex

if TYPE_CHECKING:
    from lints.extract.interpret import Interpreter

_HOLDERS = regex(r"(?:^|[._])(?:sq|squirrel|psql|goqu|dialect|qb|sb|\w*builder|sql(?=\(\)))(?:\(\))?$", re.IGNORECASE)
_GOQUS = regex(r"(?:^|[._])(?:goqu|dialect)(?:\(\))?$|goqu\.Dialect\([^()]*\)$", re.IGNORECASE)
_IMPORTED = regex(rb"\"github\.com/(?:Masterminds/squirrel|doug-martin/goqu/v\d+|(?:gocraft|mailru)/dbr(?:/v\d)?)\"")
_VERBS = {"Select": "SELECT ", "Insert": "INSERT INTO ", "Update": "UPDATE ", "Delete": "DELETE FROM "}
_OF_DBR = {"InsertInto": "INSERT INTO ", "DeleteFrom": "DELETE FROM "}
_JOINS = {
    "Join": " JOIN ", "InnerJoin": " JOIN ", "LeftJoin": " LEFT JOIN ", "RightJoin": " RIGHT JOIN ",
    "CrossJoin": " CROSS JOIN ", "JoinClause": " ",
}  # fmt: skip
_TAILS = {"GroupBy": " GROUP BY ", "OrderBy": " ORDER BY ", "Having": " HAVING ", "Suffix": " "}
_ENDS = names(
    "ToSql MustSql ToSQL Query QueryContext QueryRow QueryRowContext Exec ExecContext Scan ScanContext ScanStruct"
    " Load LoadOne LoadContext LoadOneContext ScanStructs ScanVal ScanVals ScanStructContext ScanStructsContext Count"
    " CountContext"
)
_TABLE = regex(r"\b[tT]able(?:Name)?\(\s*\"(\w+)\"\s*\)\Z")
_NAMES_TABLE = names("TableName Table GetTableName tableName")
_QUOTES = names("QuoteIdentifier QuoteIdent Quote")
_MADE = regex(
    r"\(?(?:[&*]\s*)?((?:[a-z]\w*\.)?[A-Za-z]\w*)\{[^{}]*\}\)?|\(?new\(((?:[a-z]\w*\.)?[A-Za-z]\w*)\)\)?"
    r"|\(\(?\*((?:[a-z]\w*\.)?[A-Za-z]\w*)\)?\(nil\)\)?"
)
_TABLE_TEXT = regex(r"\w+(?:/\*go:[\w.]+\*/)?")
TABLE_HOLE = "__hole_7000__"
"""Stands for the table of a struct, which is named in a comment behind it, until the model is there to say which."""
_RUNS = regex(r"(?:exec|query|run|fetch|scan)", re.IGNORECASE)
_RELATES = frozenset(_JOINS) | names("From Into Table Update Delete")
_LIBRARY = regex(r"(?:sq|squirrel|goqu|dbr)(?:\.|$)")
_RECEIVES = regex(rb"\s*func\s*\(\s*(\w+)\s+\*?(\w+)")
_MAKER, _CALLS = "\0maker", "\0calls"
_PARTS = ("columns", "joins", "where", "sets", "tails")
_STATE = builder_conditions.STATE
_GOQU = "\0goqu"
_COPIES = {"CopyFrom": 3, "CopyIn": 2, "CopyInSchema": 3}


def called(interpreter: Interpreter, call: Invoke, receiver: Value | None, arguments: list[Value]) -> Value | None:
    """The builder a call begins or continues, or the condition it is; None for any other call."""
    found = builder_conditions.called(interpreter, call, receiver, arguments)
    if found is not None:
        return found
    if call.method in _COPIES and len(arguments) >= _COPIES[call.method]:
        _copied(interpreter, call, arguments)
        return None
    if isinstance(receiver, Record) and _STATE in receiver.fields:
        return _continued(interpreter, call, receiver, arguments)
    named = _named_table(interpreter, call, receiver, arguments)
    if named is not None:
        return named
    of_dbr = call.method in _OF_DBR and b"/dbr" in interpreter.notes.source[:6000]
    begins = (
        of_dbr
        or call.method in _VERBS
        or (
            call.method == "From"
            and arguments
            and (_GOQUS.search(_holder(interpreter, call, receiver)) or _of_goqu(interpreter, arguments[0]))
        )
    )
    if not begins or call.receiver is None:
        return None
    holder = _holder(interpreter, call, receiver)
    if _HOLDERS.search(holder) is None and _IMPORTED.search(interpreter.notes.source[:6000]) is None:
        return None
    verb = Lit({**_VERBS, **_OF_DBR}.get(call.method, "SELECT "), call.span)
    fields: dict[str, Value] = {_STATE: verb, **dict.fromkeys(_PARTS, Listing(()))}
    source = interpreter.notes.source[:6000]
    if _GOQUS.search(holder) is not None or (b"/goqu" in source and b"/squirrel" not in source):
        fields[_GOQU] = verb
    maker = _maker(interpreter, call, receiver)
    if maker:
        first = _plain_name(arguments[0]) if arguments and call.method != "Select" else ""
        fields[_MAKER] = Lit(maker, call.span)
        fields[_CALLS] = Listing((Lit(f"{call.method}={first}", call.span),))
    if call.method == "Select":
        fields["columns"] = Listing(tuple(arguments))
    elif arguments:
        fields["table"] = _relation(arguments[:1], call.span)
    return noted(interpreter, Record(fields, _STATE))


def _of_goqu(interpreter: Interpreter, table: Value) -> bool:
    """Whether `db.From("boats")` is a statement of goqu, whatever the database is called."""
    return isinstance(table, Lit) and b"/goqu/" in interpreter.notes.source[:6000]


def _holder(interpreter: Interpreter, call: Invoke, receiver: Value | None) -> str:
    """What a statement is begun on, as written, or where the variable came from."""
    if isinstance(receiver, Gap) and receiver.origin is not None and isinstance(call.receiver, Name):
        return call.receiver.path if _HOLDERS.search(call.receiver.path) else receiver.origin
    if isinstance(call.receiver, Name):
        return call.receiver.path
    return interpreter.notes.text(call.receiver.span)[-60:] if call.receiver is not None else ""


def _named_table(
    interpreter: Interpreter, call: Invoke, receiver: Value | None, arguments: list[Value]
) -> Value | None:
    """`TableName("boats")`, `pq.QuoteIdentifier("boats")`, `Boat{}.TableName()`, `boat.Table()` as the table."""
    first = arguments[0] if len(arguments) == 1 else None
    if call.method in _NAMES_TABLE | _QUOTES and isinstance(first, Lit) and _TABLE_TEXT.fullmatch(first.text):
        return Lit(first.text, call.span)
    if call.method == "Sanitize" and isinstance(receiver, Listing) and all(isinstance(i, Lit) for i in receiver.items):
        return Joined(".", receiver)
    if call.method not in _NAMES_TABLE or call.receiver is None or len(arguments) > 1:
        return None
    text = interpreter.notes.text(call.receiver.span)
    made = _MADE.fullmatch(text)
    kind = next((group for group in made.groups() if group), None) if made is not None else None
    if kind is None and text.isidentifier():
        kind = declared_type(interpreter.notes.source, text, call.span[0])
    if kind is None and isinstance(receiver, Gap) and receiver.origin is not None:
        made = _MADE.fullmatch(receiver.origin)
        kind = next((group for group in made.groups() if group), None) if made is not None else None
    return Lit(f"{TABLE_HOLE}/*go:{kind}*/", call.span) if kind is not None else None


def _continued(interpreter: Interpreter, call: Invoke, builder: Record, arguments: list[Value]) -> Value | None:
    fields = dict(builder.fields)
    method, where = call.method, call.span

    def add(part: str, *values: Value) -> None:
        held = fields.get(part)
        fields[part] = Listing((*(held.items if isinstance(held, Listing) else ()), *values))

    if _MAKER in fields:
        add(_CALLS, Lit(f"{method}={_relation_name(arguments) if method in _RELATES else ''}", where))
    if method in {"FromSelect", "From"} and arguments and isinstance(arguments[0], Record):
        inner = text_of(arguments[0]) if _STATE in arguments[0].fields else Gap("a query", where)
        alias = arguments[1] if len(arguments) > 1 else Lit("", where)
        fields["table"] = rope(Lit("(", where), inner, Lit(") ", where), alias)
    elif method in {"From", "Into", "Table"} and arguments:
        fields["table"] = _relation(arguments, where)
    elif method in {"Columns", "Column", "Cols"}:
        add("columns", *arguments)
    elif method in _JOINS and arguments:
        add("joins", rope(Lit(_JOINS[method], where), _relation(arguments, where)))
    elif method == "Where" and arguments:
        add("where", *(condition(item, where) for item in (arguments if fields.get(_GOQU) else arguments[:1])))
    elif method in {"Delete", "Update", "Insert"} and not arguments and _GOQU in fields:
        fields[_STATE] = Lit(_VERBS[method], where)
    elif method == "Select" and _GOQU in fields:
        fields["columns"] = Listing(tuple(arguments))
    elif method == "Set" and len(arguments) == 2:
        value = arguments[1] if isinstance(arguments[1], Fragment) else Gap("value", where, bound=True)
        add("sets", rope(arguments[0], Lit(" = ", where), value))
    elif method in {"SetMap", "Set"} and arguments and isinstance(arguments[0], Record):
        for name in arguments[0].fields:
            add("sets", rope(Lit(f"{name} = ", where), Gap(name, where, bound=True)))
    elif method in {"SetMap", "Set"} and len(arguments) == 1:  # a map, or a struct: which columns it names is not seen
        add("sets", arguments[0] if is_text(arguments[0]) else Gap(interpreter.notes.text(call.span)[-60:], where))
    elif method == "Rows" and arguments and isinstance(arguments[0], Record):
        fields["columns"] = Listing(tuple(Lit(name, where) for name in arguments[0].fields))
        fields["values"] = Listing(tuple(Gap("value", where, bound=True) for _ in arguments[0].fields))
    elif method == "Rows" and not isinstance(arguments[0] if arguments else NOTHING, (Nothing, Listing)):
        fields["columns"] = Listing((Gap("columns", where),))
        fields["values"] = Listing((Gap("values", where),))
    elif method == "Record" and arguments:
        named = fields.get("columns")
        count = len(named.items) if isinstance(named, Listing) else 0
        fields["values"] = Listing(tuple(Gap("value", where, bound=True) for _ in range(count)))
    elif method in {"Values", "Vals", "Rows"}:
        fields["values"] = Listing(tuple(Gap("value", where, bound=True) for _ in arguments))
    elif method in _TAILS and arguments:
        shown = tuple(arguments) if method.endswith("By") else tuple(arguments[:1])
        add("tails", rope(Lit(_TAILS[method], where), Joined(", ", Listing(shown))))
    elif method in _ENDS:
        interpreter.notes.note(text_of(builder), None, 3)
        return None
    return noted(interpreter, Record(fields, _STATE))


def handed(interpreter: Interpreter, value: Value, rank: int, method: str = "") -> None:
    """A builder returned or handed on: what runs it (`rank` 3) runs it as it is, anything else may add to it."""
    if isinstance(value, Record) and _STATE in value.fields:
        text = text_of(value)
        runs = rank == 3 or _RUNS.match(method) is not None
        if not isinstance(text, Nothing) and rank > 0:
            rest = () if runs else (Lit("\n", (0, 0)), Gap("what is added later", (0, 0)))
            interpreter.notes.note(rope(text, *rest), None, 3 if runs else rank)


def _relation(arguments: list[Value], where: Span) -> Value:
    """A table, perhaps with an alias and a condition of its own; `x.TableName("boats")` is the table it names."""
    table = arguments[0]
    if isinstance(table, Fragment) and table.tag.startswith(_STATE):
        table = table.value
    named = _TABLE.search(table.source) if isinstance(table, Gap) else None
    table = Lit(named[1], where) if named is not None else table
    joined = arguments[1] if len(arguments) == 2 else None
    if isinstance(joined, Fragment) and joined.tag.startswith(_STATE):  # goqu.On(…)
        return rope(table, Lit(" ON ", where), joined.value)
    alone = not isinstance(table, Lit) or re.search(r"\s", table.text.strip()) is None
    if alone and len(arguments) > 1 and _is_name(arguments[1]) and all(is_text(a) for a in arguments[2:3]):
        table = rope(table, Lit(" ", where), arguments[1])
        if len(arguments) > 2:
            table = rope(table, Lit(" ON ", where), arguments[2])
    return table


def _is_name(value: Value) -> bool:
    return isinstance(value, Lit) and value.text.isidentifier()


def _copied(interpreter: Interpreter, call: Invoke, arguments: list[Value]) -> None:
    """`CopyFrom(ctx, pgx.Identifier{"boats"}, []string{"id"}, rows)`, `CopyIn("boats", "id")` as what they insert."""
    place = 0 if call.method == "CopyIn" else 1
    table = arguments[place]
    columns = arguments[2] if call.method == "CopyFrom" else Listing(tuple(arguments[place + 1 :]))
    table = Joined(".", table) if isinstance(table, Listing) else table
    named = isinstance(columns, Listing) and bool(columns.items)
    shown: Value = Joined(", ", columns) if named and isinstance(columns, Listing) else Gap("columns", call.span)
    count = len(columns.items) if named and isinstance(columns, Listing) else 0
    given = Joined(", ", Listing(tuple(Gap("value", call.span, bound=True) for _ in range(count))))
    head, close = Lit("INSERT INTO ", call.span), Lit(")", call.span)
    values = given if count else Gap("rows", call.span)
    text = rope(head, table, Lit(" (", call.span), shown, Lit(") VALUES (", call.span), values, close)
    interpreter.notes.note(text, None, 3)


def _maker(interpreter: Interpreter, call: Invoke, receiver: Value | None) -> str:
    """What a statement is begun on, for the model to say what that adds: `Store.SQLBuilder`, `newBuilder()`.

    Empty for the library itself, and for a name that only says so.
    """
    text = interpreter.notes.text(call.receiver.span) if call.receiver is not None else ""
    if isinstance(receiver, Gap) and receiver.origin is not None and text.isidentifier():
        text = receiver.origin
    text = re.sub(r"\s", "", text)
    if _LIBRARY.match(text) or text.endswith(".SQL()") or len(text) > 200:
        return ""
    source = interpreter.notes.source
    head, dot, rest = text.partition(".")
    kind = declared_type(source, head, call.span[0]) if head.isidentifier() else None
    receives = _RECEIVES.match(function_before(source, call.span[0]))
    if receives is not None and receives[1].decode() == head and dot:
        return f"{receives[2].decode()}.{_called(rest)}"
    if kind is not None:
        return "" if _LIBRARY.match(f"{kind}.") else f"{kind}|{_called(rest)}"
    return _called(text) if "." in text or "(" in text else ""


def _called(text: str) -> str:
    """A path with its calls' arguments left out."""
    while (shorter := re.sub(r"\([^()]+\)", "()", text)) != text:
        text = shorter
    return text if re.fullmatch(r"[\w.()]*", text) else "?"


def _relation_name(arguments: list[Value]) -> str:
    """The name under which a statement knows a table that is added to it."""
    alias = arguments[1] if len(arguments) > 1 else None
    return _plain_name(alias) if isinstance(alias, Lit) else _plain_name(arguments[0]) if arguments else "?"


def _plain_name(value: Value) -> str:
    """The alias or the name in `boats AS b`, `boats b`, `boats`; `?` for anything else."""
    found = (
        re.fullmatch(r"\s*(?:\w+\.)?(\w+)(?:\s+(?:as\s+)?(\w+))?\s*", value.text, re.IGNORECASE)
        if isinstance(value, Lit)
        else None
    )
    return "?" if found is None else found[2] or found[1]


def _confined(fields: dict[str, Value], where: Span) -> None:
    """Leave a place for what the project's own builder adds: a condition, or a column and its value."""
    maker, made = fields.get(_MAKER), fields.get(_CALLS)
    if not isinstance(maker, Lit) or not isinstance(made, Listing):
        return
    words = (Lit(f"{maker.text} ", where), Joined(" ", made), Lit("*/", where))
    parts = (
        [("where", 7100, "?")] if made.items and not _inserts(made) else [("columns", 7101, "+"), ("values", 7102, "=")]
    )
    for part, number, sign in parts:
        held = fields.get(part)
        hole = rope(Lit(f"__hole_{number}__/*go{sign}", where), *words)
        if part == "where":
            hole = rope(Lit("(", where), hole, Lit(")", where))
        elif not isinstance(held, Listing) or not held.items:
            continue
        fields[part] = Listing((hole, *(held.items if isinstance(held, Listing) else ())))


def _inserts(made: Listing) -> bool:
    return isinstance(made.items[0], Lit) and made.items[0].text.startswith("Insert=")


def begun(verb: str, where: Span) -> Record:
    """A builder that holds nothing yet."""
    return Record({_STATE: Lit(verb, where), **dict.fromkeys(_PARTS, Listing(()))}, _STATE)


def noted(interpreter: Interpreter, builder: Record) -> Record:
    """A builder whose statement so far is noted as one that may be run."""
    interpreter.notes.note(text_of(builder), None, 0)
    return builder


def text_of(builder: Record) -> Value:
    """The statement so far."""
    fields = dict(builder.fields)
    verb = fields[_STATE]
    word = verb.text if isinstance(verb, Lit) else ""
    where = verb.span if isinstance(verb, Lit) else (0, 0)
    _confined(fields, where)
    listed = {part: held if isinstance(held := fields.get(part), Listing) else Listing(()) for part in _PARTS}
    table = fields.get("table", NOTHING)
    conditions = rope(Lit(" WHERE ", where), Joined(" AND ", listed["where"]))
    filtered = Sized(listed["where"], conditions, NOTHING) if listed["where"].items else NOTHING
    tails = (Joined("", listed["joins"]), filtered, Joined("", listed["tails"]))
    if word.startswith("SELECT"):
        if isinstance(table, Nothing):
            return NOTHING
        shown = Sized(listed["columns"], Joined(", ", listed["columns"]), Lit("*", where))
        return rope(verb, shown, Lit(" FROM ", where), table, *tails)
    if word.startswith("INSERT"):
        held = fields.get("values")
        given = held if isinstance(held, Listing) else Listing(())
        if not given.items:
            return NOTHING
        named = rope(Lit(" (", where), Joined(", ", listed["columns"]), Lit(")", where))
        columns = Sized(listed["columns"], named, NOTHING)
        values = rope(Lit(" VALUES (", where), Joined(", ", given), Lit(")", where))
        return rope(verb, table, columns, values, Joined("", listed["tails"]))
    if word.startswith("UPDATE"):
        if not listed["sets"].items:
            return NOTHING
        sets = rope(Lit(" SET ", where), Joined(", ", listed["sets"]))
        return rope(verb, table, sets, filtered, Joined("", listed["tails"]))
    return rope(verb, table, filtered, Joined("", listed["tails"]))
