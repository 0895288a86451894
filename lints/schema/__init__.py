"""The tenancy model of a project, from its migrations, its ORM models and its `tenancy.yaml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lints.schema.catalog import Catalog
from lints.schema.classify import classify
from lints.schema.declared import Declarations, read_declarations
from lints.schema.facts import Schema
from lints.schema.order import defines_schema, is_down, ordered, up_part
from lints.tenancy import Model, Origin

_MAX_FILE = 16 * 1024 * 1024


def build_model(
    files: Mapping[str, bytes],
    declared: Mapping[str, Any] | None,
    *,
    dialect: str = "postgres",
    tenant_columns: Sequence[str] = ("tenant_id",),
) -> Model:
    """The model of a project.

    `files` maps paths (relative, `/`) to bytes; it may be the whole tree, what is no schema source is left alone.
    `declared` is the parsed `tenancy.yaml` (see `lints.schema.declared`), or None. Raises `DeclarationError` for a
    declaration that can't be meant; whatever can't be read in `files` is in `Model.unread`.
    """
    declarations = read_declarations(declared)
    spoken = declarations.dialect or dialect
    return classify(read_schema(files, dialect=spoken), declarations, spoken, tenant_columns)


def read_schema(files: Mapping[str, bytes], *, dialect: str = "postgres") -> Schema:
    """What the schema sources in `files` say, without any judgement about tenants."""
    from lints.schema.ddl import apply_script
    from lints.schema.paths import path_class

    catalog = Catalog()
    scripts = [path for path, data in files.items() if defines_schema(path, data)]
    for path in ordered(scripts):
        if is_down(path) or path_class(path) == "test":
            continue
        data = files[path]
        if len(data) > _MAX_FILE:
            catalog.unread.append(Origin(path=path, line=1, why=f"larger than {_MAX_FILE} bytes"))
            continue
        catalog.files.append(path)
        apply_script(catalog, path, up_part(decoded(data)), dialect)
    return catalog.freeze()


def decoded(data: bytes) -> str:
    """Text of a source file: UTF-8 (with or without mark), UTF-16 with mark, else Latin-1; never fails."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


__all__ = ["Declarations", "Schema", "build_model", "read_declarations", "read_schema"]
