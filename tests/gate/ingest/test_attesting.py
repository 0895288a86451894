"""What a producer signed for is let in and stays evidence as long as the producer is trusted; nothing else gets in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from attestations.signers import sign_verified
from attestations.statements import Subject, statement
from attestations.trust import EVIDENCE
from gate import run
from gate.ingest import manifest
from gate.recording import signer_for
from gate.signing import trust_of
from tests.gate.ingest.test_faults import ended, gate, lines

PREDICATE = "https://example.com/exported/v1"
QUESTION = "SELECT verified, count(*) AS events FROM meter_event GROUP BY 1"


class Shop:
    """A project whose pipeline ingests what a meter exports; each has a key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "shop"
        self.root.mkdir()
        (self.root / "gate.yaml").write_text(
            'version: 1\npolicy_version: "1"\nproject: shop\npacks: [finops, tenant-zero]\ntrust: {keys: keys.json}\n'
        )
        for name in ("pipeline", "meter"):
            self.gate("keys", "new", str(folder / f"{name}.pem"), "--no-passphrase")
            self.gate("keys", "trust", str(folder / f"{name}.pem.pub"), "--identity", f"{name}@shop.example",
                      "--usage", "evidence", "--file", "keys.json")  # fmt: skip

    def gate(self, *argv: str, code: int = 0) -> str:
        found, said = ended(gate(*argv, cwd=self.root))
        assert found == code, said
        assert "Traceback" not in said
        return said

    def attest(self, *files: Path, name: str = "a.sigstore.json") -> Path:
        policy = run.load_policy(self.root, None)
        subjects = [Subject(name=f.name, sha256=hashlib.sha256(f.read_bytes()).hexdigest()) for f in files]
        made = statement(subjects, PREDICATE, {"exporter": "meter"})
        signer = signer_for(self.folder / "meter.pem", policy)
        path = self.folder / name
        path.write_bytes(sign_verified(signer, made, trust_of(policy), usage=EVIDENCE, now=datetime.now(UTC)))
        return path

    def write(self, name: str, numbers: range) -> Path:
        path = self.folder / name
        path.write_bytes(lines(numbers))
        return path

    def events(self) -> list[list[object]]:
        found = json.loads(self.gate("query", QUESTION, "-o", "json"))
        return [[row["verified"], row["events"]] for row in found]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("attesting"))


def ingested(shop: Shop, store: str, *argv: str, code: int = 0, key: bool = True) -> str:
    signing = ["--key", str(shop.folder / "pipeline.pem")] if key else []
    return shop.gate("ingest", *argv, "--into", str(shop.folder / store), *signing, code=code)


def test_only_what_is_attested_gets_in(shop: Shop) -> None:
    good, other = shop.write("good.ndjson", range(5)), shop.write("other.ndjson", range(5, 9))
    attestation = shop.attest(good)
    said = ingested(shop, "store", str(good), str(other), "--attestation", str(attestation), code=3)
    assert "other.ndjson: no attestation is about this file (sha256:" in said
    assert len(said.splitlines()) == 1
    assert manifest.read(shop.folder / "store") is None

    ingested(shop, "store", str(good), "--attestation", str(attestation))
    found = manifest.read(shop.folder / "store")
    assert found is not None
    assert found.batches[0].attested == ((hashlib.sha256(good.read_bytes()).hexdigest(), "meter@shop.example"),)
    good.write_bytes(good.read_bytes() + lines(range(20, 21)))
    assert "no attestation is about this file" in ingested(
        shop, "store", str(good), "--attestation", str(attestation), code=3
    )


def test_it_is_evidence_while_its_producer_is_trusted_and_a_claim_after(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    good = shop.write("good.ndjson", range(5))
    shop.gate("ingest", str(good), "--key", str(tmp_path / "pipeline.pem"), "--attestation", str(shop.attest(good)))
    assert shop.events() == [[True, 5]]
    (kept,) = (shop.root / ".gate/evidence" / manifest.ATTESTATIONS).glob("*.json")
    data = kept.read_bytes()

    kept.unlink()
    assert shop.events() == [[False, 5]]
    kept.write_bytes(data.replace(b"A", b"B", 1))
    assert shop.events() == [[False, 5]]
    kept.write_bytes(data)
    assert shop.events() == [[True, 5]]
    keys = json.loads((shop.root / "keys.json").read_text())
    keys["keys"] = [key for key in keys["keys"] if key["identity"] != "meter@shop.example"]
    (shop.root / "keys.json").write_text(json.dumps(keys))
    assert shop.events() == [[False, 5]]


REFUSED: dict[str, tuple[Callable[[Shop, Path], list[str]], int, str]] = {
    "a statement that nobody signed": (
        lambda shop, good: [str(good), "--attestation", str(good)], 3, "nothing was ingested"),
    "a statement that is not there": (
        lambda shop, good: [str(good), "--attestation", str(shop.folder / "nowhere")], 2, "can't be read"),
    "standard input": (lambda shop, good: ["-", "--attestation", str(shop.attest(good, name="r.json"))], 3, "standard input: can't be attested"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_one_line(shop: Shop, case: str) -> None:
    argv, code, message = REFUSED[case]
    good = shop.write("refused.ndjson", range(3))
    said = ingested(shop, "refused", *argv(shop, good), code=code)

    assert message in said
    assert len(said.splitlines()) == 1


def test_an_attestation_needs_somebody_who_signs_for_what_comes_of_it(shop: Shop) -> None:
    good = shop.write("unsigned.ndjson", range(3))
    said = ingested(shop, "unsigned", str(good), "--attestation", str(shop.attest(good)), code=2, key=False)

    assert "--attestation: give --key or --keyless too" in said
