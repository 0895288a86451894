"""One tenant's slice of a release bundle: its own records, the proof that none is missing, and nobody else's name.

    data/VERIFY.md
    data/slice.json                what this is: tenant, release, numbers by kind, findings
    data/evidence/<kind>.json      the tenant's records with their salts; every other record as a salted digest
    data/evidence/files/…          the tenant's signed records as they were read, the statements of its batches
    data/release/…                 seal and tag manifest of the full bundle
    data/attestations/reference.sigstore.json   in-toto reference to the full bundle

The full bundle's seal names the Merkle root over all records of each kind. From the tenant's records with their salts
and the digests of the others the same root must come out: so the tenant sees that its records are the ones that were
sealed and that no record is unaccounted for; and whoever holds the full bundle can open every digest and sees that
none of them is the tenant's (`gate verify SLICE --against BUNDLE`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

from attestations import strict_json
from attestations.strict_json import shown
from gate import bundle
from gate.bundle import bag, deriving, portions, records, release, tenants
from gate.bundle.deriving import REFERENCE, REFERENCE_TYPE, Hand, Original, write_json
from gate.bundle.instructions import Example, verify_md
from gate.bundle.refusal import BundleError
from gate.bundle.scanning import Scanner, searchable
from gate.model import Evidence, GateError, Row

SLICE = "data/slice.json"
SEAL = f"data/release/{bag.SIGNATURE}"
TAGS = f"data/release/{bag.TAG_MANIFEST}"
SCHEMA_ID = "urn:tenantgate:schema:slice:v1"
RULE = (
    "A record is the tenant's when its tenant fields name this tenant alone. Of a record that names several, the "
    "elements of its arrays that name this tenant alone are shown, if there are any, and nothing else."
)


class Withheld(StrEnum):
    """Why a record is in a slice only as a digest."""

    OTHERS = "others"
    """Its tenant fields do not name the tenant."""
    SEVERAL = "several"
    """They name the tenant among others, and no part of the record is the tenant's alone."""
    MENTIONS = "mentions"
    """It is the tenant's, and mentions another one elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What is the same for a whole slice: for whom, whose names must not appear, and which names are public anyway."""

    tenant: str
    others: frozenset[str]
    public: frozenset[str]

    def scanner(self) -> Scanner:
        """Raises GateError for identifiers that can't be told apart."""
        try:
            return Scanner(self.others - self.public, (self.tenant,))
        except BundleError as error:
            raise GateError(f"--tenant {shown(self.tenant)}: {error.message}") from None


def cut(files: Mapping[str, bytes], tenant: str, *, public: Iterable[str] = (), more: Iterable[str] = ()) -> Cut:
    """The cut for a tenant of a verified bundle. `more` are tenants the bundle may not know of.

    Raises GateError when the bundle knows no such tenant: an empty slice would look like an answer.
    """
    rows = [row for item in release.evidence_of(files) for row in item.rows]
    known = tenants.known(release.policy_files(files), rows, strict_json.loads(files[bundle.DECISION])) | set(more)
    if tenant not in known:
        raise GateError(f"--tenant {shown(tenant)}: the bundle knows no such tenant")
    return Cut(tenant=tenant, others=known - {tenant}, public=frozenset(public))


def payload(files: Mapping[str, bytes], asked: Cut, *, keyless: bool) -> dict[str, bytes]:
    """Everything under `data/` of the slice but the reference, which has to be signed. `files`: the verified bundle."""
    scanner = asked.scanner()
    evidence = {item.kind: item for item in release.evidence_of(files)}
    secret = records.secret_of(files[bag.MANIFEST])
    made = {
        SEAL: files[bag.SIGNATURE],
        TAGS: files[bag.TAG_MANIFEST],
        "data/VERIFY.md": verify_md(
            "one tenant's part of what a release was decided on",
            seal=bundle.SLICE,
            commands=["gate verify . --trusted-keys KEYS.json"],
            example=Example(REFERENCE, REFERENCE_TYPE, SLICE),
            keyless=keyless,
            inside=[_SECTION],
        ),
    }
    kinds = {}
    for kind, item in sorted(evidence.items()):
        document = kind_document(files, item, secret, asked, scanner)
        made[f"{bundle.EVIDENCE}/{kind}.json"] = write_json(document)
        kinds[kind] = numbers(document)
        made |= {path: data for whole in document["whole"] for path, data in _signed(files, whole["row"])}
        made |= {path: files[path] for path in portions.statements_of(document.get("batches", []))}
    made[SLICE] = write_json(_slice(files, asked, kinds, scanner))
    return made


def kind_document(
    files: Mapping[str, bytes], item: Evidence, secret: bytes, asked: Cut, scanner: Scanner
) -> dict[str, Any]:
    """One kind in the slice: each record whole, in part or as a digest, and the tenant's portion of each batch.

    Pure, so that an auditor can repeat it.
    """
    whole, parts = [], []
    batched = records.batched(item)
    rows = records.single(item, batched)
    withheld: dict[str, list[list[Any]]] = {reason.value: [] for reason in Withheld}
    for index, row in enumerate(rows):
        salt = records.salt(secret, item.kind, index)
        leaf = records.leaf(salt, row).hex()
        fate = _fate(files, row, asked, scanner)
        if fate is None:
            whole.append({"index": index, "salt": salt.hex(), "row": dict(row)})
        elif isinstance(fate, Withheld):
            withheld[fate.value].append([index, leaf])
        else:
            parts.append({"index": index, "leaf": leaf, "parts": fate})
    made = {"kind": item.kind, "records": len(rows), "whole": whole, "parts": parts, "withheld": withheld}
    portions_ = [portions.portion(files, part, asked.tenant, scanner) for part in batched]
    return made | ({"batches": portions_} if portions_ else {})


def _fate(files: Mapping[str, bytes], row: Row, asked: Cut, scanner: Scanner) -> Withheld | dict[str, Any] | None:
    """None: shown whole. Parts by pointer: shown in part. Otherwise: why not."""
    record = tenants.own(row)
    whose = tenants.named(record)
    if asked.tenant not in whose:
        return Withheld.OTHERS
    if whose == {asked.tenant}:
        shown_ = [records.canonical(row), *(data for _, data in _signed(files, row))]
        return Withheld.MENTIONS if any(map(scanner.find, shown_)) else None
    parts = tenants.parts(record, asked.tenant)
    return parts if parts and not scanner.find(records.canonical(parts)) else Withheld.SEVERAL


def numbers(document: Mapping[str, Any]) -> dict[str, Any]:
    """How many records of a kind there are, and in which form."""
    return {
        "records": document["records"],
        "whole": len(document["whole"]),
        "parts": len(document["parts"]),
        "withheld": {reason: len(items) for reason, items in document["withheld"].items()},
        **({"batches": portions.numbers(document["batches"])} if "batches" in document else {}),
    }


def _signed(files: Mapping[str, bytes], row: Row) -> Iterator[tuple[str, bytes]]:
    """The signed file that a record was read from."""
    path = f"{bundle.EVIDENCE_FILES}/{row.get('source_digest')}.sigstore.json"
    if row.get("verified") is True and path in files:
        yield path, files[path]


def _slice(files: Mapping[str, bytes], asked: Cut, kinds: Mapping[str, Any], scanner: Scanner) -> dict[str, Any]:
    decision = strict_json.loads(files[bundle.DECISION])
    mine = [
        {"control": control["id"], "title": control["title"], "message": found["message"], "waiver": found["waiver"],
         "fingerprint": found["fingerprint"]}
        for control in decision["controls"]
        for found in control["violations"]
        if found["tenant"] == asked.tenant
    ]  # fmt: skip
    shown_ = [found for found in mine if not scanner.find(records.canonical(found))]
    return {
        "$schema": SCHEMA_ID,
        "schemaVersion": "1",
        "tenant": asked.tenant,
        "rule": RULE,
        "release": deriving.about_release(files, decision),
        "kinds": dict(kinds),
        "findings": shown_,
        "findings_withheld": len(mine) - len(shown_),
        "public_names": sorted(asked.public),
        "searched_for": sum(map(searchable, asked.others - asked.public)),
        "not_searchable": sum(not searchable(other) for other in asked.others - asked.public),
    }


def sealed(made: Mapping[str, bytes], asked: Cut, original: Original, hand: Hand) -> dict[str, bytes]:
    """The whole slice, searched once more as it will leave. Raises GateError."""
    about = strict_json.loads(made[SLICE])
    record = {
        "tenant": asked.tenant,
        "version": about["release"]["version"],
        "verdict": about["release"]["verdict"],
        "releasable": about["release"]["releasable"],
        "kinds": about["kinds"],
    }
    label = f"slice-{sha256(asked.tenant.encode()).hexdigest()[:16]}-of-{original.digest[:16]}"
    whole = deriving.sealed(
        made, document=SLICE, kind=bundle.SLICE, record=record, label=label, original=original, hand=hand
    )
    search(whole, asked)
    return whole


def search(files: Mapping[str, bytes], asked: Cut) -> None:
    """Look for every other tenant in every byte and every name of the slice. Raises GateError."""
    scanner = asked.scanner()
    for name, data in files.items():
        found = scanner.find(name.encode()) or scanner.find(data)
        if found is not None:
            raise GateError(
                f"slice: {name} would name the tenant {shown(found)}; say --public if that is no secret "
                "(the name of the service, a word of the format)"
            )


_SECTION = """## Against the full bundle

Whoever holds the full bundle can see that nothing of the tenant was left out:

    gate verify . --trusted-keys KEYS.json --against FULL-BUNDLE
"""
