"""More shapes of random statements: columns joined by USING, grouping sets, rows, renamed columns, lists of values, two
uses of one common table expression, set operations inside others, anti joins, what a write returns, holes filled in."""

from __future__ import annotations

from .fuzz import COLUMNS, Maker, Source

OWNED = [name for name, columns in COLUMNS.items() if columns["tenant"] == "harbour_id" and "_" not in name]
FRESH = "'00000000-0000-0000-0002-000000000001'::uuid"
UPSERT = "ON CONFLICT (harbour_id, name) DO UPDATE SET kind = 'z' RETURNING id, harbour_id, name AS w"
OTHER = "'00000000-0000-0000-0000-00000000000b'::uuid"


class Shapes(Maker):
    """Makes statements from one seed; `$1` is the caller's tenant, `$2` a text."""

    def owned(self) -> Source:
        name = self.rng.choice(OWNED)
        return Source(self.alias(), name, {k: v.split() for k, v in COLUMNS[name].items()})

    def scoped(self, source: Source, others: list[Source], probability: float = 0.6) -> str:
        return self.tenant([source], others) if self.chance(probability) else self.plain([source], others)

    def using(self) -> str:
        """Joins by USING and NATURAL, asked through the joined column, one side's, or both."""
        sources = [self.owned() for _ in range(self.rng.choice([2, 2, 3]))]
        text = f"{sources[0].table} {sources[0].alias}"
        for source in sources[1:]:
            word = self.rng.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
            names = self.rng.choice(["harbour_id", "harbour_id", "id, harbour_id", "id"])
            if "harbour_id" not in names and len(sources) > 2:
                names = "harbour_id"
            text += f" {word} {source.table} {source.alias} USING ({names})"
        asked = self.rng.choice(["harbour_id = $1", *(f"{s.alias}.harbour_id = $1" for s in sources)])
        if self.chance(0.2):
            asked += f" OR {self.plain(sources, [])}"
        elif self.chance(0.3):
            asked += f" AND {self.plain(sources, [])}"
        shown = ", ".join(f"{s.alias}.id" for s in sources)
        return f"SELECT {shown} FROM {text} WHERE {asked}"

    def grouping(self) -> str:
        source = self.owned()
        t = source.alias
        kind = source.column("text", self.rng) or f"{t}.id::text"
        keys = self.rng.choice(
            [
                f"ROLLUP ({t}.harbour_id, {kind})", f"CUBE ({t}.harbour_id, {kind})", f"{t}.harbour_id, {kind}",
                f"GROUPING SETS (({t}.harbour_id), ({kind}), ())", f"{t}.harbour_id, ROLLUP ({kind})",
                f"GROUPING SETS (({t}.harbour_id, {kind}), ({t}.harbour_id))",
            ]
        )  # fmt: skip
        where = f" WHERE {self.scoped(source, [])}" if self.chance(0.6) else ""
        having = self.rng.choice(["", "", f" HAVING {t}.harbour_id = $1", " HAVING count(*) > 1"])
        inner = f"SELECT {t}.harbour_id AS h, {kind} AS k, count(*) AS n FROM {source.table} {t}{where} GROUP BY {keys}{having}"
        return self.rng.choice(
            [inner, f"SELECT * FROM ({inner}) g WHERE g.h = $1", f"SELECT n FROM ({inner}) g WHERE g.k = $2"]
        )

    def rows(self) -> str:
        """Comparisons of rows with rows, lists of rows and queries."""
        one, two = self.owned(), self.owned()
        a, b = one.alias, two.alias
        key = self.rng.choice([one.column("uuid", self.rng), f"{a}.id"])
        forms = [
            f"({a}.harbour_id, {key}) = ($1, {key})", f"({a}.harbour_id, {key}) IN (SELECT {b}.harbour_id, {b}.id FROM {two.table} {b} WHERE {self.scoped(two, [one])})",
            f"({a}.harbour_id, 1) IN (VALUES ($1::uuid, 1), ($1::uuid, 2))", f"({a}.harbour_id, 1) IN (VALUES ($1::uuid, 1), ({OTHER}, 2))",
            f"({a}.harbour_id, {key}) >= ($1, {key})", f"ROW({a}.harbour_id, {a}.id) = ANY (SELECT {b}.harbour_id, {b}.id FROM {two.table} {b} WHERE {b}.harbour_id = $1)",
            f"({a}.harbour_id, {key}) <> ($1, {key})", f"{a}.harbour_id = ALL (SELECT {b}.harbour_id FROM {two.table} {b} WHERE {self.scoped(two, [one])})",
            f"({a}.harbour_id, {a}.id) IS NOT DISTINCT FROM ($1, {a}.id)", f"NOT ({a}.harbour_id <> ALL (ARRAY[$1::uuid]))",
            f"{a}.harbour_id <> ALL (ARRAY[$1::uuid])", f"{a}.id = ANY (SELECT {b}.id FROM {two.table} {b} WHERE {self.scoped(two, [one])})",
        ]  # fmt: skip
        more = f" AND {self.scoped(one, [])}" if self.chance(0.4) else ""
        return f"SELECT {a}.* FROM {one.table} {a} WHERE {self.rng.choice(forms)}{more}"

    def renamed(self) -> str:
        """A table, sub-select or common table expression whose columns have other names."""
        names = self.rng.choice(
            [["a", "h", "c"], ["h", "a", "c"], ["id", "harbour_id", "x"], ["harbour_id", "id", "x"]]
        )
        alias = self.alias()
        source = self.owned()
        asked = f"{alias}.{self.rng.choice(names[:2])} = $1"
        if self.chance(0.5):
            return f"SELECT {alias}.{names[2]} FROM {source.table} AS {alias}({', '.join(names)}) WHERE {asked}"
        inner = f"SELECT {source.alias}.id, {source.alias}.harbour_id, 1 FROM {source.table} {source.alias}"
        if self.chance(0.4):
            inner += f" WHERE {self.scoped(source, [])}"
        if self.chance(0.5):
            return f"WITH {alias}({', '.join(names)}) AS ({inner}) SELECT * FROM {alias} WHERE {asked}"
        return f"SELECT * FROM ({inner}) AS {alias}({', '.join(names)}) WHERE {asked}"

    def listed(self) -> str:
        """Rows of VALUES and of unnested arrays, joined by tenant, by key, or by nothing."""
        source = self.owned()
        t = source.alias
        given = self.rng.choice(
            [
                "(VALUES ($1::uuid, 'x'), ($1::uuid, 'y')) v(h, w)", f"(VALUES ($1::uuid, 'x'), ({OTHER}, 'y')) v(h, w)",
                "unnest(ARRAY[$1::uuid], ARRAY['x', 'y']) AS v(h, w)", "(SELECT $1::uuid AS h, $2::text AS w) v",
                "(VALUES (NULL::uuid, 'x'), ($1::uuid, 'y')) v(h, w)", "LATERAL (SELECT $1::uuid AS h, 'x' AS w) v",
            ]
        )  # fmt: skip
        word = self.rng.choice(["JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN"])
        on = self.rng.choice([f"v.h = {t}.harbour_id", f"v.h = {t}.harbour_id AND {self.plain([source], [])}", "true"])
        where = f" WHERE {self.scoped(source, [])}" if self.chance(0.4) else ""
        return f"SELECT {t}.id, v.w FROM {source.table} {t} {word} {given} ON {on}{where}"

    def twice(self) -> str:
        """One common table expression in two places, each with conditions of its own."""
        source = self.owned()
        t = source.alias
        where = f" WHERE {self.scoped(source, [])}" if self.chance(0.4) else ""
        limit = self.rng.choice(["", "", f" ORDER BY {t}.id LIMIT 2"])
        word = self.rng.choice(["JOIN", "LEFT JOIN", "FULL JOIN"])
        on = self.rng.choice(["x.harbour_id = y.harbour_id", "x.id = y.id"])
        asked = self.rng.choice(
            ["x.harbour_id = $1", "y.harbour_id = $1", "x.harbour_id = $1 AND y.harbour_id = $1", "x.id IS NULL"]
        )
        body = f"SELECT {t}.id, {t}.harbour_id FROM {source.table} {t}{where}{limit}"
        if self.chance(0.3):
            return f"WITH c AS ({body}) SELECT x.id FROM c x WHERE {asked.replace('y.', 'x.')} AND x.id IN (SELECT y.id FROM c y WHERE {self.rng.choice(['y.harbour_id = $1', 'true', 'y.harbour_id = x.harbour_id'])})"
        return f"WITH c AS ({body}) SELECT x.id, y.id FROM c x {word} c y ON {on} WHERE {asked}"

    def combined(self) -> str:
        """Set operations of set operations, now and then filtered outside, cut inside, or asked whether they are empty."""

        def part() -> str:
            source = self.owned()
            t = source.alias
            where = f" WHERE {self.scoped(source, [], 0.8)}" if self.chance(0.8) else ""
            cut = f" ORDER BY {t}.id LIMIT 2" if self.chance(0.15) else ""
            first = self.rng.choice([f"{t}.id", f"{t}.id", f"{t}.harbour_id"])
            return f"(SELECT {first} AS i, {t}.harbour_id AS h FROM {source.table} {t}{where}{cut})"

        words = ["UNION", "UNION ALL", "INTERSECT", "INTERSECT ALL", "EXCEPT", "EXCEPT ALL"]
        text = f"{part()} {self.rng.choice(words)} {part()}"
        if self.chance(0.5):
            text = f"({text}) {self.rng.choice(words)} {part()}"
        form = self.rng.randrange(4)
        if form == 0:
            return f"SELECT * FROM ({text}) u WHERE u.h = $1"
        if form == 1:
            source = self.owned()
            return f"SELECT {source.alias}.id FROM {source.table} {source.alias} WHERE {source.alias}.harbour_id = $1 AND {self.rng.choice(['', 'NOT '])}EXISTS ({text})"
        if form == 2:
            source = self.owned()
            return f"SELECT {source.alias}.id FROM {source.table} {source.alias} WHERE ({source.alias}.id, {source.alias}.harbour_id) IN ({text})"
        return text

    def anti(self) -> str:
        """Outer joins asked whether they found nothing, in plain and crooked ways."""
        one, two = self.owned(), self.owned()
        a, b = one.alias, two.alias
        on = [self.link(two, [one]) or f"{b}.id = {a}.id"]
        if self.chance(0.7):
            on.append(
                self.rng.choice([f"{b}.harbour_id = {a}.harbour_id", f"{b}.harbour_id = $1", f"{a}.harbour_id = $1"])
            )
        asked = self.rng.choice(
            [f"{b}.id IS NULL", f"{b}.id IS NOT NULL", f"COALESCE({b}.harbour_id, $1) = $1", f"{b}.harbour_id IS NOT DISTINCT FROM {a}.harbour_id",
             f"({b}.id IS NULL OR {b}.harbour_id = $1)", f"COALESCE({b}.harbour_id, {a}.harbour_id) = $1", f"NOT ({b}.harbour_id <> $1)"]
        )  # fmt: skip
        more = f" AND {a}.harbour_id = $1" if self.chance(0.6) else ""
        word = self.rng.choice(["LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
        if word == "FULL JOIN":
            on = [f"{b}.harbour_id = {a}.harbour_id"]
        return f"SELECT {a}.id, {b}.id FROM {one.table} {a} {word} {two.table} {b} ON {' AND '.join(on)} WHERE {asked}{more}"

    def returned(self) -> str:
        """What a write returns, joined to other rows, written under, or asked about."""
        source = self.owned()
        while source.table in ("boats", "sailors", "berths") or not source.columns["text"]:
            source = self.owned()
        t = source.alias
        where = " AND ".join([self.scoped(source, [], 0.9), *([f"{t}.harbour_id = $1"] if self.chance(0.5) else [])])
        column = source.columns["text"][0]
        write = self.rng.choice(
            [
                f"UPDATE {source.table} {t} SET {column} = 'z' WHERE {where} RETURNING {t}.id, {t}.harbour_id, {t}.{column} AS w",
                f"DELETE FROM {source.table} {t} WHERE {where} RETURNING {t}.id, {t}.harbour_id, {t}.{column} AS w",
                f"INSERT INTO boats (id, harbour_id, name) VALUES ({FRESH}, $1, 'n1') RETURNING id, harbour_id, name AS w",
                f"INSERT INTO boats (id, harbour_id, name) VALUES ({FRESH}, $1, 'x') {UPSERT}",
            ]
        )
        if self.chance(0.35):
            child = self.rng.choice(["w.id", "w.id", FRESH])
            return f"WITH w AS ({write}) INSERT INTO photos (id, boat_id, url) SELECT md5('p' || w.id::text)::uuid, {child}, 'new' FROM w"
        other = self.owned()
        o = other.alias
        tie = self.rng.choice([f"{o}.harbour_id = w.harbour_id", f"{o}.id = w.id", f"{o}.harbour_id = $1"])
        text = other.column("text", self.rng)
        if text and self.chance(0.3):
            tie = f"{text} = w.w"
        return f"WITH w AS ({write}) SELECT {o}.id FROM {other.table} {o} JOIN w ON {tie}"

    def filled(self) -> str:
        """A condition in parentheses, as one that is put in at run time would stand there."""
        text, sources = self.tree([], 1)
        conds = [self.tenant([s], [o for o in sources if o is not s]) for s in sources if self.chance(0.8)] or ["true"]
        return f"SELECT {sources[0].alias}.id FROM {text} WHERE {' AND '.join(conds)} AND ({self.condition(sources, [], 2)} OR {self.condition(sources, [], 1)})"

    def named(self) -> str:
        """The caller's tenant by its code, which is its own."""
        source = self.owned()
        t = source.alias
        word = self.rng.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN"])
        on = self.rng.choice([f"h.id = {t}.harbour_id", f"h.id = {t}.harbour_id AND h.code = 'codea'"])
        asked = self.rng.choice(
            [
                "h.code = 'codea'",
                "h.code = 'codea' OR h.name = $2",
                f"h.code = 'codea' AND {self.plain([source], [])}",
                "h.code <> 'codeb'",
            ]
        )
        if self.chance(0.4):
            return f"SELECT {t}.id FROM {source.table} {t} WHERE {t}.harbour_id = (SELECT h.id FROM harbours h WHERE {asked} ORDER BY h.id LIMIT 1)"
        return f"SELECT {t}.id, h.plan FROM {source.table} {t} {word} harbours h ON {on} WHERE {asked}"

    def windowed(self) -> str:
        source = self.owned()
        t = source.alias
        part = self.rng.choice(
            ["", f"PARTITION BY {t}.harbour_id ", f"PARTITION BY {source.column('text', self.rng) or f'{t}.id'} "]
        )
        call = self.rng.choice(["row_number()", "count(*)", f"lag({t}.id)", f"first_value({t}.id)"])
        inner = f"SELECT {t}.id, {t}.harbour_id, {call} OVER w AS n FROM {source.table} {t}"
        inner += f" WHERE {self.scoped(source, [])}" if self.chance(0.4) else ""
        inner += f" WINDOW w AS ({part}ORDER BY {t}.id)"
        cut = self.rng.choice(["", "", " ORDER BY 1, 2 FETCH FIRST 2 ROWS WITH TIES", " ORDER BY 1, 2 OFFSET 1"])
        return f"SELECT * FROM ({inner}{cut}) q WHERE q.harbour_id = $1"

    def statement(self) -> str:
        return self.rng.choice(
            [
                self.using, self.grouping, self.rows, self.renamed, self.listed, self.twice, self.combined, self.anti,
                self.returned, self.filled, self.named, self.windowed,
            ]
        )()  # fmt: skip


def statements(seed: str, count: int) -> list[str]:
    return [Shapes(f"{seed}-{n}").statement() for n in range(count)]
