"""Reports made from redacted documents alone: what is not in the documents can't be in the reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from gate.model import (
    Artifact,
    Aside,
    Clock,
    Control,
    ControlResult,
    Coverage,
    Decision,
    Descriptor,
    Evidence,
    EvidenceNeed,
    GateError,
    Location,
    Outcome,
    Row,
    Severity,
    Stage,
    Subject,
    Unread,
    Verdict,
    Violation,
    Waiver,
    WaiverState,
    WaiverUse,
)
from gate.panels import MUST, Drawn
from gate.policy.panels import Panel, Shape, Target
from gate.policy.tenants import KIND
from gate.reading import parse_date, parse_time

GONE = "(redacted)"


def decision_of(document: Mapping[str, Any]) -> Decision:
    """A decision document, in which much may be missing, as a Decision to render.

    Raises GateError when something without which no report makes sense is gone: verdicts, outcomes and the clock.
    """
    try:
        return _decision(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{type(error).__name__}: {error}"
        raise GateError(
            f"redactions: no report can be made from what is left of the decision ({what}); "
            "leave verdict, stage, as_of and the outcomes in"
        ) from None


def _decision(d: Mapping[str, Any]) -> Decision:
    subject = _map(d.get("subject"))
    policy = _map(d.get("policy"))
    return Decision(
        stage=Stage(d["stage"]),
        verdict=Verdict(d["verdict"]),
        as_of=parse_time(d["as_of"]),
        as_of_overridden=bool(d["as_of_overridden"]),
        subject=Subject(
            project=_text(subject, "project"),
            commit=subject.get("commit"),
            version=subject.get("version"),
            artifacts=tuple(
                Artifact(name=_text(a, "name"), sha256=_text(a, "sha256")) for a in _maps(subject.get("artifacts"))
            ),
        ),
        policy_version=_text(policy, "version"),
        policy_digest=_text(policy, "digest"),
        policy_origin=_text(policy, "origin"),
        policy_signer=policy.get("signer"),
        tool_version=_text(_map(d.get("tool")), "version"),
        pipeline_id=_text(_map(d.get("pipeline")), "id"),
        results=tuple(_result(c) for c in _maps(d.get("controls"))),
        waivers=tuple(_waiver(w) for w in _maps(d.get("waivers"))),
        clocks=tuple(_clocks(d.get("clocks"))),
        evidence=tuple(_evidence(e, _maps(d.get("tenants"))) for e in _maps(d.get("evidence"))),
        not_checked=_strings(d.get("not_checked")),
    )


def _result(c: Mapping[str, Any]) -> ControlResult:
    level = c.get("level")
    control = Control(
        id=_text(c, "id"),
        title=_text(c, "title"),
        why=_text(c, "why"),
        fix=_text(c, "fix"),
        owner=_text(c, "owner"),
        pack=_text(c, "pack"),
        stages=frozenset(Stage(stage) for stage in _strings(c.get("stages"))),
        severity=Severity(c.get("severity", Severity.BLOCK)),
        evidence={
            kind: EvidenceNeed(minimum=_map(n).get("minimum", 0), verified=_map(n).get("verified", False))
            for kind, n in _map(c.get("needs")).items()
        },
        params=_map(c.get("params")),
        message="",
        query="",
        maps_to=_strings(c.get("maps_to")),
        examples=(),
        source=_location(c.get("source")),
        warn_from=_date(c.get("warn_from")),
        block_from=_date(c.get("block_from")),
    )
    return ControlResult(
        control=control,
        outcome=Outcome(c["outcome"]),
        level=None if level is None else Severity(level),
        violations=tuple(_violation(control.id, v) for v in _maps(c.get("violations"))),
        reasons=_strings(c.get("reasons")),
    )


def _violation(control: str, v: Mapping[str, Any]) -> Violation:
    return Violation(
        control=control,
        subject=_text(v, "subject"),
        message=_text(v, "message"),
        location=_location(v.get("location")),
        fingerprint=_text(v, "fingerprint"),
        tenant=v.get("tenant"),
        waiver=v.get("waiver"),
        aside=Aside(v["aside"]) if v.get("aside") in tuple(Aside) else None,
        because=v.get("because"),
    )


def _location(value: object) -> Location:
    place = _map(value)
    return Location(
        path=_text(place, "path"),
        line=place.get("line", 1),
        column=place.get("column"),
        end_line=place.get("end_line"),
        end_column=place.get("end_column"),
        snippet=place.get("snippet"),
    )


def _waiver(w: Mapping[str, Any]) -> WaiverUse:
    waiver = Waiver(
        id=_text(w, "id"),
        control=_text(w, "control"),
        reason=_text(w, "reason"),
        owner=_text(w, "owner"),
        requested_by=_text(w, "requested_by"),
        approved_by=_text(w, "approved_by"),
        created=parse_date(w["created"]),
        expires=parse_date(w["expires"]),
        ticket=_text(w, "ticket"),
        source=_location(w.get("source")),
        fingerprint=w.get("fingerprint"),
        path=w.get("path"),
        tenant=w.get("tenant"),
    )
    return WaiverUse(waiver=waiver, state=WaiverState(w["state"]), covers=w.get("covers", 0))


def _clocks(value: object) -> Iterator[Clock]:
    for c in _maps(value):
        due = _time(c.get("due"))
        if due is not None:
            yield Clock(control=_text(c, "control"), subject=_text(c, "subject"), since=_time(c.get("since")), due=due)


def _evidence(e: Mapping[str, Any], mapped: Sequence[Mapping[str, Any]]) -> Evidence:
    """The rows are not in a decision, only their number; it is all the reports say of them, but for who was judged."""
    rows: tuple[Row, ...] = ({},) * e.get("records", 0)
    if e.get("kind") == KIND:
        rows = tuple(
            {"tenantid": _text(t, "tenant"), "plan": _text(t, "plan"), "packs": _strings(t.get("packs"))}
            for t in mapped
        )
    return Evidence(
        kind=_text(e, "kind"),
        rows=rows,
        coverage=Coverage(
            scope=_text(e, "scope"),
            unread=tuple(
                Unread(path=_text(u, "path"), reason=_text(u, "reason"), line=u.get("line", 1))
                for u in _maps(e.get("unread"))
            ),
            numbers={name: n for name, n in _map(e.get("numbers")).items() if isinstance(n, int)},
        ),
        materials=tuple(
            Descriptor(name=_text(m, "name"), sha256=_text(m, "sha256")) for m in _maps(e.get("materials"))
        ),
    )


def panels_of(document: Mapping[str, Any] | None) -> tuple[Drawn, ...]:
    """A document of panels, in which much may be missing, as panels to render; a figure taken out is unknown."""
    return tuple(_panel(p) for p in _maps(_map(document).get("panels")))


def _panel(p: Mapping[str, Any]) -> Drawn:
    columns = {_text(c, "name"): _text(c, "unit") for c in _maps(p.get("columns"))}
    shape = Shape(p["kind"]) if p.get("kind") in tuple(Shape) else Shape.TABLE
    needed = {Shape.NUMBER: {"value"}, Shape.BARS: {"label", "value"}, Shape.SERIES: {"at", "value"}}.get(shape, set())
    target = _map(p.get("target"))
    bound = target.get("bound") if isinstance(target.get("bound"), int) else target.get("column")
    rows = [
        {name: _cell(row.get(name), unit) for name, unit in columns.items() if name in row or name in needed}
        for row in _maps(p.get("rows"))
    ]
    if shape is Shape.SERIES:
        rows = [row for row in rows if row.get("at") is not None]
    reason = p.get("reason")
    return Drawn(
        panel=Panel(
            id=_text(p, "id"),
            pack=_text(p, "pack"),
            title=_text(p, "title"),
            why=_text(p, "why"),
            shape=shape if needed <= columns.keys() else Shape.TABLE,
            columns={name: unit for name, unit in columns.items() if name != "tenant"} or {"value": "count"},
            evidence=_strings(p.get("evidence")),
            params={},
            target=Target(must=target["is"], bound=bound, control=target.get("parameter"))
            if target.get("is") in MUST and isinstance(bound, int | str)
            else None,
            query="",
        ),
        rows=tuple(rows),
        beyond=p["beyond"] if isinstance(p.get("beyond"), int) else 0,
        reason=reason if isinstance(reason, str) else None,
        notes=_strings(p.get("notes")),
    )


def _cell(value: object, unit: str) -> object:
    """A value of that unit; text that stands where a number was is none."""
    if unit == "text":
        return value if isinstance(value, str) else None
    return value if isinstance(value, int) else None


def records_md(kinds: Mapping[str, Sequence[Mapping[str, Any]]], audience: str) -> bytes:
    """The shown records as Markdown: a heading a record, a line a field."""
    from gate.report.escape import markdown, markdown_code

    lines = ["# Records", "", f"For {markdown(audience)}. What was taken out is listed in redactions.json.", ""]
    for kind, rows in sorted(kinds.items()):
        lines += [f"## {markdown(kind)}", ""]
        for number, row in enumerate(rows, 1):
            lines += [f"### {markdown(str(row.get('id', f'record {number}')))}", ""]
            lines += [f"- {markdown_code(path)}: {markdown(text, 400)}" for path, text in _fields(row)]
            lines.append("")
    return ("\n".join(lines).rstrip() + "\n").encode()


def _fields(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, member in sorted(value.items()):
            yield from _fields(member, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
        for index, item in enumerate(value):
            yield from _fields(item, f"{path}[{index}]")
    elif isinstance(value, list):
        yield path, ", ".join(map(str, value)) or "none"
    else:
        yield path, _scalar(value)


def _scalar(value: object) -> str:
    if value is None:
        return "none"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _maps(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _strings(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else GONE


def _time(value: object) -> datetime | None:
    try:
        return parse_time(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _date(value: object) -> date | None:
    try:
        return parse_date(value) if isinstance(value, str) else None
    except ValueError:
        return None
