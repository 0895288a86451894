"""The ledger at work: no verdict without its entry, receipts that verify by themselves, and what must stop a release."""

from __future__ import annotations

import base64
import http.server
import io
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec

from attestations import strict_json
from attestations.envelope import read as read_envelope
from attestations.ledger import Code, Entry, Ledger, LedgerError, create_ledger, open_ledger
from attestations.ledger.key import load_checkpoint_key, new_checkpoint_key
from attestations.predicates import evidence_statement
from attestations.signers.key import signer_for
from gate import bundle, cli, ledger, policy
from gate.bundle import bag
from gate.bundle.replaying import Files as Tree
from gate.tree import WorkTree

ORIGIN = "ledger.example/evidence"
Files = dict[str, bytes]
Run = Callable[..., tuple[int, str]]


@dataclass(frozen=True)
class Place:
    """A project that names a ledger, with the ledger and its key."""

    root: Path
    file: Path
    key: Path
    verifier: str

    def entries(self) -> list[Any]:
        with open_ledger(self.file, origin=ORIGIN, verifier_keys=[self.verifier]) as opened:
            return [opened.entry(index) for index in range(opened.size())]


@pytest.fixture
def run(capsys: Any) -> Run:
    def call(*argv: object) -> tuple[int, str]:
        code = cli.run([str(a) for a in argv])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return call


@pytest.fixture
def place(works: Any, run: Run, git: Callable[..., str], tmp_path: Path) -> Place:
    root = Path(shutil.copytree(works.root, tmp_path / "app"))
    file, key = tmp_path / "ledger" / "evidence.db", tmp_path / "checkpoint.key"
    file.parent.mkdir()
    code, said = run("ledger", "init", "--ledger", file, "--origin", ORIGIN, "--key", key, "--no-passphrase")
    assert code == 0, said
    section = said.split("\n\n", 1)[1]
    (root / "gate.yaml").write_text((root / "gate.yaml").read_text("utf-8") + section, "utf-8")
    git(root, "add", "--all")
    git(root, "commit", "-qm", "ledger")
    return Place(root, file, key, yaml.safe_load(section)["ledger"]["keys"][0])


def release(works: Any, place: Place, out: Path, *more: object) -> list[object]:
    return [
        "release", "-C", place.root, "--version", "1.0.0", "--artifact", works.artifact, "--key", works.key, "-q",
        "--out", out, *more,
    ]  # fmt: skip


def test_every_verdict_is_recorded_and_proved_by_its_bundle(works: Any, place: Place, run: Run, tmp_path: Path) -> None:
    code, said = run(*release(works, place, tmp_path / "one", "--checkpoint-key", place.key))
    assert code == 0, said
    (entry,) = place.entries()
    files = bag.read(tmp_path / "one")
    statement = read_envelope(files[bundle.VERDICT]).envelope.payload
    assert (entry.kind, entry.statement) == ("verdict/allowed", bag.sha256(statement))
    assert entry.subject == bag.sha256(works.artifact.read_bytes())
    code, said = run("verify", tmp_path / "one", "--trusted-keys", works.keys)
    assert (code, "entry 0 of 1 in ledger.example/evidence" in said) == (0, True)
    assert run("verify", tmp_path / "one", "--trusted-keys", works.keys, "--ledger-key", place.verifier)[0] == 0
    assert run("replay", tmp_path / "one", "--trusted-keys", works.keys)[0] == 0

    note = place.root / "notes/one.sigstore.json"
    note.write_bytes(works.signed({"id": "one", "count": 9}))
    assert run(*release(works, place, tmp_path / "two", "--checkpoint-key", place.key))[0] == 1
    assert (
        run(
            *release(works, place, tmp_path / "three", "--checkpoint-key", place.key, "--as-of", "2026-11-01T00:00:00Z")
        )[0]
        == 1
    )
    assert [e.kind for e in place.entries()] == ["verdict/allowed", "verdict/blocked", "verdict/rehearsed"]
    for name in ("two", "three"):
        assert run("verify", tmp_path / name, "--trusted-keys", works.keys)[1].startswith("AUTHENTIC, BUT NOT PASSED")


def test_the_commands_of_verify_md(works: Any, place: Place, run: Run, tmp_path: Path, monkeypatch: Any) -> None:
    run(*release(works, place, tmp_path / "one", "--checkpoint-key", place.key))
    monkeypatch.chdir(tmp_path / "one")
    text = (tmp_path / "one/data/VERIFY.md").read_text("utf-8")
    line = next(line for line in text.splitlines() if line.startswith("    gate ledger verify"))
    argv = line.replace("KEY", place.verifier).replace("*", "0").split()[1:]
    code, said = run(*argv)

    assert code == 0, said
    assert said.startswith("RECORDED: verdict/allowed about sha256:")
    argv[argv.index("--statement") + 1] = "data/attestations/provenance.sigstore.json"
    assert run(*argv) == (1, "REFUSED: data/ledger/0.tlog-proof: records another statement [entry-mismatch]\n")


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        ([], 2, "give --checkpoint-key FILE"),
        (["--checkpoint-key", "no-such-file"], 2, "no-such-file"),
        (["--checkpoint-key", "{stranger}"], 2, "its checkpoints would not count"),
        (["--checkpoint-key", "{key}", "--trusted-checkpoint", "no-such-file"], 2, "no such file"),
        (["--checkpoint-key", "{key}", "--trusted-checkpoint", "{elsewhere}"], 3, "rolled-back"),
    ],
)
def test_what_stops_a_release_before_it_is_judged(
    works: Any, place: Place, run: Run, tmp_path: Path, more: list[str], code: int, said: str
) -> None:
    (tmp_path / "other").mkdir()
    new_checkpoint_key(tmp_path / "stranger", None, ORIGIN)
    shutil.copytree(place.file.parent, tmp_path / "copy")
    with ledger.writable(
        ledger.named(str(tmp_path / "copy/evidence.db"), ORIGIN, [place.verifier]), place.key, None
    ) as further:
        further.append([Entry(kind="x", subject="0" * 64, statement="0" * 64, recorded_at=works.now)])
        (tmp_path / "elsewhere").write_text(further.checkpoint(), "utf-8")
    paths = {"key": place.key, "stranger": tmp_path / "stranger", "elsewhere": tmp_path / "elsewhere"}
    found, text = run(*release(works, place, tmp_path / "one", *(m.format(**paths) for m in more)))

    assert (found, said in text) == (code, True), text
    assert len(text.splitlines()) == 1
    assert not (tmp_path / "one").exists()
    assert place.entries() == []


def test_a_ledger_that_is_gone(works: Any, place: Place, run: Run, tmp_path: Path) -> None:
    place.file.unlink()
    code, said = run(*release(works, place, tmp_path / "one", "--checkpoint-key", place.key))

    assert code == 2
    assert "missing" in said
    assert not place.file.exists(), "a new one is never made in passing"
    assert not (tmp_path / "one").exists()


@pytest.mark.parametrize("code", [Code.DISK_FULL, Code.BUSY, Code.IO])
def test_a_ledger_that_does_not_take_the_entry(
    works: Any, place: Place, run: Run, tmp_path: Path, monkeypatch: Any, code: Code
) -> None:
    def fail(*_: object) -> None:
        raise LedgerError(code, "not now")

    monkeypatch.setattr(Ledger, "append", fail)
    assert run(*release(works, place, tmp_path / "one", "--checkpoint-key", place.key)) == (
        3,
        f"gate: undecided: ledger: {code}: not now\n",
    )
    assert not (tmp_path / "one").exists()


def test_killed_between_ledger_and_bundle(works: Any, place: Place, run: Run, tmp_path: Path) -> None:
    """The entry is there, the bundle is not, the exit was no 0; the next attempt is an entry of its own."""
    script = (
        "import os, signal, sys\nfrom gate import cli, writing\n"
        "writing.write_folder = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\nsys.exit(cli.run(sys.argv[1:]))"
    )
    argv = [str(a) for a in release(works, place, tmp_path / "one", "--checkpoint-key", place.key)]
    done = subprocess.run([sys.executable, "-I", "-c", script, *argv], capture_output=True, check=False)

    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "one").exists()
    assert [e.kind for e in place.entries()] == ["verdict/allowed"]
    assert run(*argv)[0] == 0
    assert len(place.entries()) == 2
    assert run("verify", tmp_path / "one", "--trusted-keys", works.keys)[0] == 0


def test_no_ledger_and_a_key(works: Any, place: Place, run: Run, tmp_path: Path) -> None:
    argv = release(works, replace(place, root=works.root), tmp_path / "one", "--checkpoint-key", place.key)
    assert run(*argv) == (2, "gate: error: --checkpoint-key: gate.yaml names no ledger\n")


# --- what an insider with the CI's key could put under a seal ---------------------------------------------------------


def codes(report: Any) -> list[str]:
    return [check.code for check in report.checks if not check.held]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("right", None), ("none", "ledger-missing"), ("other statement", "ledger-mismatch"),
        ("other kind", "ledger-mismatch"), ("other time", "ledger-mismatch"), ("other subject", "ledger-missing"),
        ("other ledger", "untrusted"), ("edited entry", "proof-invalid"), ("no receipt", "malformed"),
        ("another's receipt", "proof-invalid"), ("cut receipt", "proof-malformed"),
    ],
)  # fmt: skip
def test_receipts_under_a_seal(works: Any, place: Place, tmp_path: Path, name: str, code: str | None) -> None:
    config = works.small.files["gate.yaml"].decode() + yaml.safe_dump(
        {"ledger": {"path": "x.db", "origin": ORIGIN, "keys": [place.verifier]}}
    )
    tree = WorkTree(works.root)
    loaded = policy.load(Tree({**{p: tree.read(p) for p in tree.paths()}, "gate.yaml": config.encode()}, "work tree"))
    where, key = ledger.named(str(place.file), ORIGIN, [place.verifier]), place.key
    if name == "other ledger":
        key = tmp_path / "other.key"
        verifier = new_checkpoint_key(key, None, ORIGIN)
        create_ledger(tmp_path / "other.db", origin=ORIGIN, signer=load_checkpoint_key(key, None, ORIGIN)).close()
        where = ledger.named(str(tmp_path / "other.db"), ORIGIN, [verifier])

    def change(payload: Files) -> Files:
        statement = read_envelope(payload[bundle.VERDICT]).envelope.payload
        right = Entry(
            kind="verdict/allowed", subject=bag.sha256(works.artifact.read_bytes()), statement=bag.sha256(statement),
            recorded_at=works.now,
        )  # fmt: skip
        entry = {
            "other statement": replace(right, statement="0" * 64), "other kind": replace(right, kind="verdict/blocked"),
            "other time": replace(right, recorded_at=works.now.replace(year=2025)), "other subject": replace(right, subject="0" * 64),
        }.get(name, right)  # fmt: skip
        with ledger.writable(where, key, None) as opened:
            opened.append([replace(right, kind="before")])
            made = ledger.files_of([entry], opened.append([entry]))
            stranger = ledger.files_of([right], opened.append([replace(right, kind="after")]))
        if name == "none":
            return payload
        if name == "edited entry":
            made["1.json"] = made["1.json"].replace(b"verdict/allowed", b"verdict/allowee")
        if name == "no receipt":
            del made["1.tlog-proof"]
        if name == "another's receipt":
            made["1.tlog-proof"] = stranger["2.tlog-proof"]
        if name == "cut receipt":
            made["1.tlog-proof"] = made["1.tlog-proof"][:60]
        return {**payload, **{f"{bundle.LEDGER}/{n}": d for n, d in made.items()}}

    report = works.check(works.release(policy=loaded, changes=change))
    assert codes(report) == ([] if code is None else [code]), report
    if code is None:
        assert codes(works.check(works.release(policy=loaded, changes=change), ledger_keys=("x+00000000+AAAA",))) == [
            "key-invalid"
        ]


def test_receipts_that_the_policy_does_not_speak_of(works: Any) -> None:
    files = works.release(changes=lambda payload: {**payload, f"{bundle.LEDGER}/0.json": b"{}"})

    assert codes(works.check(files)) == ["ledger-mismatch"]


# --- gate ledger -------------------------------------------------------------------------------------------------


@pytest.fixture
def kept(works: Any, place: Place, run: Run, tmp_path: Path) -> Path:
    """A ledger with three statements, and their receipts."""
    for number in range(3):
        (tmp_path / f"{number}.sigstore.json").write_bytes(works.signed({"id": str(number)}))
        code, said = run(
            "ledger", "append", tmp_path / f"{number}.sigstore.json", "--key", place.key, "-C", place.root, "--kind", "note",
            "--tenant", "acme", "-o", tmp_path / "receipts",
        )  # fmt: skip
        assert code == 0, said
        assert said.startswith(f"entry {number}: note about sha256:")
    return tmp_path / "receipts"


def test_append_prove_verify(place: Place, kept: Path, run: Run, tmp_path: Path) -> None:
    assert {e.tenant for e in place.entries()} == {"acme"}
    old = kept / "0.tlog-proof"
    assert run("ledger", "verify", old, "--ledger-key", place.verifier)[0] == 0
    assert run("ledger", "prove", "0", "-C", place.root, "-o", tmp_path / "new")[0] == 0
    assert run("ledger", "prove", tmp_path / "0.sigstore.json", "-C", place.root, "-o", tmp_path / "again")[0] == 0
    new = tmp_path / "new/0.tlog-proof"
    assert new.read_bytes() == (tmp_path / "again/0.tlog-proof").read_bytes() != old.read_bytes()
    code, said = run("ledger", "verify", new, old, "-C", place.root, "--statement", tmp_path / "0.sigstore.json")
    assert (code, said.count("RECORDED: note"), "entry 0 of 3" in said) == (0, 2, True)
    assert run("ledger", "verify", new, "-C", place.root, "--statement", tmp_path / "1.sigstore.json")[0] == 1
    (tmp_path / "new/0.json").write_bytes((kept / "1.json").read_bytes())
    assert run("ledger", "verify", new, "-C", place.root)[0] == 1


def test_what_does_not_verify_is_not_recorded(works: Any, place: Place, run: Run, tmp_path: Path) -> None:
    for name, data in (("junk", b"{}"), ("cut", works.signed({"id": "x"})[:-9]), ("stranger", None)):
        if data is None:
            data = signer_for(ec.generate_private_key(ec.SECP256R1()), "x@y.example").sign(
                evidence_statement("note", {"id": "x"})
            )
        (tmp_path / name).write_bytes(data)
        code, said = run(
            "ledger", "append", tmp_path / name, "--key", place.key, "-C", place.root, "-o", tmp_path / "r"
        )
        assert (code, "only what verifies is recorded" in said) == (2, True)
    assert place.entries() == []
    assert not (tmp_path / "r").exists()


def test_checkpoint_and_audit(place: Place, kept: Path, run: Run, tmp_path: Path) -> None:
    code, note = run("ledger", "checkpoint", "-C", place.root)
    assert (code, note.splitlines()[:2]) == (0, [ORIGIN, "3"])
    anchor = tmp_path / "anchor"
    assert run("ledger", "checkpoint", "-C", place.root, "-o", anchor)[0] == 0
    assert anchor.read_text("utf-8") == note
    code, said = run("ledger", "audit", "-C", place.root, "--trusted-checkpoint", anchor)
    assert (code, said) == (0, f"SOUND: {ORIGIN}, 3 entries, 4 checkpoints; compared with a trusted checkpoint\n")
    assert run("ledger", "export", tmp_path / "tiles", "-C", place.root) == (0, note)
    assert (tmp_path / "tiles/checkpoint").read_text("utf-8") == note

    with sqlite3.connect(place.file) as connection:
        connection.execute(
            "UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), 'acme', 'evil') AS BLOB) WHERE idx = 1"
        )
    connection.close()
    code, said = run("ledger", "audit", "-C", place.root)
    assert code == 1
    assert said.startswith("NOT SOUND")
    assert "[entry-edited]" in said
    code, said = run("ledger", "audit", "-C", place.root, "--json")
    document = strict_json.loads(said.encode())
    assert (code, document["ok"], document["findings"][0]["code"]) == (1, False, "entry-edited")


def test_a_ledger_rolled_back_is_noticed_by_whoever_kept_a_checkpoint(
    works: Any, place: Place, kept: Path, run: Run, tmp_path: Path
) -> None:
    shutil.copy(place.file, tmp_path / "old.db")
    (tmp_path / "more").write_bytes(works.signed({"id": "more"}))
    assert run("ledger", "append", tmp_path / "more", "--key", place.key, "-C", place.root, "-o", kept)[0] == 0
    anchor = tmp_path / "anchor"
    run("ledger", "checkpoint", "-C", place.root, "-o", anchor)
    shutil.copy(tmp_path / "old.db", place.file)
    for extra in ("-wal", "-shm"):
        Path(f"{place.file}{extra}").unlink(missing_ok=True)

    assert run("ledger", "audit", "-C", place.root)[0] == 0, "by itself an old copy is sound"
    code, said = run("ledger", "audit", "-C", place.root, "--trusted-checkpoint", anchor)
    assert (code, "[rolled-back]" in said) == (1, True)
    code, said = run(
        "ledger", "append", tmp_path / "more", "--key", place.key, "-C", place.root, "--trusted-checkpoint", anchor
    )
    assert (code, "rolled-back" in said) == (3, True)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["prove", "7"], "range"),
        (["prove", "nothing"], "neither a number nor a file"),
        (["verify", "nothing.tlog-proof"], "no such file"),
        (["audit", "--ledger", "x.db"], "say which one it is with --origin"),
        (["audit", "--ledger", "x.db", "--origin", ORIGIN], "whose checkpoints count?"),
        (["audit", "--ledger-key", "junk"], "key-invalid"),
        (
            ["audit", "--ledger", "postgresql://u:secret@h/db", "--origin", ORIGIN, "--ledger-key", "x"],
            "the URL holds a password",
        ),
        (
            ["audit", "--ledger", "postgresql://u@h/db?password=secret", "--origin", ORIGIN, "--ledger-key", "x"],
            "the URL holds a password",
        ),
        (["audit", "--trusted-checkpoint", "nothing"], "no such file"),
        (["checkpoint", "--witness", "http://127.0.0.1:9"], "go together"),
        (["init", "--key", "k", "--ledger", "x.db"], "--origin NAME"),
        (["init", "--key", "k", "--ledger", "x.db", "--origin", "a b", "--no-passphrase"], "wrong-origin"),
        (["append", "nothing", "--key", "k"], "no such file"),
        ([], "ACTION"),
    ],
)
def test_asked_wrongly(place: Place, run: Run, tmp_path: Path, monkeypatch: Any, argv: list[str], said: str) -> None:
    monkeypatch.chdir(place.root)
    code, text = run("ledger", *argv)

    assert (code, said in text) == (2, True), text
    assert "secret" not in text.replace("secret store", "")
    assert len(text.splitlines()) == 1
    assert not (place.root / "k").exists()


def test_a_ledger_is_made_once_and_whole(place: Place, run: Run, tmp_path: Path) -> None:
    again = ("ledger", "init", "--ledger", place.file, "--origin", ORIGIN, "--no-passphrase", "--key")
    code, said = run(*again, tmp_path / "new.key")
    assert (code, "exists" in said) == (2, True)
    assert not (tmp_path / "new.key").exists()
    code, said = run(*again[:3], tmp_path / "other.db", *again[4:], place.key)
    assert (code, place.key.name in said) == (2, True)
    assert place.key.exists(), "an older key is not touched"


def test_the_passphrase_of_the_key(place: Place, run: Run, tmp_path: Path, monkeypatch: Any) -> None:
    file, key = tmp_path / "locked.db", tmp_path / "locked.key"
    monkeypatch.setattr("sys.stdin", io.StringIO())
    init = ("ledger", "init", "--ledger", file, "--origin", ORIGIN, "--key", key)
    assert run(*init)[0] == 2
    monkeypatch.setenv(ledger.PASSPHRASE_VARIABLE, "correct horse battery")
    assert run(*init)[0] == 0
    assert b"ENCRYPTED" in key.read_bytes()
    assert file.exists()


class _Rekor(http.server.BaseHTTPRequestHandler):
    """Answers as Rekor v2 does: with a log entry about what was sent."""

    asked: ClassVar[list[Any]] = []

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((self.path, sent))
        request = sent["hashedRekordRequestV002"]
        data = {"algorithm": "SHA2_256", "digest": request["digest"]}
        spec = {"hashedRekordV002": {"data": data, "signature": request["signature"]}}
        body = json.dumps({"kind": "hashedrekord", "apiVersion": "0.0.2", "spec": spec}).encode()
        answer = json.dumps({"canonicalizedBody": base64.b64encode(body).decode()}).encode()
        self.send_response(201)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


def test_a_checkpoint_goes_to_rekor(works: Any, place: Place, kept: Path, run: Run, tmp_path: Path) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Rekor)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        argv = ("ledger", "checkpoint", "-C", place.root, "-o", tmp_path / "anchor", "--rekor", url)
        assert run(*argv)[0] == 2, "Rekor takes no Ed25519: an attestation key must sign"
        code, said = run(*argv, "--key", works.key)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

    assert code == 0, said
    path, sent = _Rekor.asked[-1]
    note = (tmp_path / "anchor").read_bytes()
    assert path == "/api/v2/log/entries"
    assert base64.b64decode(sent["hashedRekordRequestV002"]["digest"]) == bytes.fromhex(bag.sha256(note))
    assert b"canonicalizedBody" in (tmp_path / "anchor.rekor.json").read_bytes()
    code, said = run(*argv, "--key", works.key)
    assert (code, "unavailable" in said) == (3, True), "the instance is gone"
