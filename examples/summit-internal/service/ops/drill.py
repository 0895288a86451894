"""Prepare a drill's working copy from the live database, or discard it."""

from __future__ import annotations

import argparse

from service.ops import console
from service.ops.workspace import add_drill_argument


def operation() -> console.Measured:
    parser = argparse.ArgumentParser(prog="python -m service.ops.drill", description=__doc__)
    parser.add_argument("action", choices=["prepare", "discard"])
    add_drill_argument(parser)
    arguments = parser.parse_args()
    if arguments.action == "discard":
        return {"discarded": int(arguments.drill.discard())}
    return {"bytes_copied": arguments.drill.prepare().stat().st_size}


if __name__ == "__main__":
    console.run(operation)
