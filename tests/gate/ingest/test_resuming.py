"""A run that is stopped goes on where it was: nothing is read twice, nothing is lost, and the counts are those of one run."""

from __future__ import annotations

import copy
import gzip
import json
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from gate.ingest import manifest, run, sources
from gate.ingest.judge import Rules
from gate.ingest.run import Outcome
from gate.model import Policy, UndecidedError
from tests.gate.ingest.conftest import NOW
from tests.gate.ingest.test_faults import EVENT, content, ended, gate, leftovers, lines

Ingest = Callable[..., Outcome]
MIB = 1 << 20


def long_lines(count: int, start: int = 0) -> bytes:
    """Some 16 KiB each: blocks of 4 MiB hold few of them."""
    made = [
        {**copy.deepcopy(EVENT), "id": f"meter-{number}", "source": random.Random(number).randbytes(500).hex()}
        for number in range(start, start + count)
    ]
    return b"".join(json.dumps(record).encode() + b" " * 15_000 + b"\n" for record in made)


@pytest.fixture
def stopped(tmp_path: Path, loaded: Policy, rules: Rules, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Ingest a file and stop as soon as one part is committed."""

    def stop_after_one(path: Path) -> None:
        found = sources.find([str(path)], None)

        def committed(before: manifest.Manifest, batch: manifest.Batch) -> None:
            commit(before, batch)
            raise KeyboardInterrupt

        commit = manifest.commit
        with monkeypatch.context() as patched:
            patched.setattr(manifest, "commit", committed)
            with pytest.raises(KeyboardInterrupt):
                run.ingest(tmp_path / "store", found, rules, loaded, NOW, lambda *_: None, processes=0, commit=5 * MIB)

    return stop_after_one


MADE = {
    "plain": ("a.ndjson", lambda data: data),
    "gzip": ("a.ndjson.gz", lambda data: gzip.compress(data, 1)),
    "zstd": ("a.ndjson.zst", zstandard.compress),
}


@pytest.mark.parametrize("packed", MADE)
def test_the_second_run_reads_only_the_rest(
    ingest: Ingest, stopped: Callable[..., None], tmp_path: Path, packed: str
) -> None:
    name, pack = MADE[packed]
    (tmp_path / "incoming").mkdir()
    data = pack(long_lines(900) + b"nonsense\n" + lines(range(3)))
    (tmp_path / "incoming" / name).write_bytes(data)
    stopped(tmp_path / "incoming" / name)
    before = manifest.read(tmp_path / "store")
    assert before is not None
    (part,) = before.batches
    assert 0 < part.read < 901

    outcome = ingest({name: data}, commit=5 * MIB)
    assert outcome.resumed == ((str(tmp_path / "incoming" / name), part.until[0] if part.until else 0),)
    assert outcome.counts["read"] == 904 - part.read
    totals = outcome.manifest.totals
    assert (totals["read"], totals["accepted"], totals["duplicates"], totals["rejected"]) == (904, 903, 0, 1)
    assert {digest for batch in outcome.manifest.batches for _, digest, _ in batch.sources} == {part.sources[0][1]}

    whole = ingest({name: data}, into=tmp_path / "calm")
    assert content(tmp_path / "store") == content(tmp_path / "calm")
    assert len(whole.batches) == 1
    assert ingest({name: data}, commit=5 * MIB).counts["duplicates"] == 904


def test_a_source_that_is_another_one_now_is_told_and_read_from_its_beginning(
    ingest: Ingest, stopped: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "incoming").mkdir()
    path = tmp_path / "incoming" / "a.ndjson"
    path.write_bytes(long_lines(900))
    stopped(path)
    outcome = ingest({"a.ndjson": long_lines(901)})

    assert outcome.changed == (str(path),)
    assert outcome.resumed == ()
    assert outcome.counts["read"] == 901
    assert outcome.counts["duplicates"] == 901 - outcome.counts["accepted"] > 0


def test_what_is_read_as_something_else_is_not_counted_by_the_blocks_of_before(
    ingest: Ingest, stopped: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "incoming").mkdir()
    (tmp_path / "incoming" / "a.ndjson").write_bytes(long_lines(900))
    stopped(tmp_path / "incoming" / "a.ndjson")
    outcome = ingest({"a.ndjson": long_lines(900)}, format="json")

    assert outcome.resumed == ()
    assert outcome.counts["read"] == 900


def test_several_sources_keep_their_places_over_the_parts(ingest: Ingest, tmp_path: Path) -> None:
    files = {f"{n}.ndjson": long_lines(350, 350 * n) + b"nonsense %d\n" % n for n in range(4)}
    outcome = ingest(files, commit=5 * MIB)

    assert len(outcome.batches) > 3
    import duckdb

    seen = set()
    for batch, file in outcome.manifest.files():
        if file.table == "meter_event":
            for index, line, name in duckdb.sql(
                f"SELECT _source, _line, id FROM read_parquet('{tmp_path / 'store' / file.name}')"
            ).fetchall():
                number = int(name.removeprefix("meter-"))
                assert batch.sources[index][0].endswith(f"/{number // 350}.ndjson")
                assert line == number % 350 + 1
                seen.add(number)
    assert seen == set(range(1400))
    assert outcome.counts["rejected"] == 4
    assert {place for _, _, place, _ in outcome.places} == {f"{tmp_path / 'incoming' / '0.ndjson'}:351"}


def test_a_file_that_changes_between_its_parts_ends_the_run(tmp_path: Path, loaded: Policy, rules: Rules) -> None:
    path = tmp_path / "a.ndjson"
    path.write_bytes(long_lines(900))
    found = sources.find([str(path)], None)

    def progress(size: int, records: int) -> None:
        now = manifest.read(tmp_path / "store")
        if now is not None and len(now.batches) == 1:
            with path.open("r+b") as file:
                file.seek(-3, os.SEEK_END)
                file.write(b"x")

    with pytest.raises(UndecidedError, match="changed while it was read"):
        run.ingest(tmp_path / "store", found, rules, loaded, NOW, progress, processes=0, commit=5 * MIB)


@pytest.mark.slow
def test_killed_between_and_within_parts_it_goes_on_and_counts_each_line_once(project: Path, tmp_path: Path) -> None:
    """kill -9 of the whole group, soon after a part was committed, until it comes to its end."""
    source = tmp_path / "events.ndjson"
    rng = random.Random(7)
    source.write_bytes(
        long_lines(1500) + b"x\n" * 3 + lines(range(300), subject="another") + lines(range(9000, 9300), tenantid=None)
    )
    argv = ["ingest", str(source), "--commit-every", "5", "--into"]
    assert ended(gate(*argv, str(tmp_path / "calm"), cwd=project))[0] == 0
    wanted = content(tmp_path / "calm")
    store = tmp_path / "killed"
    parts = killed = 0
    whole = False
    while not whole:
        running = gate(*argv, str(store), cwd=project)
        while killed < 4 and running.poll() is None:
            now = manifest.read(store)
            if now is not None and len(now.batches) > parts:
                parts = len(now.batches)
                time.sleep(rng.uniform(0, 0.2))
                os.killpg(running.pid, signal.SIGKILL)
                killed += 1
                break
            time.sleep(0.005)
        code, said = ended(running)
        assert code in (0, -signal.SIGKILL), said
        now = manifest.read(store)
        whole = now is not None and now.batches[-1].until is None
    assert killed > 1

    assert content(store) == wanted
    found = manifest.read(store)
    assert found is not None
    assert found.totals["read"] == 1500 + 3 + 300 + 300
    if code != 0:  # killed between its last commit and its end
        assert ended(gate("ingest", "--replay", "--into", str(store), cwd=project))[0] == 0
    assert leftovers(store) == []


def test_a_full_disk_keeps_the_parts_that_were_committed(project: Path, tmp_path: Path) -> None:
    """The limit on a file's size is reached when the manifest's parts are small and what is held is large."""
    source = tmp_path / "events.ndjson"
    rng = random.Random(1)
    noise = b"".join(b"%s\n" % rng.randbytes(700_000).hex().encode() for _ in range(6))
    source.write_bytes(long_lines(700) + noise)
    argv = ["ingest", str(source), "--commit-every", "5", "--into", str(tmp_path / "store")]
    code, said = ended(gate(*argv, cwd=project, limit=600))

    assert code == 3, said
    assert len(said.strip().splitlines()) == 1
    found = manifest.read(tmp_path / "store")
    assert found is not None
    assert found.batches[-1].until is not None
    assert ended(gate(*argv, cwd=project))[0] == 0
    found = manifest.read(tmp_path / "store")
    assert found is not None
    assert (found.totals["read"], found.totals["accepted"], found.totals["rejected"]) == (706, 700, 6)
    assert leftovers(tmp_path / "store") == []
