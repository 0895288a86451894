"""What lies in the store after an ingest: everything that was read, once, wherever it came from."""

from __future__ import annotations

import copy
import gzip
import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gate.ingest import manifest, run, sources
from gate.ingest.judge import Rules
from gate.ingest.run import Outcome
from gate.ingest.staging import time_sql
from gate.model import GateError, Policy
from gate.reading import epoch_ms, parse_time

EVENT = json.loads((Path(__file__).parents[3] / "rules/finops/schemas/meter_event.json").read_text())["examples"][0]
TENANT = json.loads((Path(__file__).parents[3] / "rules/tenant-zero/schemas/tenant.json").read_text())["examples"][0]
Ingest = Callable[..., Outcome]
COUNTS = ("read", "accepted", "duplicates", "parked", "rejected")


def event(number: int = 1, **changes: Any) -> dict[str, Any]:
    made = {**copy.deepcopy(EVENT), "id": f"meter-{number}", **changes}
    return {name: value for name, value in made.items() if value is not None}


def lines(*records: Any) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def counts(outcome: Outcome) -> tuple[int, ...]:
    return tuple(getattr(outcome.batch, name) for name in COUNTS)


def stored(outcome: Outcome, table: str = "meter_event", columns: str = "*") -> list[tuple[Any, ...]]:
    names = [str(outcome.manifest.store / f.name) for _, f in outcome.manifest.files() if f.table == table]
    if not names:
        return []
    found: list[tuple[Any, ...]] = duckdb.sql(f"SELECT {columns} FROM read_parquet({names}) ORDER BY ALL").fetchall()
    return found


def held(outcome: Outcome) -> list[tuple[str, str, int, bytes]]:
    names = [str(outcome.manifest.store / f.name) for _, f in outcome.manifest.files() if "/held/" in f.name]
    query = "SELECT outcome, reason, _line, bytes FROM read_parquet({}) ORDER BY _at".format(
        [name for name in names if name.endswith(".parquet")]
    )
    return [(o, r, n, bytes(b) if b is not None else b"") for o, r, n, b in duckdb.sql(query).fetchall()]


EVENTS = [event(i, time=f"2026-10-15T09:00:{i:02}Z") for i in range(20)]
FILES: dict[str, bytes] = {
    "lines.ndjson": lines(*EVENTS),
    "lines.jsonl.gz": gzip.compress(lines(*EVENTS)),
    "members.ndjson.gz": gzip.compress(lines(*EVENTS[:7])) + gzip.compress(lines(*EVENTS[7:])) + b"\0" * 512,
    "lines.ndjson.zst": zstandard.compress(lines(*EVENTS[:3])) + zstandard.compress(lines(*EVENTS[3:])),
    "packed-but-not-named-so.ndjson": gzip.compress(lines(*EVENTS)),
    "crlf.ndjson": lines(*EVENTS).replace(b"\n", b"\r\n"),
    "blank-lines.ndjson": b"\n \n" + lines(*EVENTS).replace(b"\n", b"\n\n\r\n"),
    "no-last-newline.ndjson": lines(*EVENTS).rstrip(b"\n"),
    "batch.json": json.dumps(EVENTS, indent=2).encode(),
    "compact.json": b" " + json.dumps(EVENTS).encode() + b"\n",
    "one-after-another.json": b"\n".join(json.dumps(e, indent=1).encode() for e in EVENTS),
    "batch.json.gz": gzip.compress(json.dumps(EVENTS).encode()),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_every_way_to_write_them_gives_the_same_events(ingest: Ingest, name: str) -> None:
    outcome = ingest({name: FILES[name]})

    assert counts(outcome) == (20, 20, 0, 0, 0)
    assert [json.loads(line)["id"] for line in lines(*EVENTS).splitlines()] == [e["id"] for e in EVENTS]
    assert [row[0] for row in stored(outcome, columns="id")] == sorted(e["id"] for e in EVENTS)
    assert {row[0] for row in stored(outcome, columns="time")} == {epoch_ms(parse_time(e["time"])) for e in EVENTS}


def csv_of(*rows: dict[str, Any]) -> bytes:
    flat = [
        {**{k: v for k, v in row.items() if k != "data"}, **{f"data.{k}": v for k, v in row["data"].items()}}
        for row in rows
    ]
    names = list(flat[0])
    quoted = [",".join('"' + str(row.get(name, "")).replace('"', '""') + '"' for name in names) for row in flat]
    return "\r\n".join([",".join(names), *quoted]).encode() + b"\r\n"


def test_csv_is_typed_by_the_schema(ingest: Ingest) -> None:
    odd = event(3, source='a "quoted"\nsource, with a break')
    outcome = ingest({"events.csv": csv_of(EVENTS[0], EVENTS[1], odd)})

    assert counts(outcome) == (3, 3, 0, 0, 0)
    assert (odd["source"], 1000) in stored(outcome, columns="source, data_quantity")


def test_a_column_that_changes_its_type_in_the_middle_costs_only_those_rows(ingest: Ingest) -> None:
    text = csv_of(*EVENTS[:5]).replace(b'"1000"', b'"1e3"', 1).replace(b'"1000"', b'"many"', 1)
    outcome = ingest({"events.csv": text})

    assert counts(outcome) == (5, 3, 0, 0, 2)
    assert [(reason, line) for _, reason, line, _ in held(outcome)] == [
        ("schema:data.quantity", 2), ("schema:data.quantity", 3),
    ]  # fmt: skip


def test_a_row_of_csv_with_a_cell_too_many_is_kept_as_it_was(ingest: Ingest) -> None:
    whole = csv_of(*EVENTS[:2])
    outcome = ingest({"events.csv": whole + b"a,b,c\r\n" + b'"open, to the end'})

    assert counts(outcome) == (4, 2, 0, 0, 2)
    assert [(line, data) for _, _, line, data in held(outcome)] == [(4, b"a,b,c"), (5, b'"open, to the end')]


def test_csv_without_a_usable_header_is_refused(ingest: Ingest) -> None:
    with pytest.raises(GateError, match=r"events.csv:1: the header names a column twice"):
        ingest({"events.csv": b"id,id\r\n1,2\r\n"})


def test_parquet_is_read_as_what_it_is(ingest: Ingest, tmp_path: Path) -> None:
    path = tmp_path / "incoming.parquet"
    (tmp_path / "in.json").write_bytes(lines(*EVENTS[:3], event(9, data={**EVENT["data"], "quantity": None})))
    duckdb.sql(
        f"COPY (SELECT * REPLACE (CAST(time AS TIMESTAMP) AS time) FROM read_json('{tmp_path / 'in.json'}')) TO '{path}'"
    )
    outcome = ingest({"events.parquet": path.read_bytes()})

    assert counts(outcome) == (4, 3, 0, 0, 1)
    assert [(reason, line) for _, reason, line, _ in held(outcome)] == [("schema:data", 4)]
    assert {row[0] for row in stored(outcome, columns="time")} == {epoch_ms(parse_time(e["time"])) for e in EVENTS[:3]}


def test_what_is_no_parquet_is_one_reject(ingest: Ingest) -> None:
    outcome = ingest({"events.parquet": b"PAR1 and nothing more"})

    assert counts(outcome) == (1, 0, 0, 0, 1)
    assert held(outcome)[0][1] == "not-parquet"


CUT = gzip.compress(lines(*EVENTS))
BROKEN = {
    "a gzip cut in the middle": ("a.ndjson.gz", CUT[: len(CUT) - 40], "truncated"),
    "a gzip whose checksum is missing": ("b.ndjson.gz", CUT[:-4], "truncated"),
    "a gzip whose checksum is wrong": ("c.ndjson.gz", CUT[:-8] + b"\0\0\0\0" + CUT[-4:], "corrupt"),
    "nonsense behind a gzip": ("d.ndjson.gz", CUT + b"more", "corrupt"),
    "a zstd cut in the middle": ("e.ndjson.zst", zstandard.compress(lines(*EVENTS))[:-9], "truncated"),
    "a JSON array that does not end": ("f.json", json.dumps(EVENTS).encode()[:-1], "truncated"),
    "a JSON array with nonsense in it": ("g.json", json.dumps(EVENTS).encode().replace(b"}, {", b"} {", 1), "corrupt"),
    "something behind a JSON array": ("h.json", json.dumps(EVENTS).encode() + b"]", "not-json"),
    "a Parquet that is cut": ("j.parquet", b"PAR1" + bytes(64), "not-parquet"),
    "a comma before the end of an array": ("i.json", json.dumps(EVENTS).encode()[:-1] + b",]", "corrupt"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_comes_before_a_break_counts_and_the_break_is_a_reject_with_its_place(ingest: Ingest, case: str) -> None:
    name, data, reason = BROKEN[case]
    outcome = ingest({name: data})
    read, accepted, _, _, rejected = counts(outcome)

    assert read == accepted + rejected
    assert held(outcome)[-1][1] == reason
    assert outcome.broken == (reason != "not-json")
    assert counts(ingest({name: data})) == (read, 0, read, 0, 0)


@pytest.mark.parametrize("cut", [1, 4, 8])
def test_nothing_of_a_stream_that_packs_well_is_lost_where_it_is_cut(ingest: Ingest, cut: int) -> None:
    record = json.dumps(event(1, source="x" * 1000)).encode()
    packed = gzip.compress((record + b"\n") * 4_000)
    outcome = ingest({"a.ndjson.gz": packed[:-cut]})

    assert counts(outcome) == (4_001, 1, 3_999, 0, 1)


def test_the_bytes_of_what_is_refused_are_kept_whole(ingest: Ingest) -> None:
    long = b'{"x": "' + b"\xff" * 3_000_000 + b'"}'
    outcome = ingest({"a.ndjson": b"\x00\xffnonsense\n" + long + b"\n" + lines(event(tenantid=None))})

    assert counts(outcome) == (3, 0, 0, 1, 2)
    found = held(outcome)
    assert found[0] == ("rejected", "not-json", 1, b"\x00\xffnonsense")
    assert found[2][2:] == (3, json.dumps(event(tenantid=None)).encode())
    beside = (outcome.manifest.store / manifest.HELD).glob("*.bytes")
    assert [path.read_bytes() for path in beside] == [long]


def test_the_same_file_again_is_all_duplicates_and_adds_nothing(ingest: Ingest) -> None:
    data = lines(*EVENTS, event(50, tenantid=None)) + b"nonsense\nnonsense\n"
    first = ingest({"a.ndjson": data})
    again = ingest({"b.ndjson": data})

    assert counts(first) == (23, 20, 1, 1, 1)
    assert counts(again) == (23, 0, 23, 0, 0)
    assert again.batch.files == ()
    assert (again.batch.parked_open, again.manifest.totals["rejected"]) == (1, 1)


def test_one_id_for_two_contents_is_a_conflict_that_names_the_other_place(ingest: Ingest) -> None:
    ingest({"a.ndjson": lines(event(1), event(2))})
    other, twin = event(2, subject="another"), event(3, subject="twin")
    outcome = ingest({"b.ndjson": lines(other, event(3)), "c.ndjson": lines(event(4), twin, event(4))})

    assert counts(outcome) == (5, 2, 1, 0, 2)
    said = {detail for _, reason, _, detail in outcome.places if reason == "conflict"}
    assert len(said) == 1
    assert [(reason, line, json.loads(data)) for _, reason, line, data in held(outcome)] == [
        ("conflict", 1, other), ("conflict", 2, twin),
    ]  # fmt: skip
    assert len(stored(outcome, columns="id")) == 4


def test_the_order_of_keys_is_no_difference(ingest: Ingest) -> None:
    turned = dict(reversed(event(1).items()))

    assert counts(ingest({"a.ndjson": lines(event(1), turned)})) == (2, 1, 1, 0, 0)


def test_an_id_belongs_to_its_source(ingest: Ingest) -> None:
    assert counts(ingest({"a.ndjson": lines(event(1), event(1, source="another"))})) == (2, 2, 0, 0, 0)


def test_bare_records_of_a_kind(ingest: Ingest) -> None:
    other = {**TENANT, "id": "tenant-other", "tenantid": "other"}
    outcome = ingest(
        {"a.ndjson": lines(TENANT, other, {**other, "plan": "pro", "status": "suspended"}, TENANT)}, kind="tenant"
    )

    assert counts(outcome) == (4, 2, 1, 0, 1)
    assert len(stored(outcome, "tenant__packs", "_at, value")) == 2 * len(TENANT["packs"])


def knowing(loaded: Policy, *tenants: str, now: Any) -> Rules:
    return run.rules_of(loaded, None, frozenset(tenants), now)


def test_kinds_that_come_in_turn_each_go_to_their_own_table(ingest: Ingest, loaded: Policy) -> None:
    """One block of bare and of wrapped kinds would be two runs; kinds of events come mixed."""
    schemas = {name: dict(loaded.kinds["meter_event"].schema) for name in ("meter_event", "other_event")}
    other = json.loads(json.dumps(schemas["other_event"]).replace("finops.meter.v1", "finops.other.v1"))
    rules = Rules(schemas={**schemas, "other_event": other}, kind=None, tenants=None, not_after="2026-11-21T12:05:00Z")
    mixed = [
        event(i, source=f"s{i}" * 20, **({"type": "dev.tenantgate.finops.other.v1"} if i % 3 else {}))
        for i in range(700)
    ]
    outcome = ingest(
        {"a.ndjson": b"".join(lines(e) + (b"x\n" if i % 5 == 0 else b"") for i, e in enumerate(mixed))}, rules=rules
    )

    assert counts(outcome) == (840, 700, 139, 0, 1)
    assert len(stored(outcome, "meter_event")) == 234
    assert {row[0] for row in stored(outcome, "other_event", "source")} == {
        e["source"] for i, e in enumerate(mixed) if i % 3
    }


def test_a_stranger_waits_until_the_registry_knows_it(ingest: Ingest, tmp_path: Path, loaded: Policy) -> None:
    now = parse_time("2026-11-21T12:00:00Z")
    data = lines(
        event(1), event(2, tenantid="acme"), event(3, tenantid="ghost"), event(4, type="x"), event(5, tenantid=None)
    )
    first = ingest({"a.ndjson": data}, rules=knowing(loaded, "summit-internal", now=now), now=now)

    assert counts(first) == (5, 1, 0, 4, 0)
    assert first.batch.oldest_parked_at == "2026-11-21T12:00:00Z"

    later = now + timedelta(hours=30)
    known = knowing(loaded, "summit-internal", "acme", now=later)
    again = run.replay(tmp_path / "store", known, loaded, later, lambda *_: None)
    assert again is not None
    assert counts(again) == (4, 1, 0, 3, 0)
    assert (again.batch.parked_open, again.batch.oldest_parked_at) == (3, "2026-11-21T12:00:00Z")
    assert again.manifest.totals == {
        "read": 5, "accepted": 1, "duplicates": 0, "parked": 4, "rejected": 0,
        "replayed_accepted": 1, "replayed_rejected": 0, "refused_later": 0, "purged": 0, "parked_open": 3,
    }  # fmt: skip

    sent_again = ingest({"b.ndjson": lines(event(5))}, rules=known, now=later)
    assert counts(sent_again) == (1, 1, 0, 0, 0)
    assert sent_again.batch.parked_open == 2


def test_the_future_comes(ingest: Ingest, tmp_path: Path, loaded: Policy) -> None:
    now = parse_time("2026-11-21T12:00:00Z")
    assert counts(ingest({"a.ndjson": lines(event(1, time="2026-11-21T13:00:00Z"))})) == (1, 0, 0, 1, 0)

    later = now + timedelta(hours=1)
    again = run.replay(tmp_path / "store", run.rules_of(loaded, None, None, later), loaded, later, lambda *_: None)
    assert again is not None
    assert counts(again) == (1, 1, 0, 0, 0)
    assert again.batch.parked_open == 0
    assert (
        run.replay(tmp_path / "store", run.rules_of(loaded, None, None, later), loaded, later, lambda *_: None) is None
    )


pieces = st.lists(
    st.one_of(
        st.integers(0, 5).map(lambda n: lines(event(n))),
        st.integers(0, 5).map(lambda n: lines(event(n, subject="another"))),
        st.integers(0, 2).map(lambda n: lines(event(n, tenantid=None))),
        st.sampled_from([b"nonsense\n", b"[]\n", b"\n", lines(event(1, data={}))]),
    ),
    max_size=12,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=pieces, seed=st.integers(0, 999))
def test_how_it_is_cut_into_files_runs_and_blocks_changes_nothing(
    records: list[bytes], seed: int, loaded: Policy, rules: Rules, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("cuts")
    rng = random.Random(seed)
    now = parse_time("2026-11-21T12:00:00Z")

    def ingested(name: str, parts: list[bytes]) -> dict[str, int]:
        outcome = None
        for number, part in enumerate(parts):
            path = folder / f"{name}-{number}.ndjson"
            path.write_bytes(part)
            found = sources.find([str(path)], None)
            outcome = run.ingest(folder / name, found, rules, loaded, now, lambda *_: None, processes=0)
        assert outcome is not None
        totals = outcome.manifest.totals
        assert totals["read"] == sum(totals[name] for name in COUNTS[1:])
        return totals

    whole = ingested("whole", [b"".join(records)])
    cut = sorted(rng.choices(range(len(records) + 1), k=2))
    parts = [b"".join(records[: cut[0]]), b"".join(records[cut[0] : cut[1]]), b"".join(records[cut[1] :])]
    assert ingested("parts", parts) == whole


@settings(max_examples=60, deadline=None)
@given(
    moment=st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31)),
    fraction=st.sampled_from(["", ".1", ".12", ".999", ".1239", ".9999", ".999999999"]),
    offset=st.sampled_from(["Z", "z", "+00:00", "-00:00", "+05:45", "-23:59", "+14:00"]),
)
def test_the_engine_reads_times_as_the_gate_does(moment: datetime, fraction: str, offset: str) -> None:
    text = f"{moment.replace(microsecond=0).isoformat()}{fraction}{offset}"
    text = text.replace("T", "t") if offset == "z" else text
    found = duckdb.execute(f"SELECT {time_sql('$1')}", [text]).fetchall()

    assert found == [(epoch_ms(parse_time(text)),)]


def test_a_tenant_that_the_policys_map_does_not_declare_is_parked(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from gate.cli import ingesting

    root = tmp_path / "mapped"
    root.mkdir()
    mapped = "plans: {pro: {packs: [finops]}}\ntenants: {summit-internal: {plan: pro}}\n"
    (root / "gate.yaml").write_text((project / "gate.yaml").read_text() + mapped)
    (root / "in.ndjson").write_bytes(lines(event(1), event(2, tenantid="ghost")))
    assert (
        ingesting.ingest([str(root / "in.ndjson"), "-C", str(root), "--into", str(root / "store"), "-o", "json"]) == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert (found["accepted"], found["parked"]) == (1, 1)
    assert [reason["reason"] for reason in found["reasons"]] == ["unknown-tenant"]
