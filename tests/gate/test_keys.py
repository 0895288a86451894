"""`gate keys`: a rotated key leaves no gap, and what the old one signed counts for as long as it is said to."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from attestations.trust import ATTESTATIONS, EVIDENCE
from gate.cli.keeping import keys
from gate.model import GateError
from gate.signing import trusted_keys


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, str]:
    """A trusted-keys file with one key for two usages, and that key's id."""
    monkeypatch.chdir(tmp_path)
    keys(["new", "old.key", "--no-passphrase"])
    usages = ["--usage", "attestations", "--usage", "evidence"]
    keys(["trust", "old.key.pub", "--identity", "ci@shop.example", *usages, "--file", "keys.json"])
    path = tmp_path / "keys.json"
    return path, trusted_keys(path.read_bytes(), "keys.json").keys[0].public.keyid


@pytest.mark.parametrize("days", [0, 92])
def test_the_new_key_follows_the_old_one_without_a_gap(made: tuple[Path, str], days: int) -> None:
    path, old = made
    assert keys(["rotate", old, "new.key", "--file", "keys.json", "--no-passphrase", "--overlap", str(days)]) == 0

    found = trusted_keys(path.read_bytes(), "keys.json")
    before = found.find(old)
    (new,) = {key.public.keyid for key in found.keys} - {old}
    after = found.find(new)
    assert {key.usage for key in before} == {key.usage for key in after} == {ATTESTATIONS, EVIDENCE}
    assert {key.identity for key in after} == {"ci@shop.example"}
    assert {key.end for key in after} == {None}
    assert {key.end for key in before} == {after[0].start + timedelta(days=days)}
    assert (path.parent / "new.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("a key that is not there", lambda argv: ["rotate", "SHA256:nobody", *argv[2:]], "is no key of that file"),
        ("a key that is retired", None, "is retired already"),
        ("a file that is in the way", lambda argv: [*argv[:2], "old.key", *argv[3:]], "old.key"),
        ("no end of overlap", lambda argv: [*argv, "--overlap", "99999"], "no number of days"),
    ],
)
def test_what_can_not_be_rotated_changes_nothing(made: tuple[Path, str], name: str, change: object, said: str) -> None:
    path, old = made
    argv = ["rotate", old, "new.key", "--file", "keys.json", "--no-passphrase"]
    if callable(change):
        argv = change(argv)
    else:
        keys(["retire", old, "--file", "keys.json"])
    before = path.read_bytes()
    with pytest.raises(GateError, match=said):
        keys(argv)
    assert path.read_bytes() == before
    assert not (path.parent / "new.key").exists()
