"""Names of tables and columns that Go's ORMs make of names in the code."""

from __future__ import annotations

import re


def snake(name: str) -> str:
    """`ProjectID` as `project_id`, `OAuthURL` as `o_auth_url`: GORM's and Bun's naming."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def plural(name: str) -> str:
    if re.search(r"[^aeiou]y$", name):
        return name[:-1] + "ies"
    return name + "es" if name.endswith(("s", "x", "ch", "sh", "z")) else name + "s"
