"""Restore a drill's working copy from its newest backup whose digest still holds."""

from __future__ import annotations

import argparse

from service.clock import epoch_ms, now
from service.ops import backup, console
from service.ops.workspace import Workspace, add_drill_argument, copy


def operation() -> console.Measured:
    parser = argparse.ArgumentParser(prog="python -m service.ops.restore", description=__doc__)
    add_drill_argument(parser)
    workspace: Workspace = parser.parse_args().drill
    workspace.require()
    chosen = backup.latest(workspace.backups)
    copy(workspace.backups / chosen["file"], workspace.database)
    workspace.remember({"restored_from": chosen, "restored_at_ms": epoch_ms(now())})
    return {"backup_sha256": chosen["sha256"], "bytes_restored": workspace.database.stat().st_size}


if __name__ == "__main__":
    console.run(operation)
