"""Rows of Eloquent that are written as a whole: which columns an object may set, and whether a client says so."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lints.extract.chains.laravel_rows import WHOLE
from lints.extract.facts import Argument
from lints.stores import taken
from lints.stores.orm_sql import Builder, mapping


def updated(builder: Builder, given: Argument) -> list[str | None]:
    """Rows that are set to an object: a query asks no model which columns may be filled."""
    known = builder.model.tables.get(builder.table)
    columns = _sent(given.text, list(known.columns) if known is not None else [])
    ours = set(taken.of_tenant(builder))
    if columns is not None and ours & set(columns):
        builder.raw = given.text
    if columns is not None and not ours & set(columns):
        return [builder.update([(name, builder.parameter()) for name in columns])]
    return [builder.update([], whole=True)]


def filled(builder: Builder, given: Argument, *, forced: bool, made: bool) -> list[str | None]:
    """A row that takes what it is handed as a whole: its tenant too, unless the model's `$fillable` or `$guarded` keep
    it out. `forced`: they are not asked; `made`: it is a new row."""
    ours = set(taken.of_tenant(builder))
    if not ours:
        return [None] if made else []
    said = builder.entity.methods if builder.entity is not None else {}
    fillable, guarded = said.get("$fillable"), said.get("$guarded")
    known = builder.model.tables.get(builder.table)
    every = list(known.columns) if known is not None else []
    columns = _sent(given.text, every)
    if not forced and fillable is not None:
        columns = [name for name in (columns if columns is not None else every) if name in fillable]
    elif not forced and guarded is not None and {*ours, "*"} & set(guarded):
        columns = [name for name in (columns if columns is not None else every) if name not in ours]
    if columns is not None and not ours & set(columns):
        if not made:
            return []  # whose it is stays as it is
        return [builder.insert([(name, builder.parameter()) for name in columns]) if columns else None]
    stated = forced or fillable is not None or guarded is not None
    if _sent(given.text, every) is None or not stated:
        return [None] if made else taken.unseen(builder)
    builder.raw = given.text
    return []


def _sent(text: str, every: Sequence[str]) -> Sequence[str] | None:
    """The columns that an object may set, if a client says what is in it; None if that is not so, or can't be seen."""
    whole = WHOLE.fullmatch(text.strip())
    how, given = (whole.group(1).lower(), whole.group(2)) if whole is not None else ("", "")
    if how in {"only", "except"}:
        listed = re.findall(r"['\"](\w+)['\"]", given)
        if re.sub(r"['\"]\w+['\"]|[\[\],\s]", "", given):
            return None
        return listed if how == "only" else [name for name in every if name not in listed]
    if whole is None or how == "validated" or (how in {"input", "post", "json"} and given.strip()):
        return None
    return every


def upserted(builder: Builder, given: Sequence[Argument]) -> str | None:
    """`upsert([['id' => 1, …], …], ['id'], ['name'])`, by its first row."""
    if len(given) < 2 or given[0].kind not in {"list", "map"}:
        whole = WHOLE.fullmatch(given[0].text.strip())
        if whole is not None and whole.group(1).lower() not in {"only", "validated"} and taken.of_tenant(builder):
            builder.raw = given[0].text  # which rows it hits, and whose they are then
        return None
    row = given[0].items[0] if given[0].kind == "list" and given[0].items else given[0]
    assigned, dynamic = builder.assignments(mapping(row))
    conflict = [one.text for one in (given[1].items if given[1].kind == "list" else given[1:2]) if one.kind == "text"]
    changed = None
    if len(given) > 2 and given[2].kind == "list":
        changed = [(one.text, "") for one in given[2].items if one.kind == "text"]
    return builder.insert(assigned, dynamic=dynamic, conflict=conflict or None, updated=changed)
