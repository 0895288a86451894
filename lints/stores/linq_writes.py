"""What queries of .NET change, beside Entity Framework too: setters, rows by their key, criteria of NHibernate."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lints.extract.facts import OrmStep
from lints.patterns import regex
from lints.stores.call_text import split
from lints.stores.linq_conditions import LAMBDA, Names, condition, member, value_of
from lints.stores.orm_sql import Builder

ENDS = regex(r"(?:Update|Delete)(?:Async|WithOutput\w*)?")
"""Calls of linq2db that change the rows of a query."""
_VERBS = {"Deleteable": "delete", "Delete": "delete", "DeleteAll": "delete", "Updateable": "update", "Update": "update"}
_KEYED = regex(r"In|InSingle(?:Async)?|WhereDynamic|WhereKey|IdEq")
_SETS = regex(r"Set|SetColumns|SetColumnsIF|SetIf|SetRaw|Value")
_ROWS = regex(r"SetSource|SetDto|SetEntity|AsUpdatable|AsInsertable")
_SILENT = regex(
    r"(?:Update|Ignore|Insert)Columns|ReSetValue|EnableDiffLogEvent|IsEnable\w+|RemoveDataCache|CommandTimeout|NoneParameter"
    r"|Execute(?:Command|Affrows)\w*|AddQueue|With(?:Transaction|Connection|Lock|Sql)|Set(?:FirstResult|MaxResults|CacheMode"
    r"|Cacheable|FetchMode|ResultTransformer|Timeout|Projection|LockMode)|AddOrder|UniqueResult\w*|List(?:Async)?|Future\w*"
    r"|Fetch\w*|ThenFetch\w*|DisableGlobalFilter|Master|ForUpdate|JoinAlias|CreateAlias"
)
_CRITERION = regex(
    r"(?:Restrictions|Expression)\.(Eq|IdEq|In)\(\s*(?:\"([\w.]+)\"|nameof\((?:\w+\.)*(\w+)\))?\s*,?\s*(.*)\)",
    re.DOTALL,
)
_SETTER = regex(r"\.?\s*SetProperty\(")
_MADE = regex(r"new\s+(?:[\w.]+\s*)?(?:\(\s*\)\s*)?\{(.*)\}", re.DOTALL)
_ASSIGNS = regex(r"(\w+)\s*=(?!=)\s*(.+)", re.DOTALL)
_NAMED = regex(r"[\w.?!]+")


class Change:
    """What a chain does with the rows that it finds: reads them, deletes them, or sets these columns of them."""

    def __init__(self, builder: Builder, names: Names) -> None:
        self.builder, self.names = builder, names
        self.verb = ""
        self.assigned: list[tuple[str, str]] = []
        self.whole = False

    def begun(self, steps: Sequence[OrmStep]) -> Sequence[OrmStep]:
        """The steps after the one that says what is asked for: `Deleteable<Boat>(id)`, `Select<Boat>()`."""
        if not steps or not steps[0].method.startswith("@"):
            return steps
        word = steps[0].method[1:]
        self.verb = _VERBS.get(word, "select" if word in {"CreateCriteria", "Query", "QueryAll", "GetList"} else "")
        given = [argument.text.strip() for argument in steps[0].arguments]
        rest = list(steps[1:])
        if rest and rest[0].method.removesuffix("Async") == word:
            rest = rest[1:]  # one call: what it is given says which rows
        if given and given[0] and not given[0].startswith('"'):
            self.rows(given[0])
        return rest

    def rows(self, text: str) -> None:
        """Which rows are meant: a condition, a row of what they equal, or a key."""
        builder = self.builder
        found = LAMBDA.fullmatch(text)
        made = _MADE.fullmatch(text)
        if found is not None:
            builder.where.append(condition(self.names.with_(found.group(1), builder), builder, found.group(2)))
        elif made is not None:
            for part in split(made.group(1), ","):
                told = _ASSIGNS.fullmatch(part.strip())
                name, value = told.groups() if told is not None else (part.strip().rpartition(".")[2], part)
                column = builder.column(name) or builder.column(name[:1].upper() + name[1:])
                said = f"{builder.qualified(column)} = {value_of(self.names, builder, value)}" if column else ""
                builder.where.append(said or builder.hole())
        elif _NAMED.fullmatch(text) is not None:
            builder.where.append(f"{builder.qualified(builder.key_of(builder.table))} IN ({builder.parameter()})")
        else:
            builder.where.append(builder.hole())

    def takes(self, method: str, given: Sequence[str]) -> bool:
        """A call that says which rows are meant, or what is set, as only these libraries say it."""
        narrows = method == "And" and "=>" in "".join(given[:1])
        keyed = _KEYED.fullmatch(method) is not None and bool(given) and "=>" not in given[0]
        if narrows or keyed:
            self.rows(given[0])
        elif method == "Add" and given and (criterion := _CRITERION.match(given[0].strip())) is not None:
            self._criterion(criterion)
        elif method == "Add" and self.verb == "select":
            self.builder.where.append(self.builder.hole())
        elif _ROWS.fullmatch(method):
            self.whole = True
            key = self.builder.qualified(self.builder.key_of(self.builder.table))
            self.builder.where.append(f"{key} = {self.builder.parameter()}")
        elif _SETS.fullmatch(method) and given and (self.verb == "update" or "=>" in given[0]):
            self.verb = "update"
            given = given[1:] if method in {"SetColumnsIF", "SetIf"} else given
            self._set(given)
        else:
            return bool(self.verb) and _SILENT.fullmatch(method) is not None
        return True

    def _criterion(self, found: re.Match[str]) -> None:
        word, one, two, value = found.groups()
        builder = self.builder
        column = builder.key_of(builder.table) if word == "IdEq" else builder.column(one or two or "")
        if column is None:
            builder.where.append(builder.hole())
        elif word == "In":
            builder.where.append(f"{builder.qualified(column)} IN ({builder.parameter()})")
        else:
            builder.where.append(f"{builder.qualified(column)} = {value_of(self.names, builder, value)}")

    def _set(self, given: Sequence[str]) -> None:
        """`b => b.Name, name`, `b => b.Name == name`, `b => new Boat { Name = name }`."""
        found = LAMBDA.fullmatch(given[0].strip()) if given else None
        if found is None:
            self.whole = True
            return
        row, body = found.group(1), found.group(2).strip()
        names = self.names.with_(row, self.builder)
        made = _MADE.fullmatch(body)
        pairs: list[tuple[str, str]] = []
        if made is not None:
            told = (_ASSIGNS.fullmatch(part.strip()) for part in split(made.group(1), ","))
            pairs = [(f"{row}.{one.group(1)}", one.group(2)) for one in told if one is not None]
        elif len(given) > 1:
            pairs = [(body, given[1])]
        elif (one := re.fullmatch(r"([\w.]+)\s*==?\s*(.+)", body, re.DOTALL)) is not None:
            pairs = [(one.group(1), one.group(2))]
        for left, right in pairs:
            column = member(names, left)
            if column is not None:
                inner = LAMBDA.fullmatch(right.strip())
                of_row = inner is not None and re.search(rf"\b{inner.group(1)}\.", inner.group(2)) is not None
                value = inner.group(2) if inner is not None and not of_row else right
                self.assigned.append((column.name, value_of(self.names, self.builder, value)))

    def setters(self, given: Sequence[str]) -> None:
        """`s => s.SetProperty(b => b.Name, name).SetProperty(…)`."""
        text = given[0] if given else ""
        for found in _SETTER.finditer(text):
            depth, end = 1, found.end()
            while end < len(text) and depth:
                depth += {"(": 1, ")": -1}.get(text[end], 0)
                end += 1
            self._set(split(text[found.end() : end - 1], ","))

    def ends(self, given: Sequence[str]) -> None:
        """`Update(b => b.Id == id, b => new Boat { … })`, `Delete(b => b.Id == id)`."""
        lambdas = [text for text in given if LAMBDA.fullmatch(text.strip()) is not None]
        sets = [text for text in lambdas if "=> new " in " ".join(text.split())]
        for text in lambdas:
            if text in sets:
                self._set([text])
            else:
                self.rows(text)

    def update(self) -> str:
        return self.builder.update(self.assigned, whole=self.whole)

    def statement(self) -> str:
        if self.verb == "update":
            return self.update()
        return self.builder.delete() if self.verb == "delete" else self.builder.select()
