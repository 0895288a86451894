"""Drill playbooks: Chaos Toolkit experiments of the policy, read strictly into what the runner executes.

Format: chaostoolkit.org, "The experiment's format" 1.0.0. Its ways to run Python, shells or requests inside the runner
are refused, and so is a hypothesis that nothing could contradict.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gate.drills.tolerance import vacuous
from gate.model import GateError, Policy
from gate.reading import Document, Schema, did_you_mean, read_json, read_yaml
from gate.reading import Path as Node
from gate.report.redact import REDACTED
from gate.tree import WorkTree, select

SCHEMA = "rules/drills/schemas/playbook.json"
EXTENSION = "tenantgate.drill"
DEFAULT_TIMEOUT_SECONDS = 300
MIN_SECRET_CHARACTERS = 8

_NAME = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_HYPOTHESIS = "steady-state-hypothesis"


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One process to run. `kind` is probe, action or rollback; `declared` is what the playbook says of it."""

    name: str
    kind: str
    path: str
    arguments: tuple[str, ...]
    timeout_seconds: int
    pause_before: int
    pause_after: int
    secrets: tuple[str, ...]
    tolerance: Any
    declared: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """A value in the JSON object that an activity printed as its last line; `field` is a path of keys."""

    activity: str
    field: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What is measured: RTO from the start of `rto_from` to the end of `rto_to`, RPO as an activity reports it."""

    component: str
    rto_target_seconds: int
    rpo_target_seconds: int
    rto_from: str
    rto_to: str
    rpo: Reading
    restore_validation: Reading
    canary_written: Reading
    canary_found: Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbook:
    """An approved playbook: `name` is its path in the policy, `sha256` that of its bytes, `value` its content."""

    name: str
    sha256: str
    value: Mapping[str, Any]
    title: str
    kind: str
    severity: str
    environment: str
    owner: str
    tenants: tuple[str, ...]
    every_days: int | None
    measure: Measure | None
    hypothesis: tuple[Activity, ...]
    method: tuple[Activity, ...]
    rollbacks: tuple[Activity, ...]
    configuration: Mapping[str, Any]
    secrets: Mapping[str, Mapping[str, Any]]


def approved(policy: Policy, root: Path) -> tuple[str, ...]:
    """The names of the playbooks that gate.yaml approves. Raises GateError when it names none."""
    patterns = policy.config.get("playbooks", ())
    names = tuple(name for name in select(WorkTree(root).paths(), patterns) if name in policy.files)
    if not names:
        raise GateError(
            "gate.yaml: playbooks: no playbook is approved; name their files there, e.g. [playbooks/*.yaml]"
        )
    return names


def load(policy: Policy, root: Path, given: Path) -> Playbook:
    """The approved playbook at a path (relative to the root, or absolute). Raises GateError naming file and line."""
    name = Path(os.path.normpath(root / given)).as_posix().removeprefix(root.as_posix().rstrip("/") + "/")
    names = approved(policy, root)
    if name not in names:
        hint = did_you_mean(name, names) or f"; approved: {', '.join(names[:10])}"
        raise GateError(f"{given}: not among the playbooks that gate.yaml approves{hint}")
    return read(policy, name)


def read(policy: Policy, name: str) -> Playbook:
    """Parse and check one playbook of the policy, from the very bytes that the policy digest covers."""
    data = policy.files[name]
    document = read_json(data, name) if name.endswith(".json") else read_yaml(data, name)
    if SCHEMA not in policy.files:
        raise GateError("gate.yaml: packs: drills need the pack 'drills'; add it")
    if not isinstance(document.value, dict):
        raise document.error((), "a playbook is a mapping")
    _refuse_unsupported(document)
    Schema(read_json(policy.files[SCHEMA], SCHEMA).value, SCHEMA).check(document)
    drill = _extension(document)
    value = document.value
    playbook = Playbook(
        name=name,
        sha256=hashlib.sha256(data).hexdigest(),
        value=value,
        title=value["title"],
        kind=drill["kind"],
        severity=drill["severity"],
        environment=drill["environment"],
        owner=drill["owner"],
        tenants=tuple(drill["tenants"]),
        every_days=drill.get("every_days"),
        measure=_measure(drill),
        hypothesis=tuple(_activity(a, "probe") for a in value[_HYPOTHESIS]["probes"]),
        method=tuple(_activity(a, a["type"]) for a in value["method"]),
        rollbacks=tuple(_activity(a, "rollback") for a in value.get("rollbacks", ())),
        configuration=value.get("configuration", {}),
        secrets=value.get("secrets", {}),
    )
    _check(document, playbook)
    return playbook


def _sections(value: Mapping[str, Any]) -> dict[Node, Sequence[Any]]:
    hypothesis = value.get(_HYPOTHESIS)
    found: dict[Node, Any] = {
        (_HYPOTHESIS, "probes"): hypothesis.get("probes") if isinstance(hypothesis, dict) else None,
        ("method",): value.get("method"),
        ("rollbacks",): value.get("rollbacks"),
    }
    return {path: items for path, items in found.items() if isinstance(items, list)}


# What the Chaos Toolkit can do and this runner does not, with the reason, before the schema only says "unknown key".
_UNSUPPORTED = {
    "background": "background activities are not supported: what is measured must have ended",
    "controls": "controls are not supported: they are Python that runs inside the runner",
    "ref": "references to other activities are not supported; write the activity out",
}


def _refuse_unsupported(document: Document) -> None:
    for name in ("controls", "runtime"):
        if name in document.value:
            raise document.error((name,), f"{name}: not supported: it changes how the runner itself works")
    for path, items in _sections(document.value).items():
        for index, item in enumerate(items):
            if not isinstance(item, dict):
                continue
            here = (*path, index)
            for key, reason in _UNSUPPORTED.items():
                if key in item and item[key] is not False:
                    raise document.error((*here, key), f"{key}: {reason}")
            provider = item.get("provider")
            if isinstance(provider, dict):
                _refuse_provider(document, (*here, "provider"), provider)
            tolerance = item.get("tolerance")
            if isinstance(tolerance, (list, dict)) and (
                isinstance(tolerance, list) or tolerance.get("type") in ("probe", "jsonpath")
            ):
                raise document.error(
                    (*here, "tolerance"),
                    "tolerance: only a value, a regex or a range; lists, probes and jsonpath are not",
                )


def _refuse_provider(document: Document, here: Node, provider: Mapping[str, Any]) -> None:
    kind = provider.get("type")
    if kind in ("python", "http"):
        reason = "it runs inside the runner" if kind == "python" else "use a process that makes the request"
        raise document.error((*here, "type"), f"type: the provider {kind!r} is not supported ({reason}); use process")
    if isinstance(provider.get("arguments"), (str, dict)):
        raise document.error(
            (*here, "arguments"), "arguments: write a list; one string would have to be split by a shell's rules"
        )


def _extension(document: Document) -> Mapping[str, Any]:
    found = [e for e in document.value["extensions"] if e["name"] == EXTENSION]
    if len(found) != 1:
        raise document.error(("extensions",), f"extensions: exactly one must be named {EXTENSION}")
    drill: Mapping[str, Any] = found[0]
    if ("measure" in drill) != ("targets" in drill):
        raise document.error(
            ("extensions",), f"{EXTENSION}: targets and measure belong together; one of them is missing"
        )
    if drill["severity"] == "major" and "measure" not in drill:
        raise document.error(("extensions",), f"{EXTENSION}: a major drill needs targets and measure")
    return drill


def _activity(value: Mapping[str, Any], kind: str) -> Activity:
    provider = value["provider"]
    pauses = value.get("pauses", {})
    return Activity(
        name=value["name"],
        kind=kind,
        path=provider["path"],
        arguments=tuple(str(argument) for argument in provider.get("arguments", ())),
        timeout_seconds=provider.get("timeout", DEFAULT_TIMEOUT_SECONDS),
        pause_before=pauses.get("before", 0),
        pause_after=pauses.get("after", 0),
        secrets=tuple(provider.get("secrets", ())),
        tolerance=value.get("tolerance"),
        declared=value,
    )


def _measure(drill: Mapping[str, Any]) -> Measure | None:
    if "measure" not in drill:
        return None
    measure, targets = drill["measure"], drill["targets"]
    last = measure["rto"]["to"]
    canary = measure.get("canary", {})
    return Measure(
        component=measure["component"],
        rto_target_seconds=targets["rto_seconds"],
        rpo_target_seconds=targets["rpo_seconds"],
        rto_from=measure["rto"]["from"],
        rto_to=last,
        rpo=_reading(measure["rpo"]),
        restore_validation=_reading(
            measure.get("restore_validation", {"activity": last, "field": "restore_validation"})
        ),
        canary_written=_reading(canary.get("written", {"activity": last, "field": "canary.written"})),
        canary_found=_reading(canary.get("found", {"activity": last, "field": "canary.found"})),
    )


def _reading(value: Mapping[str, str]) -> Reading:
    return Reading(value["activity"], tuple(value["field"].split(".")))


def _check(document: Document, playbook: Playbook) -> None:
    """What a schema can't say: names that must exist, and probes that prove nothing."""
    sections: dict[Node, tuple[Activity, ...]] = {
        (_HYPOTHESIS, "probes"): playbook.hypothesis,
        ("method",): playbook.method,
        ("rollbacks",): playbook.rollbacks,
    }
    for path, activities in sections.items():
        seen: set[str] = set()
        for index, activity in enumerate(activities):
            here = (*path, index)
            if activity.name in seen:
                raise document.error((*here, "name"), f"name: {activity.name!r} stands twice in {path[0]}")
            seen.add(activity.name)
            if activity.tolerance is not None:
                problem = vacuous(activity.tolerance)
                if problem:
                    raise document.error((*here, "tolerance"), f"tolerance: {problem}")
            _check_names(document, (*here, "provider"), playbook, activity)
    if not any(activity.kind == "action" for activity in playbook.method):
        raise document.error(("method",), "method: without an action nothing is drilled")
    if playbook.measure is not None:
        _check_measure(document, playbook, playbook.measure)


def _check_names(document: Document, here: Node, playbook: Playbook, activity: Activity) -> None:
    if "${" in activity.path:
        raise document.error((*here, "path"), "path: only arguments may hold ${names}; a program is named outright")
    known = set(playbook.configuration)
    for group in activity.secrets:
        if group not in playbook.secrets:
            raise document.error(
                (*here, "secrets"), f"secrets: no group {group!r}{did_you_mean(group, list(playbook.secrets))}"
            )
        known |= set(playbook.secrets[group])
    for argument in activity.arguments:
        for name in _NAME.findall(argument):
            if name not in known:
                hint = did_you_mean(name, sorted(known)) or "; declare it under configuration or secrets"
                raise document.error((*here, "arguments"), f"arguments: ${{{name}}} is not known here{hint}")


def _check_measure(document: Document, playbook: Playbook, measure: Measure) -> None:
    here = ("extensions",)
    order = [activity.name for activity in playbook.method]
    readings = (measure.rpo, measure.restore_validation, measure.canary_written, measure.canary_found)
    for name in (measure.rto_from, measure.rto_to, *(reading.activity for reading in readings)):
        if name not in order:
            raise document.error(here, f"measure: no activity {name!r} in the method{did_you_mean(name, order)}")
    if playbook.method[order.index(measure.rto_from)].kind != "action":
        raise document.error(here, f"measure.rto.from: {measure.rto_from!r} is a probe; a disaster is an action")
    if order.index(measure.rto_to) <= order.index(measure.rto_from):
        raise document.error(here, "measure.rto: the recovery (to) comes after the disaster (from)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """What the `${names}` of this run stand for, and the spellings under which a secret must not be written down."""

    configuration: Mapping[str, str]
    secrets: Mapping[str, Mapping[str, str]]
    hidden: tuple[str, ...]

    def arguments(self, activity: Activity) -> tuple[str, ...]:
        known = dict(self.configuration)
        for group in activity.secrets:
            known.update(self.secrets[group])
        return tuple(_NAME.sub(lambda match: known[match[1]], argument) for argument in activity.arguments)

    def mask(self, text: str) -> str:
        """`text` without the secrets of this run, however they are spelled."""
        for spelling in self.hidden:
            text = text.replace(spelling, REDACTED)
        return text


def values(playbook: Playbook, environment: Mapping[str, str]) -> Values:
    """Look everything up before anything runs. Raises GateError for what the environment lacks."""
    configuration: dict[str, str] = {}
    for name, entry in playbook.configuration.items():
        if isinstance(entry, dict):
            found = environment.get(entry["key"], entry.get("default"))
            if found is None:
                raise GateError(f"{playbook.name}: configuration.{name}: the variable {entry['key']} is not set")
            configuration[name] = str(found)
        else:
            configuration[name] = str(entry)
    secrets: dict[str, dict[str, str]] = {}
    for group, entries in playbook.secrets.items():
        secrets[group] = {}
        for name, entry in entries.items():
            value = environment.get(entry["key"], "")
            where = f"{playbook.name}: secrets.{group}.{name}: the variable {entry['key']}"
            if not value:
                raise GateError(f"{where} is not set")
            if len(value) < MIN_SECRET_CHARACTERS:
                raise GateError(
                    f"{where} is shorter than {MIN_SECRET_CHARACTERS} characters; it can't be kept out of output"
                )
            secrets[group][name] = value
    spellings = {s for group in secrets.values() for secret in group.values() for s in _spellings(secret)}
    return Values(
        configuration=configuration, secrets=secrets, hidden=tuple(sorted(spellings, key=lambda s: (-len(s), s)))
    )


def _spellings(secret: str) -> set[str]:
    data = secret.encode("utf-8", "surrogateescape")
    encoded = {base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()}
    return {
        secret, *encoded, *(text.rstrip("=") for text in encoded), data.hex(), data.hex().upper(),
        quote(data), quote(data, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1],
    }  # fmt: skip
