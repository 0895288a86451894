"""Killed, crowded, out of disk, tampered with: the store is what it was before, or what it should be."""

from __future__ import annotations

import copy
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from gate.ingest import manifest
from gate.ingest.run import Outcome
from gate.model import GateError, UndecidedError

EVENT = json.loads((Path(__file__).parents[3] / "rules/finops/schemas/meter_event.json").read_text())["examples"][0]
Ingest = Callable[..., Outcome]


def lines(numbers: range, **changes: Any) -> bytes:
    made = []
    for number in numbers:
        record = {**copy.deepcopy(EVENT), "id": f"meter-{number}", **changes}
        made.append(json.dumps({name: value for name, value in record.items() if value is not None}))
    return "".join(f"{line}\n" for line in made).encode()


def gate(*argv: str, cwd: Path, limit: int | None = None) -> subprocess.Popen[str]:
    """The command in a session of its own, its output in one pipe that `ended` reads."""
    command = [sys.executable, "-m", "gate", *argv]
    if limit is not None:
        command = ["bash", "-c", f'ulimit -f {limit}; exec "$@"', "-", *command]
    # Python itself would leave half a .pyc under the limit.
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(
        command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    said, _ = process.communicate(timeout=180)
    return process.returncode, said


def content(store: Path) -> tuple[Any, ...]:
    """What the store holds, but for the times of its runs."""
    found = manifest.read(store)
    assert found is not None
    files = [str(store / f.name) for _, f in found.files() if f.table == "meter_event"]
    held = [str(store / f.name) for _, f in found.files() if "/held/" in f.name and f.name.endswith(".parquet")]
    events = duckdb.sql(f"SELECT id, lower(hex(_digest)), _line FROM read_parquet({files}) ORDER BY ALL").fetchall()
    lost = duckdb.sql(f"SELECT digest, outcome, reason, _line FROM read_parquet({held}) ORDER BY ALL").fetchall()
    totals = found.totals
    return events, lost, totals["accepted"], totals["parked"], totals["rejected"], totals["parked_open"]


def leftovers(store: Path) -> list[str]:
    found = manifest.read(store)
    named = {file.name for _, file in found.files()} if found else set()
    ours = [*store.glob("*/*.parquet"), *store.glob("ingest/held/*"), *store.glob("ingest/accepted/*")]
    return [str(p) for p in ours if p.relative_to(store).as_posix() not in named] + [
        str(p) for p in store.glob("ingest/staging*")
    ]


@pytest.mark.slow
def test_killed_anywhere_and_run_again_the_store_is_the_same(project: Path, tmp_path: Path) -> None:
    data = (
        lines(range(25_000))
        + lines(range(300), subject="another")
        + lines(range(90_000, 90_300), tenantid=None)
        + b"x\n" * 3
    )
    source = tmp_path / "events.ndjson"
    source.write_bytes(data)
    argv = ["ingest", str(source), "--into"]
    started = time.monotonic()
    assert ended(gate(*argv, str(tmp_path / "calm"), cwd=project))[0] == 0
    took = time.monotonic() - started
    wanted = content(tmp_path / "calm")
    assert wanted[2:] == (25_000, 300, 301, 300)

    rng = random.Random(4)
    killed = 0
    for number in range(3):
        store = tmp_path / f"killed-{number}"
        for _ in range(2):
            running = gate(*argv, str(store), cwd=project)
            try:
                running.wait(took * rng.uniform(0.25, 1.0))
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)
                killed += 1
            ended(running)
        assert ended(gate(*argv, str(store), cwd=project))[0] == 0
        assert content(store) == wanted
        assert leftovers(store) == []
    assert killed


def test_an_interrupted_parent_leaves_no_process_behind(project: Path, tmp_path: Path) -> None:
    source = tmp_path / "events.ndjson"
    source.write_bytes(lines(range(25_000)))
    running = gate("ingest", str(source), "--into", str(tmp_path / "store"), cwd=project)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not list((tmp_path / "store").glob("ingest/staging/*.zst")):
        assert running.poll() is None
        time.sleep(0.01)
    os.kill(running.pid, signal.SIGKILL)

    assert ended(running)[0] == -signal.SIGKILL  # its workers hold the same pipe: it ends when the last of them does


def test_only_one_writes_at_a_time(ingest: Ingest, tmp_path: Path) -> None:
    ingest({"a.ndjson": lines(range(3))})
    before = content_of_events(tmp_path / "store")
    with manifest.locked(tmp_path / "store"), pytest.raises(UndecidedError, match="another ingest is writing"):
        ingest({"b.ndjson": lines(range(3, 6))})

    assert content_of_events(tmp_path / "store") == before


def content_of_events(store: Path) -> list[Any]:
    found = manifest.read(store)
    assert found is not None
    files = [str(store / f.name) for _, f in found.files() if f.table == "meter_event"]
    rows: list[Any] = duckdb.sql(f"SELECT id FROM read_parquet({files}) ORDER BY ALL").fetchall()
    return rows


@pytest.mark.parametrize("kilobytes", [1, 60])
def test_a_full_disk_is_one_line_and_changes_nothing(project: Path, tmp_path: Path, kilobytes: int) -> None:
    """A limit on the size of files refuses writes as a full disk does, at one place of the run or another."""
    source = tmp_path / "events.ndjson"
    store = tmp_path / "store"
    source.write_bytes(lines(range(10)))
    assert ended(gate("ingest", str(source), "--into", str(store), cwd=project))[0] == 0
    before = (store / manifest.NAME).read_bytes()
    rng = random.Random(1)
    source.write_bytes(b"".join(lines(range(n, n + 1), source=f"https://{rng.random()}.example") for n in range(3000)))

    code, said = ended(gate("ingest", str(source), "--into", str(store), cwd=project, limit=kilobytes))

    assert code == 3, said
    assert len(said.strip().splitlines()) == 1
    assert "Traceback" not in said
    assert (store / manifest.NAME).read_bytes() == before
    assert ended(gate("ingest", str(source), "--into", str(store), cwd=project))[0] == 0
    assert len(content_of_events(store)) == 3010


def test_a_store_that_was_changed_is_not_believed(ingest: Ingest, tmp_path: Path) -> None:
    outcome = ingest({"a.ndjson": lines(range(3))})
    path = tmp_path / "store" / manifest.NAME
    value = json.loads(path.read_text())
    value["batches"][0]["accepted"] = 4
    path.write_text(json.dumps(value))

    with pytest.raises(GateError, match="the counts of batch 1 do not add up"):
        manifest.read(tmp_path / "store")
    assert [manifest.check(outcome.manifest, file) for _, file in outcome.manifest.files()] == [None, None]
    victim = next(f for _, f in outcome.manifest.files() if f.table)
    (tmp_path / "store" / victim.name).write_bytes(b"PAR1")
    assert manifest.check(outcome.manifest, victim) == "is not the file that was ingested"


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "meter_event/../../x.parquet", "a b/c.parquet", ""]
)
def test_a_manifest_names_files_of_its_store_only(ingest: Ingest, tmp_path: Path, name: str) -> None:
    ingest({"a.ndjson": lines(range(3))})
    path = tmp_path / "store" / manifest.NAME
    value = json.loads(path.read_text())
    value["batches"][0]["files"][0]["name"] = name
    path.write_text(json.dumps(value))

    with pytest.raises(GateError, match="a file has no name of this store"):
        manifest.read(tmp_path / "store")
