"""Examples: the records that a control or a panel carries about itself, checked like evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gate.model import Example, Kind, Row
from gate.reading import Document, Schema, did_you_mean, parse_time

SOURCE_FIELDS = frozenset({"source_path", "source_line", "source_digest", "record_digest", "verified", "signer"})


@dataclass(frozen=True, slots=True)
class Records:
    """What the records of a kind must be: their schema, and what their tables can hold."""

    schema: Schema
    misfit: Callable[[Row], str | None]
    pack: str


def records_of(kinds: Mapping[str, Kind]) -> dict[str, Records]:
    """What the records of each kind must be."""
    from gate.store import misfit

    return {
        name: Records(Schema(kind.schema, str(kind.source)), misfit(kind), kind.pack) for name, kind in kinds.items()
    }


def read_example(document: Document, verdict: str, index: int, params: Row, schemas: Mapping[str, Records]) -> Example:
    """One case that a control carries about itself."""
    value = document.value["examples"][verdict][index]
    here = ("examples", verdict, index)
    try:
        as_of = parse_time(value["as_of"])
    except ValueError as error:
        raise document.error((*here, "as_of"), f"as_of: {error}") from None
    for name in value.get("params", {}):
        if name not in params:
            raise document.error(
                (*here, "params"), f"params: unknown parameter {name!r}{did_you_mean(name, list(params))}"
            )
    return Example(
        name=value["name"],
        passes=verdict == "pass",
        as_of=as_of,
        records=example_records(document, here, value["records"], schemas),
        params={**params, **value.get("params", {})},
        expect=value.get("expect"),
    )


def example_records(
    document: Document, here: Sequence[str | int], records: Mapping[str, Sequence[Row]], schemas: Mapping[str, Records]
) -> dict[str, list[Row]]:
    """An example's records are JSON merge patches (RFC 7386) over the first example of the kind's schema."""
    found: dict[str, list[Row]] = {}
    for kind, patches in records.items():
        if kind not in document.value["evidence"]:
            raise document.error((*here, "records", kind), f"records: {kind!r} is not in this control's evidence")
        base = (schemas[kind].schema.example or {}) if patches else {}
        found[kind] = []
        for number, patch in enumerate(patches):
            row = {"verified": True, **merge_patch(base, patch)}
            problems = schemas[kind].schema.problems({k: v for k, v in row.items() if k not in SOURCE_FIELDS})
            said = problems[0].text if problems else schemas[kind].misfit(row)
            if said:
                raise document.error((*here, "records", kind, number), f"{kind} record: {said}")
            found[kind].append(row)
    return found


def merge_patch(base: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7386)."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(base) if isinstance(base, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged
