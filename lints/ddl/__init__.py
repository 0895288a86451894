"""What a schema does to the separation of tenants, whatever statements run on it: the TENDDL rules, offline.

The schema is judged as the migrations leave it, in PostgreSQL's terms for row level security, views, routines and
privileges, and in any dialect for keys and indexes. Nothing is connected to.
"""

from __future__ import annotations

from lints.ddl.result import RULES, Finding, SchemaFacts
from lints.schema.declared import Declarations
from lints.tenancy import Model

__all__ = ["RULES", "Finding", "SchemaFacts", "judge_schema"]


def judge_schema(model: Model, declared: Declarations | None = None) -> SchemaFacts:
    """Every finding of the schema that `model` was derived from, in a fixed order, with the SQL that repairs it.

    Row level security, and what goes around it, is judged where it is used: declared (`isolation`), or enabled on any
    tenant-owned table. Numbers: `tables`, `tables_owned`, `tables_row_security`, `policies`, `policies_confining`,
    `keys`. A model that was not built from a schema has no findings and no numbers.
    """
    from lints.ddl.judging import judged

    return judged(model, declared or Declarations())
