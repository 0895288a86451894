"""FluentMigrator's migrations: what `Create.Table("Boats").WithColumn("Id")…` does to tables, step by step.

Read as text: a migration is one statement after the other, each a chain of calls. `Down` is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lints.patterns import regex
from lints.schema.catalog import Catalog, Draft
from lints.tenancy import Column, ForeignKey, Origin

DECLARES = regex(rb"\b(?:Create|Alter|Delete|Rename)\.(?:Table|Column|ForeignKey|UniqueConstraint|Index)\(")
_DOWN = regex(r"\boverride\s+void\s+Down\s*\(\)\s*")
_BEGINS = regex(r"\b(Create|Alter|Delete|Rename)\.(?=\w)")
_CALL = regex(r"\s*\.?\s*(\w+)(?:<[^<>()]{1,60}>)?\(")
_COMMENT = regex(r"^[ \t]*//.*$", re.MULTILINE)
_NAMED = regex(r"@?\"([^\"\n]{1,120})\"|nameof\(\s*(?:\w+\.)*(\w+)\s*\)")
_COLUMNS = frozenset({"WithColumn", "AddColumn", "AlterColumn"})
_MAX_CHAIN = 400


def apply_fluent(catalog: Catalog, path: str, data: bytes) -> None:
    """The `Up` of a migration, or all of it if it has no `Down`."""
    text = _COMMENT.sub("", data.decode("utf-8", "replace"))
    down = _DOWN.search(text)
    skipped = (down.start(), _closed(text, down.end())) if down is not None else (-1, -1)
    for found in _BEGINS.finditer(text):
        if not skipped[0] <= found.start() < skipped[1]:
            line = text.count("\n", 0, found.start()) + 1
            place = Origin(path=path, line=line, why="made by a migration")
            _apply(catalog, found.group(1), list(_calls(text, found.end())), place)


def _calls(text: str, at: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(method, names among its arguments) of the calls of a chain."""
    for _ in range(_MAX_CHAIN):
        call = _CALL.match(text, at)
        if call is None:
            return
        at = _closed(text, call.end() - 1)
        given = text[call.end() : at - 1]
        yield call.group(1), tuple(one or two for one, two in _NAMED.findall(given))


def _closed(text: str, start: int) -> int:
    """Behind the bracket that closes what opens at `start`; strings are left out."""
    depth = 0
    quoted = False
    for position in range(start, min(len(text), start + 60_000)):
        letter = text[position]
        if letter == '"' and text[position - 1] != "\\":
            quoted = not quoted
        elif not quoted:
            depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(letter, 0)
            if depth == 0 and letter in ")}":
                return position + 1
    return len(text)


def _apply(catalog: Catalog, verb: str, calls: list[tuple[str, tuple[str, ...]]], place: Origin) -> None:
    method, names = calls[0] if calls else ("", ())
    said = dict(calls)
    if method == "Table" and names:
        _table(catalog, verb, names[0], calls[1:], place)
    elif method == "Column" and names and said.get("OnTable") and verb in {"Create", "Alter"}:
        draft = _draft(catalog, said["OnTable"][0], place)
        _columns(catalog, draft, [("AddColumn", names), *calls[1:]], place)
    elif method == "Column" and names and said.get("FromTable") and verb == "Delete":
        _draft(catalog, said["FromTable"][0], place).drop_column(names[0])
    elif method == "Column" and names and said.get("OnTable") and said.get("To") and verb == "Rename":
        _draft(catalog, said["OnTable"][0], place).rename_column(names[0], said["To"][0])
    elif method == "ForeignKey" and verb == "Create" and said.get("FromTable") and said.get("ToTable"):
        columns = said.get("ForeignColumn") or said.get("ForeignColumns") or ()
        others = said.get("PrimaryColumn") or said.get("PrimaryColumns") or ()
        _refer(_draft(catalog, said["FromTable"][0], place), columns, said["ToTable"][0], others, place)
    elif method in {"UniqueConstraint", "Index"} and verb == "Create" and said.get("OnTable"):
        columns = said.get("Columns") or tuple(
            given[0] for name, given in calls if name in {"OnColumn", "Column"} and given
        )
        unique = method == "UniqueConstraint" or "Unique" in said
        draft = _draft(catalog, said["OnTable"][0], place)
        if unique and columns:
            name = names[0] if names else f"{draft.name}_{'_'.join(columns)}_unique"
            draft.unique[name], draft.unique_origins[name] = columns, place
        elif columns:
            draft.add_index(columns, place)


def _table(catalog: Catalog, verb: str, name: str, calls: list[tuple[str, tuple[str, ...]]], place: Origin) -> None:
    found = catalog.find(None, name)
    if verb == "Delete":
        catalog.drop(found) if found is not None else None
    elif verb == "Rename":
        to = next((given[0] for method, given in calls if method == "To" and given), None)
        catalog.rename(found, None, to) if found is not None and to is not None else None
    else:
        _columns(catalog, found or catalog.create(None, name, place), calls, place)


def _draft(catalog: Catalog, name: str, place: Origin) -> Draft:
    return catalog.find(None, name) or catalog.create(None, name, place)


def _columns(catalog: Catalog, draft: Draft, calls: list[tuple[str, tuple[str, ...]]], place: Origin) -> None:
    """The columns of a chain, each with what is said of it behind it."""
    starts = [at for at, (method, given) in enumerate(calls) if method in _COLUMNS and given]
    for at, stop in zip(starts, [*starts[1:], len(calls)], strict=False):
        name = calls[at][1][0]
        said = dict(calls[at + 1 : stop])
        kind = next((method[2:].lower() for method in said if method.startswith("As") and method != "As"), "")
        sure = "NotNullable" in said or "PrimaryKey" in said or "Identity" in said
        if calls[at][0] == "AlterColumn" and name in draft.columns:
            draft.change_column(name, nullable=not sure)
        else:
            draft.add_column(Column(name=name, type=kind, nullable=not sure), place)
        if "PrimaryKey" in said:
            draft.primary_key = (*draft.primary_key, name)
        if "Unique" in said:
            key = f"{draft.name}_{name}_unique"
            draft.unique[key], draft.unique_origins[key] = (name,), place
        if "Indexed" in said:
            draft.add_index((name,), place)
        leads = said.get("ForeignKey") or ()
        if len(leads) >= 2:
            _refer(draft, (name,), leads[-2], leads[-1:], place)


def _refer(draft: Draft, columns: tuple[str, ...], target: str, others: tuple[str, ...], place: Origin) -> None:
    if columns:
        draft.foreign_keys[f"{draft.name}_{'_'.join(columns)}_fluent"] = (
            ForeignKey(columns=columns, references=target, referenced_columns=others),
            Origin(path=place.path, line=place.line, why=f"foreign key ({', '.join(columns)}) to {target}"),
        )
