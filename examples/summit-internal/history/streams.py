"""CloudEvents as the company's systems emit them, in the order in which they arrive: some late, a few of them twice."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from history.records import canonical_sha256, sha256
from history.timeline import policy_version

Record = dict[str, Any]
Records = dict[str, list[Record]]
"""Records by kind of evidence."""

LATE = 0.02
"""The share of events that arrive hours after they happened."""
LATE_HOURS = 7


@dataclass(slots=True)
class Stream:
    """What one tenant's source emits. `family` is the middle of its event types; `draw` decides who is late."""

    tenant: str
    source: str
    family: str
    draw: random.Random
    records: Records = field(default_factory=dict)

    def emit(
        self, kind: str, name: str, id_: str, at: datetime, subject: str, data: Mapping[str, object],
        *, version: str | None = None, recorded: datetime | None = None, late: bool = True,
    ) -> Record:  # fmt: skip
        """Add an event of a kind and return it; without `recorded` it arrives within seconds, or, rarely, hours."""
        if recorded is None:
            hours = LATE_HOURS * self.draw.random() if late and self.draw.random() < LATE else 0
            recorded = at + timedelta(hours=hours, milliseconds=self.draw.randint(40, 4_000))
        event = {
            "specversion": "1.0", "type": f"dev.tenantgate.{self.family}.{name}.v1", "source": self.source, "id": id_,
            "time": moment(at), "recordedtime": moment(recorded), "subject": subject, "tenantid": self.tenant,
            "policyversion": version or policy_version(at), "data": dict(data),
        }  # fmt: skip
        self.records.setdefault(kind, []).append(event)
        return event


def moment(at: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    return f"{at.isoformat(timespec='milliseconds')[:23]}Z"


def digest(record: Mapping[str, object]) -> str:
    """What another record names a record by: SHA-256 of its canonical JSON."""
    return canonical_sha256(record)


def bundle_sha256(name: str, version: str) -> str:
    """The digest of the policy bundle of a name and version: the same for every tenant that runs it."""
    return sha256(f"policy bundle {name} {version}".encode())


def merged(parts: Iterable[Records]) -> Records:
    found: Records = {}
    for part in parts:
        for kind, records in part.items():
            found.setdefault(kind, []).extend(records)
    return found


def arrivals(records: Sequence[Record]) -> list[Record]:
    """In the order in which they were recorded, which is not that in which they happened."""
    return sorted(records, key=lambda record: (record["recordedtime"], record["id"]))
