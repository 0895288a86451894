"""Controls: read strictly, with their examples, and with what gate.yaml changes about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gate.model import Control, EvidenceNeed, Example, Illustration, Kind, Location, Row, Severity, Stage
from gate.policy.formats import format_schema
from gate.policy.packs import Pack
from gate.policy.queries import Probe, check_queries
from gate.reading import Document, Schema, did_you_mean, parse_date, parse_time, read_yaml


def controls_of(packs: Sequence[Pack], config: Document, kinds: Mapping[str, Kind]) -> list[Control]:
    from gate.store import Store, all_tables, misfit

    schemas = {
        name: Records(Schema(kind.schema, str(kind.source)), misfit(kind), kind.pack) for name, kind in kinds.items()
    }
    known_tables = {name: kind.name for name, (_, kind) in all_tables(kinds.values()).items()}
    probe = Probe(Store(kinds.values(), parse_time("2026-01-01T00:00:00Z")))
    probe.store.lock()
    controls: dict[str, Control] = {}
    for pack in packs:
        for source in pack.sources:
            if source.name.startswith(f"{pack.folder}/controls/"):
                document = read_yaml(source.data, source.name)
                document = _with_defaults(document, pack.defaults)
                control = _control(document, pack, schemas)
                if control.id in controls:
                    raise document.error(("id",), f"id: {control.id} is already used by {controls[control.id].source}")
                check_queries(document, control, known_tables, probe)
                controls[control.id] = control
    overridden = {
        control_id: _override(config, control_id, controls) for control_id in config.value.get("controls", {})
    }
    controls.update(overridden)
    if not controls:
        raise config.error(("packs",), "packs: no controls; an empty policy allows nothing")
    return [controls[key] for key in sorted(controls)]


@dataclass(frozen=True, slots=True)
class Records:
    """What the records of a kind must be: their schema, and what their tables can hold."""

    schema: Schema
    misfit: Callable[[Row], str | None]
    pack: str


def _with_defaults(document: Document, defaults: Mapping[str, Any]) -> Document:
    """A control with what its pack says for all; params and message go with the query that they belong to."""
    if not isinstance(document.value, dict):
        return document
    own_query = {"query", "params", "message"} if "query" in document.value else set()
    taken = {name: value for name, value in defaults.items() if name not in own_query}
    return replace(document, value={**taken, **document.value})


def _control(document: Document, pack: Pack, schemas: Mapping[str, Records]) -> Control:
    format_schema("control").check(document)
    value = document.value
    needs = {
        kind: EvidenceNeed(minimum=need.get("min", 0), verified=need.get("verified", False))
        for kind, need in value["evidence"].items()
    }
    for kind in needs:
        if kind not in schemas:
            raise document.error(
                ("evidence", kind), f"evidence: unknown kind {kind!r}{did_you_mean(kind, list(schemas))}"
            )
        if schemas[kind].pack not in (pack.name, *pack.requires):
            raise document.error(
                ("evidence", kind),
                f"evidence: {kind} is a kind of the pack {schemas[kind].pack}; "
                f"say `requires: [{schemas[kind].pack}]` in {pack.folder}/pack.yaml",
            )
    params = dict(value.get("params", {}))
    examples = tuple(
        read_example(document, verdict, index, params, schemas)
        for verdict in ("pass", "fail")
        for index in range(len(value["examples"][verdict]))
    )
    line = document.line(("id",))
    return Control(
        id=value["id"],
        title=value["title"],
        why=" ".join(value["why"].split()),
        fix=" ".join(value["fix"].split()),
        owner=value["owner"],
        pack=pack.name,
        stages=frozenset(Stage(stage) for stage in value["stages"]),
        severity=Severity(value["severity"]),
        evidence=needs,
        params=params,
        message=" ".join(value["message"].split()),
        query=value["query"],
        maps_to=tuple(value.get("maps_to", ())),
        examples=examples,
        source=Location(path=document.name, line=line),
        warn_from=_date(value.get("warn_from")),
        block_from=_date(value.get("block_from")),
        clock=value.get("clock"),
        illustrations=tuple(Illustration(**item) for item in value.get("illustrations", ())),
    )


def _date(text: str | None) -> Any:
    return None if text is None else parse_date(text)


SOURCE_FIELDS = frozenset({"source_path", "source_line", "source_digest", "record_digest", "verified", "signer"})


def read_example(document: Document, verdict: str, index: int, params: Row, schemas: Mapping[str, Records]) -> Example:
    """An example's records are JSON merge patches (RFC 7386) over the first example of the kind's schema."""
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
    records: dict[str, list[Row]] = {}
    for kind, patches in value["records"].items():
        if kind not in document.value["evidence"]:
            raise document.error((*here, "records", kind), f"records: {kind!r} is not in this control's evidence")
        base = (schemas[kind].schema.example or {}) if patches else {}
        records[kind] = []
        for number, patch in enumerate(patches):
            row = {"verified": True, **merge_patch(base, patch)}
            problems = schemas[kind].schema.problems({k: v for k, v in row.items() if k not in SOURCE_FIELDS})
            said = problems[0].text if problems else schemas[kind].misfit(row)
            if said:
                raise document.error((*here, "records", kind, number), f"{kind} record: {said}")
            records[kind].append(row)
    return Example(
        name=value["name"],
        passes=verdict == "pass",
        as_of=as_of,
        records=records,
        params={**params, **value.get("params", {})},
        expect=value.get("expect"),
    )


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


def _override(config: Document, control_id: str, controls: Mapping[str, Control]) -> Control:
    if control_id not in controls:
        raise config.error(
            ("controls", control_id),
            f"controls: unknown control {control_id!r}{did_you_mean(control_id, list(controls))}",
        )
    control = controls[control_id]
    change = config.value["controls"][control_id]
    params = change.get("params", {})
    for name, value in params.items():
        here = ("controls", control_id, "params", name)
        if name not in control.params:
            hint = did_you_mean(name, list(control.params))
            raise config.error(here, f"controls.{control_id}.params: unknown parameter {name!r}{hint}")
        if type(value) is not type(control.params[name]):
            raise config.error(
                here, f"controls.{control_id}.params.{name}: must be of type {type(control.params[name]).__name__}"
            )
    return replace(
        control,
        severity=Severity(change.get("severity", control.severity)),
        owner=change.get("owner", control.owner),
        warn_from=_date(change["warn_from"]) if "warn_from" in change else control.warn_from,
        block_from=_date(change["block_from"]) if "block_from" in change else control.block_from,
        params={**control.params, **params},
    )
