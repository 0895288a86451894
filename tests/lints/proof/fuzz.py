"""Random statements over the harbour schema: joins of all kinds, sub-queries, alternatives, limits, writes.

They are made to be runnable and deterministic, with the tenant predicate often, but not always, in the right place.
`$1` is the caller's tenant, `$2` a text.
"""

from __future__ import annotations

import random

COLUMNS: dict[str, dict[str, str]] = {
    "boats": {"tenant": "harbour_id", "text": "name kind", "int": "length", "uuid": "id berth_id owner_id"},
    "berths": {"tenant": "harbour_id", "text": "number", "int": "depth", "uuid": "id"},
    "sailors": {"tenant": "harbour_id", "text": "name role", "int": "", "uuid": "id"},
    "repairs": {"tenant": "harbour_id", "text": "status", "int": "cost", "uuid": "id boat_id parent_id"},
    "invoices": {"tenant": "harbour_id", "text": "number", "int": "amount", "uuid": "id boat_id"},
    "tags": {"tenant": "harbour_id", "text": "label", "int": "", "uuid": "id"},
    "notices": {"tenant": "harbour_id", "text": "body", "int": "", "uuid": "id"},
    "visits": {"tenant": "harbour_id", "text": "", "int": "days", "uuid": "id boat_id"},
    "logbooks": {"tenant": "", "text": "title", "int": "", "uuid": "id boat_id"},
    "photos": {"tenant": "", "text": "url", "int": "", "uuid": "id boat_id"},
    "entries": {"tenant": "", "text": "body", "int": "seq", "uuid": "id logbook_id"},
    "harbours": {"tenant": "id", "text": "name plan", "int": "", "uuid": "id"},
    "countries": {"tenant": "", "text": "name", "int": "", "uuid": "id"},
    "open_repairs": {"tenant": "harbour_id", "text": "status", "int": "cost", "uuid": "id boat_id"},
    "latest_repairs": {"tenant": "harbour_id", "text": "status", "int": "cost", "uuid": "id boat_id"},
    "boat_logs": {"tenant": "harbour_id", "text": "title", "int": "", "uuid": "id"},
    "my_boats": {"tenant": "harbour_id", "text": "name kind", "int": "length", "uuid": "id owner_id"},
}
KEYS = [f"00000000-0000-0000-0000-00000000{n:03d}{t}" for n in (1, 2, 3) for t in "ab"]
"""Row ids of the two tenants, as the oracle makes them."""
LINKS = [
    ("boats", "berth_id", "berths", "id"), ("boats", "owner_id", "sailors", "id"), ("repairs", "boat_id", "boats", "id"),
    ("invoices", "boat_id", "boats", "id"), ("visits", "boat_id", "boats", "id"), ("logbooks", "boat_id", "boats", "id"),
    ("photos", "boat_id", "boats", "id"), ("entries", "logbook_id", "logbooks", "id"),
    ("photos", "boat_id", "logbooks", "boat_id"), ("repairs", "parent_id", "repairs", "id"),
    ("repairs", "boat_id", "visits", "boat_id"), ("repairs", "boat_id", "invoices", "boat_id"),
    ("invoices", "boat_id", "photos", "boat_id"),
]  # fmt: skip


class Source:
    """A relation of the statement being made: its alias and the columns it shows, by kind."""

    def __init__(self, alias: str, table: str, columns: dict[str, list[str]]) -> None:
        self.alias = alias
        self.table = table
        self.columns = columns

    def column(self, kind: str, rng: random.Random) -> str | None:
        names = self.columns.get(kind) or []
        return f"{self.alias}.{rng.choice(names)}" if names else None


class Maker:
    """Makes statements from one seed."""

    def __init__(self, seed: str) -> None:
        self.rng = random.Random(seed)
        self.count = 0

    def alias(self) -> str:
        self.count += 1
        return f"t{self.count}"

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def table(self) -> Source:
        name = self.rng.choice(list(COLUMNS))
        return Source(self.alias(), name, {k: v.split() for k, v in COLUMNS[name].items()})

    # conditions

    def tenant(self, sources: list[Source], outer: list[Source]) -> str:
        source = self.rng.choice(sources)
        column = source.column("tenant", self.rng)
        if column is None:
            return self.link(source, sources + outer) or self.plain(sources, outer)
        others = [c for s in sources + outer if s is not source and (c := s.column("tenant", self.rng))]
        if others and self.chance(0.5):
            return f"{column} = {self.rng.choice(others)}"
        forms = [
            f"{column} = $1", f"$1 = {column}", f"{column} IN ($1)", f"NOT ({column} <> $1)", f"{column} = ANY(ARRAY[$1::uuid])",
            f"({column} = $1) IS TRUE", f"COALESCE({column} = $1, false)", f"{column} IS NOT DISTINCT FROM $1",
            f"({column}, 1) = ($1, 1)", f"COALESCE({column}, $1) = $1", f"NULLIF({column}, NULL) = $1",
            f"({column} = $1 OR {column} IS NULL)", f"{column}::text = $1::text", f"({column} = $1) IS NOT FALSE",
            f"CASE WHEN {column} = $1 THEN true ELSE false END", f"{column} = (SELECT $1::uuid)",
            f"{column} IN (SELECT id FROM harbours WHERE id = $1)", f"({column}, 1) IN (($1, 1), ($1, 2))",
            f"{column} BETWEEN $1 AND $1", f"CASE {column} WHEN $1 THEN true ELSE false END", f"ARRAY[$1::uuid] @> ARRAY[{column}]",
        ]  # fmt: skip
        return forms[0] if self.chance(0.6) else self.rng.choice(forms)

    def link(self, source: Source, others: list[Source]) -> str | None:
        found = []
        for one, a, two, b in LINKS:
            for other in others:
                if other is source:
                    continue
                if (
                    source.table == one
                    and other.table == two
                    and a in source.columns["uuid"]
                    and b in other.columns["uuid"]
                ):
                    found.append(f"{source.alias}.{a} = {other.alias}.{b}")
                if (
                    source.table == two
                    and other.table == one
                    and b in source.columns["uuid"]
                    and a in other.columns["uuid"]
                ):
                    found.append(f"{source.alias}.{b} = {other.alias}.{a}")
        return self.rng.choice(found) if found else None

    def plain(self, sources: list[Source], outer: list[Source]) -> str:
        source = self.rng.choice(sources)
        text = source.column("text", self.rng)
        number = source.column("int", self.rng)
        other = self.rng.choice(sources + outer).column("text", self.rng)
        key = source.column("uuid", self.rng)
        forms = [f"{key} IS NOT NULL", f"{key} IS NULL", "true", "$2 <> 'x'", f"{key} = '{self.rng.choice(KEYS)}'"]
        if text:
            forms += [f"{text} = $2", f"{text} IS NULL", f"{text} <> 'x'", f"{text} LIKE 'f%'"]
        if text and other and text != other:
            forms += [f"{text} = {other}"] * 3
        if number:
            forms += [f"{number} > 2", f"{number} = 1"]
        return self.rng.choice(forms)

    def condition(self, sources: list[Source], outer: list[Source], depth: int) -> str:
        dice = self.rng.random()
        if depth <= 0 or dice < 0.45:
            if self.chance(0.55):
                return self.tenant(sources, outer)
            if self.chance(0.5):
                return self.link(self.rng.choice(sources), sources + outer) or self.plain(sources, outer)
            return self.plain(sources, outer)
        if dice < 0.62:
            return " AND ".join(self.condition(sources, outer, depth - 1) for _ in range(2))
        if dice < 0.78:
            return "(" + " OR ".join(f"({self.condition(sources, outer, depth - 1)})" for _ in range(2)) + ")"
        if dice < 0.83:
            return f"NOT ({self.condition(sources, outer, depth - 1)})"
        return self.subquery(sources, outer, depth - 1)

    def subquery(self, sources: list[Source], outer: list[Source], depth: int) -> str:
        around = sources + outer
        source = self.rng.choice(sources)
        kind = self.rng.choice(["tenant", "uuid", "text"])
        left = source.column(kind, self.rng) or source.column("uuid", self.rng)
        if self.chance(0.5):
            word = self.rng.choice(["EXISTS", "EXISTS", "NOT EXISTS"])
            return f"{word} ({self.select(around, depth, 'one')})"
        word = self.rng.choice(["IN", "IN", "NOT IN", "= ANY"])
        wanted = "text" if left is not None and kind == "text" and source.columns["text"] else "uuid"
        return f"{left} {word} ({self.select(around, depth, wanted)})"

    # relations

    def relation(self, outer: list[Source], depth: int) -> tuple[str, Source]:
        if depth <= 0 or self.chance(0.65):
            source = self.table()
            return f"{source.table} {source.alias}", source
        lateral = "LATERAL " if outer and self.chance(0.4) else ""
        alias = self.alias()
        text, columns, table = self.derived(outer if lateral else [], depth - 1)
        return f"{lateral}({text}) {alias}", Source(alias, table, columns)

    def derived(self, outer: list[Source], depth: int) -> tuple[str, dict[str, list[str]], str]:
        dice = self.rng.random()
        if dice < 0.2:
            inner, source = self.relation(outer, 0)
            tenant = source.column("tenant", self.rng) or f"{source.alias}.id"
            where = f" WHERE {self.condition([source], outer, depth)}" if self.chance(0.5) else ""
            text = f"SELECT {tenant} AS h, count(*)::int AS n FROM {inner}{where} GROUP BY {tenant}"
            return text, {"tenant": ["h"], "uuid": ["h"], "int": ["n"], "text": []}, ""
        if dice < 0.35:
            parts = []
            for _ in range(2):
                inner, source = self.relation(outer, 0)
                tenant = source.column("tenant", self.rng) or "NULL::uuid"
                where = f" WHERE {self.condition([source], outer, depth)}" if self.chance(0.6) else ""
                parts.append(f"SELECT {source.alias}.id AS id, {tenant} AS h FROM {inner}{where}")
            word = self.rng.choice([" UNION ", " UNION ALL ", " INTERSECT ", " EXCEPT "])
            return word.join(parts), {"tenant": ["h"], "uuid": ["id", "h"], "int": [], "text": []}, ""
        inner, source = self.relation(outer, depth if self.chance(0.3) else 0)
        names = {k: list(v) for k, v in source.columns.items()}
        shown = ", ".join(dict.fromkeys(f"{source.alias}.{n}" for v in names.values() for n in v)) or "1 AS one"
        where = f" WHERE {self.condition([source], outer, depth)}" if self.chance(0.6) else ""
        tenant = source.column("tenant", self.rng)
        order = ", ".join(f"{source.alias}.{n}" for n in names.get("uuid", []))
        extra = ""
        head = "SELECT"
        if self.chance(0.35) and order:
            form = self.rng.randrange(4)
            if form == 0:
                extra = f" ORDER BY {order} LIMIT {self.rng.randint(1, 3)}"
            elif form == 1 and tenant:
                head = f"SELECT DISTINCT ON ({tenant})"
                extra = f" ORDER BY {tenant}, {order}"
            elif form == 2:
                text = source.column("text", self.rng)
                if text:
                    head = f"SELECT DISTINCT ON ({text})"
                    extra = f" ORDER BY {text}, {order}"
            else:
                part = f"PARTITION BY {tenant} " if tenant and self.chance(0.6) else ""
                shown += f", row_number() OVER ({part}ORDER BY {order}) AS n"
                names = {**names, "int": [*names.get("int", []), "n"]}
        return f"{head} {shown} FROM {inner}{where}{extra}", names, source.table

    def tree(self, outer: list[Source], depth: int) -> tuple[str, list[Source]]:
        text, first = self.relation(outer, depth)
        sources = [first]
        for _ in range(self.rng.choice([0, 0, 1, 1, 2])):
            word = self.rng.choice(
                ["JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN", ","]
            )
            lateral = outer + (sources if word in ("JOIN", "LEFT JOIN", "CROSS JOIN", ",") else [])
            right, source = self.relation(lateral, depth)
            if word == ",":
                text = f"{text}, {right}" if "JOIN" not in text else f"{text} CROSS JOIN {right}"
                sources.append(source)
                continue
            if word == "CROSS JOIN":
                text = f"{text} CROSS JOIN {right}"
                sources.append(source)
                continue
            sources.append(source)
            on = self.link(source, sources) or self.tenant([source], sources[:-1])
            if word == "FULL JOIN":
                tenants = [c for s in sources[:-1] if (c := s.column("tenant", self.rng))]
                mine = source.column("tenant", self.rng)
                if not tenants or not mine:
                    word = "LEFT JOIN"
                else:
                    on = f"{mine} = {self.rng.choice(tenants)}"
            if word != "FULL JOIN" and self.chance(0.5):
                on += f" AND {self.tenant([source], sources[:-1])}"
            if word == "LEFT JOIN" and self.chance(0.2):
                on += f" AND {self.condition(sources, [], 1)}"
            text = f"{text} {word} {right} ON {on}"
        return text, sources

    def select(self, outer: list[Source], depth: int, wanted: str) -> str:
        text, sources = self.tree(outer, depth)
        conds = [self.condition(sources, outer, depth) for _ in range(self.rng.choice([0, 1, 1, 2]))]
        if self.chance(0.7):
            conds += [self.tenant([s], [o for o in sources if o is not s] + outer) for s in sources if self.chance(0.7)]
        where = f" WHERE {' AND '.join(f'({c})' for c in conds)}" if conds else ""
        chosen = self.rng.choice(sources)
        if wanted == "one":
            shown = self.rng.choice(["1", "1", "1", "count(*)"])
        elif wanted == "all":
            columns = [f"{s.alias}.{n}" for s in sources for v in s.columns.values() for n in v]
            shown = ", ".join(dict.fromkeys(columns)) or "1"
            if self.chance(0.2):
                shown = "count(*)"
            elif self.chance(0.25):
                shown += f", (SELECT count(*) FROM ({self.select(sources + outer, 0, 'uuid')}) q)"
            elif self.chance(0.2):
                shown += f", {self.looked_up(sources)}"
            elif self.chance(0.2):
                test = self.plain(sources, outer)
                shown += f", CASE WHEN {test} THEN 1 WHEN EXISTS ({self.select(sources + outer, 0, 'one')}) THEN 2 END"
        else:
            shown = chosen.column(wanted, self.rng) or ("NULL::uuid" if wanted == "uuid" else "NULL::text")
            if wanted == "uuid" and self.chance(0.4):
                shown = chosen.column("tenant", self.rng) or shown
        return f"SELECT {shown} FROM {text}{where}"

    def write(self) -> str:
        source = self.table()
        while source.table in ("countries", "boat_logs", "latest_repairs") or not source.columns["text"]:
            source = self.table()
        column = source.columns["text"][0]
        inner, others = self.tree([], 1) if self.chance(0.5) else ("", [])
        conds = [self.condition([source, *others], [], 1)]
        conds += [
            self.tenant([s], [o for o in [source, *others] if o is not s])
            for s in [source, *others]
            if self.chance(0.8)
        ]
        where = " AND ".join(f"({c})" for c in conds)
        if self.chance(0.5) and source.table in ("photos", "entries", "tags", "notices", "visits", "invoices"):
            return f"DELETE FROM {source.table} {source.alias}{f' USING {inner}' if inner else ''} WHERE {where}"
        value = self.rng.choice(["'changed'", f"{column} || '!'"])
        if others and (other := others[0].column("text", self.rng)):
            value = f"max_of({other})"
        value = value if not value.startswith("max_of") else self.looked_up([source, *others])
        return f"UPDATE {source.table} {source.alias} SET {column} = {value}{f' FROM {inner}' if inner else ''} WHERE {where}"

    def looked_up(self, outer: list[Source]) -> str:
        """A text looked up by a key, with conditions that may name the rows around: one row, or none."""
        source = self.table()
        while not source.columns["text"]:
            source = self.table()
        conds = [f"{source.alias}.id = '{self.rng.choice(KEYS)}'", self.tenant([source], outer)]
        if self.chance(0.6):
            conds.append(self.tenant([source], []))
        found = (
            f"SELECT {source.column('text', self.rng)} FROM {source.table} {source.alias} WHERE {' AND '.join(conds)}"
        )
        return f"({found}{self.rng.choice(['', '', ' LIMIT 1'])})"

    def insert(self) -> str:
        """An INSERT into berths or photos from a query, now and then an upsert."""
        text, sources = self.tree([], 1)
        conds = [self.condition(sources, [], 1)]
        conds += [self.tenant([s], [o for o in sources if o is not s]) for s in sources if self.chance(0.8)]
        where = " AND ".join(f"({c})" for c in conds)
        source = self.rng.choice(sources)
        fresh = f"md5('new' || {source.column('uuid', self.rng)}::text)::uuid"
        if self.chance(0.4):
            parent = source.column("uuid", self.rng)
            return f"INSERT INTO photos (id, boat_id, url) SELECT {fresh}, {parent}, 'new' FROM {text} WHERE {where}"
        tenant = self.rng.choice(["$1", "$1", source.column("tenant", self.rng) or "$1"])
        word = source.column("text", self.rng) or "'new'"
        key = self.rng.choice([fresh, fresh, f"'{self.rng.choice(KEYS)}'::uuid"])
        conflict = self.rng.choice(
            [
                "",
                " ON CONFLICT (harbour_id, number) DO UPDATE SET depth = 9",
                " ON CONFLICT (id) DO UPDATE SET depth = 9",
                " ON CONFLICT (id) DO UPDATE SET depth = 9 WHERE berths.harbour_id = EXCLUDED.harbour_id",
                " ON CONFLICT (id) DO UPDATE SET depth = 9 WHERE berths.harbour_id = $1",
                " ON CONFLICT (id) DO UPDATE SET number = EXCLUDED.number WHERE berths.depth > 1",
                f" ON CONFLICT (id) DO UPDATE SET number = coalesce({self.looked_up([self.written()])}, 'n')",
            ]
        )
        return (
            f"INSERT INTO berths (id, harbour_id, number, depth) SELECT {key}, {tenant}, {word}, 1 FROM {text}"
            f" WHERE {where}{' ORDER BY 1, 2, 3 LIMIT 1' if conflict else ''}{conflict}"
        )

    def written(self) -> Source:
        return Source("berths", "berths", {k: v.split() for k, v in COLUMNS["berths"].items()})

    def merge(self) -> str:
        text, columns, table = self.derived([], 1)
        source = Source("s", table, columns)
        target = Source("t", "berths", {k: v.split() for k, v in COLUMNS["berths"].items()})
        on = [self.link(target, [source]) or f"t.id = {source.column('uuid', self.rng) or 'NULL'}"]
        if self.chance(0.7):
            on.append(self.tenant([target], [source]))
        guard = f" AND {self.tenant([target], [source])}" if self.chance(0.4) else ""
        looked_up = f"UPDATE SET number = coalesce({self.looked_up([target, source])}, 'm')"
        action = self.rng.choice(["UPDATE SET depth = 9", "DELETE", "UPDATE SET number = 'm'", looked_up])
        return f"MERGE INTO berths t USING ({text}) s ON {' AND '.join(on)} WHEN MATCHED{guard} THEN {action}"

    def recursion(self) -> str:
        anchor = [self.plain([Source("r", "repairs", {k: v.split() for k, v in COLUMNS["repairs"].items()})], [])]
        if self.chance(0.7):
            anchor.append("r.harbour_id = $1")
        step = ["r.parent_id = t.id"]
        if self.chance(0.6):
            step.append(self.rng.choice(["r.harbour_id = t.h", "r.harbour_id = $1"]))
        shown = self.rng.choice(["r.harbour_id", "t.h", "r.boat_id"])
        outside = self.rng.choice(["true", "t.h = $1", "t.h IS NOT NULL", "b.harbour_id = t.h", "b.harbour_id = $1"])
        join = " JOIN boats b ON b.id = t.b" if "b." in outside else ""
        return (
            f"WITH RECURSIVE t(id, h, b) AS (SELECT r.id, r.harbour_id, r.boat_id FROM repairs r WHERE {' AND '.join(anchor)}"
            f" UNION SELECT r.id, {shown}, r.boat_id FROM repairs r JOIN t ON {' AND '.join(step)})"
            f" SELECT * FROM t{join} WHERE {outside}"
        )

    def statement(self) -> str:
        dice = self.rng.random()
        if dice < 0.08:
            return self.insert()
        if dice < 0.12:
            return self.merge()
        if dice < 0.15:
            return self.recursion()
        if self.chance(0.2):
            return self.write()
        if self.chance(0.25):
            name = f"c{self.rng.randint(1, 9)}"
            text, columns, table = self.derived([], 1)
            source = Source(name, table, columns)
            other = self.table()
            join = f"{name} JOIN {other.table} {other.alias} ON {self.link(other, [source]) or self.tenant([other], [source])}"
            conds = [self.tenant([s], []) for s in (source, other) if self.chance(0.6)] or ["true"]
            return f"WITH {name} AS ({text}) SELECT * FROM {join} WHERE {' AND '.join(conds)}"
        return self.select([], self.rng.choice([0, 1, 2]), "all")


def statements(seed: str, count: int) -> list[str]:
    return [Maker(f"{seed}-{n}").statement() for n in range(count)]
