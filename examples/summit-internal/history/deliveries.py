"""How records leave the systems that made them: declarations, files to be signed, and event streams as they arrive.

An event stream is not clean: senders repeat themselves, and some of what they send nobody can use.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from history.streams import Record, Records, arrivals, moment
from history.timeline import Timeline

DECLARED = frozenset(
    {
        "tenant", "access_path", "admin_role", "pack_activation", "connector", "receipt_schema", "retention_window",
        "approval_matrix", "internal_flow", "discount_threshold", "unit_price", "slo_flow", "slo", "meter",
        "tenant_limit", "integration_profile", "obligation", "regulated_item", "regulatory_policy", "claim",
    }
)  # fmt: skip
"""Kinds that people write down and review; no signature is asked for."""
REPEATED = 0.01
"""The share of events that a sender repeats because no answer came."""


def declared(records: Records) -> dict[str, bytes]:
    return {f"{kind}.jsonl": _lines(records[kind]) for kind in sorted(DECLARED & records.keys())}


def to_sign(records: Records) -> dict[str, bytes]:
    return {
        f"{kind}.jsonl": _lines(found)
        for kind, found in sorted(records.items())
        if kind not in DECLARED and "specversion" not in found[0]
    }


def events(timeline: Timeline, records: Records) -> dict[str, bytes]:
    """One file of CloudEvents an area, in the order in which they arrived."""
    families: dict[str, list[Record]] = {}
    for found in records.values():
        for event in found:
            if "specversion" in event:
                families.setdefault(event["type"].split(".")[2], []).append(event)
    draw = timeline.random("deliveries")
    files = {f"{family}.ndjson": _stream(draw, found) for family, found in sorted(families.items())}
    files["finops.ndjson"] += b"".join(line + b"\n" for line in _unusable(timeline, families["finops"]))
    return files


def _line(record: Mapping[str, object]) -> bytes:
    return json.dumps(record, sort_keys=True, separators=(",", ":")).encode("ascii")


def _lines(records: Iterable[Record]) -> bytes:
    return b"".join(_line(record) + b"\n" for record in records)


def _stream(draw: random.Random, found: list[Record]) -> bytes:
    """With repetitions, each a little after the event that it repeats."""
    lines: list[bytes] = []
    waiting: list[bytes] = []
    for event in arrivals(found):
        line = _line(event)
        lines.append(line)
        if draw.random() < REPEATED:
            waiting.append(line)
        if waiting and draw.random() < 0.3:
            lines.append(waiting.pop())
    return b"".join(line + b"\n" for line in lines + waiting)


def _unusable(timeline: Timeline, meters: list[Record]) -> Iterator[bytes]:
    """What is parked because nobody can say whose it is, and what is rejected because it is no event."""
    for number in range(40):
        event = {**meters[number * 7], "id": f"unusable-{number}"}
        data = event["data"]
        if number < 9:
            yield _line({name: value for name, value in event.items() if name != "tenantid"})
        elif number < 16:
            yield _line({name: value for name, value in event.items() if name != "policyversion"})
        elif number < 22:
            yield _line({**event, "tenantid": "hooli"})
        elif number < 26:
            yield _line({**event, "data": {**data, "quantity": str(data["quantity"])}})
        elif number < 29:
            yield _line({**event, "data": {**data, "quantity": -1}})
        elif number < 31:
            yield _line({**event, "type": "dev.tenantgate.finops.unknown.v1"})
        elif number < 33:
            yield _line({**event, "time": moment(timeline.as_of + timedelta(days=2))})
        elif number < 35:
            yield _line({**meters[number * 7], "data": {**data, "quantity": data["quantity"] + 1}})
        elif number < 37:
            yield _line(event).replace(b'"quantity":', b'"quantity":NaN,"was":')
        elif number < 39:
            yield _line(event).replace(b'{"data"', b'{"id":"other","data"')
        else:
            yield _line(event)[:-40]
