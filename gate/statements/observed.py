"""What a database really ran: statements counted by their normalised text, wherever they were recorded."""

from __future__ import annotations

from dataclasses import dataclass, field

from gate.model import UndecidedError
from gate.statements.shapes import key

_ASIDE = frozenset(
    [
        "begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release", "create", "alter", "drop",
        "comment", "grant", "revoke", "vacuum", "analyze", "reindex", "cluster", "checkpoint", "listen", "notify",
        "unlisten", "load", "lock", "show", "discard", "deallocate", "close", "import", "security", "reassign",
    ]
)  # fmt: skip
"""First words of statements about transactions and the schema, which change or show no tenant's row."""
MAX_DISTINCT = 100_000
MAX_TEXT = 256 << 20


@dataclass(slots=True)
class Observed:
    """A statement with how often it ran, the rows it gave or changed and the milliseconds it took (None: not told)."""

    sql: str
    calls: int = 0
    rows: int | None = None
    milliseconds: float | None = None


@dataclass(slots=True)
class Record:
    """Everything that was recorded. `notes` say what the record can't tell, one sentence each."""

    source: str
    statements: dict[str, Observed] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    """What ran and can't be judged because the record does not hold it: the answer is not complete."""
    size: int = 0
    aside: int = 0
    """Calls of statements about transactions and the schema."""

    def add(self, sql: str, *, calls: int = 1, rows: int | None = None, milliseconds: float | None = None) -> None:
        """Count one statement, normalised. Raises UndecidedError when there are too many to hold."""
        if sql[:20].partition(" ")[0].rstrip(";").lower() in _ASIDE:
            self.aside += calls
            return
        if not sql.strip("; "):
            return  # a comment alone
        name = key(sql)
        found = self.statements.get(name)
        if found is None:
            self.size += len(sql)
            if len(self.statements) >= MAX_DISTINCT or self.size > MAX_TEXT:
                raise UndecidedError(
                    f"{self.source}: more than {MAX_DISTINCT:,} different statements; give it in parts"
                )
            found = self.statements[name] = Observed(sql)
        found.calls += calls
        if rows is not None:
            found.rows = (found.rows or 0) + rows
        if milliseconds is not None:
            found.milliseconds = (found.milliseconds or 0.0) + milliseconds
