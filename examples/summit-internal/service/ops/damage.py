"""Destroy a drill's working copy for good: overwrite the file, cut it short, drop its journal. `confirm` checks it."""

from __future__ import annotations

import argparse
import os
import sqlite3

from service.clock import epoch_ms, now
from service.ops import console
from service.ops.workspace import Workspace, add_drill_argument


def destroy(workspace: Workspace) -> console.Measured:
    workspace.require()
    size = workspace.database.stat().st_size
    with workspace.database.open("r+b") as file:
        file.write(b"\xff" * min(size, 4096))
        file.truncate(max(size // 3, 4096))
        file.flush()
        os.fsync(file.fileno())
    for suffix in ("-wal", "-shm"):
        workspace.database.with_name(workspace.database.name + suffix).unlink(missing_ok=True)
    workspace.remember({"failed_at_ms": epoch_ms(now())})
    return {"bytes_destroyed": size - max(size // 3, 4096) + min(size, 4096)}


def confirm(workspace: Workspace) -> console.Measured:
    """A drill that destroys nothing proves nothing."""
    workspace.require()
    connection = sqlite3.connect(workspace.database)
    try:
        connection.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.DatabaseError:
        return {"unreadable": 1}
    finally:
        connection.close()
    raise console.DidNotHoldError("the working copy still opens", {"unreadable": 0})


def operation() -> console.Measured:
    parser = argparse.ArgumentParser(prog="python -m service.ops.damage", description=__doc__)
    parser.add_argument("action", choices=["destroy", "confirm"])
    add_drill_argument(parser)
    arguments = parser.parse_args()
    return (destroy if arguments.action == "destroy" else confirm)(arguments.drill)


if __name__ == "__main__":
    console.run(operation)
