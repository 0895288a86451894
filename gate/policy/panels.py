"""Panels: figures over the evidence that inform and never decide; read strictly, and tried like controls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from gate.model import Control, Policy, Row
from gate.policy.examples import Records, example_records, records_of
from gate.policy.formats import format_schema
from gate.policy.packs import Pack
from gate.policy.queries import INTEGERS, Probe, check_text, columns_of
from gate.reading import Document, did_you_mean, parse_time, read_yaml

FOLDER = "panels"


class Shape(StrEnum):
    """How a panel is drawn, which says what its query returns."""

    NUMBER = "number"
    BARS = "bars"
    SERIES = "series"
    TABLE = "table"


_COLUMNS: Mapping[Shape, Mapping[str, str]] = {
    Shape.NUMBER: {"value": ""},
    Shape.BARS: {"label": "text", "value": ""},
    Shape.SERIES: {"at": "time", "value": ""},
}
"""The columns of a shape and their units; "" is the panel's own."""
_TEXT = frozenset({"text"})
_BOOLEAN = frozenset({"yes_no"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the value ought to be: `bound` is a number, or the name of the column that holds a row's own."""

    must: str
    """at_most, at_least, below or above."""
    bound: int | str
    control: str | None = None
    """The control whose parameter the bound is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A panel's example: some records, and exactly what the query returns on them."""

    as_of: datetime
    records: Mapping[str, Sequence[Row]]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One figure: a SELECT whose columns are `columns` (name → unit), by tenant where one of them is `tenant`."""

    id: str
    """PACK/NAME."""
    pack: str
    title: str
    why: str
    shape: Shape
    columns: Mapping[str, str]
    evidence: tuple[str, ...]
    params: Row
    target: Target | None
    query: str


def panels_of(policy: Policy) -> tuple[Panel, ...]:
    """The panels of a loaded policy, by id; their files are among the policy's, and were checked when it loaded."""
    controls = {control.id: control for control in policy.controls}
    found = [_panel(document, pack, controls) for document, pack in _documents(policy)]
    return tuple(sorted(found, key=lambda panel: panel.id))


def trials_of(policy: Policy) -> dict[str, Trial]:
    """The examples of the panels, by panel."""
    kinds = records_of(policy.kinds)
    return {f"{pack}/{document.value['id']}": _trial(document, kinds) for document, pack in _documents(policy)}


def _documents(policy: Policy) -> Iterator[tuple[Document, str]]:
    """The files of panels, each with the name of its pack."""
    for name, data in policy.files.items():
        pack, _, rest = name.rpartition(f"/{FOLDER}/")
        if pack and rest.endswith(".yaml") and f"{pack}/pack.yaml" in policy.files:
            yield read_yaml(data, name), pack.rsplit("/", 1)[-1]


def check_panels(
    packs: Iterable[Pack], controls: Sequence[Control], kinds: Mapping[str, Records], probe: Probe
) -> None:
    """Everything that can be wrong with the panels of the packs is an error now."""
    by_id = {control.id: control for control in controls}
    for pack in packs:
        for source in pack.sources:
            if not source.name.startswith(f"{pack.folder}/{FOLDER}/"):
                continue
            document = read_yaml(source.data, source.name)
            format_schema("panel").check(document)
            _check_kinds(document, pack, kinds)
            panel = _panel(document, pack.name, by_id)
            _trial(document, kinds)
            stem = source.name.rsplit("/", 1)[-1].removesuffix(".yaml")
            if document.value["id"] != stem:
                raise document.error(("id",), f"id: {document.value['id']!r} is not the file's name {stem!r}")
            _check_query(document, panel, probe)


def _panel(document: Document, pack: str, controls: Mapping[str, Control]) -> Panel:
    value = document.value
    params = {name: _parameter(document, name, text, controls) for name, text in value.get("params", {}).items()}
    columns = _columns(document)
    return Panel(
        id=f"{pack}/{value['id']}",
        pack=pack,
        title=value["title"],
        why=" ".join(value["why"].split()),
        shape=Shape(value["kind"]),
        columns=columns,
        evidence=tuple(value["evidence"]),
        params=params,
        target=_target(document, params, columns),
        query=value["query"],
    )


def _trial(document: Document, kinds: Mapping[str, Records]) -> Trial:
    value = document.value["example"]
    try:
        as_of = parse_time(value["as_of"])
    except ValueError as error:
        raise document.error(("example", "as_of"), f"as_of: {error}") from None
    return Trial(
        as_of=as_of,
        records=example_records(document, ("example",), value["records"], kinds),
        rows=tuple(value["rows"]),
    )


def _parameter(document: Document, name: str, text: str, controls: Mapping[str, Control]) -> Any:
    control_id, parameter = text.split(".")
    control = controls.get(control_id)
    if control is None:
        hint = did_you_mean(control_id, list(controls))
        raise document.error(("params", name), f"params.{name}: no control {control_id} in this policy{hint}")
    if parameter not in control.params:
        hint = did_you_mean(parameter, list(control.params))
        raise document.error(("params", name), f"params.{name}: {control_id} has no parameter {parameter!r}{hint}")
    return control.params[parameter]


def _columns(document: Document) -> dict[str, str]:
    value = document.value
    shape = Shape(value["kind"])
    if (shape is Shape.TABLE) != ("columns" in value) or (shape is Shape.TABLE) == ("unit" in value):
        raise document.error(
            ("kind",), "kind: a table has `columns` and no `unit`; every other panel has a `unit` only"
        )
    if shape is Shape.TABLE:
        return dict(value["columns"])
    return {name: unit or value["unit"] for name, unit in _COLUMNS[shape].items()}


def _target(document: Document, params: Row, columns: Mapping[str, str]) -> Target | None:
    value = document.value.get("target")
    if value is None:
        return None
    if "param" not in value:
        bound = value.get("value", value.get("column"))
        return Target(must=value["is"], bound=bound)
    name = value["param"]
    if name not in params:
        raise document.error(
            ("target", "param"), f"target: {name!r} is not in params{did_you_mean(name, list(params))}"
        )
    if type(params[name]) is not int:
        raise document.error(("target", "param"), f"target: {name!r} is no number")
    return Target(must=value["is"], bound=params[name], control=document.value["params"][name])


def _check_kinds(document: Document, pack: Pack, kinds: Mapping[str, Records]) -> None:
    for index, kind in enumerate(document.value["evidence"]):
        if kind not in kinds:
            raise document.error(
                ("evidence", index), f"evidence: unknown kind {kind!r}{did_you_mean(kind, list(kinds))}"
            )
        of = kinds[kind].pack
        if of not in (pack.name, *pack.requires):
            raise document.error(
                ("evidence", index),
                f"evidence: {kind} is a kind of the pack {of}; say `requires: [{of}]` in {pack.folder}/pack.yaml",
            )


def _check_query(document: Document, panel: Panel, probe: Probe) -> None:
    query = check_text(document, "query", panel.query, panel.evidence, panel.params, probe)
    read = {probe.kind_of[table] for table in query.tables if table in probe.kind_of}
    for kind in sorted(set(panel.evidence) - read):
        raise document.error(("evidence",), f"evidence: {kind!r} is not read by the query")
    bound = panel.target.bound if panel.target else None
    for name in sorted(set(panel.params) - query.parameters - {(document.value.get("target") or {}).get("param")}):
        raise document.error(("params", name), f"params: {name!r} is used by neither query nor target")
    given = {name: {**panel.params, "as_of": 0}[name] for name in query.parameters}
    found = dict(columns_of(document, "query", panel.query, given, probe))
    optional = {"tenant"} | ({bound} if isinstance(bound, str) else set())
    if isinstance(bound, str) and bound not in found:
        raise document.error(("target", "column"), f"target: the query has no column {bound!r}")
    wanted = set(panel.columns)
    if not wanted <= found.keys() or found.keys() - wanted - optional:
        need = ", ".join([*panel.columns, *sorted(optional - wanted)])
        raise document.error(("query",), f"query: returns {', '.join(found)}; a {panel.shape} returns {need}")
    for name, sql_type in found.items():
        unit = panel.columns.get(name, "text" if name == "tenant" else "count")
        fits = {"VARCHAR"} if unit in _TEXT else {"BOOLEAN"} if unit in _BOOLEAN else INTEGERS
        if sql_type not in fits | {"NULL"}:
            raise document.error(("query",), f"query: the column {name} is of type {sql_type}; its unit is {unit}")
