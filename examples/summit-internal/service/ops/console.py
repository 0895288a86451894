"""What every operation keeps to: JSON on the last line of stdout; exit 0 done, 1 it did not hold, 2 cannot run."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable, Mapping
from typing import NoReturn

from service.db.connection import DatabaseMissingError
from service.db.migrate import MigrationError

Measured = Mapping[str, object]


class CannotRunError(Exception):
    """Something the operation needs is not there. One line for a person."""


class DidNotHoldError(Exception):
    """The operation ran and what it checked is not so; carries what was measured."""

    def __init__(self, reason: str, measured: Measured) -> None:
        super().__init__(reason)
        self.measured = measured


def run(operation: Callable[[], Measured]) -> NoReturn:
    try:
        print(json.dumps(operation(), sort_keys=True))
        sys.exit(0)
    except DidNotHoldError as failure:
        print(json.dumps({**failure.measured, "failure": str(failure)}, sort_keys=True))
        print(f"did not hold: {failure}", file=sys.stderr)
        sys.exit(1)
    except (CannotRunError, DatabaseMissingError, MigrationError, sqlite3.Error, OSError, ValueError) as problem:
        print(f"cannot run: {problem}", file=sys.stderr)
        sys.exit(2)
