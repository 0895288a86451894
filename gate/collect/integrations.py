"""What the judged code reaches outside: hosts, SDKs, webhooks and credentials, found by reading, never by asking."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from fnmatch import fnmatchcase

from gate.collect import Context, first_line
from gate.model import Coverage, Descriptor, Evidence, GateError, Row, UndecidedError, Unread
from gate.reading import format_time
from gate.tree import select


def collect(context: Context) -> Iterable[Evidence]:
    """`integration_use`: one row a place. Tests, generated files and what `source.exclude` names are left out."""
    from lints.integrations import UnreadError, find_uses, relevant
    from lints.schema.paths import path_class

    config = context.policy.config.get("source", {})
    paths = context.tree.paths()
    excluded = set(select(paths, [item["path"] for item in config.get("exclude", ())]))
    rows: list[Row] = []
    unread = [lost for lost in context.tree.unread() if lost.path not in excluded]
    materials: list[Descriptor] = []
    for path in select(paths, config.get("include", ("**",))):
        if path in excluded or not relevant(path) or path_class(path) in ("test", "generated"):
            continue
        try:
            data = context.tree.read(path)
            uses = find_uses(path, data)
        except (GateError, UndecidedError, UnreadError, FileNotFoundError) as error:
            unread.append(Unread(path=path, reason=first_line(error)))
            continue
        materials.append(Descriptor(name=path, sha256=hashlib.sha256(data).hexdigest()))
        for use in uses:
            if any(fnmatchcase(use.host, pattern) for pattern in config.get("own_hosts", ())):
                continue
            name = f"{use.path}\0{use.line}\0{use.kind}\0{use.host}"
            rows.append(
                {
                    "id": f"use-{hashlib.sha256(name.encode()).hexdigest()[:24]}", "host": use.host, "kind": use.kind,
                    "found_in": f"{use.path}:{use.line}", "found_at": format_time(context.as_of),
                    "source_path": use.path, "source_line": use.line,
                }
            )  # fmt: skip
    yield Evidence(
        kind="integration_use",
        rows=tuple(rows),
        coverage=Coverage(
            scope=f"{len(materials)} files of code and settings", unread=tuple(unread),
            numbers={"files": len(materials), "hosts": len({row["host"] for row in rows})},
        ),
        materials=tuple(materials),
    )  # fmt: skip
