"""What executions left behind, as it lies on the disk: each file's SHA-256, computed again from its bytes."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from gate.collect import Context
from gate.model import Coverage, Descriptor, Evidence, Row, Unread

KIND = "artifact_file"
MAX_FILES = 100_000


def collect(context: Context) -> Iterable[Evidence]:
    """`artifact_file`: one row a file in the folders that gate.yaml names under `artifacts`; none without any."""
    folders = context.policy.config.get("artifacts", ())
    rows: list[Row] = []
    unread: list[Unread] = []
    for folder in folders:
        for found in _files(context.root, folder):
            (unread if isinstance(found, Unread) else rows).append(found)  # type: ignore[arg-type]
            if len(rows) > MAX_FILES:
                unread.append(Unread(path=folder, reason=f"more than {MAX_FILES:,} files; name the folders that count"))
                break
    yield Evidence(
        kind=KIND,
        rows=tuple(rows),
        coverage=Coverage(
            scope=", ".join(folders) or "no folder of artifacts in gate.yaml",
            unread=tuple(unread),
            numbers={"files": len(rows)},
        ),
        materials=tuple(Descriptor(name=str(row["path"]), sha256=str(row["sha256"])) for row in rows),
    )


def _files(root: Path, folder: str) -> Iterator[Row | Unread]:
    """The files below a folder in the order of their paths; links and whatever else is no file are not read."""
    top = root / folder
    if not top.is_dir() or not top.resolve().is_relative_to(root.resolve()):
        yield Unread(path=folder, reason="no folder of the checkout; correct artifacts in gate.yaml")
        return
    failed: list[OSError] = []
    for place, folders, names in os.walk(top, onerror=failed.append):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            shown = path.relative_to(root).as_posix()
            if not shown.isprintable():
                yield Unread(path=ascii(shown), reason="a file needs a printable name; rename it")
                continue
            try:
                yield _row(path, shown)
            except OSError as error:
                yield Unread(path=shown, reason=f"can't be read: {error.strerror or error}")
    for lost in failed:
        yield Unread(path=folder, reason=f"can't be read: {lost.strerror or lost}")


def _row(path: Path, shown: str) -> Row | Unread:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            return Unread(path=shown, reason="not a regular file")
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"path": shown, "name": path.name, "sha256": digest, "bytes": file.tell(), "source_path": shown}
