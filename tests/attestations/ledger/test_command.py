"""`gate ledger` as a team uses it: the same commands on a file and on a real PostgreSQL server, and what is hostile."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from attestations.ledger import audit, open_ledger
from attestations.predicates import evidence_statement
from attestations.signers.key import signer_for
from attestations.trust import EVIDENCE, TrustedKey, TrustedKeys
from gate import cli

ORIGIN = "ledger.example/team"
Run = Callable[..., tuple[int, str, str]]


@dataclass(frozen=True)
class Team:
    """A ledger made by the command, its checkpoint key, and signed statements to record in it."""

    place: str
    key: Path
    verifier: str
    keys: Path
    folder: Path
    signer: Any

    def options(self, *more: object) -> list[object]:
        return ["--ledger", self.place, "--origin", ORIGIN, "--ledger-key", self.verifier, *more]

    def statement(self, number: int) -> Path:
        path = self.folder / f"{number}.sigstore.json"
        path.write_bytes(self.signer.sign(evidence_statement("note", {"id": f"n{number}"})))
        return path

    def append(self, *files: Path, out: str = "receipts") -> list[object]:
        return [
            "ledger", "append", *files, *self.options("--key", self.key, "--trusted-keys", self.keys),
            "-o", self.folder / out,
        ]  # fmt: skip

    def statements(self) -> list[str]:
        with open_ledger(self.place, origin=ORIGIN, verifier_keys=[self.verifier]) as ledger:
            assert audit(ledger).ok
            return [ledger.entry(index).statement for index in range(ledger.size())]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*argv: object) -> tuple[int, str, str]:
        code = cli.run([str(a) for a in argv])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def team(place: Any, run: Run, tmp_path: Path) -> Team:
    key, keys = tmp_path / "checkpoint.key", tmp_path / "keys.json"
    code, said, _ = run("ledger", "init", "--ledger", place, "--origin", ORIGIN, "--key", key, "--no-passphrase")
    assert code == 0
    signer = signer_for(ec.generate_private_key(ec.SECP256R1()), "ops@summit.example")
    start = datetime(2020, 1, 1, tzinfo=UTC)
    trusted = TrustedKey(public=signer.public, identity=signer.identity, usage=EVIDENCE, start=start)
    keys.write_bytes(TrustedKeys((trusted,)).dump())
    verifier = json.loads(said[said.index("keys: [") + 7 : said.rindex("]")])
    return Team(str(place), key, verifier, keys, tmp_path, signer)


def test_each_command_in_text_and_json(team: Team, run: Run, tmp_path: Path) -> None:
    files = [team.statement(number) for number in range(3)]
    code, said, _ = run(*team.append(*files), "--json")
    made = json.loads(said)
    assert (code, made["schemaVersion"], made["origin"]) == (0, "1", ORIGIN)
    assert [(e["index"], e["new"], Path(e["receipt"]).is_file()) for e in made["entries"]] == [
        (n, True, True) for n in range(3)
    ]

    code, said, _ = run("ledger", "prove", files[1], *team.options("-o", tmp_path / "again", "--json"))
    assert (code, [e["index"] for e in json.loads(said)["entries"]]) == (0, [1])
    code, said, _ = run("ledger", "prove", team.statement(9), *team.options("--json"))
    assert (code, json.loads(said)["entries"]) == (1, [])

    receipts = [tmp_path / "receipts/0.tlog-proof", tmp_path / "again/1.tlog-proof"]
    code, said, _ = run("ledger", "verify", *receipts, "--ledger-key", team.verifier, "--json")
    found = json.loads(said)
    assert (code, found["accepted"], [r["index"] for r in found["receipts"]]) == (0, True, [0, 1])
    (tmp_path / "again/1.json").write_bytes((tmp_path / "receipts/0.json").read_bytes())
    code, said, _ = run("ledger", "verify", *receipts, "--ledger-key", team.verifier, "--json")
    found = json.loads(said)
    assert (code, [(r["held"], r["code"]) for r in found["receipts"]]) == (1, [(True, None), (False, "proof-invalid")])

    code, said, _ = run("ledger", "checkpoint", *team.options("--json"))
    checkpoint = json.loads(said)
    assert (code, checkpoint["size"], checkpoint["note"].split("\n")[1]) == (0, 3, "3")
    code, said, _ = run("ledger", "audit", *team.options("--json"))
    assert (code, json.loads(said)["ok"], json.loads(said)["entries"]) == (0, True, 3)


def test_once_is_once_however_often_it_is_said(team: Team, run: Run) -> None:
    files = [team.statement(number) for number in range(3)]
    assert run(*team.append(*files[:2]))[0] == 0
    code, said, _ = run(*team.append(*files), "--once", "--json")
    assert (code, [(e["index"], e["new"]) for e in json.loads(said)["entries"]]) == (
        0, [(0, False), (1, False), (2, True)],
    )  # fmt: skip
    assert run(*team.append(*files), "--once")[0] == 0
    assert len(team.statements()) == 3
    assert run(*team.append(files[0]))[0] == 0
    assert len(team.statements()) == 4, "without it, saying it again is saying it twice"


def change(team: Team, *statements: str) -> None:
    """What somebody with the database's own tools would do."""
    if "://" in team.place:
        import psycopg

        with psycopg.connect(team.place, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.format(schema="tenantgate_ledger."))
        return
    import sqlite3

    database = sqlite3.connect(team.place, isolation_level=None)
    for statement in statements:
        database.execute(statement.format(schema=""))
    database.close()


ROLLBACK = ("DELETE FROM {schema}entry WHERE idx > 0", "DELETE FROM {schema}checkpoint WHERE size > 1")
SWAP = ("UPDATE {schema}entry SET body = (SELECT o.body FROM {schema}entry AS o WHERE o.idx = 1) WHERE idx = 0",)


@pytest.mark.parametrize(
    ("statements", "anchored", "found"),
    [
        (SWAP, False, "entry-edited"),
        (("DELETE FROM {schema}entry WHERE idx = 2",), False, "tail-cut"),
        (("DELETE FROM {schema}checkpoint WHERE size = 3",), False, "uncovered"),
        (ROLLBACK, True, "rolled-back"),
    ],
)
def test_what_was_done_behind_the_ledgers_back_is_found(
    team: Team, run: Run, tmp_path: Path, statements: tuple[str, ...], anchored: bool, found: str
) -> None:
    for number in range(3):
        assert run(*team.append(team.statement(number)))[0] == 0
    assert run("ledger", "checkpoint", *team.options("-o", tmp_path / "anchor"))[0] == 0
    change(team, *statements)
    anchor = ["--trusted-checkpoint", tmp_path / "anchor"] if anchored else []

    code, said, _ = run("ledger", "audit", *team.options(*anchor, "--json"))
    assert (code, json.loads(said)["ok"]) == (1, False)
    assert found in {finding["code"] for finding in json.loads(said)["findings"]}
    code, said, _ = run("ledger", "audit", *team.options(*anchor))
    assert (code, said.startswith("NOT SOUND"), f"[{found}]" in said) == (1, True, True)
    code, said, complaint = run(*team.append(team.statement(7)), *anchor)
    if found != "entry-edited":  # what an entry says is not read again to append; the audit is there for that
        assert (code, said, complaint.count("\n")) == (3, "", 1)


def processes(argv: list[object]) -> subprocess.Popen[str]:
    command = [sys.executable, "-I", "-m", "gate", *map(str, argv)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_writers_at_the_same_time_make_one_history(team: Team) -> None:
    running = [
        processes(team.append(*(team.statement(10 * writer + n) for n in range(3)), out=f"r{writer}"))
        for writer in range(4)
    ]
    for process in running:
        _, complaint = process.communicate(timeout=120)
        assert process.returncode == 0, complaint
    assert len(set(team.statements())) == 12
    proofs = [path for writer in range(4) for path in (team.folder / f"r{writer}").glob("*.tlog-proof")]
    assert len(proofs) == 12


def test_killed_at_any_moment_a_retry_records_each_statement_once(team: Team) -> None:
    chance = random.Random(5)
    files = [team.statement(number) for number in range(4)]
    started = time.monotonic()
    process = processes(team.append(files[0]))
    assert process.communicate(timeout=60) is not None
    whole = time.monotonic() - started
    for _ in range(5):
        process = processes([*team.append(*files), "--once"])
        time.sleep(chance.uniform(whole * 0.4, whole))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        team.statements()
    process = processes([*team.append(*files), "--once", "--json"])
    said, complaint = process.communicate(timeout=60)
    assert process.returncode == 0, complaint
    assert len(json.loads(said)["entries"]) == 4
    found = team.statements()
    assert len(found) == len(set(found)) == 4


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty", b""), ("binary", bytes(range(256)) * 40), ("long", b"x" * 3_000_000), ("lines", b"\n" * 100_000),
        ("header only", b"c2sp.org/tlog-proof@v1\n"), ("not UTF-8", b"c2sp.org/tlog-proof@v1\nindex 0\n\xff\n"),
    ],
)  # fmt: skip
def test_a_receipt_that_is_none_is_refused_in_a_line(
    team: Team, run: Run, tmp_path: Path, name: str, data: bytes
) -> None:
    assert run(*team.append(team.statement(0)))[0] == 0
    proof = tmp_path / "receipts/0.tlog-proof"
    proof.write_bytes(data)
    code, said, complaint = run("ledger", "verify", proof, "--ledger-key", team.verifier)

    assert (code, said.startswith("REFUSED"), said.count("\n"), complaint) == (1, True, 1, "")


def test_no_server_no_answer_and_no_word_of_the_password(run: Run, monkeypatch: pytest.MonkeyPatch, kit: Any) -> None:
    monkeypatch.setenv("PGPASSWORD", "hunter2")
    place = "postgresql://ledger@127.0.0.1:1/ledger?connect_timeout=2"
    code, said, complaint = run("ledger", "audit", "--ledger", place, "--origin", kit.origin, "--ledger-key", kit.key)

    assert (code, said) == (3, "")
    assert complaint.count("\n") == 1
    assert "hunter2" not in complaint
