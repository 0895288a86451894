"""A Trust & Proof packet: what of a release may be shown to outsiders, redacted for good and linked to the original.

    data/VERIFY.md
    data/packet.json               for whom, of which release, how much is shown
    data/redactions.json           what was taken out: document, place, how, why
    data/decision.json             the decision, redacted
    data/panels.json               the panels, redacted
    data/evidence/<kind>.json      the chosen records, redacted
    data/reports/…                 rendered from the redacted documents alone
    data/attestations/…            signed statements as they are, and the in-toto reference to the full bundle

Signed bytes are never edited: a record that was signed is shown without its signature, and this packet is signed
instead. Whoever holds the full bundle can see that nothing else was changed (`gate verify PACKET --against BUNDLE`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final

from attestations import strict_json
from attestations.strict_json import shown
from gate import __version__, bundle
from gate.bundle import bag, deriving, records, redacting, release, tenants, views
from gate.bundle.deriving import REFERENCE, REFERENCE_TYPE, Hand, Original, write_json
from gate.bundle.instructions import Example, verify_md
from gate.bundle.redacting import Rule, Taken
from gate.bundle.scanning import Scanner, searchable
from gate.model import Evidence, GateError

PACKET: Final = "data/packet.json"
REDACTIONS: Final = "data/redactions.json"
SCHEMA_ID: Final = "urn:tenantgate:schema:packet:v1"
REPORTS: Final = {"data/reports/report.html": "html", "data/reports/report.md": "markdown"}
RECORDS: Final = "data/reports/records.md"
WHOLE: Final = {"decision": bundle.DECISION, "panels": bundle.PANELS}
"""Documents of the bundle that are shown as one, by their names in a redactions file."""
_ATTESTATIONS: Final = {
    "verdict": bundle.VERDICT,
    "test-result": bundle.TEST_RESULT,
    "provenance": bundle.PROVENANCE,
    "sbom": bundle.SBOM_ATTESTATION,
    "saasbom": bundle.SAASBOM_ATTESTATION,
    "policy": bundle.POLICY_SIGNATURE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a redactions file says. `records`: the wanted ids of each kind, None for all of them."""

    audience: str
    decision: bool
    records: Mapping[str, tuple[str, ...] | None]
    attestations: tuple[str, ...]
    rules: tuple[Rule, ...]
    panels: bool = False
    public: frozenset[str] = frozenset()
    """Values that may stand anywhere."""


def read_plan(data: bytes, name: str) -> Plan:
    """Read a redactions file (`schemas/redactions-v1.json`). Raises GateError with file and line."""
    from importlib.resources import files

    from gate.reading import Schema, read_document, read_json

    schema_name = "redactions-v1.json"
    text = files("gate.bundle").joinpath("schemas", schema_name).read_bytes()
    document = read_document(data, name)
    Schema(read_json(text, schema_name).value, schema_name).check(document)
    value = document.value
    show = value["show"]
    return Plan(
        audience=value["audience"],
        decision=show.get("decision", False),
        panels=show.get("panels", False),
        records={kind: None if ids == "all" else tuple(ids) for kind, ids in show.get("records", {}).items()},
        attestations=tuple(show.get("attestations", ())),
        public=frozenset(value.get("public", ())),
        rules=tuple(
            Rule(
                document=_path(rule["in"]),
                pointer=rule["at"] if rule["in"] in WHOLE else f"/records/*/record{rule['at']}",
                by=rule["by"],
                reason=rule["reason"],
                elsewhere=rule.get("elsewhere", False),
            )
            for rule in value["redact"]
        ),
    )


def _path(name: str) -> str:
    return WHOLE.get(name, f"{bundle.EVIDENCE}/{name}.json")


def documents(files: Mapping[str, bytes], plan: Plan) -> dict[str, Any]:
    """The documents to show, before anything is taken out. Raises GateError for what the bundle does not hold."""
    evidence = {item.kind: item for item in release.evidence_of(files)}
    found: dict[str, Any] = {}
    for path, wanted in ((bundle.DECISION, plan.decision), (bundle.PANELS, plan.panels)):
        if wanted and path not in files:
            raise GateError(f"redactions: show: the bundle has no {path}")
        if wanted:
            found[path] = strict_json.loads(files[path])
    for kind, ids in plan.records.items():
        if kind not in evidence:
            raise GateError(f"redactions: show.records: the bundle has no evidence of kind {shown(kind)}")
        found[_path(kind)] = kind_document(evidence[kind], ids)
    return found


def kind_document(item: Evidence, ids: Sequence[str] | None, indices: Sequence[int] | None = None) -> dict[str, Any]:
    """The chosen records of a kind, by their ids or their places. Digests that could confirm a guess are left out."""
    known = {str(row.get("id")) for row in item.rows}
    for wanted in ids or ():
        if wanted not in known:
            raise GateError(f"redactions: show.records.{item.kind}: there is no record {shown(wanted)}")
    chosen = [
        {
            "index": index,
            "record": {**tenants.own(row), "verified": row.get("verified") is True, "signer": row.get("signer")},
        }
        for index, row in enumerate(item.rows)
        if (ids is None or str(row.get("id")) in ids) and (indices is None or index in indices)
    ]
    return {"kind": item.kind, "of": len(item.rows), "records": chosen}


def payload(files: Mapping[str, bytes], plan: Plan, salt: bytes, *, keyless: bool) -> dict[str, bytes]:
    """Everything under `data/` but the reference. `salt` is random, used here, and nowhere kept.

    Raises GateError when a rule takes nothing out, or when something taken out would survive elsewhere.
    """
    redacted: dict[str, Any] = {}
    taken: list[Taken] = []
    originals = documents(files, plan)
    for path, document in sorted(originals.items()):
        redacted[path], found = redacting.redact(path, document, plan.rules, salt)
        taken += found
    redacting.unused(plan.rules, taken)
    made = {path: write_json(document) for path, document in redacted.items()}
    made |= reports(redacted, plan.audience)
    made |= dict(_attestations(files, plan))
    made[REDACTIONS] = write_json([_listed(item) for item in taken])
    made[PACKET] = write_json(_packet(files, plan, redacted, taken))
    _search(made, taken, _telling(files, originals, redacted), plan.public)
    made["data/VERIFY.md"] = verify_md(
        "what of a release is shown to outsiders; what was taken out is listed in data/redactions.json",
        seal=bundle.PACKET,
        commands=["gate verify . --trusted-keys KEYS.json"],
        example=Example(REFERENCE, REFERENCE_TYPE, PACKET),
        keyless=keyless,
        inside=[_SECTION],
    )
    return made


def reports(redacted: Mapping[str, Any], audience: str) -> dict[str, bytes]:
    """The reports, from the redacted documents and nothing else."""
    from gate.report import REPORTS as RENDERERS

    made: dict[str, bytes] = {}
    if bundle.DECISION in redacted:
        decision = views.decision_of(redacted[bundle.DECISION])
        panels = views.panels_of(redacted.get(bundle.PANELS))
        made |= {path: RENDERERS[name](decision, panels).encode() for path, name in REPORTS.items()}
    kinds = {
        document["kind"]: [item["record"] for item in document["records"]]
        for path, document in redacted.items()
        if path not in WHOLE.values()
    }
    if kinds:
        made[RECORDS] = views.records_md(kinds, audience)
    return made


def _attestations(files: Mapping[str, bytes], plan: Plan) -> Iterator[tuple[str, bytes]]:
    for name in plan.attestations:
        if _ATTESTATIONS[name] not in files:
            raise GateError(f"redactions: show.attestations: the bundle has no {name}")
        yield _ATTESTATIONS[name], files[_ATTESTATIONS[name]]


def _listed(item: Taken) -> dict[str, Any]:
    return {
        "document": item.rule.document,
        "pointer": item.pointer,
        "by": item.rule.by,
        "reason": item.rule.reason,
        "elsewhere": item.rule.elsewhere,
    }


def _packet(
    files: Mapping[str, bytes], plan: Plan, redacted: Mapping[str, Any], taken: Sequence[Taken]
) -> dict[str, Any]:
    decision = strict_json.loads(files[bundle.DECISION])
    return {
        "$schema": SCHEMA_ID,
        "schemaVersion": "1",
        "tool": {"name": "tenantgate", "version": __version__},
        "audience": plan.audience,
        "release": deriving.about_release(files, decision),
        "shown": {
            "decision": plan.decision,
            "panels": plan.panels,
            "attestations": sorted(plan.attestations),
            "records": {
                document["kind"]: {"records": len(document["records"]), "of": document["of"]}
                for path, document in redacted.items()
                if path not in WHOLE.values()
            },
        },
        "redactions": len(taken),
        "public_names": sorted(plan.public),
    }


def _telling(files: Mapping[str, bytes], originals: Mapping[str, Any], redacted: Mapping[str, Any]) -> set[str]:
    """Digests of what is not shown as it was: with one of them, a guess at what is missing could be confirmed.

    A record may name another's digest, as a purge manifest names its predecessor's.
    """
    telling: set[str] = set()
    if bundle.DECISION in originals and originals[bundle.DECISION] != redacted[bundle.DECISION]:
        telling.add(bag.sha256(files[bundle.DECISION]))
        telling |= set(_fingerprints(originals[bundle.DECISION], redacted[bundle.DECISION]))
    if bundle.PANELS in originals and originals[bundle.PANELS] != redacted[bundle.PANELS]:
        telling.add(bag.sha256(files[bundle.PANELS]))
    for item in release.evidence_of(files):
        path = _path(item.kind)
        before = {entry["index"]: entry for entry in originals.get(path, {}).get("records", ())}
        after = {entry["index"]: entry for entry in redacted.get(path, {}).get("records", ())}
        for index, row in enumerate(item.rows):
            if index in before and before[index] == after[index]:
                continue
            telling |= {bag.sha256(records.canonical(tenants.own(row))), str(row.get("record_digest"))}
            if row.get("verified") is not True:  # a signed file can't be guessed: its signature is random
                telling.add(str(row.get("source_digest")))
    return telling - {"None"}


def _fingerprints(original: Mapping[str, Any], redacted: Mapping[str, Any]) -> Iterator[str]:
    """A finding's fingerprint is a digest over its control and subject."""
    for number, control in enumerate(original["controls"]):
        after = _at(_at(redacted.get("controls"), number), "violations")
        for index, violation in enumerate(control["violations"]):
            left = _at(after, index)
            if _at(left, "subject") != violation["subject"] or _at(left, "location") != violation["location"]:
                yield violation["fingerprint"]


def _at(value: Any, key: str | int) -> Any:
    if isinstance(value, list) and isinstance(key, int):
        return value[key] if key < len(value) else None
    return value.get(key) if isinstance(value, Mapping) else None


def _search(made: Mapping[str, bytes], taken: Sequence[Taken], telling: set[str], public: Set[str]) -> None:
    """Nothing that was taken out may stand anywhere else. Raises GateError naming the file and where it came from."""
    secrets = {
        text: item
        for item in taken
        if not item.rule.elsewhere
        for text in redacting.texts(item.value)
        if searchable(text) and text not in public
    }
    scanner = Scanner([*secrets, *telling])
    for path, data in made.items():
        found = scanner.find(data)
        if found is None:
            continue
        where = f"{_where(data, found)} of {path}" if path.endswith(".json") else path
        if found in secrets:
            item = secrets[found]
            raise GateError(
                f"redactions: what is taken out at {item.pointer} of {item.rule.document} also stands at {where}; "
                "take it out there too, or say `elsewhere: true`"
            )
        raise GateError(f"redactions: at {where} stands a digest over what is taken out ({found}); take that out too")


def _where(data: bytes, wanted: str) -> str:
    """JSON pointer of the first value or name in a document that holds the text."""
    scanner = Scanner([wanted])

    def walk(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
        if isinstance(value, str) and scanner.find(value.encode("utf-8", "replace")):
            yield path
        items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
        for key, member in items:
            if isinstance(key, str) and scanner.find(key.encode("utf-8", "replace")):
                yield (*path, key)
            yield from walk(member, (*path, key))

    return redacting.pointer_of(next(walk(strict_json.loads(data), ()), ()))


def sealed(made: Mapping[str, bytes], original: Original, hand: Hand) -> dict[str, bytes]:
    """The whole packet, with its reference to the original and its seal."""
    about = strict_json.loads(made[PACKET])
    record = {
        "audience": about["audience"],
        "version": about["release"]["version"],
        "verdict": about["release"]["verdict"],
        "releasable": about["release"]["releasable"],
        "redactions": about["redactions"],
    }
    label = f"packet-of-{original.digest[:16]}"
    return deriving.sealed(
        made, document=PACKET, kind=bundle.PACKET, record=record, label=label, original=original, hand=hand
    )


_SECTION = """## Against the full bundle

Whoever holds the full bundle can see that nothing was changed but what data/redactions.json lists:

    gate verify . --trusted-keys KEYS.json --against FULL-BUNDLE
"""
