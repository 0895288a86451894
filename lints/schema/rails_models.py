"""Models of ActiveRecord: their tables, what they belong to, and the scopes that confine what they read.

Read as text, line by line: the declarations of a model stand on lines of their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lints.schema.catalog import Catalog
from lints.schema.facts import Entity
from lints.schema.laravel import plural, snake
from lints.tenancy import ForeignKey, Origin

DECLARES = re.compile(
    rb"<\s*(?:::)?(?:ApplicationRecord|ActiveRecord::Base)\b|\b(?:belongs_to|default_scope|acts_as_tenant)\b"
)
_CLASS = re.compile(r"^[ \t]*class\s+((?:\w+::)*\w+)\s*<\s*((?:::)?[\w:]+)", re.MULTILINE)
_BASES = frozenset({"ApplicationRecord", "ActiveRecord::Base", "::ApplicationRecord", "::ActiveRecord::Base"})
_TABLE = re.compile(r"^[ \t]*self\.table_name\s*=\s*[\"']([\w.]+)[\"']", re.MULTILINE)
_BELONGS = re.compile(r"^[ \t]*belongs_to\s*\(?\s*:(\w+)((?:[^\n]*,\s*\n)*[^\n]*)", re.MULTILINE)
_OPTION = re.compile(r"\b(class_name|foreign_key|polymorphic)\s*:\s*[:\"']?:*([\w:]+)")
_TENANT = re.compile(
    r"^[ \t]*(?:acts_as_tenant|multi_tenant|set_current_tenant|scoped_by_tenant|belongs_to_tenant)\b"
    r"\s*\(?\s*(?::(\w+))?",
    re.MULTILINE,
)
_DEFAULT = re.compile(r"^[ \t]*default_scope\b((?:[^\n]*\n){1,3})", re.MULTILINE)
_COMPARED = re.compile(r"\bwhere\(?\s*(?:(\w+)\s*:|[\"'](?:\w+\.)?(\w+)\s*=)")
_MAX = 512 * 1024


@dataclass(slots=True)
class _Model:
    name: str
    base: str
    path: str
    line: int
    table: str | None
    belongs: list[tuple[str, str, str, int]] = field(default_factory=list)
    """(relation, class, column, line)."""
    scopes: dict[str, str] = field(default_factory=dict)


def read_rails_models(catalog: Catalog, files: Mapping[str, str]) -> None:
    """Add what models say of foreign keys, and the models themselves, by the last part of their names."""
    models: dict[str, _Model] = {}
    for path, text in files.items():
        if len(text) <= _MAX:
            for model in _models(path, text):
                models.setdefault(model.name, model)
    tables = {name: table for name, model in models.items() if (table := _table(catalog, model, models, 0)) is not None}
    for name, table in tables.items():
        model = models[name]
        draft = catalog.find(None, table)
        if draft is None:
            continue
        for relation, target, column, line in model.belongs:
            references = tables.get(target)
            known = any(fk.columns == (column,) for fk, _ in draft.foreign_keys.values())
            if references is None or known or column not in draft.columns:
                continue
            place = Origin(path=model.path, line=line, why=f"{column}: {name} belongs to {relation}")
            draft.foreign_keys[f"{draft.name}_{column}_belongs_to"] = (
                ForeignKey(columns=(column,), references=references, referenced_columns=("id",)),
                place,
            )
        origin = Origin(path=model.path, line=model.line, why=f"model {name}")
        catalog.entities.append(
            Entity(
                name=name,
                table=table,
                kind="active_record",
                columns={column: column for column in draft.columns},
                relations={relation: target for relation, target, _, _ in model.belongs},
                scopes=_all_scopes(model, models),
                origin=origin,
            )
        )


def _models(path: str, text: str) -> list[_Model]:
    heads = list(_CLASS.finditer(text))
    found: list[_Model] = []
    for position, head in enumerate(heads):
        stop = heads[position + 1].start() if position + 1 < len(heads) else len(text)
        body = text[head.end() : stop]
        stated = _TABLE.search(body)
        model = _Model(
            head.group(1).rpartition("::")[2],
            head.group(2),
            path,
            text.count("\n", 0, head.start(1)) + 1,
            stated.group(1) if stated is not None else None,
        )

        def line(offset: int, start: int = head.end()) -> int:
            return text.count("\n", 0, start + offset) + 1

        for relation in _BELONGS.finditer(body):
            options = dict(_OPTION.findall(relation.group(2)))
            if "polymorphic" not in options:
                name = relation.group(1)
                target = options.get("class_name", "").rpartition("::")[2] or _camel(name)
                column = options.get("foreign_key") or f"{name}_id"
                model.belongs.append((name, target, column, line(relation.start(1))))
        for tenant in _TENANT.finditer(body):
            column = f"{tenant.group(1)}_id" if tenant.group(1) else "*"
            model.scopes.setdefault(column, f"{path}:{line(tenant.start())}")
        for default in _DEFAULT.finditer(body):
            for one, other in _COMPARED.findall(default.group(1)):
                for column in (one or other, f"{one or other}_id"):
                    model.scopes.setdefault(column, f"{path}:{line(default.start())}")
        found.append(model)
    return found


def _table(catalog: Catalog, model: _Model, models: Mapping[str, _Model], depth: int) -> str | None:
    """The table of a model; that of the model above it where it has none of its own."""
    if model.table is not None:
        return model.table
    name = snake(model.name)
    own = next((table for table in (plural(name), name) if catalog.find(None, table) is not None), None)
    if own is not None or model.base in _BASES or depth > 8:
        return own
    above = models.get(model.base.rpartition("::")[2])
    return _table(catalog, above, models, depth + 1) if above is not None and above is not model else None


def _all_scopes(model: _Model, models: Mapping[str, _Model]) -> dict[str, str]:
    scopes = dict(model.scopes)
    above = models.get(model.base.rpartition("::")[2])
    for _ in range(8):
        if above is None:
            break
        for column, place in above.scopes.items():
            scopes.setdefault(column, place)
        above = models.get(above.base.rpartition("::")[2]) if above.base.rpartition("::")[2] != above.name else None
    return scopes


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))
