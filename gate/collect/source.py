"""The judged sources against what is committed."""

from __future__ import annotations

from collections.abc import Iterable

from gate.collect import Context
from gate.model import Coverage, Evidence, Unread
from gate.tree import CommitTree, dirty_paths


def collect(context: Context) -> Iterable[Evidence]:
    """One row: the commit, and every file of the work tree that differs from it."""
    commit = context.subject.commit
    uncommitted = [] if commit is None or isinstance(context.tree, CommitTree) else dirty_paths(context.root)
    shown = [path for path in uncommitted if path.isprintable()]
    yield Evidence(
        kind="source_tree",
        rows=({"commit": commit, "uncommitted": shown},),
        coverage=Coverage(
            scope=f"{len(context.tree.paths())} files of the {context.tree.origin}",
            unread=tuple(
                Unread(path=ascii(p)[1:-1], reason="its name is not printable") for p in uncommitted if p not in shown
            ),
            numbers={"files": len(context.tree.paths()), "uncommitted": len(uncommitted)},
        ),
    )
