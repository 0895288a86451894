"""The SQL that a control may be written in: one deterministic SELECT in a subset that means the same on every engine.

DuckDB's own parser gives the syntax tree, so what is checked is what runs. Allowed is what this module lists; all else
is refused when the policy loads: other statements, clocks, randomness, files, functions of one dialect, division with
`/`, LIMIT, `SELECT *`; and what could grow without end: recursion, `replace`, more tables than a person reads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

FUNCTIONS = frozenset(
    {
        # aggregates and windows over integers and strings: exact, and equal on every engine
        "count", "count_star", "sum", "min", "max", "row_number", "rank", "dense_rank", "lag", "lead",
        # scalars
        "coalesce", "nullif", "abs", "greatest", "least", "length", "substring", "starts_with", "ends_with",
        # operators
        "+", "-", "*", "%", "||", "~~", "!~~",
        # ours, defined on every engine by the store
        "days_between", "hours_between", "minutes_between", "int_div", "lower_ascii", "trim_space",
    }
)  # fmt: skip

# Spelled alike everywhere and not meaning the same: Unicode tables, NULL, division.
_INSTEAD = {"/": "int_div(a, b)", "//": "int_div(a, b)", "lower": "lower_ascii(a)", "upper": "lower_ascii(a)",
            "trim": "trim_space(a)", "concat": "a || b"}  # fmt: skip

MAX_CHARACTERS = 16_000
MAX_TABLES = 64

_ORDERED = frozenset({"row_number", "rank", "dense_rank", "lag", "lead"})
_QUERY_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE"})
_TABLES = frozenset({"BASE_TABLE", "SUBQUERY", "JOIN", "EMPTY"})
_JOINS = frozenset({"REGULAR", "CROSS", "INNER", "LEFT", "RIGHT", "OUTER"})
_SET_OPERATIONS = frozenset({"UNION", "EXCEPT", "INTERSECT"})
_EXPRESSIONS = frozenset(
    {
        "FUNCTION", "COLUMN_REF", "CONSTANT", "COMPARISON", "CONJUNCTION", "OPERATOR", "CASE", "CAST", "SUBQUERY",
        "WINDOW", "BETWEEN", "PARAMETER",
    }
)  # fmt: skip
_OPERATORS = frozenset(
    {"OPERATOR_NOT", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL", "COMPARE_IN", "COMPARE_NOT_IN", "OPERATOR_COALESCE",
     "OPERATOR_NULLIF"}
)  # fmt: skip
_CASTS = frozenset({"BIGINT", "STRING", "BOOLEAN"})
_LITERALS = frozenset({"STRING", "INTEGER", "BOOLEAN", "NULL_LITERAL"})
# Clocks and sessions that SQL spells without parentheses, so that they parse as columns.
_SPECIAL_NAMES = frozenset(
    {"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "current_user", "user",
     "session_user", "current_schema", "current_catalog", "current_role", "today", "rowid"}
)  # fmt: skip
_MODIFIERS = frozenset({"ORDER_MODIFIER", "DISTINCT_MODIFIER"})


class SqlError(ValueError):
    """A query that may not be a control's; `line` counts from 1 within the query."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a checked query reads: tables (a CTE is none once it is defined) and parameters; and the CTEs it names."""

    text: str
    tables: frozenset[str]
    ctes: frozenset[str]
    parameters: frozenset[str]


def check(text: str, connection: Any) -> Query:
    """Parse and check one query. `connection` is any DuckDB connection. Raises SqlError."""
    root = _parse(text, connection)
    names = [entry["key"].lower() for entry in _ctes(root)]
    tables: set[str] = set()
    parameters: set[str] = set()
    count = 0
    # A CTE sees those before it, the body sees all of them.
    parts = [*(entry["value"] for entry in _ctes(root)), {k: v for k, v in root.items() if k != "cte_map"}]
    for index, part in enumerate(parts):
        for node in _walk(part):
            _check_node(node, text)
            if _ctes(node):
                raise SqlError("WITH inside a query is not allowed; name every part once, at the top")
            if node.get("type") == "BASE_TABLE":
                count += 1
                if (name := node["table_name"].lower()) not in names[:index]:
                    tables.add(name)
            elif node.get("class") == "PARAMETER":
                parameters.add(node["identifier"])
    if count > MAX_TABLES:
        raise SqlError(f"reads more than {MAX_TABLES} tables; split the control")
    return Query(text=text, tables=frozenset(tables), ctes=frozenset(names), parameters=frozenset(parameters))


def _parse(text: str, connection: Any) -> dict[str, Any]:
    """The syntax tree of the one statement."""
    if len(text) > MAX_CHARACTERS:
        raise SqlError(f"longer than {MAX_CHARACTERS:,} characters; split the control")
    if re.search(r"\$\w*\$", text):
        raise SqlError("dollar-quoted text is not allowed; write 'text'")
    try:
        text.encode("utf-8")
        answer = json.loads(connection.execute("SELECT json_serialize_sql($1)", [text]).fetchone()[0])
    except UnicodeEncodeError:
        raise SqlError("not UTF-8 text") from None
    except RecursionError:
        raise SqlError("nested too deeply") from None
    if answer.get("error"):
        line = text.count("\n", 0, int(answer.get("position") or 0)) + 1
        said = str(answer.get("error_message") or "syntax error").splitlines()[0]
        raise SqlError(f"not one SELECT: {said}", line)
    statements = answer["statements"]
    if len(statements) != 1:
        raise SqlError("a query is one SELECT; this is several statements")
    root: dict[str, Any] = statements[0]["node"]
    return root


def _ctes(node: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (node.get("cte_map") or {}).get("map", [])
    return found


def _walk(root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        if type(node) is dict:
            yield node
            node = node.values()
        stack += [value for value in node if type(value) is dict or type(value) is list]


def _check_node(node: dict[str, Any], text: str) -> None:
    kind = node.get("type")
    if "class" in node:
        _check_expression(node, text)
    elif isinstance(kind, str) and kind.endswith("_NODE"):
        if kind not in _QUERY_NODES:
            raise _refused(node, text, "WITH RECURSIVE" if kind == "RECURSIVE_CTE_NODE" else kind)
        if node.get("sample") or node.get("qualify"):
            raise _refused(node, text, "SAMPLE or QUALIFY")
        if node.get("aggregate_handling", "STANDARD_HANDLING") != "STANDARD_HANDLING":
            raise _refused(node, text, "GROUP BY ALL")
        if node.get("setop_type", "UNION") not in _SET_OPERATIONS:
            raise _refused(node, text, str(node["setop_type"]).replace("_", " "))
    elif "query_location" in node and "alias" in node:
        _check_table(node, text)
    for modifier in node.get("modifiers") or []:
        if modifier.get("type") not in _MODIFIERS:
            raise SqlError("LIMIT is not allowed: which rows come first differs between engines")
        if modifier.get("type") == "DISTINCT_MODIFIER" and modifier.get("distinct_on_targets"):
            raise SqlError("DISTINCT ON is not allowed: it exists in one dialect only")


def _check_table(node: dict[str, Any], text: str) -> None:
    kind = node.get("type")
    if kind not in _TABLES:
        raise _refused(node, text, f"a table of type {kind}")
    if node.get("sample"):
        raise _refused(node, text, "TABLESAMPLE")
    for way in (node.get("ref_type", "REGULAR"), node.get("join_type", "INNER")):
        if way not in _JOINS:
            raise _refused(node, text, f"a {way} join")
    if kind == "BASE_TABLE":
        if node.get("schema_name") or node.get("catalog_name") or node.get("at_clause"):
            raise _refused(node, text, "a table of another schema")
        if not node["table_name"].replace("_", "").isalnum():
            raise _refused(node, text, "reading a file")


def _check_expression(node: dict[str, Any], text: str) -> None:
    group, kind = node["class"], node.get("type")
    if group == "TYPE":
        if str(node.get("type_name")).upper() not in _CASTS:
            raise _refused(node, text, f"a cast to {node.get('type_name')} (BIGINT, STRING or BOOLEAN only)")
        return
    if group not in _EXPRESSIONS:
        raise _refused(node, text, _describe(str(group), kind))
    if group == "CAST" and node.get("try_cast"):
        raise _refused(node, text, "TRY_CAST")
    if group == "OPERATOR" and kind not in _OPERATORS:
        raise _refused(node, text, f"the operator {kind}")
    if group in ("FUNCTION", "WINDOW"):
        if _function(node) not in FUNCTIONS:
            name = node.get("function_name")
            instead = _INSTEAD.get(str(name).lower())
            raise _refused(node, text, f"the function {name}(){f'; write {instead}' if instead else ''}")
        if node.get("schema") or node.get("catalog"):
            raise _refused(node, text, "a function of another schema")
        if _function(node) in ("min", "max") and len(node.get("arguments", ())) > 1:
            raise _refused(node, text, f"{_function(node)}() of more than one value")
        _check_arguments(node, text)
        if group == "WINDOW" and _function(node) in _ORDERED and not node.get("orders"):
            raise _refused(node, text, f"{_function(node)}() without ORDER BY")
    if group == "CONSTANT" and node.get("literal", {}).get("kind") not in _LITERALS:
        raise _refused(node, text, f"a {node.get('literal', {}).get('kind')} literal (integers and strings only)")
    if group == "CONSTANT" and "\\" in str(node.get("literal", {}).get("text")):
        raise _refused(node, text, "a backslash in a string (some engines read it as an escape)")
    if group == "COLUMN_REF" and node["column_names"][-1].lower() in _SPECIAL_NAMES:
        raise _refused(node, text, f"{node['column_names'][-1]} ($as_of is the only clock)")


def _check_arguments(node: dict[str, Any], text: str) -> None:
    """Where engines disagree about values: patterns and positions are literals, so that the load can see them."""
    literals = [argument["expression"].get("literal", {}) for argument in node.get("arguments") or ()]
    if _function(node) in ("~~", "!~~") and literals[1].get("kind") != "STRING":
        raise _refused(node, text, "LIKE with a pattern that is no literal")
    if _function(node) == "substring" and not all(
        part.get("kind") == "INTEGER" and int(part["text"]) > 0 for part in literals[1:]
    ):
        raise _refused(node, text, "substring() from another position than a literal of 1 or more")


def _function(node: dict[str, Any]) -> str:
    return str(node.get("function_name", "")).lower()


def _describe(group: str, kind: Any) -> str:
    return {"STAR": "SELECT * (name the columns)", "LAMBDA": "a lambda", "POSITIONAL_REFERENCE": "#n"}.get(
        group, f"{group} {kind}"
    )


def _refused(node: dict[str, Any], text: str, what: str) -> SqlError:
    position = node.get("query_location")
    line = text.count("\n", 0, position) + 1 if isinstance(position, int) and position < len(text) else 1
    return SqlError(f"{what} is outside the portable subset", line)
