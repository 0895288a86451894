"""A small project with keys and signed records, one release of it made by the command line, and a maker of others."""

from __future__ import annotations

import io
import json
import os
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from attestations import batches, predicates, statements
from attestations.predicates import evidence_statement
from attestations.signers.key import load_key, new_key, signer_for
from attestations.signers.managed import ManagedSigner
from attestations.statements import Binding
from attestations.trust import ATTESTATIONS, EVIDENCE, POLICY, PublicKey, Trust, TrustedKey, TrustedKeys
from gate import cli, policy, run
from gate.bundle import bag, making
from gate.bundle.checking import Question, check_files
from gate.bundle.deriving import Hand, Original
from gate.bundle.replaying import Files
from gate.bundle.report import Report
from gate.collect import batches as reading
from gate.model import Artifact, Coverage, Descriptor, Evidence, Policy, Stage, Subject
from gate.tree import WorkTree

CI, OPS = "release-ci@summit.example", "operations@summit.example"
START = datetime(2020, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CONFIG = """
version: 1
policy_version: "2026.11.1"
project: summit/app
packs: [governance, supply-chain]
rules: [policy/rules]
trust: {keys: policy/trusted-keys.json}
evidence:
  note: ["notes/*.json"]
"""
PACK = "name: own\ntitle: A test pack\nsummary: For tests.\nkinds: [note]\nlimits: [whether a note is true]\n"
SCHEMA = {
    "type": "object", "additionalProperties": False, "required": ["id"],
    "properties": {
        "id": {"type": "string"}, "count": {"type": "integer"}, "text": {"type": "string"}, "by": {"type": "string"},
        "at": {"type": "string", "format": "date-time"}, "tenant": {"type": "string"},
        "tenants": {"type": "array", "items": {"type": "string"}},
        "scope": {"type": "object", "properties": {"tenants": {"type": "array", "items": {"type": "string"}}}},
        "parts": {"type": "array", "items": {"type": "object", "properties": {
            "tenant": {"type": "string"}, "amount": {"type": "integer"}, "text": {"type": "string"}}}},
    },
    "examples": [{"id": "one", "count": 1, "text": "fine", "by": "somebody", "at": "2026-11-20T00:00:00Z",
                  "tenant": "acme", "tenants": ["acme"], "scope": {"tenants": ["acme"]},
                  "parts": [{"tenant": "acme", "amount": 1, "text": "fine"}]}],
}  # fmt: skip
CONTROL = """
id: NOT001
title: Every note has a small count
why: Because a large count is what this test is about.
fix: make it smaller
owner: tests
stages: [check, release]
severity: block
evidence:
  note: {min: 1, verified: true}
params: {limit: 5}
message: "{subject} has {count}; the limit is {limit}"
query: |
  SELECT n.id AS subject, n.count AS count, n.tenant AS tenant, n.source_path AS path
  FROM note AS n WHERE n.count > $limit
examples:
  pass:
    - {name: small, as_of: "2026-11-21T00:00:00Z", records: {note: [{}]}}
  fail:
    - {name: large, as_of: "2026-11-21T00:00:00Z", expect: has 6, records: {note: [{count: 6}]}}
"""
PANEL = """
id: notes
title: Notes by their count
why: What this test's notes say, so that a bundle has a panel to replay.
kind: bars
unit: count
evidence: [note]
params: {limit: NOT001.limit}
target: {is: at_most, param: limit}
query: |
  SELECT n.tenant AS tenant, n.id AS label, n.count AS value FROM note AS n
example:
  as_of: "2026-11-21T00:00:00Z"
  records: {note: [{}]}
  rows: [{tenant: acme, label: one, value: 1}]
"""
PROJECT: Mapping[str, str] = {
    "gate.yaml": CONFIG,
    "policy/rules/own/pack.yaml": PACK,
    "policy/rules/own/schemas/note.json": json.dumps(SCHEMA),
    "policy/rules/own/controls/NOT001.yaml": CONTROL,
    "policy/rules/own/panels/notes.yaml": PANEL,
    ".github/workflows/gate.yml": "jobs:\n  gate:\n    steps:\n      - run: gate check --base origin/main\n",
    "requirements.txt": f"attrs==25.4.0 --hash=sha256:{'0' * 64}\n",
}
ARTIFACT = b"the released file"
Change = Callable[[dict[str, bytes]], dict[str, bytes]]


def run_git(folder: Path, *arguments: str) -> None:
    environment = {
        "PATH": os.environ["PATH"], "HOME": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull,
        **{f"GIT_{who}_{what}": "test@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }  # fmt: skip
    subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True)


def trusted(public: PublicKey, identity: str, *usages: str) -> tuple[TrustedKey, ...]:
    return tuple(TrustedKey(public=public, identity=identity, usage=usage, start=START) for usage in usages)


@dataclass(frozen=True)
class Works:
    """The project with its signers, and the maker of release bundles from any records.

    `policy` is the project's; under `small` only the control of the notes can block, so that notes alone are enough.
    """

    root: Path
    key: Path
    ci: ManagedSigner
    ops: ManagedSigner
    trust: Trust
    policy: Policy
    small: Policy
    artifact: Path
    now: datetime = NOW

    @property
    def keys(self) -> Path:
        return self.root / "policy/trusted-keys.json"

    @property
    def as_of(self) -> str:
        return self.now.isoformat()

    @property
    def hand(self) -> Hand:
        """Whoever makes something of a bundle."""
        return Hand(
            signer=self.ci, builder_id=statements.BUILDERS["key"], pipeline_id="local", trust=self.trust, now=self.now
        )

    def original(self, files: Mapping[str, bytes]) -> Original:
        return Original(
            digest=bag.sha256(files[bag.TAG_MANIFEST]),
            policy_version=self.small.version,
            policy_digest=self.small.digest,
        )

    def signed(self, record: Mapping[str, Any], *, kind: str = "note", signer: ManagedSigner | None = None) -> bytes:
        return (signer or self.ops).sign(evidence_statement(kind, record))

    def statement(self, batch: bytes, *, signer: ManagedSigner | None = None) -> bytes:
        """The signed statement about a batch of notes."""
        return (signer or self.ops).sign(
            batches.statement(
                io.BytesIO(batch), name="b.jsonl", kind="note", schema_sha256="0" * 64, producer="exporter",
                now=self.now, tenant_of=reading.tenant_of,
            )
        )  # fmt: skip

    def evidence(
        self, records: Iterable[Mapping[str, Any]], *, plain: bool = False, batch: bytes | None = None
    ) -> Evidence:
        """Records as the collector reads them: signed, or (`plain`) as mere claims; and those of a signed batch."""
        rows, materials = [], []
        for number, record in enumerate(records):
            data = json.dumps(record).encode() if plain else self.signed(record)
            digest = sha256(data).hexdigest()
            name = f"notes/{number}{'' if plain else '.sigstore'}.json"
            own = {"source_path": name, "source_line": 1, "source_digest": digest, "verified": not plain}
            rows.append({**record, **own, **({} if plain else {"signer": self.ops.identity})})
            materials.append(Descriptor(name=name, sha256=digest, content=data))
        if batch is not None:
            signed = self.statement(batch)
            opened = batches.open_batch(signed, self.trust, now=self.now, kind="note")
            rows += reading.rows(opened, batch, "notes/b.jsonl")
            for name, data in (("notes/b.jsonl", batch), ("notes/b.jsonl.sigstore.json", signed)):
                materials.append(Descriptor(name=name, sha256=sha256(data).hexdigest(), content=data))
        coverage = Coverage(scope=f"{len(rows)} files", numbers={"files": len(rows)})
        return Evidence(kind="note", rows=tuple(rows), coverage=coverage, materials=tuple(materials))

    def release(
        self,
        records: Iterable[Mapping[str, Any]] = ({"id": "one", "count": 1},),
        *,
        changes: Change | None = None,
        **about: Any,
    ) -> dict[str, bytes]:
        """The files of a release bundle with these records as its evidence. `changes` alters the payload before it is
        sealed: what an insider with the CI's key could do."""
        return next(self.variants([changes or (lambda payload: payload)], records, **about))

    def variants(
        self,
        changes: Iterable[Change],
        records: Iterable[Mapping[str, Any]] = ({"id": "one", "count": 1},),
        *,
        version: str = "1.0.0",
        plain: bool = False,
        now: datetime = NOW,
        pipeline: str = "local",
        policy: Policy | None = None,
        batch: bytes | None = None,
        more: Sequence[Evidence] = (),
    ) -> Iterator[dict[str, bytes]]:
        """One release, sealed once for each change of its payload."""
        loaded = policy or self.small
        artifact = Artifact(name=self.artifact.name, sha256=sha256(ARTIFACT).hexdigest())
        subject = Subject(project="summit/app", commit="c" * 40, version=version, artifacts=(artifact,))
        nothing = Coverage(scope="nothing of the kind")
        evidence = {
            kind: Evidence(kind=kind, rows=(), coverage=nothing) for kind in run.needed_kinds(loaded, Stage.RELEASE)
        }
        evidence["note"] = self.evidence(records, plain=plain, batch=batch)
        evidence |= {item.kind: item for item in more}
        judged = run.decide_and_draw(
            loaded, Stage.RELEASE, evidence, now, as_of_overridden=False, subject=subject, pipeline_id=pipeline
        )
        decision = judged.decision
        binding = Binding(
            policy_version=loaded.version, policy_digest=loaded.digest, pipeline_id=pipeline, signer_identity=CI
        )
        subjects = [statements.Subject(name=artifact.name, sha256=artifact.sha256)]
        builder = statements.BUILDERS["key"]
        sbom = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": []}
        own = {
            "sbom": predicates.sbom_statement(subjects=subjects, binding=binding, sbom=sbom),
            "provenance": predicates.provenance(
                subjects=subjects, binding=binding, builder_id=builder, build_type="https://summit.example/build/v1",
                parameters={}, started_at=now, finished_at=now,
                dependencies=[predicates.ResourceDescriptor(uri="git+file:///app", digest={"gitCommit": "c" * 40})],
            ),
        }  # fmt: skip
        signed = {name: self.ci.sign(statement) for name, statement in own.items()}
        verdict = making.verdict_statements(decision, subjects, binding, signed, builder)
        attested = signed | {name: self.ci.sign(statement) for name, statement in verdict.items()}
        bom = json.dumps(statements.parse(own["sbom"])["predicate"]).encode()
        saasbom = making.saasbom_of(decision, binding, rehearsed_at=now)
        if saasbom is not None:
            attested["saasbom"] = self.ci.sign(
                statements.statement(subjects, statements.CYCLONEDX, json.loads(saasbom))
            )
        material = making.Material(attestations=attested, sbom=bom, saasbom=saasbom)
        payload = making.payload(decision, loaded, material, self.trust, panels=judged.panels, keyless=False)
        for change in changes:
            yield making.sealed(change(payload), decision, self.ci, binding, self.trust, now)

    def check(self, files: Mapping[str, bytes], **question: Any) -> Report:
        trust = question.pop("trust", self.trust)
        return check_files(files, trust, Question(**{"now": self.now, **question}), target="bundle")


def small(root: Path) -> Policy:
    """The project's policy with the built-in controls turned down to warnings."""
    tree = WorkTree(root)
    files = {path: tree.read(path) for path in tree.paths()}
    whole = policy.load(tree)
    quiet = "".join(f"  {c.id}: {{severity: warn}}\n" for c in whole.controls if c.pack == "governance")
    config = CONFIG.replace("packs: [governance, supply-chain]", f"packs: [governance]\ncontrols:\n{quiet}")
    return policy.load(Files({**files, "gate.yaml": config.encode()}, "work tree"))


@pytest.fixture(scope="session")
def works(tmp_path_factory: pytest.TempPathFactory) -> Works:
    root = tmp_path_factory.mktemp("works") / "app"
    for name, text in PROJECT.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    key = root.parent / "ci.key"
    public = new_key(key, None)
    ci = load_key(key, None, CI)
    ops = signer_for(ec.generate_private_key(ec.SECP256R1()), OPS)
    keys = TrustedKeys((*trusted(public, CI, ATTESTATIONS, EVIDENCE, POLICY), *trusted(ops.public, OPS, EVIDENCE)))
    (root / "policy/trusted-keys.json").write_bytes(keys.dump())
    (root / "notes").mkdir()
    (root / "notes/one.sigstore.json").write_bytes(
        ops.sign(evidence_statement("note", {"id": "one", "count": 1, "tenant": "acme", "text": "by acme for acme"}))
    )
    artifact = root.parent / "app-1.0.0.bin"
    artifact.write_bytes(ARTIFACT)
    run_git(root, "init", "--quiet")
    run_git(root, "add", "--all")
    run_git(root, "commit", "--quiet", "-m", "first")
    return Works(
        root=root, key=key, ci=ci, ops=ops, trust=Trust(keys=keys), policy=policy.load(WorkTree(root)), small=small(root), artifact=artifact
    )  # fmt: skip


@dataclass(frozen=True)
class Released:
    """A release that the command line made, with its folder, archive and files."""

    folder: Path
    archive: Path
    files: Mapping[str, bytes]


@pytest.fixture(scope="session")
def released(works: Works, tmp_path_factory: pytest.TempPathFactory) -> Released:
    out = tmp_path_factory.mktemp("released")
    code = cli.run([
        "release", "-C", str(works.root), "--version", "1.0.0", "--artifact", str(works.artifact), "--key", str(works.key),
        "--out", str(out / "bundle"), "--archive", str(out / "bundle.tar"), "--quiet",
    ])  # fmt: skip
    assert code == 0
    return Released(folder=out / "bundle", archive=out / "bundle.tar", files=bag.read(out / "bundle"))


@pytest.fixture
def resealed(works: Works) -> Callable[[Mapping[str, bytes]], dict[str, bytes]]:
    """Rewrites the manifests for changed files, as anybody can; only the seal stays the old one."""

    def rewrite(files: Mapping[str, bytes]) -> dict[str, bytes]:
        payload = {name: data for name, data in files.items() if name.startswith("data/")}
        made = bag.bagged(payload, organization="summit/app", label="summit-app-1.0.0", made=works.now)
        return {**made, bag.SIGNATURE: files[bag.SIGNATURE]}

    return rewrite


@pytest.fixture
def later(works: Works) -> datetime:
    return works.now + timedelta(days=30)
