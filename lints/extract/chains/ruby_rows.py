"""Rows of Active Record that take an object as a whole, and queries on a class that only the running code knows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lints.extract.ir import Invoke, Name
from lints.extract.sqltext import names
from lints.extract.values import Gap, Lit, Query, Record, Step, Value
from lints.patterns import regex

if TYPE_CHECKING:
    from lints.extract.recorder import Recorder

ANY_MODEL = "Model_of_"
"""What stands for a model that is handed in, or named by a text (`lints.stores.any_model`)."""
FILLED = "@filled"
_FILLS = names("update update! assign_attributes update_attributes update_attributes! update_columns")
_MAKES = names("new build")
_ROW = regex(r"@{0,2}[a-z_]\w*(?:&?\.[a-z_]\w*)*")
_ANY = regex(
    r"(?:[^\n]{1,200}\.(?:safe_)?constantize"
    r"|(?:self\.(?:class\.)?)?@{0,2}(?:klass|klazz|model|(?:model|resource|record|entity|owner|parent|target)_(?:class|klass)))"
    r"(?:\(\))?"
)
_ASKED_OF_ANY = names(
    "find find_by find_by! find_sole_by find_or_create_by find_or_create_by! where find_each find_in_batches in_batches"
    " update_all delete_all destroy_all delete_by destroy_by exists? pluck pick unscoped insert_all insert_all!"
    " upsert_all touch_all find_by_id"
)
_OF_ARREL = names("project where")
BEGINS = _FILLS | _ASKED_OF_ANY | _OF_ARREL
"""Calls on anything at all that one of these readers looks at."""
_TABLE = regex(r"((?:::)?[A-Z][\w:]*)\.arel_table")
_PERMITTED = regex(r"(?:params|attributes|attrs|payload|permit|permitted|fields)$")
_OF_PARAMS = regex(r"(?:return\s+)?@?\w*params\b(?![^()]* = )(?!.*;)")
_PASSED = regex(r"(\w+)(?:\[:\w+\])?((?:\.\w+[\s\S]{0,300})?)")
"""`boat_params`, `boat_params[:boat]`, `boat_params.except(:key)`."""
_MAX_AFTER = 1500


def permitted(notes: Recorder, name: str) -> str:
    """The body of a method of the file that says what a client may set, if that is what a name stands for."""
    if not name.isidentifier() or _PERMITTED.search(name) is None:
        return name
    body = re.search(rb"\bdef[ \t]+%s\b([\s\S]{0,1600}?)\n[ \t]*end\b" % name.encode(), notes.source)
    text = " ".join(body.group(1).decode("utf-8", "replace").split()) if body is not None else ""
    return text if _OF_PARAMS.match(text) is not None and (".permit" in text or ".expect(" in text) else name


def filled(notes: Recorder, call: Invoke, step: Step, *, made: bool = False) -> Step | None:
    """`boat.update(params.permit!)`, `Boat.new(boat_params)` (`made`): a row that takes an object as it is, with what
    stands behind it in the method; None for any other call."""
    if call.method not in (_MAKES if made else _FILLS) or len(call.arguments) != 1 or call.keywords:
        return None
    taken = step.arguments[0] if step.arguments else None
    if not isinstance(taken, (Gap, Record)) or (isinstance(taken, Record) and "..." not in taken.fields):
        return None
    if isinstance(taken, Record):
        taken = Record({**taken.fields, "...": _spelled(notes, taken.fields["..."])}, taken.source)
    else:
        taken = _spelled(notes, taken)
    after = notes.source[call.span[1] : call.span[1] + _MAX_AFTER].decode("utf-8", "replace").partition("\n  def ")[0]
    said: tuple[Value, ...] = (taken, Lit(call.method, call.span), Lit(after, call.span))
    return Step(FILLED, said, {}, call.span)


def _spelled(notes: Recorder, taken: Value) -> Value:
    """An object that a method of the file gives, by what that says a client may set."""
    passed = _PASSED.fullmatch(taken.source) if isinstance(taken, Gap) else None
    if passed is None or not isinstance(taken, Gap):
        return taken
    return Gap(permitted(notes, passed.group(1)) + passed.group(2), taken.span)


def of_query(notes: Recorder, query: Query, call: Invoke, step: Step) -> Query | None:
    """The row that a query has loaded, where it takes an object."""
    given = filled(notes, call, step)
    if given is None:
        return None
    held = tuple(one for one in query.steps if isinstance(one, Step) and one.method in {"@along", "@in"})
    return Query(query.kind, query.model, (*held, given), call.span)


def of_row(notes: Recorder, call: Invoke, step: Step) -> tuple[str, Step] | None:
    """What the row that takes an object is called, where it was loaded somewhere else, and the step."""
    written = notes.text(call.receiver.span) if call.receiver is not None else ""
    if _ROW.fullmatch(written) is None:
        return None
    given = filled(notes, call, step)
    return (written.replace("&", "").rpartition(".")[2].lstrip("@"), given) if given is not None else None


def of_any(notes: Recorder, call: Invoke, written: str) -> bool:
    """Whether rows are asked for of a class that can't be seen: `params[:type].constantize.find(id)`."""
    return call.method in _ASKED_OF_ANY and _ANY.fullmatch(written) is not None


def of_table(call: Invoke, receiver: Value | None, written: str) -> str | None:
    """The class whose Arel table a query is put together on: `boats.project(Arel.star).where(…)`."""
    if call.method not in _OF_ARREL:
        return None
    texts = (written, *((receiver.source, receiver.origin or "") if isinstance(receiver, Gap) else ()))
    found = next((found for text in texts if (found := _TABLE.fullmatch(text)) is not None), None)
    return found.group(1).removeprefix("::") if found is not None else None


def scopes(call: Invoke, step: Step) -> list[Query]:
    """Queries that only say which rows of an association are loaded: `Preloader.new(records: …, scope: …)`."""
    made = call.receiver.receiver if isinstance(call.receiver, Invoke) else call.receiver
    if call.method not in {"new", "preload"} or not isinstance(made, Name) or not made.path.endswith("Preloader"):
        return []
    return [value for value in (*step.arguments[2:], step.keywords.get("scope")) if isinstance(value, Query)]
