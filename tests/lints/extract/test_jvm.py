"""Java and Kotlin: texts that are put together with builders, by the methods of row mappers, after early exits."""

from __future__ import annotations

import pytest

from lints.extract import extract

MAPPERS = """
class Harbour {
  private static final class Boats implements RowMapper<Boat> {
    public String schema() { return " b.id as id from boats b join berths o on o.id = b.berth_id "; }
  }
  private static final class Sails implements RowMapper<Sail> {
    private final String sql;
    Sails() {
      final StringBuilder text = new StringBuilder(200);
      text.append(" s.id as id ").append(" from sails s ");
      this.sql = text.toString();
    }
    public String schema() { return this.sql; }
  }
  Object found(Long id) { {} }
}
"""
BOATS = "select b.id as id from boats b join berths o on o.id = b.berth_id where b.id = ?"
JAVA = {
    "a chain of appends": (
        (
            'StringBuilder s = new StringBuilder(); s.append("select id from boats ").append("where id = ? or ").append("1 = 1");'
            " return jdbcTemplate.query(s.toString(), id);"
        ),
        "select id from boats where id = ? or 1 = 1",
    ),
    "a chain on a field": (
        (
            'text = new StringBuilder("select id"); text.append(" from boats").append(" where id = ?");'
            " return jdbcTemplate.query(text.toString(), id);"
        ),
        "select id from boats where id = ?",
    ),
    "a mapper's text": (
        'final Boats rm = new Boats(); return jdbcTemplate.query("select " + rm.schema() + " where b.id = ?", rm, id);',
        BOATS,
    ),
    "a mapper's text, appended": (
        (
            'Boats rm = new Boats(); StringBuilder s = new StringBuilder(); s.append("select ").append(rm.schema())'
            '.append(" where b.id = ?"); return jdbcTemplate.query(s.toString(), rm, id);'
        ),
        BOATS,
    ),
    "a mapper that keeps its text": (
        'final Sails rm = new Sails(); return jdbcTemplate.query("select " + rm.schema() + " where s.id = ?", rm, id);',
        "select s.id as id from sails s where s.id = ?",
    ),
}


@pytest.mark.parametrize("name", JAVA)
def test_java(name: str) -> None:
    body, text = JAVA[name]
    found = extract("src/Harbour.java", MAPPERS.replace("{}", body).encode())
    executed = [" ".join(s.sql.split()) for s in found.statements if s.call is not None and s.call.method == "query"]
    assert executed == [text]


KOTLIN = {
    "an early return": "name ?: return null\n",
    "an early throw": "name ?: throw Missing()\n",
    "an early return in a condition": "if (name == null) return null\n",
}


@pytest.mark.parametrize("name", KOTLIN)
def test_kotlin_goes_on_after(name: str) -> None:
    source = (
        f"class Harbour(val jdbc: JdbcTemplate) {{\n fun f(name: String?): Any? {{\n {KOTLIN[name]}"
        ' return jdbc.query("select id from boats where name = ?", name)\n }\n}\n'
    )
    found = extract("src/Harbour.kt", source.encode())
    assert [statement.sql for statement in found.statements] == ["select id from boats where name = ?"]
