"""Pack 10,000 files (114 MB) into one reproducible archive beside `git archive` of the same, and verify a release bundle.

python bench/bundle.py            # prints the tables; needs git and about 400 MB of disk
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from measure import compare, table

from attestations import predicates, statements
from attestations.signers.key import signer_for
from attestations.statements import Binding
from attestations.trust import ATTESTATIONS, EVIDENCE, Trust, TrustedKey, TrustedKeys
from gate import bundle, policy, run
from gate.bundle import bag, making
from gate.model import Artifact, Coverage, Descriptor, Evidence, Stage, Subject
from gate.policy import rules_root
from gate.tree import WorkTree
from gate.writing import write_file, write_folder

GATE = [str(Path(sys.executable).parent / "gate")]
FILES, BYTES = 10_000, 114_000_000
NOW = datetime.now(UTC).replace(microsecond=0)
CONFIG = 'version: 1\npolicy_version: "1"\nproject: bench\npacks: [governance, drills]\n'


def payload() -> dict[str, bytes]:
    """Files such as evidence is: JSON of uneven sizes, with digests in it."""
    chance = random.Random(7)
    files = {}
    for number in range(FILES):
        size = chance.randint(BYTES // FILES // 2, BYTES // FILES * 3 // 2)
        rows = [
            f'{{"id": {i}, "sha256": "{chance.randbytes(32).hex()}", "outcome": "pass"}}' for i in range(size // 107)
        ]
        files[f"data/evidence/files/{number:05}.json"] = "\n".join(rows).encode().ljust(size)
    return files


def repository(root: Path, folder: Path) -> Path:
    """The same files as a commit, packed, as a clone would have them."""
    repo = root / "repo"
    shutil.copytree(folder, repo)
    for argv in (
        ["init", "-q"], ["add", "-A"], ["-c", "user.name=b", "-c", "user.email=b@example.com", "commit", "-qm", "x"],
        ["repack", "-adq", "--window=0"],
    ):  # fmt: skip
        subprocess.run(["git", *argv], cwd=repo, check=True, stdout=subprocess.DEVNULL)
    return repo


def archives(root: Path) -> str:
    folder = root / "bag"
    files = bag.bagged(payload(), organization="bench", label="bench-1", made=NOW)
    write_folder(folder, {**files, bag.SIGNATURE: b"{}"})
    repo = repository(root, folder)
    git = ["git", "-C", str(repo), "archive", "--format=tar", "-o"]
    # `gate` never overwrites and syncs what it writes; for a fair pair the second git row is synced and moved too.
    synced = (
        f"rm -f {root}/c.tar; {' '.join(git)} {root}/c.tmp HEAD && sync {root}/c.tmp && mv {root}/c.tmp {root}/c.tar"
    )
    packed = f"rm -f {root}/b.tar; {GATE[0]} bundle archive {folder} -o {root}/b.tar"
    found = compare(
        {
            "git archive": [*git, f"{root}/a.tar", "HEAD"],
            "git archive, synced": ["sh", "-c", synced],
            "gate bundle archive": ["sh", "-c", packed],
            "tar (sorted, no hash)": ["tar", "--sort=name", "-cf", f"{root}/d.tar", "-C", str(folder), "."],
        },
        rounds=5,
    )
    total = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    return table(f"one archive of {len(files) + 1:,} files, {total / 1e6:.0f} MB", found)


def release(root: Path, attestations: int) -> Path:
    """A release bundle with so many signed statements: four of its own, the others evidence records."""
    tree = root / "project"
    tree.mkdir()
    (tree / "gate.yaml").write_text(CONFIG, "utf-8")
    quiet = "".join(f"  {c.id}: {{severity: warn}}\n" for c in policy.load(WorkTree(tree)).controls)
    (tree / "gate.yaml").write_text(f"{CONFIG}controls:\n{quiet}", "utf-8")
    loaded = policy.load(WorkTree(tree))
    example = json.loads((rules_root() / "drills/schemas/drill_report.json").read_text("utf-8"))["examples"][0]
    ci, ops = (signer_for(ec.generate_private_key(ec.SECP256R1()), f"{who}@bench.example") for who in ("ci", "ops"))
    keys = TrustedKeys(
        tuple(
            TrustedKey(public=s.public, identity=s.identity, usage=usage, start=datetime(2020, 1, 1, tzinfo=UTC))
            for s, usage in ((ci, ATTESTATIONS), (ops, EVIDENCE))
        )
    )
    trust = Trust(keys=keys)
    write_file(root / "keys.json", keys.dump())
    rows, materials = [], []
    for number in range(attestations - 5):
        record = {**example, "id": f"drill-{number}"}
        data = ops.sign(predicates.evidence_statement("drill_report", record))
        digest = bag.sha256(data)
        name = f"evidence/{number}.sigstore.json"
        source = {
            "source_path": name,
            "source_line": 1,
            "source_digest": digest,
            "verified": True,
            "signer": ops.identity,
        }
        rows.append({**record, **source})
        materials.append(Descriptor(name=name, sha256=digest, content=data))
    kinds = run.needed_kinds(loaded, Stage.RELEASE)
    evidence = {kind: Evidence(kind=kind, rows=(), coverage=Coverage(scope="none")) for kind in kinds}
    evidence["drill_report"] = Evidence(
        kind="drill_report", rows=tuple(rows), coverage=Coverage(scope="all"), materials=tuple(materials)
    )
    artifact = Artifact(name="app.tar", sha256=bag.sha256(b"app"))
    subject = Subject(project="bench", commit="c" * 40, version="1", artifacts=(artifact,))
    judged = run.decide_and_draw(
        loaded, Stage.RELEASE, evidence, NOW, as_of_overridden=False, subject=subject, pipeline_id="local"
    )
    decision = judged.decision
    binding = Binding(
        policy_version=loaded.version, policy_digest=loaded.digest, pipeline_id="local", signer_identity=ci.identity
    )
    about = [statements.Subject(name=artifact.name, sha256=artifact.sha256)]
    sbom = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": []}
    own = {
        "sbom": predicates.sbom_statement(subjects=about, binding=binding, sbom=sbom),
        "provenance": predicates.provenance(
            subjects=about, binding=binding, builder_id=statements.BUILDERS["key"], build_type="https://bench.example/b",
            parameters={}, started_at=NOW, finished_at=NOW,
            dependencies=[predicates.ResourceDescriptor(uri="git+file:///b", digest={"gitCommit": "c" * 40})],
        ),
    }  # fmt: skip
    signed = {name: ci.sign(statement) for name, statement in own.items()}
    verdict = making.verdict_statements(decision, about, binding, signed, statements.BUILDERS["key"])
    signed |= {name: ci.sign(statement) for name, statement in verdict.items()}
    bom = json.dumps(statements.parse(own["sbom"])["predicate"]).encode()
    material = making.Material(attestations=signed, sbom=bom)
    made = making.payload(decision, loaded, material, trust, panels=judged.panels, keyless=False)
    files = making.sealed(made, decision, ci, binding, trust, NOW)
    write_folder(root / "release", files)
    write_file(root / "release.tar", bag.pack(files))
    write_file(root / "verdict.sigstore.json", files[bundle.VERDICT])
    return root / "release"


def verifying(root: Path, attestations: int) -> str:
    folder = release(root, attestations)
    trusted = ["--trusted-keys", str(root / "keys.json")]
    found = compare(
        {
            "python -c pass": [sys.executable, "-c", "pass"],
            "gate verify, one attestation": [*GATE, "verify", str(root / "verdict.sigstore.json"), *trusted],
            f"gate verify, bundle with {attestations}": [*GATE, "verify", str(folder), *trusted],
            f"gate verify, archive with {attestations}": [*GATE, "verify", f"{folder}.tar", *trusted],
            "gate replay": [*GATE, "replay", f"{folder}.tar", *trusted],
        },
        rounds=7,
    )
    return table(f"a release bundle with {attestations} signed statements, offline", found)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        sys.stdout.write(verifying(Path(name), 30) + "\n")
    with tempfile.TemporaryDirectory() as name:
        sys.stdout.write(archives(Path(name)))


if __name__ == "__main__":
    main()
