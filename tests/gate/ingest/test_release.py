"""A release that was judged on an event store: its bundle carries the events, verifies, and decides the same again."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
EVENT = json.loads((ROOT / "rules/finops/schemas/meter_event.json").read_text())["examples"][0]
TENANT = json.loads((ROOT / "rules/tenant-zero/schemas/tenant.json").read_text())["examples"][0]


def events(numbers: range, **changes: Any) -> bytes:
    made = [{**copy.deepcopy(EVENT), "id": f"meter-{number}", **changes} for number in numbers]
    return b"".join(json.dumps(record).encode() + b"\n" for record in made)


@pytest.mark.slow
def test_a_release_on_signed_events_verifies_and_replays(tmp_path: Path) -> None:
    root = tmp_path / "shop"
    root.mkdir()
    (root / "gate.yaml").write_text(
        'version: 1\npolicy_version: "2026.11.1"\nproject: shop\npacks: [finops, tenant-zero]\n'
        "trust: {keys: keys.json}\n"
    )
    (root / ".gitignore").write_text(".gate/\n")
    (root / "requirements.txt").write_text("flask==3.0.0 --hash=sha256:" + "ab" * 32 + "\n")
    (tmp_path / "a.tar").write_bytes(b"artifact\n")
    (tmp_path / "a.ndjson").write_bytes(events(range(30)) + events(range(30, 33), tenantid="acme") + events(range(3)))
    (tmp_path / "t.ndjson").write_bytes(json.dumps(TENANT).encode())

    def gate(*argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", "-m", "gate", *argv], cwd=root, capture_output=True, text=True, check=False
        )

    key = str(tmp_path / "key.pem")
    assert gate("keys", "new", key, "--no-passphrase").returncode == 0
    trusted = gate("keys", "trust", f"{key}.pub", "--identity", "ci@shop.example", "--usage", "evidence",
                   "--usage", "attestations", "--file", "keys.json")  # fmt: skip
    assert trusted.returncode == 0, trusted.stderr
    for argv in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=t", "-c", "user.email=t@t.example", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *argv], cwd=root, check=True)
    for name, more in (("t.ndjson", ["--kind", "tenant"]), ("a.ndjson", [])):
        done = gate("ingest", f"../{name}", "--key", key, *more)
        assert done.returncode == 0, done.stderr
    assert "36 read = 30 accepted + 3 duplicates + 3 parked + 0 rejected" in done.stdout

    (tmp_path / "b.ndjson").write_bytes(events(range(40, 43)))
    claims = gate("ingest", "../b.ndjson", "-q")  # signed by nobody: they are judged, as claims
    assert claims.returncode == 0, claims.stderr

    released = gate(
        "release", "--version", "1", "--artifact", "../a.tar", "--out", "../bundle", "--key", key, "-o", "json"
    )
    assert released.returncode == 1, released.stdout[-3000:] + released.stderr
    document = json.loads(released.stdout)
    outcomes = {result["id"]: result["outcome"] for result in document["controls"]}
    assert outcomes["FIN001"] == "unknown"  # of the claims there is no signed report
    checked = gate("verify", "../bundle", "--trusted-keys", "keys.json")
    assert checked.stdout.startswith("AUTHENTIC"), checked.stdout + checked.stderr
    again = gate("replay", "../bundle", "--trusted-keys", "keys.json")
    assert again.stdout.startswith("REPLAYED"), again.stdout + again.stderr
    assert len(list((tmp_path / "bundle/data/evidence/files").glob("*.jsonl.gz"))) == 2
