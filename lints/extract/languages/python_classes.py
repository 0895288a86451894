"""What a class of Python says of the rows it asks for, without asking for them: the model that it names."""

from __future__ import annotations

import re
from dataclasses import replace

from lints.extract.ir import Assign, Define, Expr, Invoke, Leave, Name, Span, Stmt
from lints.patterns import regex

_MAX_BODY = 100_000
_VIEWS = frozenset(
    {"ListView", "DetailView", "UpdateView", "DeleteView", "ArchiveIndexView", "YearArchiveView", "DateDetailView"}
)
_BESIDE_VIEWS = frozenset(
    {"LoginRequiredMixin", "PermissionRequiredMixin", "UserPassesTestMixin", "SuccessMessageMixin", "FormMixin", "View"}
)
"""Bases that ask for no rows; any other may narrow what the view asks for."""
_TYPE_VARIABLE = regex(r"_?[A-Z][A-Z0-9_]*|\w*(?:T|Type|TypeVar|ModelT)")


def models_of(called: str, above: str, text: str, where: Span) -> tuple[Stmt, ...]:
    """What `self.model` is in a class that asks for rows of it, where the class itself does not say: what its
    constructor sets or hands on, the first type of its base, else `Model_of_` the class (`lints.schema`).

    `above` and `text` are the source of its bases and of its body.
    """
    text = text[:_MAX_BODY]
    if not any(word in text for word in (".model", "._model", ".entity", "._entity")):
        return ()
    names = sorted(set(re.findall(r"\b(?:self|cls)\.(_?(?:model|entity)(?:_class|_cls|_type)?)\b", text)))
    if not names:
        return ()
    given = re.search(r"super\(\)\.__init__\(([^()]{1,300})\)", text)
    passed = re.findall(r"(?:^|[\s,=.])([A-Z]\w*[a-z]\w*)\s*(?:,|$)", given.group(1)) if given is not None else []
    typed = re.search(r"\[\s*(?:\w+\.)*([A-Z]\w*)\s*[,\]]", above)
    general = typed is None or _TYPE_VARIABLE.fullmatch(typed.group(1)) is not None
    out: list[Stmt] = []
    for name in names:
        if re.search(rf"^[ \t]+{name}\s*(?::[^=\n]*)?=(?!\s*None\b)", text, re.MULTILINE):
            continue
        own = re.search(rf"\bself\.{name}\s*(?::[^=\n]*)?=\s*(?:\w+\.)*([A-Z]\w*)[ \t]*$", text, re.MULTILINE)
        if own is not None:
            model = own.group(1)
        elif len(passed) == 1:
            model = passed[0]
        else:
            model = f"Model_of_{called}" if general or typed is None else typed.group(1)
        out.append(Assign(name, Name(model, where), False, where))
    return tuple(out)


def rows_of_view(bases: tuple[str, ...], body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """What a generic view of Django's asks for where it only names a model: all of its rows."""
    if not _VIEWS & {*bases} or not {*bases} <= _VIEWS | _BESIDE_VIEWS:
        return ()
    named = {s.target: s for s in body if isinstance(s, Assign) and s.target is not None}
    defined = {s.function.name for s in body if isinstance(s, Define)}
    model = named.get("model")
    if model is None or not isinstance(model.value, Name) or "queryset" in named:
        return ()
    if defined & {"get_queryset", "get_object", "dispatch", "get", "post"}:
        return ()
    manager = Name(f"{model.value.path}.objects", model.span)
    asked = Invoke(manager, "all", (), (), model.span, model.span)
    return (Assign("queryset", asked, False, model.span),)


def narrowing(body: tuple[Stmt, ...]) -> Invoke | None:
    """What a mixin of Django's views makes of a view's rows, if that is all that its `get_queryset` does:
    `return super().get_queryset().filter(…)`."""
    own = next((s.function for s in body if isinstance(s, Define) and s.function.name == "get_queryset"), None)
    body = own.lower_body() if own is not None else ()
    value = body[0].value if len(body) == 1 and isinstance(body[0], Leave) and body[0].returns else None
    return value if isinstance(value, Invoke) and _above(value) else None


def narrowed(body: tuple[Stmt, ...], mixins: tuple[Invoke, ...]) -> tuple[Stmt, ...]:
    """The body of a view with what its mixins, the nearest first, make of its `queryset`."""
    if any(isinstance(s, Define) and s.function.name == "get_queryset" for s in body):
        return body
    out: list[Stmt] = []
    for statement in body:
        if isinstance(statement, Assign) and statement.target == "queryset":
            value = statement.value
            for mixin in reversed(mixins):
                value = _upon(mixin, value)
            statement = replace(statement, value=value)
        out.append(statement)
    return tuple(out)


def _above(value: Expr) -> bool:
    """Whether a chain begins with `super().get_queryset()`."""
    while isinstance(value, Invoke) and value.method != "get_queryset":
        if value.receiver is None:
            return False
        value = value.receiver
    return isinstance(value, Invoke) and isinstance(value.receiver, Invoke) and value.receiver.method == "super"


def _upon(chain: Expr, value: Expr) -> Expr:
    """A chain upon another beginning."""
    if not isinstance(chain, Invoke) or chain.receiver is None or chain.method == "get_queryset":
        return value
    return replace(chain, receiver=_upon(chain.receiver, value))
