"""Decision, signature, ledger entry and bundle are one act: whatever stops a release, no exit 0 is without all of them."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from attestations.ledger import open_ledger
from attestations.refusal import Reason, Refused
from attestations.signers import SignerError
from attestations.signers.managed import ManagedSigner
from attestations.statements import for_signer
from gate import cli

from .conftest import Project, gate

ORIGIN = "ledger.example/releases"
KILLS = 6


@dataclass(frozen=True)
class Books:
    """The project with a ledger in its policy."""

    project: Project
    file: Path
    key: Path
    verifier: str

    def release(self, out: Path) -> list[str]:
        return self.project.release(out, "--key", str(self.project.key), "--checkpoint-key", str(self.key))

    def kinds(self) -> list[str]:
        with open_ledger(self.file, origin=ORIGIN, verifier_keys=[self.verifier]) as opened:
            return [opened.entry(index).kind for index in range(opened.size())]

    def verify(self, out: Path) -> None:
        """Whatever has its final name is whole: signed, and recorded in the ledger."""
        for name in ("bundle", "bundle.tar"):
            if (out / name).exists():
                assert cli.run(["verify", str(out / name), "--trusted-keys", str(self.project.keys)]) == 0
        assert (
            cli.run(["ledger", "audit", "--ledger", str(self.file), "--origin", ORIGIN, "--ledger-key", self.verifier])
            == 0
        )


@pytest.fixture(scope="module")
def books(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Books:
    folder = tmp_path_factory.mktemp("books")
    mine = replace(project, root=Path(shutil.copytree(project.root, folder / "app")))
    file, key = folder / "ledger.db", folder / "checkpoint.key"
    made = gate("ledger", "init", "--ledger", str(file), "--origin", ORIGIN, "--key", str(key), "--no-passphrase")
    assert made.returncode == 0, made.stderr
    section = yaml.safe_load(made.stdout.split("\n\n", 1)[1])
    config = json.loads((mine.root / "gate.yaml").read_text("utf-8"))
    mine.change(json.dumps({**config, **section}))
    return Books(mine, file, key, section["ledger"]["keys"][0])


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (folder := tmp_path / "out").mkdir()
    return folder


def stopped(argv: list[str], after: float) -> int:
    """The exit code of a gate that is killed after some seconds, unless it was faster."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-m", "gate", *argv], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        return process.wait(after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        return process.wait()


def test_killed_at_any_time(books: Books, out: Path, capsys: Any) -> None:
    chance = random.Random(5)
    started = time.monotonic()
    assert stopped(books.release(out), 120) == 0
    whole = time.monotonic() - started
    books.verify(out)
    seen = []
    for number in range(KILLS):
        (place := out / str(number)).mkdir()
        before = len(books.kinds())
        # Signing, recording and writing come at the end; the first is killed before it can have got anywhere.
        after_a_while = whole * chance.uniform(0.3 if number % 2 else 0.8, 1.02)
        code = stopped(books.release(place), after_a_while if number else 0.1)
        assert code in (0, -signal.SIGKILL)
        books.verify(place)
        after = len(books.kinds())
        complete = (place / "bundle").exists() and (place / "bundle.tar").exists()
        assert complete or code != 0, "an exit 0 without the bundle"
        assert after == before + 1 or not any((place / n).exists() for n in ("bundle", "bundle.tar")), (
            "a bundle without its entry"
        )
        seen.append(code)
    assert -signal.SIGKILL in seen, "some were killed"
    (place := out / "afterwards").mkdir()
    assert stopped(books.release(place), 120) == 0
    books.verify(place)


AT_THE_END = """
import os, signal, sys
from gate import cli
wanted, place = int(sys.argv[1]), sys.argv[2]
seen = 0
def hook(event, arguments):
    global seen
    path = str(arguments[0]) if arguments else ""
    if path.startswith(place) and event in ("open", "os.mkdir", "os.rename", "os.chmod", "os.link", "os.remove", "os.rmdir"):
        seen += 1
        if seen == wanted:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
code = cli.run(sys.argv[3:])
print(seen, file=sys.stderr)
sys.exit(code)
"""


def test_killed_between_any_two_files(books: Books, out: Path, capsys: Any) -> None:
    """Each time the release opens, makes or renames something where its bundle goes."""

    def run(place: Path, wanted: int) -> tuple[int, str]:
        place.mkdir()
        argv = [sys.executable, "-I", "-c", AT_THE_END, str(wanted), str(place), *books.release(place)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    code, said = run(out / "whole", 0)
    assert code == 0, said
    count = int(said.split()[-1])
    for wanted in sorted({1, 2, 4, count // 2, count}):
        place = out / str(wanted)
        before = len(books.kinds())
        code, _ = run(place, wanted)
        assert code == -signal.SIGKILL
        books.verify(place)
        assert len(books.kinds()) == before + 1, "the entry comes before the bundle"


Failing = Callable[[ManagedSigner, bytes, int], bytes]


def fails(signer: ManagedSigner, statement: bytes, number: int) -> bytes:
    raise SignerError("the key store is gone")


def crashes(signer: ManagedSigner, statement: bytes, number: int) -> bytes:
    raise ZeroDivisionError("a fault of the library")


def signs_something_else(signer: ManagedSigner, statement: bytes, number: int) -> bytes:
    return SIGN(signer, statement.replace(b"a", b"b", 1) if number % 2 else statement + b" ")


def signs_badly(signer: ManagedSigner, statement: bytes, number: int) -> bytes:
    document = json.loads(SIGN(signer, statement))
    document["dsseEnvelope"]["signatures"][0]["sig"] = "MAYCAQECAQE="
    return json.dumps(document).encode()


def signs_for_another(signer: ManagedSigner, statement: bytes, number: int) -> bytes:
    other = replace(signer, identity="somebody@summit.example")
    return SIGN(other, for_signer(statement, other.identity))


def answers_nothing(signer: ManagedSigner, statement: bytes, number: int) -> bytes:
    return b""


SIGN = ManagedSigner.sign


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Failing, int], list[int]]]:
    """Makes the signer fail in some way at its n-th signature."""

    def make(how: Failing, wanted: int) -> list[int]:
        calls: list[int] = []

        def sign(self: ManagedSigner, statement: bytes) -> bytes:
            calls.append(len(calls) + 1)
            return how(self, statement, len(calls)) if len(calls) == wanted else SIGN(self, statement)

        monkeypatch.setattr(ManagedSigner, "sign", sign)
        return calls

    return make


@pytest.mark.parametrize(
    "how",
    [fails, crashes, signs_something_else, signs_badly, signs_for_another, answers_nothing],
    ids=lambda f: f.__name__,
)
@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_a_signer_that_fails(books: Books, out: Path, capsys: Any, fault: Any, how: Failing, number: int) -> None:
    """SBOM, provenance, verdict, test result, seal: none of them may be missing, and the ledger records no release
    whose verdict was not signed."""
    before = books.kinds()
    calls = fault(how, number)

    assert cli.run(books.release(out)) == 3
    said = capsys.readouterr()
    assert calls[-1] == number, "the fault was met"
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert list(out.iterdir()) == []
    assert len(books.kinds()) - len(before) == (1 if number == 5 else 0), "only the seal comes after the entry"


def test_a_verification_that_fails_after_signing(books: Books, out: Path, capsys: Any, monkeypatch: Any) -> None:
    import attestations.verify

    def refuse(*_: object, **__: object) -> None:
        raise Refused(Reason.BAD_SIGNATURE, "not today")

    before = books.kinds()
    monkeypatch.setattr(attestations.verify, "verify", refuse)
    assert cli.run(books.release(out)) == 3
    assert capsys.readouterr().err == "gate: undecided: signing: bad-signature: not today\n"
    assert (list(out.iterdir()), books.kinds()) == ([], before)


def test_a_full_disk_under_the_ledger(books: Books, out: Path, capsys: Any) -> None:
    """The kernel lets no file grow beyond what the ledger has now (-B: nor may Python keep half of its bytecode)."""
    limit = books.file.stat().st_size
    code = (
        f"import resource, signal, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}));"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); from gate import cli; sys.exit(cli.run(sys.argv[1:]))"
    )
    before = books.kinds()
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", code, *books.release(out)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (3, ""), done.stderr
    assert done.stderr.count("\n") == 1
    assert list(out.iterdir()) == []
    assert len(books.kinds()) - len(before) <= 1
    assert cli.run(books.release(out)) == 0, capsys.readouterr().err
    books.verify(out)
