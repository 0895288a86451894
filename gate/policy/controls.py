"""Controls: read strictly, with their examples, and with what gate.yaml changes about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gate.model import Control, EvidenceNeed, Illustration, Location, Severity, Stage
from gate.policy.examples import Records, read_example
from gate.policy.formats import format_schema
from gate.policy.packs import Pack
from gate.policy.queries import Probe, check_queries
from gate.reading import Document, did_you_mean, parse_date, read_yaml


def controls_of(packs: Sequence[Pack], config: Document, schemas: Mapping[str, Records], probe: Probe) -> list[Control]:
    """The controls of the packs by id, as gate.yaml changes them."""
    controls: dict[str, Control] = {}
    for pack in packs:
        for source in pack.sources:
            if source.name.startswith(f"{pack.folder}/controls/"):
                document = read_yaml(source.data, source.name)
                document = _with_defaults(document, pack.defaults)
                control = _control(document, pack, schemas)
                if control.id in controls:
                    raise document.error(("id",), f"id: {control.id} is already used by {controls[control.id].source}")
                check_queries(document, control, probe)
                controls[control.id] = control
    overridden = {
        control_id: _override(config, control_id, controls) for control_id in config.value.get("controls", {})
    }
    controls.update(overridden)
    if not controls:
        raise config.error(("packs",), "packs: no controls; an empty policy allows nothing")
    return [controls[key] for key in sorted(controls)]


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
        kind: EvidenceNeed(
            minimum=need.get("min", 0), verified=need.get("verified", False), per_tenant=need.get("per") == "tenant"
        )
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
