"""The tenancy model of a project, from its migrations, its ORM models and its `tenancy.yaml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lints.schema.declared import Declarations, read_declarations
from lints.schema.facts import Schema
from lints.tenancy import Model


def build_model(
    files: Mapping[str, bytes],
    declared: Mapping[str, Any] | Declarations | None,
    *,
    dialect: str = "postgres",
    tenant_columns: Sequence[str] | None = None,
) -> Model:
    """The model of a project.

    `files` maps paths (relative, `/`) to bytes; it may be the whole tree, what is no schema source is left alone.
    `declared` is the parsed `tenancy.yaml` (see `lints.schema.declared`), what was read of it, or None. Where it names
    no tenant columns, `tenant_columns` are those; None: those that the schema shows (`lints.schema.tenants`). Raises
    `DeclarationError` for a declaration that can't be meant; whatever can't be read in `files` is in `Model.unread`.
    """
    from lints.schema.classify import classify

    declarations = read_declarations(declared)
    spoken = declarations.dialect or dialect
    return classify(read_schema(files, dialect=spoken), declarations, spoken, tenant_columns)


def read_schema(files: Mapping[str, bytes], *, dialect: str = "postgres") -> Schema:
    """What the schema sources in `files` say, without any judgement about tenants.

    Migrations first, in the order they run; then ORM models, which add what the migrations do not show.
    """
    from lints.schema import sources
    from lints.schema.catalog import Catalog

    catalog = Catalog()
    for read in sources.READERS.values():
        read(catalog, files, dialect)
    sources.read_queries(catalog, files)
    return catalog.freeze()


__all__ = ["Declarations", "Schema", "build_model", "read_declarations", "read_schema"]
