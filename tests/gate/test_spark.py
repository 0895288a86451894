"""The same control text on DuckDB and on a real Spark: the same rows, for every example of every control."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gate import policy, spark
from gate.decide import parameters
from gate.model import Kind, Location, Policy, QueryError, UndecidedError
from gate.spark import SparkStore
from gate.spark import session as new_session
from gate.store import Store
from gate.tree import WorkTree

PACKS = sorted(p.name for p in (Path(__file__).parents[2] / "rules").iterdir() if (p / "pack.yaml").exists())
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MASTER = "local[2]"

ENOUGH = 24
"""Examples of one query text: a hundred controls of the tenancy pack share theirs and differ in `$control` alone."""

TIMES = frozenset({"time", "counted_until", "taken_at", "measured_at", "checked_at", "probed_at", "observed_at", "ran_at",
                   "month_end", "month_start", "published_at", "recorded_at", "found_at", "raised_at"})  # fmt: skip
"""Fields that say when a record of the example is from."""

# Tiny tables: compiling a query takes longer than interpreting it, and so does compiling Spark itself well.
SETTINGS = """\
spark.sql.codegen.wholeStage false
spark.sql.codegen.factoryMode NO_CODEGEN
spark.sql.adaptive.enabled false
spark.sql.ui.explainMode simple
spark.driver.memory 1g
spark.driver.extraJavaOptions -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmn400m -XX:MetaspaceSize=256m
"""


def missing() -> str | None:
    """Why Spark can't run here, or None."""
    try:
        import pyarrow  # noqa: F401
        import pyspark  # noqa: F401
    except ImportError as error:
        return f"{error.name} is not installed (pip install -r requirements/spark.txt)"
    return (
        None if shutil.which("java") or os.environ.get("JAVA_HOME") else "no Java 17 (Debian: openjdk-17-jre-headless)"
    )


needed = pytest.mark.skipif(missing() is not None, reason=f"Spark: {missing()}")
pytestmark = pytest.mark.xdist_group("spark")


@pytest.fixture(scope="module")
def configured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("spark-conf")
    (folder / "spark-defaults.conf").write_text(SETTINGS, "ascii")
    before = os.environ.get("SPARK_CONF_DIR")
    os.environ["SPARK_CONF_DIR"] = str(folder)
    yield
    if before is None:
        del os.environ["SPARK_CONF_DIR"]
    else:
        os.environ["SPARK_CONF_DIR"] = before


@functools.cache
def session(master: str) -> Any:
    """One for all stores, which an empty table of some columns is handed over to once: most tables of an example are."""
    found = new_session(master)
    hand_over, empty = found.createDataFrame, {}

    def handed_over(table: Any) -> Any:
        if table.num_rows:
            return hand_over(table)
        columns = str(table.schema)
        if columns not in empty:
            empty[columns] = hand_over(table)
        return empty[columns]

    found.createDataFrame = handed_over
    return found


@pytest.fixture
def shared(configured: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """All stores of a test in one session: a new one has to learn the functions of the subset again."""
    monkeypatch.setattr(spark, "session", session)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    root = tmp_path_factory.mktemp("packs")
    (root / "gate.yaml").write_text(f'version: 1\npolicy_version: "1"\nproject: packs\npacks: [{", ".join(PACKS)}]\n')
    return policy.load(WorkTree(root))


def answers(store: Any, control: Any, as_of: datetime) -> list[object]:
    """What the query and the clock of a control say."""
    found: list[object] = []
    for text in (control.query, control.clock):
        if text is not None:
            try:
                found.append(store.ask(text, parameters(control, as_of, text)))
            except QueryError:
                found.append("refused")
    return found


@needed
@pytest.mark.slow
@pytest.mark.parametrize("pack", PACKS)
def test_every_example_of_every_control_has_the_same_answer_on_both_engines(
    shared: None, loaded: Policy, pack: str
) -> None:
    wrong = []
    asked: Counter[tuple[str, str | None]] = Counter()
    for control in (c for c in loaded.controls if c.pack == pack):
        for example in control.examples:
            asked[control.query, control.clock] += 1
            if asked[control.query, control.clock] > ENOUGH:
                continue
            tried = replace(control, params=example.params)
            said = []
            for store in (
                Store([loaded.kinds[kind] for kind in control.evidence], example.as_of),
                SparkStore([loaded.kinds[kind] for kind in control.evidence], example.as_of, MASTER),
            ):
                for kind in control.evidence:
                    store.load(kind, tuple(example.records.get(kind, ())))
                store.lock()
                said.append(answers(store, tried, example.as_of))
                if isinstance(store, SparkStore):
                    store.close()
            if said[0] != said[1]:
                wrong.append((control.id, example.name, said))
    assert wrong == []


@needed
@pytest.mark.slow
def test_every_panel_shows_the_same_on_both_engines(shared: None, loaded: Policy) -> None:
    from gate.panels import rows
    from gate.policy.panels import panels_of, trials_of

    trials = trials_of(loaded)
    wrong = []
    for panel in panels_of(loaded):
        trial = trials[panel.id]
        store = SparkStore([loaded.kinds[kind] for kind in panel.evidence], trial.as_of, MASTER)
        for kind in panel.evidence:
            store.load(kind, tuple(trial.records.get(kind, ())))
        store.lock()
        found = rows(panel, store.ask, trial.as_of)
        if [dict(row) for row in found] != [dict(row) for row in trial.rows]:
            wrong.append((panel.id, found))
        store.close()
    assert wrong == []


@needed
@pytest.mark.slow
def test_a_fortnight_of_the_example_has_the_same_answer_on_both_engines(
    shared: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Cut off from what came before it and judged five weeks later, so that many controls find something."""
    from tests.examples.conftest import copied
    from tests.examples.judging import PACKS as OPERATIONAL
    from tests.examples.judging import Judge, generated, policy_of

    made = copied(tmp_path_factory.mktemp("example") / "summit")
    made.python("generate.py", "--only", "operations", "--as-of", NOW.isoformat())
    since = f"{NOW - timedelta(days=14):%Y-%m-%d}"
    records = {
        kind: [r for r in rows if max((str(r[name]) for name in TIMES & r.keys()), default=since) >= since]
        for kind, rows in generated(made).items()
    }
    later = NOW + timedelta(days=36)
    judge = Judge.of(policy_of(tmp_path_factory.mktemp("policy")), records, later)
    assert sum(map(len, records.values())) > 2_000
    said: list[dict[str, list[object]]] = []
    kinds = [judge.policy.kinds[kind] for kind in judge.evidence]
    for store in (Store(kinds, later), SparkStore(kinds, later, MASTER)):
        for kind, evidence in judge.evidence.items():
            store.load(kind, evidence.rows)
        store.lock()
        said.append({c.id: answers(store, c, later) for c in judge.policy.controls if c.pack in OPERATIONAL})
        if isinstance(store, SparkStore):
            store.close()
    wrong = [control for control in said[0] if said[0][control] != said[1][control]]
    assert wrong == []
    assert sum(found != [[]] for found in said[0].values()) >= 20, "most of what is compared must not be empty"
    assert "refused" not in [answer for found in said[0].values() for answer in found]


THING = Kind(
    name="thing",
    pack="test",
    schema={
        "type": "object",
        "properties": {
            "name": {"type": "string"}, "size": {"type": "integer"}, "good": {"type": "boolean"},
            "seen_at": {"type": "string", "format": "date-time"}, "tags": {"type": "array", "items": {"type": "string"}},
        },
    },
    source=Location(path="thing.json"),
)  # fmt: skip

ROWS: list[Mapping[str, Any]] = [
    {"name": "Ärger ÀB\u00a0", "size": 7, "good": True, "seen_at": "2026-11-20T12:00:00Z", "tags": ["a", "b"]},
    {"name": "100%_'\"\\n\n$x :y", "size": -7, "good": False, "seen_at": "2026-11-21T11:59:59.5+05:30", "tags": []},
    {"name": "", "size": 0, "seen_at": "1969-12-31T23:59:59Z"},
    {"size": 2**62, "good": True},
    {"name": "İß\U0001f600", "size": -(2**62), "tags": ["a"]},
]

QUERIES = {
    "floor division": "SELECT name AS subject, int_div(size, 2) AS a, int_div(size, -2) AS b FROM thing",
    "a division by zero": "SELECT name AS subject, int_div(size, 0) AS a FROM thing",
    "time between": "SELECT name AS subject, days_between(seen_at, $as_of) AS a, hours_between($as_of, seen_at) AS b, minutes_between(seen_at, $as_of) AS c FROM thing",
    "letters and spaces": "SELECT lower_ascii(name) AS subject, trim_space(name) AS a, length(name) AS b, substring(name, 1, 2) AS c FROM thing",
    "beginnings and ends": "SELECT name AS subject, starts_with(name, '100%_') AS a, ends_with(name, 'x :y') AS b FROM thing",
    "patterns": "SELECT name AS subject, name LIKE '%\\%%' AS a, name LIKE '_rger%' AS b FROM thing".replace("\\", ""),
    "quotes and parameters in text": "SELECT name AS subject, 'it''s $as_of -- no' AS a, $text AS b FROM thing -- $as_of",
    "where NULL sorts": "SELECT coalesce(name, 'none') AS subject, row_number() OVER (ORDER BY good, size) AS a, row_number() OVER (ORDER BY good DESC, size DESC) AS b, lag(size) OVER (ORDER BY name DESC, size) AS c FROM thing",
    "NULL in comparisons": "SELECT size AS subject, greatest(size, NULL) AS a, least(NULL, size) AS b, nullif(good, true) AS c, name IS DISTINCT FROM NULL AS d, NOT good AS e FROM thing",
    "aggregates": "SELECT good AS subject, count(*) AS a, count(name) AS b, min(name) AS c, max(size) AS d, count(DISTINCT size % 2) AS e FROM thing GROUP BY good",
    "an aggregate of nothing": "SELECT count(*) AS subject, sum(size) AS a, max(name) AS b FROM thing WHERE size > 9223372036854775806",
    "sets": "SELECT name AS subject FROM thing EXCEPT SELECT name AS subject FROM thing WHERE size > 0",
    "an array's table": "SELECT t.name AS subject, count(g.value) AS a FROM thing AS t LEFT JOIN thing__tags AS g ON g.evidence_id = t.evidence_id GROUP BY t.name",
    "casts": "SELECT CAST(size AS STRING) AS subject, CAST(good AS STRING) AS a, CAST(' 12 ' AS BIGINT) AS b, CAST(size % 2 AS BOOLEAN) AS c FROM thing",
    "the calendar": "SELECT week AS subject, starts_at AS a, ordinal AS b FROM calendar_week WHERE ordinal < 3",
    "quoted names": 'SELECT "name" AS subject, "size" AS "a" FROM thing',
    "an overflow": "SELECT name AS subject, size * 4 AS a FROM thing",
    "a remainder by zero": "SELECT name AS subject, size % 0 AS a FROM thing",
    "text that is no number": "SELECT name AS subject, CAST(name AS BIGINT) AS a FROM thing",
    "big parameters": "SELECT name AS subject, $days * 86400000 AS a FROM thing",
}  # fmt: skip


@needed
def test_the_portable_subset_means_the_same_on_both_engines(configured: None) -> None:
    from gate import sql

    stores: list[Any] = [Store([THING], NOW), SparkStore([THING], NOW, MASTER)]
    values = {"as_of": int(NOW.timestamp() * 1000), "text": "it's \\n $as_of", "days": 90}
    for store in stores:
        store.load("thing", ROWS)
        store.lock()
    for name, query in QUERIES.items():
        used = sql.check(query, stores[0].connection).parameters
        said = []
        for store in stores:
            try:
                said.append(store.ask(query, {key: values[key] for key in used}))
            except QueryError:
                said.append("refused")
        assert said[0] == said[1], name


def test_without_spark_the_gate_says_what_is_missing_and_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UndecidedError, match=r"pip install 'tenantgate\[spark\]'"):
        SparkStore([THING], NOW, MASTER)


@needed
def test_a_whole_decision_on_spark_is_the_embedded_engines_and_silent(configured: None, tmp_path: Path) -> None:
    said = []
    for engine in ("", "engine: local[2]\n"):
        root = tmp_path / ("spark" if engine else "duckdb")
        root.mkdir()
        (root / "gate.yaml").write_text(f'version: 1\npolicy_version: "1"\nproject: x\npacks: [governance]\n{engine}')
        done = subprocess.run(
            [sys.executable, "-m", "gate", "check", "-o", "json", "--as-of", "2026-11-21T12:00:00Z"],
            cwd=root, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (1, "")
        said.append(json.loads(done.stdout)["controls"])
    assert said[0] == said[1]
    assert {"fail", "unknown"} <= {control["outcome"] for control in said[0]}


@needed
@pytest.mark.slow
def test_spark_reads_event_stores_itself_and_finds_what_the_embedded_engine_finds(
    configured: None, tmp_path: Path, loaded: Policy
) -> None:
    """Every column of every row, with NULLs, letters of all alphabets, arrays, two batches and hostile source names."""
    from attestations.trust import Trust
    from gate.collect import Context, collect
    from gate.ingest import run, sources
    from gate.model import Subject

    def example(pack: str, kind: str) -> dict[str, Any]:
        path = Path(__file__).parents[2] / f"rules/{pack}/schemas/{kind}.json"
        return dict(json.loads(path.read_text())["examples"][0])

    event, tenant = example("finops", "meter_event"), example("tenant-zero", "tenant")
    events = [{**event, "id": f"meter-{n}", "source": f"Ärger ' \" \\ \U0001f600 \u2028 {n}", "data": {**event["data"], "quantity": 10**11 + n}}
              for n in range(20)]  # fmt: skip
    tenants = [
        {**tenant, "id": f"t-{n}", "tenantid": f"t{n}", "packs": ["tenancy", "finops"][: n % 3]} for n in range(7)
    ]
    store = tmp_path / "a store's"
    rules = {kind: run.rules_of(loaded, kind, None, NOW) for kind in (None, "tenant")}
    for name, records, kind in (
        ("it's $1 {x}.ndjson", events[:9], None), ("b.ndjson", events[9:], None), ("t.ndjson", tenants, "tenant"),
    ):  # fmt: skip
        (tmp_path / name).write_text("".join(json.dumps(record) + "\n" for record in records))
        run.ingest(store, sources.find([str(tmp_path / name)], None), rules[kind], loaded, NOW, lambda *_: None)
    context = Context(
        tree=WorkTree(tmp_path, versioned=False), root=tmp_path, policy=loaded, as_of=NOW, now=NOW, trust=Trust(keys=None),
        subject=Subject(project="packs", commit=None), stores=(store,),
    )  # fmt: skip
    evidence = collect(context, ["meter_event", "tenant"], lambda _: None)
    kinds = [loaded.kinds[kind] for kind in evidence]
    stores: list[Any] = [Store(kinds, NOW), SparkStore(kinds, NOW, MASTER)]
    for engine in stores:
        for item in evidence.values():
            engine.load(item.kind, item.rows)
        engine.lock()
    for table in ("meter_event", "tenant", "tenant__packs"):
        columns = ", ".join(f'"{name}"' for name, _ in stores[0].columns(f'SELECT * FROM "{table}"', {}))
        found = [engine.ask(f'SELECT {columns} FROM "{table}"', {}) for engine in stores]
        assert found[0] == found[1], table
        assert len(found[0]) == {"meter_event": 20, "tenant": 7}.get(table, sum(n % 3 for n in range(7)))
    stores[1].close()

    victim = next((store / "meter_event").glob("*.parquet"))
    victim.write_bytes(victim.read_bytes()[:-1] + b"2")
    again = SparkStore(kinds, NOW, MASTER)
    again.load("meter_event", evidence["meter_event"].rows)
    with pytest.raises(QueryError, match="changed after it was checked"):
        again.lock()
