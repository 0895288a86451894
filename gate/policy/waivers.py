"""Waivers: the files that set findings aside for a time."""

from __future__ import annotations

from collections.abc import Sequence

from gate.model import Control, GateError, Location, Waiver
from gate.policy.formats import Source, format_schema
from gate.reading import Document, did_you_mean, parse_date, read_yaml
from gate.tree import Tree, not_read, select

DEFAULT_WAIVERS = ("waivers/*.yaml",)


def waivers_of(config: Document, tree: Tree, controls: Sequence[Control]) -> tuple[list[Waiver], list[Source]]:
    known = {control.id for control in controls}
    waivers: dict[str, Waiver] = {}
    sources = []
    patterns = config.value.get("waivers", DEFAULT_WAIVERS)
    for lost in not_read(tree, patterns):
        raise GateError(f"{lost.path}: a waiver is a regular file: {lost.reason}")
    for path in select(tree.paths(), patterns):
        data = tree.read(path)
        document = read_yaml(data, path)
        format_schema("waiver").check(document)
        value = document.value
        for name in ("defect", "state"):
            if name in value:
                raise document.error((name,), f"{name}: is computed by the gate; remove it")
        if value["control"] not in known:
            hint = did_you_mean(value["control"], sorted(known))
            raise document.error(("control",), f"control: no control {value['control']!r} in this policy{hint}")
        if value["id"] in waivers:
            raise document.error(("id",), f"id: {value['id']} is already used by {waivers[value['id']].source}")
        waivers[value["id"]] = Waiver(
            id=value["id"],
            control=value["control"],
            reason=value["reason"],
            owner=value["owner"],
            requested_by=value["requested_by"],
            approved_by=value["approved_by"],
            created=parse_date(value["created"]),
            expires=parse_date(value["expires"]),
            ticket=value["ticket"],
            source=Location(path=path, line=document.line(("id",))),
            fingerprint=value["scope"].get("fingerprint"),
            path=value["scope"].get("path"),
            tenant=value["scope"].get("tenant"),
        )
        sources.append(Source(path, data))
    return [waivers[key] for key in sorted(waivers)], sources
