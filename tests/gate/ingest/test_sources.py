"""Hostile files: whatever a source is, it is read whole, refused in one line, or accounted for, and nothing is run away with."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import zstandard

from gate.ingest import sources
from gate.ingest.run import Outcome
from gate.model import GateError
from tests.gate.ingest.test_faults import EVENT, ended, gate, lines
from tests.gate.ingest.test_store import counts, csv_of, event, held, stored

Ingest = Callable[..., Outcome]


def a_link(folder: Path) -> None:
    (folder / "x.ndjson").symlink_to("/etc/passwd")


def a_link_to_a_folder(folder: Path) -> None:
    (folder / "more").symlink_to("/etc")
    (folder / "x.ndjson").write_bytes(lines(range(1)))


def a_pipe(folder: Path) -> None:
    os.mkfifo(folder / "x.ndjson")


def a_name_with_a_line_break(folder: Path) -> None:
    (folder / "x\n.ndjson").write_bytes(b"")


def a_name_that_is_no_text(folder: Path) -> None:
    (folder / os.fsdecode(b"x\xff.ndjson")).write_bytes(b"")


FOLDERS: dict[str, tuple[Callable[[Path], None], str]] = {
    "a link in it": (a_link, "a symbolic link in a folder of sources"),
    "a link to a folder in it": (a_link_to_a_folder, "a symbolic link in a folder of sources"),
    "a pipe in it": (a_pipe, "not a regular file"),
    "a line break in a name": (a_name_with_a_line_break, "the name is not printable"),
    "bytes that are no text in a name": (a_name_that_is_no_text, "the name is not printable"),
    "nothing in it": (lambda folder: None, "no file in this folder ends in"),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_a_folder_is_read_whole_or_not_at_all(tmp_path: Path, case: str) -> None:
    make, message = FOLDERS[case]
    folder = tmp_path / "incoming"
    folder.mkdir()
    make(folder)
    with pytest.raises(GateError, match=message) as refused:
        sources.find([str(folder)], None)
    assert len(str(refused.value).splitlines()) == 1


def test_one_file_under_two_names_is_named_twice(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(lines(range(1)))
    (tmp_path / "b.ndjson").symlink_to(tmp_path / "a.ndjson")
    with pytest.raises(GateError, match=r"b\.ndjson: is named twice"):
        sources.find([str(tmp_path / "a.ndjson"), str(tmp_path / "b.ndjson")], None)
    with pytest.raises(GateError, match="is named twice"):
        sources.find([str(tmp_path / "a.ndjson"), str(tmp_path / "[a].ndjson")], None)


def test_the_same_content_under_two_names_counts_once(ingest: Ingest) -> None:
    assert counts(ingest({"a.ndjson": lines(range(4)), "b.ndjson": lines(range(4))})) == (8, 4, 4, 0, 0)


BOMBS: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "128 megabytes of zeros in a line, gzip": ("a.ndjson.gz", lambda: gzip.compress(bytes(1 << 27), 1), "too-long"),
    "128 megabytes of zeros in a line, zstd": (
        "a.ndjson.zst",
        lambda: zstandard.compress(bytes(1 << 27)),
        "too-long",
    ),
    "300 megabytes of JSON document": ("a.json.gz", lambda: gzip.compress(b" " * (300 << 20), 1), "too-long"),
    "128 megabytes in a cell": ("a.csv.gz", lambda: gzip.compress(b"id\n" + b"x" * (1 << 27), 1), "too-long"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", BOMBS)
def test_a_bomb_takes_neither_memory_nor_disk(project: Path, tmp_path: Path, case: str) -> None:
    name, make, reason = BOMBS[case]
    (tmp_path / name).write_bytes(make())
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30));"
        "from gate.cli import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "ingest", str(tmp_path / name), "--into", str(tmp_path / "store"), "-o", "json"],
        cwd=project, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["read"], said["rejected"]) == (1, 1)
    assert said["reasons"][0]["reason"] == reason
    assert sum(f.stat().st_size for f in (tmp_path / "store").rglob("*") if f.is_file()) < 70 << 20


def test_a_window_that_needs_a_gigabyte_is_no_zstd_for_us(ingest: Ingest) -> None:
    made = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=30, enable_ldm=True)
    ).compressobj()
    outcome = ingest({"a.ndjson.zst": made.compress(lines(range(3))) + made.flush()})

    assert counts(outcome) == (1, 0, 0, 0, 1)
    assert held(outcome)[0][1] == "corrupt"
    assert outcome.broken


def test_a_gzip_in_a_gzip_is_unpacked_once(ingest: Ingest) -> None:
    outcome = ingest({"a.ndjson.gz": gzip.compress(gzip.compress(lines(range(3))))})

    assert counts(outcome)[1] == 0
    assert counts(outcome)[0] == counts(outcome)[4] > 0


def test_what_a_spreadsheet_writes_is_csv(ingest: Ingest) -> None:
    """A byte order mark, line breaks in cells, and cells that look like formulas: they are text."""
    odd = event(3, source='=HYPERLINK("http://evil.example","x")\r\nand more')
    outcome = ingest({"a.csv": b"\xef\xbb\xbf" + csv_of(event(1), event(2), odd)})

    assert counts(outcome) == (3, 3, 0, 0, 0)
    assert (odd["source"],) in stored(outcome, columns="source")


CLASHES = {
    "a field by both its names": ("data.quantity,data_quantity", "5,6"),
    "an object and a field in it": ("data,data.quantity", "x,5"),
    "a field and then its object": ("data.quantity,data", "5,x"),
}


@pytest.mark.parametrize("case", CLASHES)
def test_two_columns_for_one_value_are_not_a_row(ingest: Ingest, case: str) -> None:
    header, row = CLASHES[case]
    whole = csv_of({**event(1), "data": {}}).decode().splitlines()
    outcome = ingest({"a.csv": f"{whole[0]},{header}\n{whole[1]},{row}\n".encode()})

    assert counts(outcome) == (1, 0, 0, 0, 1)
    assert held(outcome)[0][1] == "not-a-row"


def test_a_moment_in_parquet_is_the_same_whatever_the_machines_clock_says(project: Path, tmp_path: Path) -> None:
    (tmp_path / "in.json").write_bytes(lines(range(3), time="2026-10-15T09:00:00Z"))
    path = tmp_path / "a.parquet"
    duckdb.sql(
        f"COPY (SELECT * REPLACE (CAST(time AS TIMESTAMPTZ) AS time) FROM read_json('{tmp_path / 'in.json'}')) TO '{path}'"
    )
    done = subprocess.run(
        [sys.executable, "-m", "gate", "ingest", str(path), "--into", str(tmp_path / "store")],
        cwd=project, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "TZ": "America/New_York"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (made,) = (tmp_path / "store" / "meter_event").glob("*.parquet")
    assert duckdb.sql(f"SELECT DISTINCT time FROM read_parquet('{made}')").fetchall() == [(1792054800000,)]


PARQUET = {
    "decimals that are whole": ("CAST(data.quantity AS DECIMAL(18, 2))", 3),
    "decimals that are not": ("CAST(data.quantity + 0.5 AS DECIMAL(18, 2))", 0),
    "a huge integer": ("CAST('170141183460469231731687303715884105727' AS HUGEINT)", 0),
    "not a number": ("CAST('nan' AS DOUBLE)", 0),
    "text": ("'1000'", 0),
    "bytes": ("'1000'::BLOB", 0),
    "a moment inside the data": ("TIMESTAMP '2026-01-01 00:00:00'", 0),
    "a list": ("[1]", 0),
    "a map": ("MAP {'a': 1}", 0),
}


@pytest.mark.parametrize("case", PARQUET)
def test_a_parquet_column_is_what_it_is_and_not_what_it_could_become(ingest: Ingest, tmp_path: Path, case: str) -> None:
    made, accepted = PARQUET[case]
    (tmp_path / "in.json").write_bytes(lines(range(3)))
    path = tmp_path / "a.parquet"
    data = ", ".join(f"{name} := " + (made if name == "quantity" else f"data.{name}") for name in EVENT["data"])
    duckdb.sql(
        f"COPY (SELECT * EXCLUDE (data, time, recordedtime), strftime(time, '%Y-%m-%dT%H:%M:%SZ') AS time, "
        f"strftime(recordedtime, '%Y-%m-%dT%H:%M:%SZ') AS recordedtime, struct_pack({data}) AS data "
        f"FROM read_json('{tmp_path / 'in.json'}')) TO '{path}'"
    )
    outcome = ingest({"a.parquet": path.read_bytes()})

    assert counts(outcome) == (3, accepted, 0, 0, 3 - accepted)


def test_a_parquet_file_whose_name_is_a_pattern_is_not_looked_for(tmp_path: Path, project: Path) -> None:
    (tmp_path / "a[1].parquet").write_bytes(b"PAR1")
    code, said = ended(gate("ingest", str(tmp_path / "a[1].parquet"), "--into", str(tmp_path / "store"), cwd=project))

    assert code == 2
    assert said.endswith("the engine would take this name for a pattern; rename the file\n")


def test_what_comes_out_as_csv_is_no_formula(project: Path, tmp_path: Path) -> None:
    sourced: Any = [event(n, source=source) for n, source in enumerate(["=1+1", "+1", "-1", "@x", "plain"])]
    (tmp_path / "a.ndjson").write_text("".join(json.dumps(record) + "\n" for record in sourced))
    assert ended(gate("ingest", str(tmp_path / "a.ndjson"), "--into", str(tmp_path / "store"), cwd=project))[0] == 0
    query = "SELECT source, -data_quantity AS q FROM meter_event ORDER BY id"
    code, said = ended(gate("query", query, "--store", str(tmp_path / "store"), "-o", "csv", cwd=project))

    assert code == 0
    assert list(csv.reader(io.StringIO(said)))[1:] == [
        ["'=1+1", "-1000"], ["'+1", "-1000"], ["-1", "-1000"], ["'@x", "-1000"], ["plain", "-1000"],
    ]  # fmt: skip
